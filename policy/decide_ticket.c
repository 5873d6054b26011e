/*
 * The ticket's and the signers' part of the decision: stages 6, 7 and the floors of stage 8.
 *
 * The ticket was read only after a key of the authority was found good over its bytes; the keys in
 * facts->signers are facts of `check`. What a vendor or an officer wrote can still be for another
 * device, another day or another station, used up, or signed by too few, and each of those has its
 * own rule. Pure: no clock, no ledger is asked here. Runs in the broker and in the offline client.
 */
#include <inttypes.h>
#include <string.h>

#include "daemon/base/text.h"
#include "policy/decide_list.h"

static bool names_station(const struct wl_ticket *t, const char *station)
{
	for (size_t i = 0; i < t->nstations; i++)
		if (strcmp(t->stations[i], station) == 0)
			return true;
	return t->nstations == 0;
}

static bool knows_component(const struct wl_policy_device *d, const char *component)
{
	for (size_t i = 0; i < d->nfloors; i++)
		if (strcmp(d->floors[i].id, component) == 0)
			return true;
	return d->nfloors == 0;
}

static void judge_times(struct judging *j, const struct wl_ticket *t)
{
	char when[WL_TIME_TEXT];
	if (j->f->now < t->not_before) {
		wl_time_format(t->not_before, when);
		wl_judging_object(j, WHOLE, WL_RULE_TICKET_NOT_YET, "%s begins %s", t->id, when);
	}
	if (j->f->now > t->not_after) {
		wl_time_format(t->not_after, when);
		wl_judging_object(j, WHOLE, WL_RULE_TICKET_EXPIRED, "%s ended %s", t->id, when);
	}
}

static void judge_whom(struct judging *j, const struct wl_ticket *t)
{
	if (!wl_ticket_names_device(t, j->device))
		wl_judging_object(j, WHOLE, WL_RULE_TICKET_DEVICE_OTHER, "%s does not name %s",
		                  t->id, j->device->id);
	if (strcmp(t->vendor, j->vendor_id) != 0)
		wl_judging_object(j, WHOLE, WL_RULE_TICKET_VENDOR_OTHER,
		                  "%s is for vendor %s, not %s", t->id, t->vendor, j->vendor_id);
	else if (t->vendor_signature != j->vendor->signature)
		wl_judging_object(j, WHOLE, WL_RULE_TICKET_VENDOR_OTHER,
		                  "%s says signature %s, the policy says %s", t->id,
		                  wl_signature_format_name(t->vendor_signature),
		                  wl_signature_format_name(j->vendor->signature));
	if (j->f->station && !names_station(t, j->f->station))
		wl_judging_object(j, WHOLE, WL_RULE_TICKET_STATION_OTHER, "%s does not name %s",
		                  t->id, j->f->station);
	if (!knows_component(j->device, t->component))
		wl_judging_object(j, WHOLE, WL_RULE_TICKET_COMPONENT_OTHER,
		                  "%s has no component %s", j->device->id, t->component);
}

void wl_judge_ticket(struct judging *j)
{
	const struct wl_facts *f = j->f;
	if (j->vendor->ticket == WL_REQUIRED && !f->ticket_present)
		wl_judging_object(j, WHOLE, WL_RULE_TICKET_MISSING, "%s", j->vendor_id);
	if (f->ticket_present && f->ticket_from_medium &&
	    f->policy->inbound.ticket_channel == WL_CHANNEL_SEPARATE)
		wl_judging_object(j, WHOLE, WL_RULE_TICKET_CHANNEL_SAME, "%s",
		                  "the ticket lies on the medium of the update");
	if (!f->ticket)
		return;
	judge_times(j, f->ticket);
	judge_whom(j, f->ticket);
}

/* ---- signers ---- */

size_t wl_count_signers(const struct wl_signer *signers, size_t n, enum wl_trust_role role,
                        uint32_t content)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++) {
		bool counts = signers[i].role == role && signers[i].content == content;
		for (size_t k = 0; k < i && counts; k++)
			counts = signers[k].role != role || signers[k].content != content ||
			         memcmp(signers[k].spki_sha256, signers[i].spki_sha256,
			                WL_SHA256_BYTES) != 0;
		count += counts;
	}
	return count;
}

static size_t index_of(const struct judging *j, uint32_t number)
{
	const struct wl_item *item = number ? wl_items_get(j->f->items, number) : NULL;
	return item ? (size_t)(item - j->f->items->v) : WHOLE;
}

/* Signers that nobody names are told where they are the reason that too few remain. */
static bool tell_untrusted(struct judging *j, const struct wl_fact_content *c, size_t index)
{
	bool told = false;
	for (size_t i = 0; i < j->f->nuntrusted; i++) {
		const struct wl_fact_untrusted *u = &j->f->untrusted[i];
		if (u->role != c->role || u->content != c->item)
			continue;
		wl_judging_object(j, index, u->finding.rule, "%s", u->finding.detail);
		told = true;
	}
	return told;
}

/* Has a worker already said why a signature of this content is none? */
static bool has_finding(const struct judging *j, int stage)
{
	for (size_t i = 0; i < j->f->nfindings; i++)
		if (wl_rule_row(j->f->findings[i].finding.rule)->stage == stage)
			return true;
	return false;
}

static void judge_content(struct judging *j, const struct wl_fact_content *c)
{
	uint64_t needed =
	        c->role == WL_TRUST_VENDOR ? j->vendor->signers : j->vendor->authority_signers;
	size_t have = wl_count_signers(j->f->signers, j->f->nsigners, c->role, c->item);
	size_t index = index_of(j, c->item);
	if (needed == 0)
		needed = 1; /* what is signed at all is signed by somebody */
	if (have >= needed)
		return;
	if (c->signatures == 0)
		wl_judging_object(j, index, WL_RULE_SIGNATURE_MISSING, "%s",
		                  c->item ? "there is no signature file beside it"
		                          : "the ticket has no signature file");
	else if (!tell_untrusted(j, c, index) && !(have == 0 && has_finding(j, 7)))
		wl_judging_object(j, index, WL_RULE_SIGNATURE_TOO_FEW_SIGNERS,
		                  "%zu of %" PRIu64 " different keys", have, needed);
}

static void judge_roles(struct judging *j)
{
	const struct wl_facts *f = j->f;
	for (size_t i = 0; i < f->nsigners; i++)
		for (size_t k = 0; k < f->nsigners; k++)
			if (f->signers[i].role == WL_TRUST_VENDOR &&
			    f->signers[k].role == WL_TRUST_AUTHORITY &&
			    memcmp(f->signers[i].spki_sha256, f->signers[k].spki_sha256,
			           WL_SHA256_BYTES) == 0) {
				wl_judging_object(j, WHOLE, WL_RULE_SIGNATURE_ROLE_MIXED, "%s",
				                  f->signers[i].subject);
				return;
			}
}

void wl_judge_signers(struct judging *j)
{
	bool vendor = false;
	for (size_t i = 0; i < j->f->ncontents; i++) {
		bool of_vendor = j->f->contents[i].role == WL_TRUST_VENDOR;
		vendor |= of_vendor;
		if (!of_vendor || !j->f->vendor_left_out)
			judge_content(j, &j->f->contents[i]);
	}
	if (j->vendor->signature == WL_SIGNED_CMS_DETACHED && !vendor && !j->f->vendor_left_out)
		wl_judging_object(j, WHOLE, WL_RULE_SIGNATURE_MISSING, "%s",
		                  "neither MANIFEST.sha256 nor a .p7s beside a file");
	judge_roles(j);
}

/* ---- the ledger and the floors ---- */

static void judge_release(struct judging *j, const struct wl_ticket *t)
{
	const struct wl_ledger_facts *l = &j->f->ledger;
	uint64_t floor = wl_policy_floor(j->device, t->component);
	if (l->state == WL_LEDGER_KNOWN && l->has_floor && l->floor > floor)
		floor = l->floor;
	if (t->release < floor)
		wl_judging_object(j, WHOLE, WL_RULE_UPDATE_VERSION_FLOOR,
		                  "release %" PRIu64 " is below %" PRIu64, t->release, floor);
	if (l->state != WL_LEDGER_KNOWN || (!l->has_installed && !l->has_floor))
		return;
	uint64_t installed = l->has_installed ? l->installed : l->floor;
	if (installed < t->release_from)
		wl_judging_object(j, WHOLE, WL_RULE_UPDATE_VERSION_STEP,
		                  "installed is %" PRIu64 ", it may follow %" PRIu64 " or later",
		                  installed, t->release_from);
}

void wl_judge_ledger(struct judging *j)
{
	const struct wl_ticket *t = j->f->ticket;
	const struct wl_ledger_facts *l = &j->f->ledger;
	if (!t)
		return;
	if (l->state == WL_LEDGER_KNOWN && l->withdrawn)
		wl_judging_object(j, WHOLE, WL_RULE_TICKET_WITHDRAWN, "%s", t->id);
	if (l->state == WL_LEDGER_KNOWN && l->uses >= t->uses_per_device)
		wl_judging_object(j, WHOLE, WL_RULE_TICKET_USED, "%s: %" PRIu64 " of %" PRIu64,
		                  t->id, l->uses, t->uses_per_device);
	judge_release(j, t);
}

void wl_decide_ticket(const struct wl_policy *p, const char *station, const struct wl_ticket *t,
                      const struct wl_signer *signers, size_t n, int64_t now,
                      struct wl_rules *ret_rules)
{
	const struct wl_policy_vendor *v = wl_policy_vendor(p, t->vendor);
	bool device = false;
	*ret_rules = (struct wl_rules){0};
	for (size_t i = 0; i < p->ndevices; i++)
		device |= wl_ticket_names_device(t, &p->devices[i]);
	if (!v)
		wl_rules_add(ret_rules, WL_RULE_UPDATE_VENDOR_UNKNOWN);
	if (!device)
		wl_rules_add(ret_rules, WL_RULE_UPDATE_DEVICE_UNKNOWN);
	if (v && v->signature != t->vendor_signature)
		wl_rules_add(ret_rules, WL_RULE_TICKET_VENDOR_OTHER);
	if (now > t->not_after)
		wl_rules_add(ret_rules, WL_RULE_TICKET_EXPIRED);
	if (station && !names_station(t, station))
		wl_rules_add(ret_rules, WL_RULE_TICKET_STATION_OTHER);
	uint64_t needed = v && v->authority_signers > 1 ? v->authority_signers : 1;
	if (wl_count_signers(signers, n, WL_TRUST_AUTHORITY, 0) < needed)
		wl_rules_add(ret_rules, WL_RULE_SIGNATURE_TOO_FEW_SIGNERS);
}
