/*
 * Rules over what the station says of itself: its beginning and end, who made it, its clock, its
 * policy.
 *
 * A station that was taken over may say anything here; what can be checked is that two persons are
 * two, that numbers go up, and that the first entry names the key and origin the checkpoint has.
 * Runs on entries already read strictly, changes only what the walk remembers.
 */
#include "verify/walk_state.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "verify/say.h"

static const struct verify_member *actor(const struct verify_walk *w)
{
	return verify_entry_find(&w->e, false, "actor", VERIFY_TEXT);
}

static bool incomplete(struct verify_walk *w, uint64_t seq, const char *name)
{
	verify_report_add(w->report, VERIFY_ENTRY_INCOMPLETE, ENTRIES(seq),
	                  _("it lacks the member %s"), name);
	return true;
}

/* Two persons stand under it, and they must be two. */
static void check_two(struct verify_walk *w, uint64_t seq, const char *name)
{
	const struct verify_member *second = verify_text(w, name), *first = actor(w);

	if (!second)
		incomplete(w, seq, name);
	else if (verify_tag_equal(verify_member_tag(w, second), verify_member_tag(w, first)))
		verify_report_add(w->report, VERIFY_ONE_PERSON, ENTRIES(seq),
		                  _("two persons were needed and both are %.*s"), SHOWN(first));
}

/* The ledger this one continues: origin, checkpoint, and how far anybody saw it go. */
static void read_previous(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *origin = verify_text(w, "previous_origin");
	const struct verify_member *checkpoint = verify_text(w, "previous_checkpoint");
	int64_t seen = verify_integer(w, "previous_seen", 0);
	struct verify_previous *p = &w->previous;

	if (!origin && !checkpoint)
		return;
	if (!origin || !checkpoint ||
	    verify_member_decode(checkpoint, (char *)p->note, sizeof(p->note), &p->note_bytes) <
	            0 ||
	    verify_checkpoint_parse(p->note, p->note_bytes, &p->checkpoint) < 0 ||
	    !verify_member_is(origin, p->checkpoint.origin)) {
		verify_report_add(
		        w->report, VERIFY_BEGINNING_WRONG, ENTRIES(seq),
		        _("it names a ledger before it, but not by origin and checkpoint"));
		return;
	}
	p->have = true;
	memcpy(p->began, w->time, sizeof(p->began) - 1);
	/* after a loss (not after a change of key) nobody outside vouches for what was taken over
	 */
	w->is_unvouched = seen > 0;
	p->seen = seen > 0 ? (uint64_t)seen : 0;
}

void verify_rule_station_init(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *origin = verify_text(w, "origin");
	const struct verify_member *vkey = verify_text(w, "ledger_vkey");
	struct verify_key key;
	char text[VERIFY_NAME_MAX + 128];
	size_t n = 0;

	if (seq != 0) {
		verify_report_add(w->report, VERIFY_BEGINNING_WRONG, ENTRIES(seq),
		                  _("a station.init that is not the first entry"));
		return;
	}
	check_two(w, seq, "second_actor");
	if (!origin || !verify_member_is(origin, w->asked->origin))
		verify_report_add(w->report, VERIFY_BEGINNING_WRONG, ENTRIES(seq),
		                  _("it says that the origin is %.*s, the checkpoint says %s"),
		                  SHOWN(origin), w->asked->origin);
	if (!vkey || verify_member_decode(vkey, text, sizeof(text), &n) < 0 ||
	    verify_key_parse(text, &key) < 0 ||
	    memcmp(key.public_key, w->asked->key->public_key, sizeof(key.public_key)) != 0)
		verify_report_add(w->report, VERIFY_BEGINNING_WRONG, ENTRIES(seq),
		                  _("it names another ledger key than the one you trust"));
	read_previous(w, seq);
}

void verify_rule_station_start(struct verify_walk *w, uint64_t seq)
{
	if (w->is_running)
		verify_report_add(w->report, VERIFY_STOP_UNSEEN, ENTRIES(seq - 1, seq),
		                  _("the station stopped after entry %llu without saying so, and "
		                    "started again"),
		                  (unsigned long long)(seq - 1));
	w->is_running = true;
	w->gate[0].is_open = w->gate[1].is_open = false;
}

void verify_rule_station_stop(struct verify_walk *w, uint64_t seq)
{
	(void)seq;
	w->is_running = false;
}

void verify_rule_station_fault(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *part = verify_text(w, "part"), *rule = verify_text(w, "rule");

	verify_report_add(w->report, VERIFY_STATION_FAULT, ENTRIES(seq), _("a fault in %.*s: %.*s"),
	                  SHOWN(part), SHOWN(rule));
}

void verify_rule_clock_set(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *old = verify_text(w, "old"), *set = verify_text(w, "new");
	const struct verify_member *first = actor(w), *second = verify_text(w, "second_actor");

	check_two(w, seq, "second_actor");
	verify_report_add(w->report, VERIFY_CLOCK_SET, ENTRIES(seq),
	                  _("the clock was set from %.*s to %.*s by %.*s and %.*s"), SHOWN(old),
	                  SHOWN(set), SHOWN(first), SHOWN(second));
}

static struct verify_tag policy_tag(const struct verify_walk *w)
{
	return verify_tag_pair(verify_member_tag(w, verify_text(w, "sha256")),
	                       verify_number_tag((uint64_t)verify_integer(w, "policy_version", 0)));
}

void verify_rule_policy_proposed(struct verify_walk *w, uint64_t seq)
{
	(void)seq;
	w->proposal = policy_tag(w);
}

/* A new version spends every approval given under the old one. */
void verify_rule_policy_loaded(struct verify_walk *w, uint64_t seq)
{
	int64_t version = verify_integer(w, "policy_version", -1);

	if (version < 0) {
		incomplete(w, seq, "policy_version");
		return;
	}
	check_two(w, seq, "proposed_by");
	if (w->have_policy && version < w->policy_version)
		verify_report_add(w->report, VERIFY_POLICY_BACK, ENTRIES(w->policy_at, seq),
		                  _("version %lld took the place of version %lld"),
		                  (long long)version, (long long)w->policy_version);
	if (version < w->policy_floor)
		verify_report_add(w->report, VERIFY_POLICY_BACK, ENTRIES(w->policy_floor_at, seq),
		                  _("version %lld took the place of version %lld"),
		                  (long long)version, (long long)w->policy_floor);
	if (!verify_tag_equal(w->proposal, policy_tag(w)) && !verify_past_may_know(w))
		verify_report_add(w->report, VERIFY_POLICY_UNPROPOSED, ENTRIES(seq),
		                  _("version %lld was never proposed with this digest"),
		                  (long long)version);
	if (!w->have_policy || version > w->policy_version)
		w->policy_at = seq;
	w->have_policy = true;
	w->policy_version = version;
	w->needed_inbound = verify_integer(w, "approvals_inbound", 1);
	w->needed_outbound = verify_integer(w, "approvals_outbound", 1);
}

void verify_rule_cosigned(struct verify_walk *w, uint64_t seq)
{
	(void)seq;
	w->is_unvouched = false;
}

/* ---- what two persons do to the station ---- */

#define EIGHT_HOURS (INT64_C(8) * 3600)

/* Seconds of a time as entries have it; -1 where it is none. */
static int64_t seconds_of(const char *text)
{
	struct tm tm = {0};

	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
	           &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (int64_t)timegm(&tm);
}

static const char *const actions[ACTIONS] = {"settle", "retire", "rotate-key"};

void verify_rule_action_proposed(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *method = verify_text(w, "method");

	for (unsigned i = 0; i < ACTIONS; i++)
		if (method && verify_member_is(method, actions[i])) {
			w->action[i].actor = verify_member_tag(w, actor(w));
			w->action[i].seq = seq;
			memcpy(w->action[i].time, w->time, sizeof(w->action[i].time));
			w->action[i].is_open = true;
		}
}

/* One proposed it, within eight hours another agreed. */
static void check_action(struct verify_walk *w, uint64_t seq, const char *method)
{
	const struct verify_member *first = verify_text(w, "proposed_by");
	unsigned i = 0;

	check_two(w, seq, "proposed_by");
	while (strcmp(actions[i], method) != 0)
		i++;
	if (!first || (!w->action[i].is_open && verify_past_may_know(w)))
		return;
	if (!w->action[i].is_open ||
	    !verify_tag_equal(w->action[i].actor, verify_member_tag(w, first)))
		verify_report_add(w->report, VERIFY_ACTION_UNPROPOSED, ENTRIES(seq),
		                  _("%.*s did not propose to %s"), SHOWN(first), method);
	else if (seconds_of(w->time) - seconds_of(w->action[i].time) > EIGHT_HOURS)
		verify_report_add(w->report, VERIFY_ACTION_UNPROPOSED,
		                  ENTRIES(w->action[i].seq, seq),
		                  _("%.*s proposed to %s more than eight hours before"),
		                  SHOWN(first), method);
	w->action[i].is_open = false;
}

void verify_rule_alarm_settled(struct verify_walk *w, uint64_t seq)
{
	check_action(w, seq, "settle");
}

/* The key was given up, and nothing may follow; or the station, and nothing may cross. */
void verify_rule_end_of_ledger(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *event = verify_entry_find(&w->e, false, "event", VERIFY_TEXT);
	const struct verify_member *which = verify_text(w, "which");

	/* the key of documents may be changed and the ledger goes on */
	if (verify_member_is(event, "key.rotated") && which && !verify_member_is(which, "ledger"))
		return;
	if (!w->ended)
		w->ended = seq;
	w->is_retired = verify_member_is(event, "station.retired");
	check_action(w, seq, w->is_retired ? "retire" : "rotate-key");
	if (verify_member_is(event, "key.rotated"))
		verify_member_copy(verify_text(w, "new_sha256"), w->rotated_to,
		                   sizeof(w->rotated_to));
	verify_report_add(w->report, VERIFY_ENDED, ENTRIES(seq), _("the ledger ends here: %.*s"),
	                  SHOWN(event));
}
