/*
 * Writing down what was decided about a set (weighlockd, work thread).
 *
 * Entries first item by item, then the whole: only transfer.inspected or transfer.refused moves the
 * transfer, so a power cut between them leaves one that is inspected again. The manifest goes to
 * ledgerd as a sealed memfd and lies beside the items too; both are found by the same digest.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/broker/jobs.h"
#include "policy/manifest.h"

#define ITEMS_IN_FULL 256U /* with more of them those that pass are only in the manifest */

static json_t *rules_list(const struct wl_rules *rules)
{
	json_t *list = json_array();
	for (size_t i = 0; i < rules->n; i++)
		(void)json_array_append_new(list, json_string(wl_rule_id(rules->v[i])));
	return list;
}

static json_t *item_entry(const struct wl_read_task *job, const struct wl_item *item,
                          const struct wl_item_decision *d)
{
	char id[WL_ID_TEXT], path[3 * WL_VOLUME_PATH_BYTES_MAX + 1];
	json_t *e = wl_entry_new(WL_E_ITEM_DECIDED, "station", getuid(), job->task.transfer);
	wl_id_item(job->task.transfer, item->number, id);
	if (wl_path_escape(item->path, item->path_n, path, sizeof(path)) < 0)
		path[0] = '\0';
	wl_entry_text(e, WL_M_ITEM, id);
	wl_entry_text(e, WL_M_PATH, path);
	wl_entry_int(e, WL_M_BYTES, item->size);
	wl_entry_text(e, WL_M_VERDICT, wl_verdict_name(d->verdict));
	wl_entry_rule(e, WL_M_RULE, d->rule);
	wl_entry_list(e, WL_M_RULES, rules_list(&d->rules));
	wl_entry_text(e, WL_M_POLICY_KEY, d->policy_key);
	if (d->detail[0])
		wl_entry_text(e, WL_M_DETAIL, d->detail);
	if (item->has_sha256)
		wl_entry_sha256(e, WL_M_SOURCE_SHA256, item->sha256);
	return e;
}

/* Which items get an entry of their own: where there are many, those that pass are only in the
 * manifest. */
static bool is_recorded(const struct wl_items *items, const struct wl_decision *d, size_t i,
                        size_t files)
{
	return !items->v[i].folder && (files <= ITEMS_IN_FULL || d->item[i].verdict != WL_PASS);
}

/* Item by item, a group of them in each commit. */
static int record_items(struct wl_bench *bench, struct wl_read_task *job,
                        const struct wl_items *items, const struct wl_decision *d,
                        struct wl_finding *f)
{
	json_t *group[WL_APPEND_GROUP_MAX];
	size_t files = 0, n = 0;
	int r = 0;
	for (size_t i = 0; i < items->n; i++)
		files += !items->v[i].folder;
	for (size_t i = 0; r == 0 && i < items->n; i++) {
		if (!is_recorded(items, d, i, files))
			continue;
		if (n == WL_APPEND_GROUP_MAX) {
			r = wl_bench_append_group(bench, &job->task, group, n, f);
			n = 0;
		}
		if (r == 0 && atomic_load(&job->task.cancel))
			r = -ECANCELED;
		if (r == 0)
			group[n++] = item_entry(job, &items->v[i], &d->item[i]);
	}
	if (r == 0)
		return wl_bench_append_group(bench, &job->task, group, n, f);
	while (n > 0)
		json_decref(group[--n]);
	return r;
}

static json_t *signers_list(const struct wl_facts *facts)
{
	json_t *list = json_array();
	for (size_t i = 0; i < facts->nsigners; i++) {
		const struct wl_signer *s = &facts->signers[i];
		char text[512], hex[WL_SHA256_HEX + 1];
		wl_hex_encode(s->spki_sha256, WL_SHA256_BYTES, hex);
		(void)snprintf(text, sizeof(text), "%s %s %s",
		               s->role == WL_TRUST_AUTHORITY ? "authority" : "vendor", hex,
		               s->subject);
		(void)json_array_append_new(list, json_string(text));
	}
	return list;
}

/* What the set claimed to be: named only where the transfer has got that far. */
static void add_update(json_t *e, const struct wl_decision *d)
{
	if (!d->has_update)
		return;
	wl_entry_text(e, WL_M_COMPONENT, d->component);
	wl_entry_text(e, WL_M_VERSION, d->version);
	wl_entry_int(e, WL_M_RELEASE, d->release);
	if (d->ticket[0])
		wl_entry_text(e, WL_M_TICKET, d->ticket);
}

static json_t *inspected_entry(const struct wl_read_task *job, const struct wl_facts *facts,
                               const struct wl_decision *d, const uint8_t manifest_sha256[32])
{
	json_t *e = wl_entry_new(WL_E_TRANSFER_INSPECTED, "station", getuid(), job->task.transfer);
	wl_entry_text(e, WL_M_OUTPUT, "delivery");
	wl_entry_text(e, WL_M_VERDICT, wl_verdict_name(d->verdict));
	wl_entry_rule(e, WL_M_RULE, d->rule);
	wl_entry_list(e, WL_M_HOLDS, rules_list(&d->holds));
	wl_entry_int(e, WL_M_FILES, d->files);
	wl_entry_int(e, WL_M_REFUSED, d->refused);
	wl_entry_int(e, WL_M_LEFT, d->left);
	wl_entry_sha256(e, WL_M_MANIFEST_SHA256, manifest_sha256);
	wl_entry_int(e, WL_M_BYTES, d->bytes);
	add_update(e, d);
	if (d->has_update && facts->ticket)
		wl_entry_int(e, WL_M_TICKET_USES, facts->ticket->uses_per_device);
	wl_entry_text(e, WL_M_VENDOR_SIGNATURE, wl_signature_format_name(d->vendor_signature));
	wl_entry_list(e, WL_M_SIGNERS, signers_list(facts));
	return e;
}

static int record_inspected(struct wl_bench *bench, struct wl_read_task *job,
                            const struct wl_facts *facts, const struct wl_decision *d,
                            struct wl_finding *f)
{
	WL_AUTO_FREE char *manifest = NULL;
	WL_AUTO_CLOSE int fd = -1;
	size_t n = 0;
	uint8_t sha256[WL_SHA256_BYTES];
	int r = wl_manifest_compose(job->task.transfer, facts->items, d, &manifest, &n, sha256);
	if (r == 0)
		r = wl_vault_put(&bench->vault, job->task.transfer, "out/manifest", manifest, n);
	if (r == 0)
		r = wl_memfd_sealed("manifest", manifest, n, &fd);
	if (r < 0)
		return wl_refuse(f, WL_RULE_STATION_VAULT_FULL, "manifest: %s", strerror(-r));
	return wl_bench_append_manifest(bench, &job->task, inspected_entry(job, facts, d, sha256),
	                                fd, n, f);
}

/* The first item that was refused by the rule that decided: its path goes into the sentence. */
static void add_culprit(json_t *e, const struct wl_items *items, const struct wl_decision *d)
{
	char path[3 * WL_VOLUME_PATH_BYTES_MAX + 1];
	for (size_t i = 0; i < items->n && i < d->nitems; i++)
		if (d->item[i].verdict == WL_REFUSE && d->item[i].rule == d->rule &&
		    wl_path_escape(items->v[i].path, items->v[i].path_n, path, sizeof(path)) == 0) {
			wl_entry_text(e, WL_M_PATH, path);
			return;
		}
}

static int record_refused(struct wl_bench *bench, struct wl_read_task *job,
                          const struct wl_items *items, const struct wl_decision *d,
                          struct wl_finding *f)
{
	json_t *e = wl_entry_new(WL_E_TRANSFER_REFUSED, "station", getuid(), job->task.transfer);
	wl_entry_rule(e, WL_M_RULE, d->rule);
	wl_entry_list(e, WL_M_RULES, rules_list(&d->rules));
	if (d->detail[0])
		wl_entry_text(e, WL_M_DETAIL, d->detail);
	add_culprit(e, items, d);
	add_update(e, d);
	return wl_bench_append(bench, &job->task, e, NULL, f);
}

int wl_job_record(struct wl_bench *bench, struct wl_read_task *job, const struct wl_facts *facts,
                  const struct wl_decision *d, struct wl_finding *f)
{
	int r = record_items(bench, job, facts->items, d, f);
	if (r < 0)
		return r;
	return d->verdict == WL_REFUSE ? record_refused(bench, job, facts->items, d, f)
	                               : record_inspected(bench, job, facts, d, f);
}
