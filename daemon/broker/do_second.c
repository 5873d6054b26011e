/*
 * StationPropose and StationAgree (weighlockd): what two persons do together to the station itself.
 *
 * One administrator proposes and says why, another agrees within eight hours; ledgerd checks that
 * they are two and that the proposal was about this. The proposal is an entry, so power going
 * between the two loses nothing. When it goes while the ledger's key is changed, ledgerd carries on
 * at its next start, and everything here is folded from the new ledger.
 */
#include <string.h>

#include "daemon/base/daemon.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/methods.h"

enum { SETTLE, RETIRE, ROTATE, ACTIONS };

static const struct {
	const char *name;
	enum wl_event event;
} actions[] = {
        [SETTLE] = {"settle", WL_E_ALARM_SETTLED},
        [RETIRE] = {"retire", WL_E_STATION_RETIRED},
        [ROTATE] = {"rotate-key", WL_E_KEY_ROTATED}, /* written by ledgerd itself */
};

static int action_of(struct wl_call *c)
{
	const char *name = wl_call_text(c, "action");

	for (unsigned i = 0; i < ACTIONS; i++)
		if (!strcmp(name, actions[i].name))
			return (int)i;
	wl_call_bad_argument(c, "action", "settle, retire, rotate-key");
	return -1;
}

static const char *first_unended(const struct wl_broker *b)
{
	for (size_t i = 0; i < b->ntransfers; i++)
		if (!wl_state_is_end(b->transfers[i].t->state))
			return b->transfers[i].t->id;
	return NULL;
}

/* Something that is still under way would be lost with the station: the first of it. */
static const char *first_open(const struct wl_broker *b)
{
	for (size_t i = 0; i < b->ntransfers; i++)
		if (!wl_state_is_end(b->transfers[i].t->state) &&
		    b->transfers[i].t->state != WL_FAILED)
			return b->transfers[i].t->id;
	return NULL;
}

/* The first port with a medium in it. */
static const struct wl_port *first_medium(const struct wl_broker *b)
{
	for (size_t i = 0; i < b->ports.n; i++)
		if (b->ports.v[i].medium.present)
			return &b->ports.v[i];
	return NULL;
}

/* The new ledger knows neither transfers under way nor what was put in before. */
static bool may_rotate(struct wl_broker *b, struct wl_call *c)
{
	const struct wl_port *port = first_medium(b);
	enum wl_rule obstacle = wl_station_obstacle(b);
	const char *open = first_unended(b);

	if (obstacle != WL_RULE_NONE)
		wl_call_refuse(c, obstacle, NULL, NULL);
	else if (open)
		wl_call_refuse(c, WL_RULE_STATION_TRANSFERS_OPEN, NULL,
		               json_pack("{s:s}", "detail", open));
	else if (port)
		wl_call_refuse(c, WL_RULE_STATION_MEDIA_PRESENT, NULL,
		               json_pack("{s:s}", "port", port->port));
	return obstacle == WL_RULE_NONE && !open && !port;
}

/* Answers where there is nothing to settle, or the station cannot be retired yet. */
static bool is_due(struct wl_broker *b, struct wl_call *c, int action)
{
	wl_station_refresh(b);
	if (!b->ledger_there || !b->recovered || !b->status.initialised)
		return wl_station_is_usable(b, c);
	if (b->status.retired) {
		wl_call_refuse(c, WL_RULE_STATION_RETIRED, NULL, NULL);
		return false;
	}
	if (action == SETTLE && b->status.alarm == WL_RULE_NONE) {
		wl_call_no_such(c, "alarm", "");
		return false;
	}
	if (action == RETIRE && first_open(b)) {
		wl_call_wrong_state(c, first_open(b), "open",
		                    json_pack("[s, s, s]", "closed", "cancelled", "refused"));
		return false;
	}
	return action != ROTATE || may_rotate(b, c);
}

static void answer(struct wl_broker *b, struct wl_call *c, json_t *e)
{
	struct wl_finding f = {0};
	char entry[WL_ID_TEXT];

	if (wl_broker_append(b, e, entry, &f) < 0)
		return wl_station_ledger_trouble(b, c, &f);
	wl_station_refresh(b);
	wl_call_reply(c, json_pack("{s:s}", "entry", entry));
}

void wl_do_station_propose(struct wl_broker *b, struct wl_call *c)
{
	int action = action_of(c);

	if (action < 0 || !is_due(b, c, action))
		return;
	json_t *e = wl_call_entry(c, WL_E_ACTION_PROPOSED, NULL);
	wl_entry_text(e, WL_M_METHOD, actions[action].name);
	wl_entry_text(e, WL_M_WORDS, wl_call_text(c, "words"));
	if (action == SETTLE)
		wl_entry_text(e, WL_M_ENTRY, b->status.alarm_entry);
	answer(b, c, e);
}

/* Copies of ended transfers go, and that stands in the ledger that knew them; but only once ledgerd
 * has said that two persons agree, or one alone could have them deleted. What is known here is
 * folded anew from the next one. */
static void rotate(struct wl_broker *b, struct wl_call *c)
{
	const char *words = wl_call_text(c, "words") ? wl_call_text(c, "words") : "";
	const char *proposed_by = wl_call_text(c, "proposed_by");
	struct wl_ledger_rotation done;
	struct wl_finding f = {0};
	char entry[WL_ID_TEXT];
	int r = wl_ledger_rotate(b->ledger, c->caller.person, c->caller.uid, proposed_by, words,
	                         NULL, &f);

	if (r < 0)
		return wl_station_ledger_trouble(b, c, &f);
	wl_transfers_empty_vault(b);
	r = wl_ledger_rotate(b->ledger, c->caller.person, c->caller.uid, proposed_by, words, &done,
	                     &f);
	b->recovered = b->recovered && r < 0 && f.rule != WL_RULE_STATION_PART_MISSING &&
	               f.rule != WL_RULE_STATION_LEDGER_FAILED;
	b->started = b->started && b->recovered;
	if (r < 0)
		return wl_station_ledger_trouble(b, c, &f);
	wl_id_entry(b->status.station, done.seq, entry);
	wl_station_refresh(b);
	wl_call_reply(c, json_pack("{s:s, s:s, s:s, s:s, s:s}", "entry", entry, "origin",
	                           done.origin, "fingerprint", done.fingerprint, "old_origin",
	                           done.old_origin, "old_fingerprint", done.old_fingerprint));
}

void wl_do_station_agree(struct wl_broker *b, struct wl_call *c)
{
	int action = action_of(c);

	if (action < 0 || !is_due(b, c, action))
		return;
	if (action == ROTATE)
		return rotate(b, c);
	json_t *e = wl_call_entry(c, actions[action].event, NULL);
	wl_entry_text(e, WL_M_WORDS, wl_call_text(c, "words") ? wl_call_text(c, "words") : "");
	wl_entry_text(e, WL_M_PROPOSED_BY, wl_call_text(c, "proposed_by"));
	if (action == SETTLE)
		wl_entry_text(e, WL_M_ENTRY, b->status.alarm_entry);
	answer(b, c, e);
	if (action == RETIRE && b->status.retired)
		wl_transfers_empty_vault(b);
}
