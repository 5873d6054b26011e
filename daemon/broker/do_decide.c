/*
 * Approve, Reject, Withdraw, Outcome (weighlockd): what people decide.
 *
 * Whether they may says policy/people.c, a pure function; ledgerd counts again from its own entries
 * before it grants a gate, so a broker that was taken over cannot release on an approval it made up
 * for somebody who never was there twice.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/methods.h"

static size_t seen_of(const struct wl_call *c, uint8_t (*seen)[WL_SHA256_BYTES], size_t max)
{
	size_t i, n = 0;
	json_t *digest;
	json_array_foreach(json_object_get(c->parameters, "manifest_sha256"), i,
	                   digest) if (n < max)(void)
	        wl_hex_decode(json_string_value(digest), seen[n++], WL_SHA256_BYTES);
	return n;
}

static json_t *manifests_of(const struct wl_transfer *t)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < t->noutputs; i++)
		(void)json_array_append_new(list, json_string(t->outputs[i].manifest_sha256));
	return list;
}

static json_t *approved_entry(const struct wl_call *c, const struct wl_transfer *t,
                              const struct wl_rules *accepted, int64_t until)
{
	char text[WL_TIME_TEXT];
	json_t *e = wl_call_entry(c, WL_E_TRANSFER_APPROVED, t->id);
	json_t *list = json_array();
	for (size_t i = 0; i < accepted->n; i++)
		(void)json_array_append_new(list, json_string(wl_rule_id(accepted->v[i])));
	wl_time_format(until, text);
	wl_entry_list(e, WL_M_MANIFESTS_SHA256, manifests_of(t));
	wl_entry_list(e, WL_M_ACCEPTED, list);
	wl_entry_text(e, WL_M_UNTIL, text);
	wl_entry_text(e, WL_M_METHOD, "account");
	return e;
}

/* The holds that were not named: what the refusal speaks of. NULL where another rule refuses. */
static json_t *not_accepted(enum wl_rule no, const struct wl_rules *holds,
                            const struct wl_rules *accepted)
{
	char words[400] = "";

	if (no != WL_RULE_APPROVAL_NOT_ACCEPTED)
		return NULL;
	for (size_t i = 0; i < holds->n; i++)
		if (!wl_rules_has(accepted, holds->v[i])) {
			size_t used = strlen(words);
			(void)snprintf(words + used, sizeof(words) - used, "%s%s", used ? ", " : "",
			               wl_rule_id(holds->v[i]));
		}
	return json_pack("{s:s}", "detail", words);
}

void wl_do_approve(struct wl_broker *b, struct wl_call *c)
{
	struct wl_approval given[WL_GIVEN_MAX];
	uint8_t manifests[WL_OUTPUTS_MAX][WL_SHA256_BYTES], seen[8][WL_SHA256_BYTES];
	struct wl_approval_facts facts;
	struct wl_rules accepted = {0};
	struct wl_finding f = {0};
	char entry[WL_ID_TEXT];
	int64_t until = 0;
	size_t i;
	json_t *rule;
	struct wl_tracked *x = wl_transfers_of_call(b, c);
	if (!x || !wl_station_is_usable(b, c) || !wl_transfer_may(x, WL_VERB_APPROVE, c))
		return;
	json_array_foreach(json_object_get(c->parameters, "accept"), i, rule)
	        wl_rules_add(&accepted, wl_rule_find(json_string_value(rule)));
	wl_transfer_approval_facts(b, x->t, given, manifests, &facts);
	size_t nseen = seen_of(c, seen, 8);
	json_int_t valid_s = json_integer_value(json_object_get(c->parameters, "valid_s"));
	enum wl_rule no = wl_decide_approve(&facts, c->caller.person, seen, nseen, &accepted,
	                                    valid_s, &until);
	if (no != WL_RULE_NONE)
		return wl_call_refuse(c, no, NULL, not_accepted(no, &facts.holds, &accepted));
	if (wl_broker_append(b, approved_entry(c, x->t, &accepted, until), entry, &f) < 0)
		return wl_station_ledger_trouble(b, c, &f);
	wl_call_reply(c, json_pack("{s:s}", "entry", entry));
}

void wl_do_reject(struct wl_broker *b, struct wl_call *c)
{
	struct wl_finding f = {0};
	char entry[WL_ID_TEXT];
	struct wl_tracked *x = wl_transfers_of_call(b, c);
	if (!x || !wl_station_is_usable(b, c) || !wl_transfer_may(x, WL_VERB_REJECT, c))
		return;
	json_t *e = wl_call_entry(c, WL_E_TRANSFER_REJECTED, x->t->id);
	if (wl_call_text(c, "rule"))
		wl_entry_text(e, WL_M_RULE, wl_call_text(c, "rule"));
	wl_entry_text(e, WL_M_WORDS, wl_call_text(c, "words"));
	if (wl_broker_append(b, e, entry, &f) < 0)
		return wl_station_ledger_trouble(b, c, &f);
	wl_call_reply(c, json_pack("{s:s}", "entry", entry));
	wl_transfers_expire(b);
}

void wl_do_withdraw(struct wl_broker *b, struct wl_call *c)
{
	char entry[WL_ID_TEXT];
	bool mine = false;
	struct wl_tracked *x = wl_transfers_of_call(b, c);
	if (!x || !wl_station_is_usable(b, c) || !wl_transfer_may(x, WL_VERB_WITHDRAW, c))
		return;
	for (unsigned i = 0; i < x->t->napprovals; i++)
		mine |= x->t->approvals[i].voided == WL_RULE_NONE &&
		        !strcmp(x->t->approvals[i].actor, c->caller.person);
	if (!mine)
		return wl_call_refuse(c, WL_RULE_APPROVAL_OTHER_PERSON, NULL, NULL);
	if (wl_jobs_has(b->jobs, x->t->id)) /* the release has begun: the first byte may be there */
		return wl_call_wrong_state(c, x->t->id, wl_state_name(WL_RELEASING),
		                           wl_transfer_states_of(WL_VERB_WITHDRAW));
	wl_transfer_void(b, x, c->caller.person, WL_RULE_APPROVAL_VOID, c->caller.person,
	                 c->caller.uid);
	if (!b->ledger_there)
		return wl_call_unavailable(
		        c, WL_RULE_STATION_PART_MISSING,
		        json_pack("{s:s, s:s}", "part", "ledger", "detail", "ledger"));
	wl_id_entry(b->status.station, x->t->last_seq, entry);
	wl_call_reply(c, json_pack("{s:s}", "entry", entry));
}

static bool outcome_is_known(const char *outcome)
{
	static const char *const known[] = {"installed", "failed-old-runs", "failed-down",
	                                    "not-tried"};
	for (size_t i = 0; i < WL_ARRAY_LEN(known); i++)
		if (!strcmp(known[i], outcome))
			return true;
	return false;
}

void wl_do_outcome(struct wl_broker *b, struct wl_call *c)
{
	struct wl_finding f = {0};
	char entry[WL_ID_TEXT];
	struct wl_tracked *x = wl_transfers_of_call(b, c);
	if (!x || !wl_station_is_usable(b, c) || !wl_transfer_may(x, WL_VERB_OUTCOME, c))
		return;
	if (!outcome_is_known(wl_call_text(c, "outcome")))
		return wl_call_bad_argument(c, "outcome",
		                            "installed, failed-old-runs, failed-down or not-tried");
	json_t *e = wl_call_entry(c, WL_E_TRANSFER_OUTCOME, x->t->id);
	wl_entry_text(e, WL_M_OUTCOME, wl_call_text(c, "outcome"));
	wl_entry_int(
	        e, WL_M_RELEASE_BEFORE,
	        (uint64_t)json_integer_value(json_object_get(c->parameters, "release_before")));
	wl_entry_int(e, WL_M_RELEASE_AFTER,
	             (uint64_t)json_integer_value(json_object_get(c->parameters, "release_after")));
	wl_entry_text(e, WL_M_ENGINEER, wl_transfer_text(x->t, "engineer"));
	wl_entry_text(e, WL_M_ESCORT, wl_transfer_text(x->t, "escort"));
	wl_entry_text(e, WL_M_WORDS, wl_call_text(c, "words"));
	if (wl_broker_append(b, e, entry, &f) < 0)
		return wl_station_ledger_trouble(b, c, &f);
	wl_call_reply(c, json_pack("{s:s}", "entry", entry));
	wl_transfers_expire(b);
}
