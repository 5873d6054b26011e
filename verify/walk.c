/*
 * Rules over the sequence of entries.
 *
 * The signature proves that the station wrote these entries in this order; here and in rules_*.c it
 * is asked whether the story holds together. The text is the station's own and may be a lie by a
 * station that was taken over, so it is read strictly and never believed beyond what it says. One
 * table says which rule an event has. Memory grows with what stands open, up to fixed numbers;
 * beyond them it is a finding, never silence. Nothing is written.
 */
#include "verify/walk_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "verify/say.h"

/* about: an entry of this event names a transfer that was opened. */
static const struct {
	const char *event;
	verify_rule_fn *rule;
	bool about;
} rules[] = {
        {"station.init", verify_rule_station_init, false},
        {"station.start", verify_rule_station_start, false},
        {"station.stop", verify_rule_station_stop, false},
        {"station.fault", verify_rule_station_fault, false},
        {"station.certified", NULL, false},
        {"station.retired", verify_rule_end_of_ledger, false},
        {"policy.proposed", verify_rule_policy_proposed, false},
        {"policy.loaded", verify_rule_policy_loaded, false},
        {"policy.refused", NULL, false},
        {"ticket.added", NULL, false},
        {"ticket.withdrawn", verify_rule_ticket_withdrawn, false},
        {"call.denied", NULL, false},
        {"action.proposed", verify_rule_action_proposed, false},
        {"alarm.settled", verify_rule_alarm_settled, false},
        {"clock.set", verify_rule_clock_set, false},
        {"key.rotated", verify_rule_end_of_ledger, false},
        {"fact.inherited", verify_rule_inherited, false},
        {"ledger.exported", NULL, false},
        {"ledger.cosigned", verify_rule_cosigned, false},
        {"document.sealed", NULL, false},
        {"medium.seen", verify_rule_medium_seen, false},
        {"medium.gone", verify_rule_medium_gone, false},
        {"medium.refused", NULL, false},
        {"medium.prepared", verify_rule_medium_prepared, false},
        {"wipe.intent", verify_rule_wipe_intent, false},
        {"wipe.done", verify_rule_wipe_done, false},
        {"wipe.failed", verify_rule_wipe_failed, false},
        {"gate.opened", verify_rule_gate_opened, false},
        {"gate.shut", verify_rule_gate_shut, false},
        {"transfer.opened", verify_rule_transfer_opened, false},
        {"item.decided", NULL, true},
        {"transfer.preserved", NULL, true},
        {"transfer.inspected", verify_rule_inspected, true},
        {"transfer.approved", verify_rule_approved, true},
        {"transfer.rejected", verify_rule_transfer_end, true},
        {"transfer.retried", verify_rule_decided, true},
        {"transfer.cancelled", verify_rule_transfer_end, true},
        {"transfer.refused", verify_rule_transfer_end, true},
        {"transfer.failed", verify_rule_failed, true},
        {"transfer.noted", NULL, true},
        {"transfer.outcome", verify_rule_returned, true},
        {"transfer.acknowledged", verify_rule_acknowledged, true},
        {"approval.voided", verify_rule_voided, true},
        {"release.intent", verify_rule_release_intent, true},
        {"release.written", verify_rule_release_written, true},
        {"release.done", verify_rule_release_done, true},
        {"release.failed", verify_rule_release_failed, true},
        {"release.unknown", verify_rule_release_unknown, true},
        {"vault.deleted", verify_rule_vault_deleted, true},
        {"visit.opened", NULL, false},
        {"visit.confirmed", NULL, false},
        {"visit.checked-in", NULL, false},
        {"visit.checked-out", NULL, false},
        {"visit.closed", NULL, false},
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

/* Buckets of the rules by a cheap mix of a name's length and letters: most hold one. */
static uint8_t bucket[256], next_rule[RULES];

static uint8_t mix(const char *s, size_t n)
{
	return (uint8_t)(n * 37 + (uint8_t)s[n - 1] * 5 + (uint8_t)s[n / 2] * 11 + (uint8_t)s[0]);
}

static void fill_buckets(void)
{
	memset(bucket, 0, sizeof(bucket));
	for (size_t i = 0; i < RULES; i++) {
		uint8_t at = mix(rules[i].event, strlen(rules[i].event));
		next_rule[i] = bucket[at];
		bucket[at] = (uint8_t)(i + 1);
	}
}

/* The row of an event, or RULES. */
static size_t find_rule(const struct verify_member *event)
{
	size_t i = RULES;

	if (event->value_n == 0)
		return RULES;
	for (uint8_t at = bucket[mix(event->value, event->value_n)]; at; at = next_rule[i]) {
		i = at - 1U;
		if (verify_member_is(event, rules[i].event))
			return i;
	}
	return RULES;
}

struct verify_walk *verify_walk_free(struct verify_walk *w)
{
	if (!w)
		return NULL;
	verify_map_free(w->transfers);
	verify_map_free(w->approvals);
	verify_map_free(w->released);
	verify_map_free(w->intents);
	verify_map_free(w->insertions);
	verify_map_free(w->floors);
	verify_map_free(w->tickets);
	verify_map_free(w->manifests);
	verify_hash_free(w->sha);
	free(w);
	return NULL;
}

struct verify_walk *verify_walk_new(int dirfd, const struct verify_walk_asked *asked,
                                    struct verify_report *r)
{
	struct verify_walk *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	fill_buckets();
	w->dirfd = dirfd;
	w->asked = asked;
	w->report = r;
	w->sha = verify_hash_new();
	w->needed_inbound = w->needed_outbound = 1;
	w->transfers = verify_map_new(sizeof(struct transfer), TRANSFERS_KEPT);
	w->approvals = verify_map_new(sizeof(struct approval), APPROVALS_KEPT);
	w->released = verify_map_new(sizeof(struct released), RELEASED_KEPT);
	w->intents = verify_map_new(sizeof(struct intent), INTENTS_KEPT);
	w->insertions = verify_map_new(sizeof(struct insertion), INSERTIONS_KEPT);
	w->floors = verify_map_new(sizeof(struct floor_known), FLOORS_KEPT);
	w->tickets = verify_map_new(sizeof(struct ticket_known), TICKETS_KEPT);
	w->manifests = verify_map_new(0, MANIFESTS_KEPT);
	if (!w->sha || !w->transfers || !w->approvals || !w->released || !w->intents ||
	    !w->insertions || !w->floors || !w->tickets || !w->manifests ||
	    verify_secret_draw(&w->secret) < 0)
		return verify_walk_free(w);
	return w;
}

const struct verify_member *verify_text(const struct verify_walk *w, const char *name)
{
	return verify_entry_find(&w->e, true, name, VERIFY_TEXT);
}

const struct verify_member *verify_list(const struct verify_walk *w, const char *name)
{
	return verify_entry_find(&w->e, true, name, VERIFY_LIST);
}

int64_t verify_integer(const struct verify_walk *w, const char *name, int64_t otherwise)
{
	const struct verify_member *m = verify_entry_find(&w->e, true, name, VERIFY_INTEGER);

	return m ? m->integer : otherwise;
}

struct verify_tag verify_member_tag(const struct verify_walk *w, const struct verify_member *m)
{
	return m ? verify_tag_of(&w->secret, m->value, m->value_n)
	         : verify_tag_of(&w->secret, "", 0);
}

struct verify_tag verify_number_tag(uint64_t n)
{
	/* spread, so that numbers in a row lie in different buckets; no secret: they are counted */
	struct verify_tag tag = {n, ~n};

	return tag;
}

int verify_id_number(const struct verify_walk *w, const char *p, size_t n, char mark, uint64_t *ret)
{
	size_t name = strlen(w->station), at = name;
	uint64_t v = 0;

	if (n <= name || memcmp(p, w->station, name) != 0)
		return -EBADMSG;
	if (mark != '#' && p[at++] != '-')
		return -EBADMSG;
	if (at + 1 >= n || p[at++] != mark || n - at > 15)
		return -EBADMSG;
	for (; at < n; at++) {
		if (p[at] < '0' || p[at] > '9')
			return -EBADMSG;
		v = v * 10 + (uint64_t)(p[at] - '0');
	}
	*ret = v;
	return 0;
}

void *verify_keep(struct verify_walk *w, struct verify_map *m, struct verify_tag tag)
{
	void *record = verify_map_add(m, tag);

	if (!record && !w->said_too_much) {
		w->said_too_much = true;
		verify_report_add(w->report, VERIFY_TOO_MUCH, ENTRIES(w->next - 1),
		                  _("more stands open here than this program follows; what comes "
		                    "after was not checked against all of it"));
	}
	return record;
}

bool verify_past_may_know(const struct verify_walk *w)
{
	return w->first > 0 || w->said_too_much;
}

/* ---- what every entry says ---- */

static void check_station(struct verify_walk *w, const struct verify_member *station, uint64_t seq)
{
	if (!w->station[0]) {
		verify_member_copy(station, w->station, sizeof(w->station));
		verify_member_copy(station, w->report->station, sizeof(w->report->station));
	} else if (!verify_member_is(station, w->station)) {
		verify_report_add(w->report, VERIFY_STATION_OTHER, ENTRIES(seq),
		                  _("it names the station %.*s, the others name %s"),
		                  SHOWN(station), w->station);
	}
}

static void check_time(struct verify_walk *w, const struct verify_member *when, uint64_t seq)
{
	if (w->time[0] && memcmp(when->value, w->time, TIME_BYTES) < 0)
		verify_report_add(w->report, VERIFY_CLOCK_BACK, ENTRIES(seq - 1, seq),
		                  _("%.*s comes after %s: the clock went back"), SHOWN(when),
		                  w->time);
	memcpy(w->time, when->value, TIME_BYTES);
}

/* The event, or NULL where the envelope is not whole. */
static const struct verify_member *check_envelope(struct verify_walk *w, uint64_t seq)
{
	static const char *const texts[] = {"station", "time", "event", "actor", "boot"};
	const struct verify_member *number = verify_entry_find(&w->e, false, "seq", VERIFY_INTEGER);
	const struct verify_member *m[5];

	if (!number || number->integer != (int64_t)seq)
		verify_report_add(w->report, VERIFY_NUMBER_WRONG, ENTRIES(seq),
		                  _("it does not carry its own number"));
	for (unsigned i = 0; i < 5; i++) {
		m[i] = verify_entry_find(&w->e, false, texts[i], VERIFY_TEXT);
		if (m[i] && m[i]->value_n > 0 && (i != 1 || m[i]->value_n == TIME_BYTES))
			continue;
		verify_report_add(w->report, VERIFY_ENVELOPE_INCOMPLETE, ENTRIES(seq),
		                  _("it does not say its %s"), texts[i]);
		return NULL;
	}
	check_station(w, m[0], seq);
	check_time(w, m[1], seq);
	return m[2];
}

/* A transfer named here must have been opened: here, or in entries that were not read. */
static void check_about(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *id = verify_entry_find(&w->e, false, "transfer", VERIFY_TEXT);
	uint64_t n = 0;

	if (!id || verify_id_number(w, id->value, id->value_n, 'T', &n) < 0)
		verify_report_add(w->report, VERIFY_ENTRY_INCOMPLETE, ENTRIES(seq),
		                  _("it does not say which transfer it is about"));
	else if (!verify_past_may_know(w) && (!w->have_transfer || n > w->last_transfer))
		verify_report_add(w->report, VERIFY_TRANSFER_UNKNOWN, ENTRIES(seq),
		                  _("%.*s was never opened"), SHOWN(id));
}

/* A retired station still says what happens to it, and its ledger is taken away and countersigned:
 * nothing crosses any more. A ledger whose key was given up has nothing more to say at all. */
static bool may_follow_the_end(const struct verify_walk *w, const struct verify_member *event)
{
	static const char *const after[] = {
	        "station.start", "station.stop",    "station.fault",   "call.denied",
	        "clock.set",     "medium.seen",     "medium.gone",     "medium.refused",
	        "gate.opened",   "gate.shut",       "wipe.intent",     "wipe.done",
	        "wipe.failed",   "medium.prepared", "ledger.exported", "ledger.cosigned",
	        "vault.deleted",
	};

	for (size_t i = 0; w->is_retired && i < sizeof(after) / sizeof(after[0]); i++)
		if (verify_member_is(event, after[i]))
			return true;
	return false;
}

static void apply_rules(struct verify_walk *w, const struct verify_member *event, uint64_t seq)
{
	size_t i = find_rule(event);

	if (w->ended && !may_follow_the_end(w, event))
		verify_report_add(w->report, VERIFY_ENTRY_AFTER_END, ENTRIES(w->ended, seq),
		                  _("entry %llu ended this ledger, and this one follows"),
		                  (unsigned long long)w->ended);
	if (i == RULES) {
		verify_report_add(w->report, VERIFY_EVENT_UNKNOWN, ENTRIES(seq),
		                  _("event %.*s is not known to this version"), SHOWN(event));
		return;
	}
	if (rules[i].about)
		check_about(w, seq);
	if (rules[i].rule)
		rules[i].rule(w, seq);
}

void verify_walk_entry(struct verify_walk *w, uint64_t seq, const char *p, size_t n)
{
	const struct verify_member *event;
	size_t at = 0;

	if (!w->started) {
		w->started = true;
		w->first = seq;
	}
	w->next = seq + 1;
	if (verify_entry_read(p, n, &w->e, &at) < 0) {
		w->e.n = 0;
		verify_report_add(w->report, VERIFY_ENTRY_MALFORMED, ENTRIES(seq),
		                  _("not in the one form entries have (byte %zu)"), at);
		return;
	}
	event = check_envelope(w, seq);
	if (seq == 0 && event && !verify_member_is(event, "station.init"))
		verify_report_add(w->report, VERIFY_BEGINNING_WRONG, ENTRIES(seq),
		                  _("the first entry is %.*s, not station.init"), SHOWN(event));
	if (event)
		apply_rules(w, event, seq);
}

const struct verify_entry *verify_walk_last(const struct verify_walk *w)
{
	return w->e.n ? &w->e : NULL;
}

const char *verify_walk_time(const struct verify_walk *w)
{
	return w->time;
}

const struct verify_previous *verify_walk_previous(const struct verify_walk *w)
{
	return &w->previous;
}

const char *verify_walk_rotated_to(const struct verify_walk *w)
{
	return w->ended && w->ended + 1 == w->next ? w->rotated_to : "";
}

/* ---- what is open at the end ---- */

static void say_open(void *user, void *record)
{
	struct verify_walk *w = user;
	const struct intent *i = record;

	if (i->is_wipe)
		verify_report_add(w->report, VERIFY_RELEASE_OPEN, ENTRIES(i->seq),
		                  _("wiping of medium %s began and nothing says how it ended"),
		                  i->medium);
	else
		verify_report_add(w->report, VERIFY_RELEASE_OPEN, ENTRIES(i->seq),
		                  _("%s was being written to medium %s and nothing says how it "
		                    "ended: the medium is suspect"),
		                  i->id, i->medium);
}

static void say_interrupted(void *user, void *record)
{
	struct verify_walk *w = user;
	const struct transfer *t = record;

	for (unsigned i = 0; i < t->outputs; i++)
		if (t->output[i].is_interrupted)
			verify_report_add(
			        w->report, VERIFY_RELEASE_INTERRUPTED,
			        ENTRIES(t->output[i].interrupted_from, t->output[i].interrupted_to),
			        _("%s was being written when the station stopped, and was "
			          "not written since: that medium is suspect"),
			        t->id);
}

static void say_released(void *user, void *record)
{
	struct verify_walk *w = user;
	const struct released *r = record;

	verify_report_add(w->report, VERIFY_OUTCOME_MISSING, ENTRIES(r->done),
	                  _("%s left on medium %s and nothing says what became of it"), r->id,
	                  r->medium);
}

void verify_walk_end(struct verify_walk *w)
{
	verify_map_each(w->intents, say_open, w);
	verify_map_each(w->transfers, say_interrupted, w);
	verify_map_each(w->released, say_released, w);
}
