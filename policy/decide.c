/*
 * The decision: objections are collected from every part, the earliest stage that has any decides.
 *
 * An attacker controls the medium and what parsers claim about it; he can add objections, never
 * take one away, and there is no path to `pass` but the one through an empty list. One function
 * without clock, file or ledger, so that the station and `weighlock verify` cannot disagree and
 * tests can play every case. Nothing durable: the broker writes what comes out into the ledger.
 */
#include "policy/decide.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "policy/decide_list.h"

void wl_rules_add(struct wl_rules *set, enum wl_rule rule)
{
	if (rule == WL_RULE_NONE || wl_rules_has(set, rule) || set->n == WL_DECISION_RULES_MAX)
		return;
	size_t at = set->n++;
	for (; at > 0 && set->v[at - 1] > rule; at--)
		set->v[at] = set->v[at - 1];
	set->v[at] = rule;
}

bool wl_rules_has(const struct wl_rules *set, enum wl_rule rule)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->v[i] == rule)
			return true;
	return false;
}

struct wl_decision *wl_decision_free(struct wl_decision *d)
{
	if (d)
		free(d->item);
	free(d);
	return NULL;
}

void wl_decision_cleanup(struct wl_decision **d)
{
	*d = wl_decision_free(*d);
}

void wl_judging_object(struct judging *j, size_t index, enum wl_rule rule, const char *format, ...)
{
	if (j->n == j->room) {
		size_t room = j->room ? 2 * j->room : 16;
		struct objection *v = realloc(j->v, room * sizeof(*v));
		if (!v) {
			j->out_of_memory = true;
			return;
		}
		j->v = v;
		j->room = room;
	}
	struct objection *o = &j->v[j->n++];
	o->index = index;
	o->rule = rule;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(o->detail, sizeof(o->detail), format, args);
	va_end(args);
}

/* ---- policy keys ---- */

/* Which key of the policy a rule goes back to; V and D stand for vendor and device. */
static const struct {
	enum wl_rule rule;
	const char *key;
} policy_keys[] = {
        {WL_RULE_PASS_UPDATE_COVERED, "vendors.V.ticket"},
        {WL_RULE_LEAVE_OS_LITTER, "inbound.os_litter"},
        {WL_RULE_TRANSFER_UNSIGNED_VENDOR, "vendors.V.signature"},
        {WL_RULE_NAME_DEVICE_RULE, "devices.D.names"},
        {WL_RULE_TICKET_MISSING, "vendors.V.ticket"},
        {WL_RULE_TICKET_CHANNEL_SAME, "inbound.ticket_channel"},
        {WL_RULE_TICKET_DEVICE_OTHER, "devices.D.serial"},
        {WL_RULE_TICKET_VENDOR_OTHER, "devices.D.vendor"},
        {WL_RULE_TICKET_STATION_OTHER, "station.id"},
        {WL_RULE_TICKET_COMPONENT_OTHER, "devices.D.floors"},
        {WL_RULE_SIGNATURE_MISSING, "vendors.V.signature"},
        {WL_RULE_SIGNATURE_SIGNER_UNTRUSTED, "vendors.V.anchors"},
        {WL_RULE_SIGNATURE_PURPOSE_WRONG, "vendors.V.anchors"},
        {WL_RULE_SIGNATURE_TOO_FEW_SIGNERS, "vendors.V.signers"},
        {WL_RULE_UPDATE_LITTER_CHANGED, "inbound.os_litter"},
        {WL_RULE_UPDATE_VERSION_FLOOR, "devices.D.floors"},
        {WL_RULE_ARCHIVE_FORMAT, "inbound.archives"},
        {WL_RULE_DESTINATION_FILE_TOO_LARGE, "devices.D.volume"},
};

void wl_judging_key(const struct judging *j, enum wl_rule rule, char key[WL_POLICY_KEY_MAX])
{
	const char *form = "";
	size_t n = 0;
	for (size_t i = 0; i < WL_ARRAY_LEN(policy_keys); i++)
		if (policy_keys[i].rule == rule)
			form = policy_keys[i].key;
	key[0] = '\0';
	for (; *form && n + 1 < WL_POLICY_KEY_MAX; form++) {
		const char *fill = NULL;
		if (*form == 'V')
			fill = j->vendor_id;
		else if (*form == 'D')
			fill = j->device ? j->device->id : "";
		int m = fill ? snprintf(key + n, WL_POLICY_KEY_MAX - n, "%s", fill)
		             : snprintf(key + n, WL_POLICY_KEY_MAX - n, "%c", *form);
		n += m > 0 ? (size_t)m : 0;
	}
}

/* ---- the whole ---- */

static void judge_findings(struct judging *j)
{
	for (size_t i = 0; i < j->f->nfindings; i++) {
		const struct wl_fact_finding *finding = &j->f->findings[i];
		const struct wl_item *item =
		        finding->item ? wl_items_get(j->f->items, finding->item) : NULL;
		wl_judging_object(j, item ? (size_t)(item - j->f->items->v) : WHOLE,
		                  finding->finding.rule, "%s", finding->finding.detail);
	}
}

static void find_listed(struct judging *j)
{
	const struct wl_ticket *t = j->f->ticket;
	for (size_t k = 0; t && k < t->nfiles; k++) {
		const struct wl_item *item =
		        wl_items_find(j->f->items, t->files[k].raw, t->files[k].raw_n);
		if (item && !item->folder)
			j->listed[item - j->f->items->v] = &t->files[k];
	}
}

static void judge_station(struct judging *j)
{
	if (j->f->clock_floor > 0 && j->f->now < j->f->clock_floor)
		wl_judging_object(j, WHOLE, WL_RULE_STATION_CLOCK_BEHIND, "%s", "");
}

/* Device and vendor as the policy knows them; nothing else can be judged without. */
static bool find_profile(struct judging *j)
{
	const struct wl_policy *p = j->f->policy;
	j->device = wl_policy_device(p, j->f->device);
	j->vendor_id = j->f->vendor ? j->f->vendor : j->device ? j->device->vendor : "";
	j->vendor = wl_policy_vendor(p, j->vendor_id);
	if (!j->device)
		wl_judging_object(j, WHOLE, WL_RULE_UPDATE_DEVICE_UNKNOWN, "%s", "");
	if (!j->vendor && (j->device || j->f->vendor))
		wl_judging_object(j, WHOLE, WL_RULE_UPDATE_VENDOR_UNKNOWN, "%s", "");
	if (!j->device || !j->vendor)
		return false;
	if (strcmp(j->device->vendor, j->vendor_id) == 0)
		return true;
	wl_judging_object(j, WHOLE, WL_RULE_UPDATE_VENDOR_UNKNOWN, "%s is no device of this vendor",
	                  j->device->id);
	return false;
}

static void judge_all(struct judging *j)
{
	for (size_t i = 0; i < j->d->nitems; i++)
		if (j->f->items->v[i].folder)
			j->d->item[i] = (struct wl_item_decision){.verdict = WL_PASS,
			                                          .rule = WL_RULE_PASS_FOLDER};
	judge_station(j);
	judge_findings(j);
	if (find_profile(j)) {
		wl_judge_ticket(j);
		wl_judge_signers(j);
		wl_judge_ledger(j);
		wl_judge_set(j);
	}
	wl_judge_names(j);
}

/* Only the objections of the earliest stage stay. */
static void keep_first_stage(struct judging *j)
{
	int first = INT32_MAX;
	size_t n = 0;
	for (size_t i = 0; i < j->n; i++) {
		int stage = wl_rule_row(j->v[i].rule)->stage;
		if (stage < first)
			first = stage;
	}
	for (size_t i = 0; i < j->n; i++)
		if (wl_rule_row(j->v[i].rule)->stage == first)
			j->v[n++] = j->v[i];
	j->n = n;
}

static void refuse_item(struct judging *j, size_t index, const struct objection *o)
{
	struct wl_item_decision *item = &j->d->item[index];
	if (item->verdict != WL_REFUSE)
		*item = (struct wl_item_decision){.verdict = WL_REFUSE};
	bool first = item->rules.n == 0 || o->rule < item->rules.v[0];
	wl_rules_add(&item->rules, o->rule);
	item->rule = item->rules.v[0];
	if (first || item->detail[0] == '\0')
		(void)snprintf(item->detail, sizeof(item->detail), "%s", o->detail);
}

/* A file that somebody meant to bring in: no litter, no part of the package itself. */
static bool is_meant(const struct judging *j, size_t i)
{
	const struct wl_fact_item *fact = &j->f->item[i];
	if (j->f->items->v[i].folder || fact->manifest || fact->signature || fact->ticket)
		return false;
	return j->litter[i] == WL_LITTER_NO || j->listed[i];
}

static void object_to_whole(struct judging *j, const struct objection *o)
{
	bool first = j->d->rules.n == 0 || o->rule < j->d->rules.v[0];
	wl_rules_add(&j->d->rules, o->rule);
	if (first || j->d->detail[0] == '\0')
		(void)snprintf(j->d->detail, sizeof(j->d->detail), "%s", o->detail);
}

/*
 * Refused: the items something is held against are refused by it; where it is held against the
 * whole, every item but litter and the package's own parts is. The others just stay here.
 */
static void conclude_refused(struct judging *j)
{
	struct wl_decision *d = j->d;
	bool blamed = false;
	d->verdict = WL_REFUSE;
	for (size_t i = 0; i < j->n; i++)
		blamed |= j->v[i].index != WHOLE;
	for (size_t i = 0; i < d->nitems; i++)
		if (!j->f->items->v[i].folder && d->item[i].rule != WL_RULE_LEAVE_OS_LITTER)
			d->item[i] = (struct wl_item_decision){.verdict = WL_LEAVE,
			                                       .rule = WL_RULE_LEAVE_NOT_DELIVERED};
	for (size_t i = 0; i < j->n; i++) {
		const struct objection *o = &j->v[i];
		object_to_whole(j, o);
		if (o->index != WHOLE)
			refuse_item(j, o->index, o);
		for (size_t k = 0; o->index == WHOLE && !blamed && k < d->nitems; k++)
			if (is_meant(j, k))
				refuse_item(j, k, o);
	}
	d->rule = d->rules.v[0];
}

static void conclude_passed(struct judging *j)
{
	struct wl_decision *d = j->d;
	d->verdict = WL_PASS;
	d->rule = WL_RULE_PASS_UPDATE_COVERED;
	if (j->vendor->signature == WL_SIGNED_NONE)
		wl_rules_add(&d->holds, WL_RULE_TRANSFER_UNSIGNED_VENDOR);
	if (d->holds.n == 0)
		return;
	d->verdict = WL_HOLD;
	d->rules = d->holds;
	d->rule = d->holds.v[0];
}

static void fill_counts(struct judging *j)
{
	struct wl_decision *d = j->d;
	d->files = d->refused = d->left = d->bytes = 0;
	wl_judging_key(j, d->rule, d->policy_key);
	for (size_t i = 0; i < d->nitems; i++) {
		struct wl_item_decision *item = &d->item[i];
		wl_judging_key(j, item->rule, item->policy_key);
		if (item->verdict != WL_PASS)
			item->delivered = NULL;
		if (j->f->items->v[i].folder)
			continue;
		d->files += item->verdict == WL_PASS;
		d->refused += item->verdict == WL_REFUSE;
		d->left += item->verdict == WL_LEAVE;
		d->bytes += item->verdict == WL_PASS ? j->f->items->v[i].size : 0;
	}
}

/* What was not looked at here: nobody may take a pass offline for a pass at a station. */
static void fill_not_checked(struct judging *j)
{
	const struct wl_facts *f = j->f;
	struct wl_rules *set = &j->d->not_checked;
	if (f->policy_unsigned)
		wl_rules_add(set, WL_RULE_POLICY_SIGNATURE);
	if (j->vendor && j->vendor->signature != WL_SIGNED_NONE)
		wl_rules_add(set, WL_RULE_SIGNATURE_REVOKED);
	if (!f->ticket)
		wl_rules_add(set, WL_RULE_UPDATE_VERSION_FLOOR);
	if (f->ledger.state == WL_LEDGER_KNOWN)
		return;
	wl_rules_add(set, WL_RULE_UPDATE_VERSION_FLOOR);
	wl_rules_add(set, WL_RULE_UPDATE_VERSION_STEP);
	wl_rules_add(set, WL_RULE_TICKET_USED);
	wl_rules_add(set, WL_RULE_TICKET_WITHDRAWN);
	if (f->ticket && f->ticket->nstations > 0 && !f->station)
		wl_rules_add(set, WL_RULE_TICKET_STATION_OTHER);
}

static void fill_update(struct judging *j)
{
	const struct wl_ticket *t = j->f->ticket;
	struct wl_decision *d = j->d;
	d->vendor_signature = j->vendor ? j->vendor->signature : WL_SIGNED_NONE;
	(void)snprintf(d->vendor, sizeof(d->vendor), "%s", j->vendor ? j->vendor->id : "");
	if (!t)
		return;
	d->has_update = true;
	d->release = t->release;
	(void)snprintf(d->component, sizeof(d->component), "%s", t->component);
	(void)snprintf(d->ticket, sizeof(d->ticket), "%s", t->id);
	(void)snprintf(d->version, sizeof(d->version), "%s", t->version);
}

static void judging_free(struct judging *j)
{
	free(j->litter);
	free(j->listed);
	free(j->v);
}

int wl_decide(const struct wl_facts *facts, struct wl_decision **ret)
{
	size_t n = facts->items->n, room = n ? n : 1;
	WL_CLEANUP(wl_decision_cleanup) struct wl_decision *d = calloc(1, sizeof(*d));
	WL_CLEANUP(judging_free)
	struct judging j = {.f = facts,
	                    .d = d,
	                    .litter = calloc(room, sizeof(*j.litter)),
	                    .listed = calloc(room, sizeof(*j.listed))};
	if (!d || !j.litter || !j.listed)
		return -ENOMEM;
	d->item = calloc(room, sizeof(*d->item));
	if (!d->item)
		return -ENOMEM;
	d->nitems = n;
	wl_litter_judge(facts->items, j.litter);
	find_listed(&j);
	judge_all(&j);
	if (j.out_of_memory)
		return -ENOMEM;
	keep_first_stage(&j);
	if (j.n > 0)
		conclude_refused(&j);
	else
		conclude_passed(&j);
	fill_counts(&j);
	fill_not_checked(&j);
	fill_update(&j);
	*ret = TAKE_PTR(d);
	return 0;
}
