/*
 * What becomes of the files of an export, output by output.
 *
 * Names and contents of sources are hostile; samples and digests are facts of tools. What shows on
 * the medium of a scrubbed output is a number that depends on scan ids and samples alone. Pure;
 * runs in the broker; after a cut of power the same facts give the same lines again.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/ids.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "policy/export.h"
#include "policy/manifest.h"

const char *wl_output_kind_name(enum wl_output_kind kind)
{
	return kind == WL_OUTPUT_SCRUBBED   ? "scrubbed"
	       : kind == WL_OUTPUT_EVIDENCE ? "evidence"
	                                    : "";
}

int wl_export_add(struct wl_export_output *o, const struct wl_export_line *line)
{
	if (o->n == o->room) {
		size_t room = o->room ? o->room * 2 : 64;
		struct wl_export_line *grown = realloc(o->v, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		o->v = grown;
		o->room = room;
	}
	o->v[o->n++] = *line;
	return 0;
}

void wl_export_clear(struct wl_export_output *o)
{
	free(o->v);
	*o = (struct wl_export_output){0};
}

/* ---- numbers ---- */

/* By scan and samples; what ties is one and the same picture, so that any order will do. */
static int by_scan_and_samples(const void *a, const void *b)
{
	const struct wl_export_line *x = *(struct wl_export_line *const *)a;
	const struct wl_export_line *y = *(struct wl_export_line *const *)b;
	int r = strcmp(x->scan, y->scan);
	return r ? r : memcmp(x->samples_sha256, y->samples_sha256, WL_SHA256_BYTES);
}

static void number_pictures(struct wl_export_output *o)
{
	WL_AUTO_FREE struct wl_export_line **order =
	        calloc(o->n + 1, sizeof(struct wl_export_line *));
	size_t n = 0;
	if (!order)
		return;
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].verdict == WL_PASS)
			order[n++] = &o->v[i];
	qsort(order, n, sizeof(struct wl_export_line *), by_scan_and_samples);
	for (size_t i = 0; i < n; i++)
		order[i]->number = (uint32_t)i + 1;
}

void wl_export_number(struct wl_export_output *o)
{
	for (size_t i = 0; i < o->n; i++)
		o->v[i].number = o->v[i].verdict == WL_PASS ? o->v[i].source->number : 0;
	if (o->kind == WL_OUTPUT_SCRUBBED)
		number_pictures(o);
}

static bool passes_later(const struct wl_export_output *o, size_t i)
{
	for (size_t k = i + 1; k < o->n; k++)
		if (o->v[k].verdict == WL_PASS && strcmp(o->v[k].scan, o->v[i].scan) == 0)
			return true;
	return false;
}

void wl_export_replace(struct wl_export_output *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].verdict == WL_REFUSE && passes_later(o, i)) {
			o->v[i].verdict = WL_LEAVE;
			o->v[i].rule = WL_RULE_LEAVE_REPLACED;
			o->v[i].policy_key[0] = o->v[i].detail[0] = '\0';
		}
}

/* ---- the whole ---- */

static void count(struct wl_export_output *o)
{
	const struct wl_item *last_left = NULL;
	o->files = o->refused = o->left = o->bytes = 0;
	for (size_t i = 0; i < o->n; i++) {
		const struct wl_export_line *l = &o->v[i];
		switch (l->verdict) {
		case WL_PASS:
			o->files++;
			o->bytes += l->bytes;
			break;
		case WL_REFUSE:
			o->refused++;
			break;
		default:
			o->left += l->source != last_left;
			last_left = l->source;
		}
	}
}

static bool has_projected(const struct wl_export_output *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].verdict == WL_PASS && o->v[i].tip == WL_TIP_PROJECTED)
			return true;
	return false;
}

bool wl_export_conclude(struct wl_export_output *outputs, size_t n, size_t missing)
{
	bool empty = false, any = false;
	for (size_t i = 0; i < n; i++) {
		count(&outputs[i]);
		empty = empty || outputs[i].files == 0;
		any = any || outputs[i].files > 0;
	}
	for (size_t i = 0; i < n; i++) {
		struct wl_export_output *o = &outputs[i];
		o->holds = (struct wl_rules){0};
		if (o->files == 0) {
			o->verdict = WL_REFUSE;
			o->rule = WL_RULE_EXPORT_EMPTY;
			continue;
		}
		/* an output that fell away whole is missing to whoever gets the other one */
		if (o->refused > 0 || missing > 0 || empty)
			wl_rules_add(&o->holds, WL_RULE_TRANSFER_INCOMPLETE);
		if (o->kind == WL_OUTPUT_EVIDENCE && has_projected(o))
			wl_rules_add(&o->holds, WL_RULE_TRANSFER_TIP_PROJECTED);
		o->verdict = o->holds.n ? WL_HOLD : WL_PASS;
		o->rule = o->holds.n                      ? o->holds.v[0]
		          : o->kind == WL_OUTPUT_SCRUBBED ? WL_RULE_PASS_IMAGE_REBUILT
		                                          : WL_RULE_PASS_EVIDENCE_SEALED;
	}
	return any;
}

/* ---- the manifest ---- */

static int print_line(FILE *out, const char *transfer, const struct wl_export_line *l)
{
	static const uint8_t zeros[WL_SHA256_BYTES];
	char hex[WL_SHA256_HEX + 1], id[WL_ID_TEXT], path[3 * WL_VOLUME_PATH_BYTES_MAX + 1];
	bool leaves = l->verdict == WL_PASS;
	const char *place = leaves ? l->path : l->source->path;
	int r = wl_path_escape(place, leaves ? strlen(place) : l->source->path_n, path,
	                       sizeof(path));
	if (r < 0)
		return r;
	wl_hex_encode(leaves                  ? l->sha256
	              : l->source->has_sha256 ? l->source->sha256
	                                      : zeros,
	              WL_SHA256_BYTES, hex);
	wl_id_item(transfer, l->source->number, id);
	(void)fprintf(out, "%s  %" PRIu64 "  %s  %s  %s  %s\n", hex,
	              leaves ? l->bytes : l->source->size, id, wl_verdict_name(l->verdict),
	              wl_rule_id(l->rule), path);
	return 0;
}

/* Ascending by item, and within one (its pages) by path, as ledgerd demands it. */
static int by_item_and_path(const void *a, const void *b)
{
	const struct wl_export_line *x = *(const struct wl_export_line *const *)a;
	const struct wl_export_line *y = *(const struct wl_export_line *const *)b;
	if (x->source->number != y->source->number)
		return x->source->number < y->source->number ? -1 : 1;
	return strcmp(x->path, y->path);
}

int wl_export_manifest(const struct wl_export_output *o, const char *transfer, char **ret,
                       size_t *ret_n, uint8_t ret_sha256[WL_SHA256_BYTES])
{
	WL_AUTO_FREE const struct wl_export_line **order =
	        calloc(o->n + 1, sizeof(const struct wl_export_line *));
	struct wl_manifest_text m;
	int r = order ? wl_manifest_begin(&m) : -ENOMEM;
	if (r < 0)
		return r;
	for (size_t i = 0; i < o->n; i++)
		order[i] = &o->v[i];
	qsort(order, o->n, sizeof(const struct wl_export_line *), by_item_and_path);
	for (size_t i = 0; i < o->n && r >= 0; i++)
		r = print_line(m.out, transfer, order[i]);
	return wl_manifest_end(&m, r, ret, ret_n, ret_sha256);
}
