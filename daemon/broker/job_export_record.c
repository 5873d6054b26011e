/*
 * Writing down what was decided about an export (weighlockd, work thread).
 *
 * transfer.preserved first, as soon as everything lies sealed in the vault. Then entries file by
 * file and output by output, then the outputs; only with the last of them is the transfer decided,
 * so a power cut between leaves one that is inspected again. What was not asked for is named only
 * so far as a person may have to see it; the manifest, which stays here, holds all of it.
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
#include "daemon/broker/delivery.h"
#include "daemon/broker/job_export.h"

#define LEFT_IN_FULL 256U /* with more of them those left behind are only in the manifest */

/* ---- preserved ---- */

int wl_export_record_preserved(struct wl_exporting *x, struct wl_finding *f)
{
	uint64_t files = 0, bytes = 0;
	int64_t oldest = INT64_MAX;
	char when[WL_TIME_TEXT];
	for (size_t i = 0; i < x->items->n; i++) {
		const struct wl_item *item = &x->items->v[i];
		struct wl_scan scan = {0};
		if (item->number <= x->base)
			continue;
		files += item->has_sha256;
		bytes += item->has_sha256 ? item->size : 0;
		if (x->device && x->device->scan_path &&
		    wl_scan_match(x->device->scan_path, item->path, item->path_n, &scan) &&
		    scan.has_time && scan.from - x->job->export->asked.offset_s < oldest)
			oldest = scan.from - x->job->export->asked.offset_s;
	}
	json_t *e =
	        wl_entry_new(WL_E_TRANSFER_PRESERVED, "station", getuid(), x->job->task.transfer);
	wl_entry_int(e, WL_M_FILES, files);
	wl_entry_int(e, WL_M_BYTES, bytes);
	if (oldest != INT64_MAX) {
		wl_time_format(oldest, when);
		wl_entry_text(e, WL_M_OLDEST_SEEN, when);
	}
	int r = wl_bench_append(x->bench, &x->job->task, e, NULL, f);
	if (r == 0)
		wl_bench_progress_at(x->bench, &x->job->task, "preserved", x->job->source.port,
		                     x->job->source.medium);
	return r;
}

/* ---- entries of files ---- */

static void add_text(json_t *list, const char *text)
{
	(void)json_array_append_new(list, json_string(text));
}

static void add_transforms(json_t *e, const struct wl_export_output *o,
                           const struct wl_export_line *l, const struct wl_policy_device *d)
{
	json_t *transforms = json_array(), *masks = json_array();
	char text[160];
	if (l->rebuilt) {
		(void)snprintf(text, sizeof(text), "decode %s", l->format);
		add_text(transforms, text);
	}
	for (size_t i = 0; d && i < d->nmasks && i < 32; i++) {
		const struct wl_policy_mask *m = &d->masks[i];
		if (!(l->masked & UINT32_C(1) << i))
			continue;
		(void)snprintf(text, sizeof(text), "%llu,%llu,%llu,%llu %.80s",
		               (unsigned long long)m->rect[0], (unsigned long long)m->rect[1],
		               (unsigned long long)m->rect[2], (unsigned long long)m->rect[3],
		               m->why);
		add_text(masks, text);
	}
	if (l->masked)
		add_text(transforms, "mask");
	if (l->rebuilt)
		add_text(transforms, "encode png");
	if (o->encrypted)
		add_text(transforms, "encrypt cms");
	wl_entry_list(e, WL_M_TRANSFORMS, transforms);
	if (l->rebuilt)
		wl_entry_list(e, WL_M_MASKS, masks);
	else
		json_decref(masks);
}

static void add_output(const struct wl_exporting *x, json_t *e, const struct wl_export_output *o,
                       const struct wl_export_line *l)
{
	char hex[2 * WL_EXPORT_SHA512_BYTES + 1], name[WL_EXPORT_PATH_MAX];
	const char *slash = strrchr(l->path, '/');
	(void)snprintf(name, sizeof(name), "%s", slash ? slash + 1 : l->path);
	if (o->encrypted && strlen(name) > 4)
		name[strlen(name) - 4] = '\0'; /* .p7m: what is in it */
	wl_entry_text(e, WL_M_OUTPUT_NAME, name);
	wl_entry_int(e, WL_M_OUTPUT_BYTES, l->plain_bytes);
	wl_entry_sha256(e, WL_M_OUTPUT_SHA256, l->plain_sha256);
	if (o->encrypted) {
		wl_entry_int(e, WL_M_SEALED_BYTES, l->bytes);
		wl_entry_sha256(e, WL_M_SEALED_SHA256, l->sha256);
	}
	wl_hex_encode(l->sha512, sizeof(l->sha512), hex);
	wl_entry_text(e, WL_M_OUTPUT_SHA512, hex);
	add_transforms(e, o, l, x->device);
	if (!l->rebuilt)
		return;
	wl_entry_sha256(e, WL_M_SAMPLES_SHA256, l->samples_sha256);
	wl_entry_int(e, WL_M_WIDTH, l->width);
	wl_entry_int(e, WL_M_HEIGHT, l->height);
	wl_entry_int(e, WL_M_BITS, l->bits);
	wl_entry_int(e, WL_M_CHANNELS, l->channels);
}

static json_t *line_entry(const struct wl_exporting *x, const struct wl_export_output *o,
                          const struct wl_export_line *l)
{
	char id[WL_ID_TEXT], path[3 * WL_VOLUME_PATH_BYTES_MAX + 1];
	json_t *e = wl_entry_new(WL_E_ITEM_DECIDED, "station", getuid(), x->job->task.transfer);
	json_t *rules = json_array();
	wl_id_item(x->job->task.transfer, l->source->number, id);
	if (wl_path_escape(l->source->path, l->source->path_n, path, sizeof(path)) < 0)
		path[0] = '\0';
	if (l->verdict == WL_REFUSE)
		add_text(rules, wl_rule_id(l->rule));
	wl_entry_text(e, WL_M_ITEM, id);
	wl_entry_text(e, WL_M_PATH, path);
	wl_entry_int(e, WL_M_BYTES, l->source->size);
	wl_entry_text(e, WL_M_VERDICT, wl_verdict_name(l->verdict));
	wl_entry_rule(e, WL_M_RULE, l->rule);
	wl_entry_list(e, WL_M_RULES, rules);
	wl_entry_text(e, WL_M_POLICY_KEY, l->policy_key);
	if (l->detail[0])
		wl_entry_text(e, WL_M_DETAIL, l->detail);
	if (!l->source->has_sha256)
		return e;
	wl_entry_sha256(e, WL_M_SOURCE_SHA256, l->source->sha256);
	wl_entry_text(e, WL_M_OUTPUT, wl_output_kind_name(o->kind));
	if (l->scan[0])
		wl_entry_text(e, WL_M_SCAN, l->scan);
	if (l->tip != x->job->export->tip)
		wl_entry_text(e, WL_M_TIP_STATE, wl_tip_name(l->tip));
	if (l->verdict == WL_PASS)
		add_output(x, e, o, l);
	return e;
}

/* Of what was left behind once, whatever the number of outputs. */
static bool is_told(const struct wl_exporting *x, size_t output, const struct wl_export_line *l)
{
	return l->source->has_sha256 || (output == 0 && x->outputs[0].left <= LEFT_IN_FULL);
}

static int record_lines(struct wl_exporting *x, size_t output, struct wl_finding *f)
{
	const struct wl_export_output *o = &x->outputs[output];
	json_t *group[WL_APPEND_GROUP_MAX];
	size_t n = 0;
	int r = 0;
	for (size_t i = 0; r == 0 && i < o->n; i++) {
		if (!is_told(x, output, &o->v[i]))
			continue;
		if (n == WL_APPEND_GROUP_MAX) {
			r = wl_bench_append_group(x->bench, &x->job->task, group, n, f);
			n = 0;
		}
		if (r == 0 && atomic_load(&x->job->task.cancel))
			r = -ECANCELED;
		if (r == 0)
			group[n++] = line_entry(x, o, &o->v[i]);
	}
	if (r == 0)
		return wl_bench_append_group(x->bench, &x->job->task, group, n, f);
	while (n > 0)
		json_decref(group[--n]);
	return r;
}

/* ---- entries of outputs ---- */

static json_t *rules_list(const struct wl_rules *rules)
{
	json_t *list = json_array();
	for (size_t i = 0; i < rules->n; i++)
		add_text(list, wl_rule_id(rules->v[i]));
	return list;
}

static json_t *inspected_entry(const struct wl_exporting *x, const struct wl_export_output *o,
                               const uint8_t manifest_sha256[WL_SHA256_BYTES])
{
	json_t *e =
	        wl_entry_new(WL_E_TRANSFER_INSPECTED, "station", getuid(), x->job->task.transfer);
	wl_entry_text(e, WL_M_OUTPUT, wl_output_kind_name(o->kind));
	wl_entry_text(e, WL_M_VERDICT, wl_verdict_name(o->verdict));
	wl_entry_rule(e, WL_M_RULE, o->rule);
	wl_entry_list(e, WL_M_HOLDS, rules_list(&o->holds));
	wl_entry_int(e, WL_M_FILES, o->files);
	wl_entry_int(e, WL_M_REFUSED, o->refused);
	wl_entry_int(e, WL_M_LEFT, o->left);
	wl_entry_sha256(e, WL_M_MANIFEST_SHA256, manifest_sha256);
	wl_entry_int(e, WL_M_BYTES, o->bytes);
	if (json_array_size(x->missing))
		wl_entry_list(e, WL_M_MISSING, json_incref(x->missing));
	const struct wl_tools *tools = &x->tools[o - x->outputs];
	json_t *said = json_array();
	for (size_t i = 0; i < tools->n; i++)
		add_text(said, tools->v[i]);
	wl_entry_list(e, WL_M_TOOLS, said);
	return e;
}

static int record_output(struct wl_exporting *x, const struct wl_export_output *o,
                         struct wl_finding *f)
{
	WL_AUTO_FREE char *manifest = NULL;
	WL_AUTO_CLOSE int fd = -1;
	size_t n = 0;
	uint8_t sha256[WL_SHA256_BYTES];
	char name[WL_ID_TEXT + 16];
	wl_delivery_manifest_name(wl_output_kind_name(o->kind), name);
	int r = wl_export_manifest(o, x->job->task.transfer, &manifest, &n, sha256);
	if (r == 0)
		r = wl_vault_put(&x->bench->vault, x->job->task.transfer, name, manifest, n);
	if (r == 0)
		r = wl_memfd_sealed("manifest", manifest, n, &fd);
	if (r < 0)
		return wl_refuse(f, WL_RULE_STATION_VAULT_FULL, "manifest: %s", strerror(-r));
	return wl_bench_append_manifest(x->bench, &x->job->task, inspected_entry(x, o, sha256), fd,
	                                n, f);
}

int wl_export_record_refused(struct wl_exporting *x, enum wl_rule rule, const char *detail,
                             struct wl_finding *f)
{
	json_t *e = wl_entry_new(WL_E_TRANSFER_REFUSED, "station", getuid(), x->job->task.transfer);
	json_t *rules = json_array();
	add_text(rules, wl_rule_id(rule));
	wl_entry_rule(e, WL_M_RULE, rule);
	wl_entry_list(e, WL_M_RULES, rules);
	if (detail[0])
		wl_entry_text(e, WL_M_DETAIL, detail);
	return wl_bench_append(x->bench, &x->job->task, e, NULL, f);
}

int wl_export_record(struct wl_exporting *x, bool anything, struct wl_finding *f)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < x->noutputs; i++)
		r = record_lines(x, i, f);
	if (r == 0 && !anything)
		return wl_export_record_refused(x, WL_RULE_EXPORT_EMPTY,
		                                "every picture was refused", f);
	for (size_t i = 0; r == 0 && i < x->noutputs; i++)
		r = record_output(x, &x->outputs[i], f);
	return r;
}
