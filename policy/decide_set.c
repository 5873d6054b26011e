/*
 * The closed set: every file of the medium is litter, part of the package, or covered; nothing is
 * missing.
 *
 * Paths, sizes and digests are facts (digest tool); which of them the vendor vouches for was
 * checked against his signature; the ticket's list was read from bytes the authority signed. A file
 * that none of them knows refuses the whole, because what nobody signed for is exactly what must
 * not cross. Pure; runs in the broker and in the offline client.
 */
#include <inttypes.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "policy/decide_list.h"
#include "policy/destination.h"
#include "policy/names.h"

static bool is_package_part(const struct wl_fact_item *fact)
{
	return fact->manifest || fact->signature || fact->ticket;
}

static void judge_litter(struct judging *j, size_t i)
{
	if (j->litter[i] == WL_LITTER_CHANGED)
		wl_judging_object(j, i, WL_RULE_UPDATE_LITTER_CHANGED, "%s", "");
	else if (j->f->policy->inbound.os_litter == WL_LITTER_WORD_REFUSE)
		wl_judging_object(j, i, WL_RULE_UPDATE_FILE_EXTRA, "%s", "litter is not left here");
	else
		j->d->item[i] = (struct wl_item_decision){.verdict = WL_LEAVE,
		                                          .rule = WL_RULE_LEAVE_OS_LITTER};
}

static void deliver(struct judging *j, size_t i)
{
	const struct wl_item *item = &j->f->items->v[i];
	j->d->item[i].verdict = WL_PASS;
	j->d->item[i].rule = WL_RULE_PASS_UPDATE_COVERED;
	j->d->item[i].delivered = item->path;
	j->d->files++;
	if (j->device->volume == WL_VOLUME_FAT32 && item->size > WL_FAT32_FILE_BYTES_MAX)
		wl_judging_object(j, i, WL_RULE_DESTINATION_FILE_TOO_LARGE, "%" PRIu64 " bytes",
		                  item->size);
}

static bool has_manifest(const struct judging *j)
{
	for (size_t i = 0; i < j->f->items->n; i++)
		if (j->f->item[i].manifest)
			return true;
	return false;
}

/*
 * The authority lists it for delivery, the vendor's signature does not cover it. Where something is
 * held against a signature or the manifest already, that is the reason, and is told alone.
 */
static void object_to_uncovered(struct judging *j, size_t i)
{
	if (j->signatures_bad)
		return;
	if (has_manifest(j))
		wl_judging_object(j, i, WL_RULE_UPDATE_FILE_EXTRA, "%s",
		                  "the vendor's manifest does not list it");
	else
		wl_judging_object(j, i, WL_RULE_SIGNATURE_MISSING, "%s",
		                  "the vendor's signature does not cover it");
}

/* A file the ticket lists: the same bytes, and the vendor's word where he signs. Signatures and the
 * ticket are never delivered (INTERFACES 4); the manifest is signed itself. */
static void judge_listed(struct judging *j, size_t i, const struct wl_ticket_file *t)
{
	const struct wl_item *item = &j->f->items->v[i];
	if (!item->has_sha256 || item->size != t->size ||
	    memcmp(item->sha256, t->sha256, WL_SHA256_BYTES) != 0) {
		wl_judging_object(j, i, WL_RULE_UPDATE_FILE_CHANGED,
		                  "%" PRIu64 " bytes, the ticket says %" PRIu64, item->size,
		                  t->size);
		return;
	}
	const struct wl_fact_item *fact = &j->f->item[i];
	if (!t->deliver || fact->signature || fact->ticket)
		return;
	if (j->vendor->signature == WL_SIGNED_CMS_DETACHED && !fact->vendor_covered &&
	    !fact->manifest)
		object_to_uncovered(j, i);
	deliver(j, i);
}

static void judge_file(struct judging *j, size_t i)
{
	const struct wl_fact_item *fact = &j->f->item[i];
	const struct wl_item *item = &j->f->items->v[i];
	j->d->item[i] =
	        (struct wl_item_decision){.verdict = WL_LEAVE, .rule = WL_RULE_LEAVE_NOT_DELIVERED};
	if (!j->listed[i] && j->litter[i] != WL_LITTER_NO)
		judge_litter(j, i);
	else if (is_package_part(fact) && !j->listed[i])
		return;
	else if (!item->has_sha256)
		wl_judging_object(j, i, WL_RULE_UPDATE_FILE_CHANGED, "%s", "it was not read whole");
	else if (j->listed[i])
		judge_listed(j, i, j->listed[i]);
	else if (!fact->vendor_covered)
		wl_judging_object(j, i, WL_RULE_UPDATE_FILE_EXTRA, "%s", "");
	else if (!j->f->ticket)
		deliver(j, i);
}

static void judge_folder(struct judging *j, size_t i)
{
	j->d->item[i] = (struct wl_item_decision){.verdict = WL_PASS, .rule = WL_RULE_PASS_FOLDER};
	if (j->litter[i] != WL_LITTER_NO)
		judge_litter(j, i);
}

static void judge_missing(struct judging *j)
{
	const struct wl_ticket *t = j->f->ticket;
	for (size_t k = 0; t && k < t->nfiles; k++) {
		const struct wl_item *item =
		        wl_items_find(j->f->items, t->files[k].raw, t->files[k].raw_n);
		if (!item || item->folder)
			wl_judging_object(j, WHOLE, WL_RULE_UPDATE_FILE_MISSING, "%.*s",
			                  WL_DETAIL_MAX, t->files[k].path);
	}
}

void wl_judge_set(struct judging *j)
{
	size_t meant = 0;
	for (size_t i = 0; i < j->n; i++) {
		int stage = wl_rule_row(j->v[i].rule)->stage;
		j->signatures_bad |= stage == 7 || stage == 8;
	}
	for (size_t i = 0; i < j->f->items->n; i++) {
		if (j->f->items->v[i].folder)
			judge_folder(j, i);
		else
			judge_file(j, i);
		meant += !j->f->items->v[i].folder && j->litter[i] == WL_LITTER_NO &&
		         !is_package_part(&j->f->item[i]);
	}
	judge_missing(j);
	if (j->d->files == 0 && (meant == 0 || j->n == 0))
		wl_judging_object(j, WHOLE, WL_RULE_UPDATE_EMPTY, "%s", "nothing to deliver");
}

/* ---- names ---- */

void wl_judge_names(struct judging *j)
{
	const struct wl_items *items = j->f->items;
	WL_AUTO_FREE bool *same = calloc(items->n ? items->n : 1, sizeof(*same));
	if (!same || wl_names_find_duplicates(items, same) < 0) {
		j->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < items->n; i++) {
		struct wl_finding finding;
		const struct wl_item *item = &items->v[i];
		if (same[i])
			wl_judging_object(j, i, WL_RULE_NAME_DUPLICATE, "%s", "");
		if (j->litter[i] != WL_LITTER_NO && !j->listed[i])
			continue;
		if (wl_names_check(item->path, item->path_n, &finding) < 0)
			wl_judging_object(j, i, finding.rule, "%s", finding.detail);
		if (j->device && j->d->item[i].delivered &&
		    wl_names_check_device(j->device->names, item->path, item->path_n, &finding) < 0)
			wl_judging_object(j, i, finding.rule, "%s", finding.detail);
	}
}
