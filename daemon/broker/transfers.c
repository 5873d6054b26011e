/*
 * The table of transfers in memory, and what time does to them (weighlockd).
 *
 * All open ones and the last ended are kept folded; an older one is folded again when somebody asks
 * for it. Approvals end by time or with a role; a copy in the vault ends when the policy says so.
 * Each such end is an entry first. Nothing here is durable by itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/daemon.h"
#include "daemon/base/text.h"
#include "daemon/broker/broker.h"

struct wl_tracked *wl_transfers_find(struct wl_broker *b, const char *id)
{
	for (size_t i = 0; i < b->ntransfers; i++)
		if (!strcmp(b->transfers[i].t->id, id))
			return &b->transfers[i];
	return NULL;
}

/* Room for one more: the oldest that has ended makes it. */
static bool make_room(struct wl_broker *b)
{
	if (b->ntransfers < WL_TRANSFERS_KEPT)
		return true;
	for (size_t i = 0; i < b->ntransfers; i++) {
		if (!wl_state_is_end(b->transfers[i].t->state))
			continue;
		wl_transfer_free(b->transfers[i].t);
		b->ntransfers--;
		memmove(&b->transfers[i], &b->transfers[i + 1],
		        (b->ntransfers - i) * sizeof(b->transfers[0]));
		return true;
	}
	return false;
}

struct wl_tracked *wl_transfers_add(struct wl_broker *b, struct wl_transfer *t)
{
	if (!make_room(b)) {
		wl_transfer_free(t);
		return NULL;
	}
	size_t at = b->ntransfers++;
	for (; at > 0 && t->number && b->transfers[at - 1].t->number > t->number; at--)
		b->transfers[at] = b->transfers[at - 1];
	b->transfers[at] = (struct wl_tracked){.t = t};
	return &b->transfers[at];
}

/* ---- folding one from the ledger ---- */

struct load {
	struct wl_broker *b;
	struct wl_transfer *t;
	bool had_intent;
};

static bool fold_one(void *user, uint64_t seq, const char *text, size_t n)
{
	struct load *l = user;
	json_t *entry = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	(void)seq;
	if (entry && wl_transfer_apply(l->t, entry, wl_broker_approvals_needed(l->b, l->t)) < 0)
		wl_log_error("entry %llu cannot be folded", (unsigned long long)seq);
	const char *event = json_string_value(json_object_get(entry, "event"));
	l->had_intent |= event && !strcmp(event, "release.intent");
	json_decref(entry);
	return true;
}

struct wl_tracked *wl_transfers_load(struct wl_broker *b, const char *id, struct wl_finding *f)
{
	struct load l = {.b = b, .t = wl_transfer_new()};
	if (!l.t)
		return NULL;
	int r = wl_ledger_entries(b->ledger, id, 0, UINT64_MAX >> 1, fold_one, &l, f);
	if (r < 0 || l.t->state == WL_STATE_NONE) {
		wl_transfer_free(l.t);
		return NULL;
	}
	struct wl_tracked *x = wl_transfers_add(b, l.t);
	if (x)
		x->had_intent = l.had_intent;
	return x;
}

struct wl_tracked *wl_transfers_of_call(struct wl_broker *b, struct wl_call *c)
{
	char id[WL_ID_TEXT];
	struct wl_finding f = {0};
	const char *given = wl_call_text(c, "transfer");
	if (wl_id_is(WL_ID_TRANSFER, given))
		(void)snprintf(id, sizeof(id), "%s", given);
	else
		wl_id_transfer(b->status.station, strtoull(given, NULL, 10), id);
	struct wl_tracked *x = wl_transfers_find(b, id);
	if (!x)
		x = wl_transfers_load(b, id, &f);
	if (!x)
		wl_call_no_such(c, "transfer", id);
	return x;
}

bool wl_transfer_may(struct wl_tracked *x, enum wl_verb verb, struct wl_call *c)
{
	if (wl_transfer_next(x->t->state, verb) != WL_STATE_NONE)
		return true;
	wl_call_wrong_state(c, x->t->id, wl_state_name(x->t->state), wl_transfer_states_of(verb));
	return false;
}

/* ---- approvals ---- */

static void rules_of(const json_t *list, struct wl_rules *rules)
{
	size_t i;
	json_t *id;
	*rules = (struct wl_rules){0};
	json_array_foreach(list, i, id) wl_rules_add(rules, wl_rule_find(json_string_value(id)));
}

void wl_transfer_approval_facts(const struct wl_broker *b, const struct wl_transfer *t,
                                struct wl_approval *given, uint8_t (*manifests)[WL_SHA256_BYTES],
                                struct wl_approval_facts *ret)
{
	*ret = (struct wl_approval_facts){.policy = wl_broker_policy(b),
	                                  .opener = t->opened_by,
	                                  .outbound = t->outbound,
	                                  .unvouched = b->status.unvouched,
	                                  .now = time(NULL),
	                                  .manifests = manifests,
	                                  .nmanifests = t->noutputs,
	                                  .given = given,
	                                  .ngiven = t->napprovals};
	for (unsigned i = 0; i < t->noutputs; i++) {
		struct wl_rules holds;
		rules_of(t->outputs[i].holds, &holds);
		for (size_t k = 0; k < holds.n; k++)
			wl_rules_add(&ret->holds, holds.v[k]);
		(void)wl_hex_decode(t->outputs[i].manifest_sha256, manifests[i], WL_SHA256_BYTES);
	}
	for (unsigned i = 0; i < t->napprovals; i++) {
		given[i] = (struct wl_approval){.person = t->approvals[i].actor,
		                                .until = t->approvals[i].until,
		                                .voided = t->approvals[i].voided != WL_RULE_NONE};
		rules_of(t->approvals[i].accepted, &given[i].accepted);
	}
}

void wl_transfer_void(struct wl_broker *b, struct wl_tracked *x, const char *only_actor,
                      enum wl_rule rule, const char *actor, uid_t uid)
{
	struct wl_finding f = {0};
	json_t *approvals = json_array();
	for (unsigned i = 0; i < x->t->napprovals; i++)
		if (x->t->approvals[i].voided == WL_RULE_NONE &&
		    (!only_actor || !strcmp(only_actor, x->t->approvals[i].actor)))
			(void)json_array_append_new(approvals,
			                            json_string(x->t->approvals[i].entry));
	if (json_array_size(approvals) == 0) {
		json_decref(approvals);
		return;
	}
	json_t *e = wl_entry_new(WL_E_APPROVAL_VOIDED, actor, uid, x->t->id);
	wl_entry_list(e, WL_M_APPROVALS, approvals);
	wl_entry_rule(e, WL_M_RULE, rule);
	if (wl_broker_append(b, e, NULL, &f) < 0)
		wl_log_error("%s: voiding approvals: %s %s", x->t->id, wl_rule_id(f.rule),
		             f.detail);
}

/* One approval that no longer stands spends them all: what is missing must be given anew. */
static void expire_approvals(struct wl_broker *b, struct wl_tracked *x)
{
	struct wl_approval given[WL_GIVEN_MAX];
	uint8_t manifests[WL_OUTPUTS_MAX][WL_SHA256_BYTES];
	struct wl_approval_facts facts;
	if (x->t->state != WL_APPROVED && x->t->state != WL_WAITING)
		return;
	wl_transfer_approval_facts(b, x->t, given, manifests, &facts);
	const struct wl_policy_person *opener = wl_policy_person(facts.policy, facts.opener);
	enum wl_rule why =
	        wl_person_may(opener, "Release", facts.now) ? WL_RULE_APPROVAL_VOID : WL_RULE_NONE;
	for (size_t i = 0; i < facts.ngiven && why == WL_RULE_NONE; i++)
		if (!given[i].voided)
			why = wl_decide_approval_stands(&facts, &given[i]);
	if (why != WL_RULE_NONE)
		wl_transfer_void(b, x, NULL, why, "station", getuid());
}

/* ---- the copy in the vault ---- */

void wl_transfer_forget_vault(struct wl_broker *b, struct wl_tracked *x)
{
	struct wl_finding f = {0};
	uint64_t items = 0, bytes = 0;
	if (x->t->vault_deleted || wl_jobs_has(b->jobs, x->t->id))
		return;
	if (wl_vault_delete(&b->vault, x->t->id, &items, &bytes) < 0) {
		wl_log_error("%s: its copy in the vault cannot be deleted", x->t->id);
		return;
	}
	json_t *e = wl_broker_entry(b, WL_E_VAULT_DELETED, x->t->id);
	wl_entry_int(e, WL_M_ITEMS, items);
	wl_entry_int(e, WL_M_BYTES, bytes);
	wl_entry_flag(e, WL_M_ENCRYPTED_DISK, wl_vault_is_encrypted(&b->vault));
	if (wl_broker_append(b, e, NULL, &f) < 0)
		wl_log_error("%s: vault.deleted: %s", x->t->id, f.detail);
}

/* When the last output of a released export was written; 0: not released. */
static int64_t released_at(const struct wl_transfer *t)
{
	int64_t last = 0;
	for (unsigned i = 0; t->outbound && t->state == WL_RELEASED && i < t->noutputs; i++) {
		int64_t at = 0;
		if (wl_time_parse(t->outputs[i].released_at, &at) == 0 && at > last)
			last = at;
	}
	return last;
}

/* Until when a copy is kept that could still be wanted: refused ones from their opening on,
 * released exports from their release on, for a stick may be lost before anybody acknowledges it.
 * 0: as long as the transfer is open. */
int64_t wl_transfer_kept_until(const struct wl_broker *b, const struct wl_transfer *t)
{
	const struct wl_policy *policy = wl_broker_policy(b);
	int64_t from = released_at(t);
	if (t->state == WL_REFUSED)
		(void)wl_time_parse(t->opened_at, &from);
	return from && policy ? from + (int64_t)policy->vault.keep_refused_s : 0;
}

/* What has ended and is not kept for a while is not needed any more. */
static bool copy_is_due(const struct wl_broker *b, const struct wl_transfer *t)
{
	int64_t until = wl_transfer_kept_until(b, t);
	if (t->vault_deleted || (!t->insertion[0] && !t->readings))
		return false;
	return until ? time(NULL) >= until : wl_state_is_end(t->state);
}

void wl_transfers_empty_vault(struct wl_broker *b)
{
	for (size_t i = 0; i < b->ntransfers; i++)
		wl_transfer_forget_vault(b, &b->transfers[i]);
}

void wl_transfers_expire(struct wl_broker *b)
{
	enum wl_rule obstacle = wl_station_obstacle(b);
	if (obstacle == WL_RULE_STATION_RETIRED) /* where that was cut short */
		wl_transfers_empty_vault(b);
	if (obstacle != WL_RULE_NONE)
		return;
	for (size_t i = 0; i < b->ntransfers; i++) {
		expire_approvals(b, &b->transfers[i]);
		if (copy_is_due(b, b->transfers[i].t))
			wl_transfer_forget_vault(b, &b->transfers[i]);
	}
}
