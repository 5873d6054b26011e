/*
 * Looking into what an export kept (weighlockd, work thread).
 *
 * Gate A is shut. First the ledger says that everything is in the vault, so that the scanner may
 * overwrite; then each file is judged for each output it was wanted for. The broker reads no byte
 * of a picture: workers get descriptors, and what it decides by are facts of tools. When power goes
 * here the next start finds a transfer that was read and not decided, and begins again from the
 * vault.
 */
#include "daemon/broker/job_export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/broker/bag.h"
#include "policy/litter.h"

static void exporting_clear(struct wl_exporting *x)
{
	for (size_t i = 0; i < x->noutputs; i++)
		wl_export_clear(&x->outputs[i]);
	free((void *)x->exceptions);
	free(x->scans);
	json_decref(x->missing);
}

int wl_exporting_step(struct wl_exporting *x)
{
	wl_bench_progress(x->bench, &x->job->task, "making", ++x->done, x->total);
	return atomic_load(&x->job->task.cancel) ? -ECANCELED : 0;
}

/* ---- names in out/ ---- */

void wl_export_out_name(const char *output, const char *path, char buf[WL_VAULT_NAME_MAX + 1])
{
	const char *slash = strrchr(path, '/');
	(void)snprintf(buf, WL_VAULT_NAME_MAX + 1, "%.16s.%s", output, slash ? slash + 1 : path);
}

/* ---- lines ---- */

void wl_export_line_of(const struct wl_exporting *x, const struct wl_item *item,
                       struct wl_export_line *ret)
{
	struct wl_scan scan = {0};
	*ret = (struct wl_export_line){.source = item};
	if (!item->has_sha256)
		return;
	if (x->device && x->device->scan_path)
		(void)wl_scan_match(x->device->scan_path, item->path, item->path_n, &scan);
	(void)snprintf(ret->scan, sizeof(ret->scan), "%s", scan.id);
	ret->tip = wl_tip_of(x->job->export->tip, x->exceptions, x->nexceptions, scan.id);
}

static int add_left(struct wl_exporting *x, struct wl_export_output *o)
{
	WL_AUTO_FREE enum wl_litter *litter = calloc(x->items->n + 1, sizeof(*litter));
	int r = litter ? 0 : -ENOMEM;
	if (r == 0)
		wl_litter_judge(x->items, litter);
	for (size_t i = 0; r == 0 && i < x->items->n; i++) {
		struct wl_export_line line;
		if (x->items->v[i].folder || x->items->v[i].has_sha256)
			continue;
		wl_export_line_of(x, &x->items->v[i], &line);
		line.verdict = WL_LEAVE;
		line.rule = litter[i] == WL_LITTER_LEAVE ? WL_RULE_LEAVE_OS_LITTER
		                                         : WL_RULE_LEAVE_NOT_ASKED_FOR;
		r = wl_export_add(o, &line);
	}
	return r;
}

/* Evidence is never opened: whatever it is, it leaves as it is. */
static int add_evidence(struct wl_exporting *x, struct wl_export_output *o)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < x->items->n; i++) {
		const struct wl_item *item = &x->items->v[i];
		struct wl_export_line line;
		if (!item->has_sha256)
			continue;
		wl_export_line_of(x, item, &line);
		line.verdict = WL_PASS;
		line.rule = WL_RULE_PASS_EVIDENCE_SEALED;
		r = wl_export_add(o, &line);
	}
	return r;
}

/* ---- what is missing ---- */

/* Numbers are the same with and without zeros before them. */
static const char *plain_id(const char *id)
{
	const char *at = id + strspn(id, "0");
	bool number = id[strspn(id, "0123456789")] == '\0';
	return number && *at ? at : id;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The scans that were kept, sorted, so that thousands asked for are looked up in no time. */
static int take_scans(struct wl_exporting *x)
{
	x->scans = calloc(x->items->n + 1, sizeof(*x->scans));
	if (!x->scans)
		return -ENOMEM;
	for (size_t i = 0; i < x->items->n; i++) {
		struct wl_export_line line;
		if (!x->items->v[i].has_sha256)
			continue;
		wl_export_line_of(x, &x->items->v[i], &line);
		(void)snprintf(x->scans[x->nscans++], WL_SCAN_TEXT, "%s", plain_id(line.scan));
	}
	qsort(x->scans, x->nscans, sizeof(*x->scans), by_id);
	return 0;
}

static bool is_found(void *user, const char *id)
{
	const struct wl_exporting *x = user;
	return bsearch(plain_id(id), x->scans, x->nscans, sizeof(*x->scans), by_id) != NULL;
}

static void add_missing(void *user, const char *ids)
{
	struct wl_exporting *x = user;
	if (json_array_size(x->missing) < WL_ENTRY_ELEMENTS_MAX / 2)
		(void)json_array_append_new(x->missing, json_string(ids));
}

/* ---- outputs ---- */

static int name_places(struct wl_exporting *x, struct wl_export_output *o)
{
	wl_export_number(o);
	for (size_t i = 0; i < o->n; i++) {
		struct wl_export_line *l = &o->v[i];
		if (l->verdict != WL_PASS)
			continue;
		char path[WL_BAG_PATH_MAX];
		int r = wl_bag_path(o->kind == WL_OUTPUT_SCRUBBED ? WL_BAG_SCRUBBED
		                                                  : WL_BAG_EVIDENCE,
		                    x->job->task.transfer, l->number, l->source->path,
		                    l->source->path_n, o->encrypted, path);
		if (r < 0)
			return r;
		(void)snprintf(l->path, sizeof(l->path), "%s", path);
	}
	return 0;
}

static int make_output(struct wl_exporting *x, enum wl_output_kind kind, struct wl_finding *f)
{
	struct wl_export_output *o = &x->outputs[x->noutputs++];
	*o = (struct wl_export_output){
	        .kind = kind, .encrypted = json_array_size(x->job->export->recipients) > 0};
	int r = kind == WL_OUTPUT_SCRUBBED ? wl_export_pictures(x, o, f) : add_evidence(x, o);
	if (r == 0) {
		wl_export_replace(o);
		r = name_places(x, o);
	}
	if (r == 0)
		r = wl_export_seal(x, o, f);
	return r < 0 ? r : add_left(x, o);
}

static int make_outputs(struct wl_exporting *x, struct wl_finding *f)
{
	static const enum wl_output_kind kinds[] = {WL_OUTPUT_SCRUBBED, WL_OUTPUT_EVIDENCE};
	int r = wl_vault_out_begin(&x->bench->vault, x->job->task.transfer);
	for (size_t i = 0; r == 0 && i < WL_ARRAY_LEN(kinds); i++)
		if (x->job->export->outputs & kinds[i])
			r = make_output(x, kinds[i], f);
	return r < 0 ? r : wl_vault_out_seal(&x->bench->vault, x->job->task.transfer);
}

static int setup(struct wl_exporting *x)
{
	const json_t *list = x->job->export->tip_exceptions;
	x->nexceptions = json_array_size(list);
	x->exceptions = calloc(x->nexceptions + 1, sizeof(*x->exceptions));
	x->missing = json_array();
	if (!x->exceptions || !x->missing)
		return -ENOMEM;
	for (size_t i = 0; i < x->nexceptions; i++)
		x->exceptions[i] = json_string_value(json_array_get(list, i));
	for (size_t i = 0; i < x->items->n; i++)
		x->total += x->items->v[i].has_sha256;
	x->total *= (uint64_t)__builtin_popcount(x->job->export->outputs);
	return take_scans(x);
}

static int decide(struct wl_exporting *x, struct wl_finding *f)
{
	bool kept = false;
	for (size_t i = 0; i < x->items->n; i++)
		kept = kept || (x->items->v[i].has_sha256);
	if (!kept)
		return wl_export_record_refused(x, WL_RULE_EXPORT_EMPTY,
		                                "no file of these scans is on the medium", f);
	int r = x->job->export->preserved ? 0 : wl_export_record_preserved(x, f);
	if (r < 0)
		return r;
	wl_scan_list_missing(&x->job->export->whole, is_found, add_missing, x);
	r = make_outputs(x, f);
	if (r < 0)
		return r;
	return wl_export_record(
	        x, wl_export_conclude(x->outputs, x->noutputs, json_array_size(x->missing)), f);
}

int wl_job_export(struct wl_bench *bench, struct wl_read_task *task, const struct wl_items *items,
                  uint32_t base, const struct wl_finding *reading, struct wl_finding *f)
{
	const struct wl_policy *policy = task->task.policy->policy;
	WL_CLEANUP(exporting_clear)
	struct wl_exporting x = {.bench = bench,
	                         .job = task,
	                         .device = wl_policy_device(policy, task->device),
	                         .items = items,
	                         .base = base};
	*f = (struct wl_finding){0};
	int r = setup(&x);
	if (r == 0)
		r = reading->rule ? wl_export_record_refused(&x, reading->rule, reading->detail, f)
		                  : decide(&x, f);
	if (r < 0 && r != -ECANCELED && (r != -EBADMSG || f->rule == WL_RULE_NONE))
		r = wl_refuse(f,
		              r == -ENOSPC || r == -EIO || r == -EFBIG
		                      ? WL_RULE_STATION_VAULT_FULL
		                      : WL_RULE_STATION_PART_MISSING,
		              "inspection: %s", strerror(-r));
	return r;
}
