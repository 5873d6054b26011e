/*
 * What may be appended while something is wrong with the ledger's standing: an alarm that two
 * persons must settle, a cosignature that is overdue, a station that was retired.
 *
 * Runs in weighlock-ledgerd, which does not take the broker's word: a compromised broker cannot
 * release past an alarm nor settle one alone. Everything comes from entries, so power going and a
 * new start change nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/ledger/audit.h"

#define TEXT(d, m) wl_draft_get_text((d), WL_M_##m)

static bool is_in(enum wl_event event, const enum wl_event *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == event)
			return true;
	return false;
}

/* A retired station shows and exports its ledger, and says what happens to it meanwhile. */
static const enum wl_event after_the_end[] = {
        WL_E_STATION_START,   WL_E_STATION_STOP,    WL_E_STATION_FAULT,  WL_E_CALL_DENIED,
        WL_E_MEDIUM_SEEN,     WL_E_MEDIUM_GONE,     WL_E_MEDIUM_REFUSED, WL_E_GATE_OPENED,
        WL_E_GATE_SHUT,       WL_E_WIPE_INTENT,     WL_E_WIPE_DONE,      WL_E_WIPE_FAILED,
        WL_E_MEDIUM_PREPARED, WL_E_LEDGER_EXPORTED, WL_E_VAULT_DELETED,  WL_E_CLOCK_SET,
};

/* What an alarm stops: everything by which a transfer goes on. */
static const enum wl_event stopped_by_alarm[] = {
        WL_E_TRANSFER_OPENED, WL_E_TRANSFER_APPROVED, WL_E_TRANSFER_RETRIED,
        WL_E_RELEASE_INTENT,  WL_E_KEY_ROTATED,
};

static int check_alarm(struct wl_ledger *l, const struct wl_draft *d, struct wl_finding *f)
{
	enum wl_rule rule = WL_RULE_NONE;
	uint64_t seq;
	int r = is_in(d->event, stopped_by_alarm, WL_ARRAY_LEN(stopped_by_alarm))
	                ? wl_audit_alarm(l->facts, &seq, &rule)
	                : 0;

	return r > 0 ? wl_refuse(f, rule, "since entry %" PRIu64, seq) : r;
}

static int check_due(struct wl_ledger *l, const struct wl_draft *d, const struct wl_clock *c,
                     struct wl_finding *f)
{
	int64_t due = 0;
	int r = d->event == WL_E_RELEASE_INTENT ? wl_audit_due(l, &due) : 0;

	if (r > 0 && c->time > due)
		return wl_refuse(f, WL_RULE_STATION_COSIGNATURE_OLD,
		                 "%" PRId64 " days over the policy's limit",
		                 (c->time - due) / 86400);
	return r < 0 ? r : 0;
}

/* Two different persons: the one who proposed it lately, named in this entry, and this one. */
static int check_second(struct wl_ledger *l, const struct wl_draft *d, const struct wl_clock *c,
                        const char *method, struct wl_finding *f)
{
	struct wl_audit_proposal p = {0};
	int r = wl_audit_proposal(l->facts, method, &p);

	if (r < 0)
		return r;
	if (r == 0 || c->time - p.time > WL_ACTION_VALID_S ||
	    strcmp(p.actor, TEXT(d, PROPOSED_BY)) != 0)
		return wl_refuse(f, WL_RULE_APPROVAL_MISSING, "nobody proposed to %s lately",
		                 method);
	if (p.uid == d->uid || strcmp(p.actor, d->actor) == 0)
		return wl_refuse(f, WL_RULE_APPROVAL_SAME_PERSON, "%s proposed it", p.actor);
	if (strcmp(p.entry, TEXT(d, ENTRY)) != 0)
		return wl_refuse(f, WL_RULE_APPROVAL_VOID, "the proposal was about %s", p.entry);
	return 0;
}

static int check_settled(struct wl_ledger *l, const struct wl_draft *d, const struct wl_clock *c,
                         struct wl_finding *f)
{
	char id[WL_ID_TEXT];
	enum wl_rule rule;
	uint64_t seq;
	int r = wl_audit_alarm(l->facts, &seq, &rule);

	if (r < 0)
		return r;
	wl_id_entry(l->id.station, r > 0 ? seq : 0, id);
	if (r == 0 || strcmp(id, TEXT(d, ENTRY)) != 0)
		return wl_refuse(f, WL_RULE_APPROVAL_VOID, "%s is not the open alarm",
		                 TEXT(d, ENTRY));
	return check_second(l, d, c, "settle", f);
}

/* The keys are keys; and a reload of the version in force says nothing else than it does. */
static int check_policy(struct wl_ledger *l, const struct wl_draft *d, struct wl_finding *f)
{
	WL_AUTO_FREE struct wl_audit_policy *p = malloc(sizeof(*p));
	char text[WL_COSIGNERS_TEXT];
	const char *vkey;
	int r = p ? wl_audit_join_cosigners(d, text, sizeof(text)) : -ENOMEM;

	for (size_t i = 0; (vkey = wl_draft_get_element(d, WL_M_COSIGNERS, i)) != NULL; i++) {
		struct wl_cosigner key;
		if (r == 0 && wl_cosigner_parse(vkey, &key) < 0)
			r = -EUCLEAN;
	}
	if (r == -EUCLEAN) {
		(void)wl_refuse(f, WL_RULE_NONE, "cosigners that are no verifier keys");
		return -EINVAL;
	}
	if (r < 0 || wl_draft_get_integer(d, WL_M_POLICY_VERSION) !=
	                     (int64_t)wl_facts_station(l->facts)->policy_version)
		return r;
	r = wl_audit_policy(l->facts, p);
	if (r >= 0 && (strcmp(p->cosigners, text) != 0 ||
	               p->max_age_s != wl_draft_get_integer(d, WL_M_COSIGNATURE_MAX_AGE_S)))
		return wl_refuse(f, WL_RULE_APPROVAL_MISSING,
		                 "the version in force names other cosigners");
	return r < 0 ? r : 0;
}

int wl_audit_check(struct wl_ledger *l, const struct wl_draft *d, const struct wl_clock *c,
                   struct wl_finding *f)
{
	int r = is_in(d->event, after_the_end, WL_ARRAY_LEN(after_the_end))
	                ? 0
	                : wl_audit_retired(l->facts);

	if (r > 0)
		return wl_refuse(f, WL_RULE_STATION_RETIRED, "%s after the end",
		                 wl_event_row(d->event)->name);
	if (r == 0)
		r = check_alarm(l, d, f);
	if (r == 0)
		r = check_due(l, d, c, f);
	if (r == 0 && d->event == WL_E_POLICY_LOADED)
		r = check_policy(l, d, f);
	if (r == 0 && d->event == WL_E_ALARM_SETTLED)
		r = check_settled(l, d, c, f);
	if (r == 0 && d->event == WL_E_STATION_RETIRED)
		r = check_second(l, d, c, "retire", f);
	if (r == 0 && d->event == WL_E_KEY_ROTATED)
		r = check_second(l, d, c, WL_ACTION_ROTATE, f);
	return r;
}
