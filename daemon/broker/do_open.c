/*
 * OpenInbound, ListTransfers, Cancel, Retry (weighlockd): beginning a transfer, giving it up, going
 * on.
 *
 * The texts are people's own and end up in the ledger as they are. A transfer exists from its entry
 * transfer.opened on; when power goes right after, the next start finds it waiting for its medium.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/text.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/jobs.h"
#include "daemon/broker/methods.h"
#include "daemon/broker/objects.h"
#include "daemon/broker/visits.h"

static const struct {
	const char *argument;
	enum wl_member member;
	bool without_visit; /* needed where no visit says it */
} texts[] = {
        {"visit", WL_M_VISIT, false},      {"work_order", WL_M_WORK_ORDER, true},
        {"engineer", WL_M_ENGINEER, true}, {"organisation", WL_M_ENGINEER_ORG, true},
        {"escort", WL_M_ESCORT, true},     {"port", WL_M_PORT, false},
        {"ticket", WL_M_TICKET, false},
};
#define NTEXTS (sizeof(texts) / sizeof(texts[0]))

/* Answers where a field is missing or names nothing; true: complete. */
static bool fields_are_complete(struct wl_broker *b, struct wl_call *c)
{
	const struct wl_policy *policy = wl_broker_policy(b);
	const char *escort = wl_call_text(c, "escort");
	for (size_t i = 0; i < NTEXTS; i++)
		if (texts[i].without_visit && !wl_call_text(c, "visit") &&
		    !wl_call_text(c, texts[i].argument)) {
			wl_call_bad_argument(c, texts[i].argument,
			                     "needed where there is no visit");
			return false;
		}
	if (escort && !wl_policy_person(policy, escort)) {
		wl_call_bad_argument(c, "escort", "a person of the policy");
		return false;
	}
	if (!wl_call_text(c, "device")) {
		wl_call_bad_argument(c, "device", "needed where there is no visit");
		return false;
	}
	if (!wl_policy_device(policy, wl_call_text(c, "device"))) {
		wl_call_refuse(c, WL_RULE_UPDATE_DEVICE_UNKNOWN, NULL,
		               json_pack("{s:s}", "device", wl_call_text(c, "device")));
		return false;
	}
	return true;
}

/* The port asked for: known, for sources, and no other transfer waits there. */
bool wl_open_port_is_free(struct wl_broker *b, struct wl_call *c)
{
	const char *name = wl_call_text(c, "port");
	const struct wl_port *port = name ? wl_ports_find(&b->ports, name) : NULL;
	json_t *args = name ? json_pack("{s:s}", "port", name) : NULL;
	if (!name)
		return true;
	if (!port || port->use != WL_PORT_SOURCE) {
		wl_call_refuse(c,
		               port ? WL_RULE_MEDIUM_DIRECTION_WRONG : WL_RULE_MEDIUM_PORT_UNKNOWN,
		               NULL, args);
		return false;
	}
	for (size_t i = 0; i < b->ntransfers; i++) {
		const struct wl_transfer *t = b->transfers[i].t;
		const char *bound = json_string_value(json_object_get(t->opened, "port"));
		if ((t->state == WL_OPENED || t->state == WL_READING) && bound &&
		    !strcmp(bound, name)) {
			(void)json_object_set_new(args, "transfer", json_string(t->id));
			wl_call_refuse(c, WL_RULE_STATION_BUSY, NULL, args);
			return false;
		}
	}
	json_decref(args);
	return true;
}

/* Without a port named and two sticks in ports for sources nobody guesses. */
bool wl_open_source_is_clear(struct wl_broker *b, struct wl_call *c)
{
	size_t n = 0;
	for (size_t i = 0; i < b->ports.n; i++)
		n += b->ports.v[i].use == WL_PORT_SOURCE && b->ports.v[i].medium.present;
	if (n < 2 || wl_call_text(c, "port"))
		return true;
	wl_call_refuse(c, WL_RULE_MEDIUM_SEVERAL, NULL, NULL);
	return false;
}

static json_t *opened_entry(struct wl_broker *b, const struct wl_call *c, const char *id)
{
	const char *device = wl_call_text(c, "device");
	json_t *e = wl_call_entry(c, WL_E_TRANSFER_OPENED, id);
	wl_entry_text(e, WL_M_DIRECTION, "inbound");
	wl_entry_text(e, WL_M_DEVICE, device);
	wl_entry_list(e, WL_M_OUTPUTS, json_pack("[s]", "delivery"));
	wl_entry_text(e, WL_M_VENDOR, wl_policy_device(wl_broker_policy(b), device)->vendor);
	for (size_t i = 0; i < NTEXTS; i++)
		if (wl_call_text(c, texts[i].argument))
			wl_entry_text(e, texts[i].member, wl_call_text(c, texts[i].argument));
	return e;
}

void wl_do_open_inbound(struct wl_broker *b, struct wl_call *c)
{
	char id[WL_ID_TEXT];
	struct wl_finding f = {0};
	if (!wl_station_is_usable(b, c) || !wl_visit_of_call(b, c) || !fields_are_complete(b, c) ||
	    !wl_open_port_is_free(b, c) || !wl_open_source_is_clear(b, c))
		return;
	wl_id_transfer(b->status.station, b->status.next_transfer, id);
	if (wl_broker_append(b, opened_entry(b, c, id), NULL, &f) < 0) {
		wl_station_refresh(b); /* perhaps the number was not the next one */
		return wl_station_ledger_trouble(b, c, &f);
	}
	b->status.next_transfer++;
	wl_call_reply(c, json_pack("{s:s}", "transfer", id));
	wl_watch_changed(b, id, "source-wanted");
	wl_pick(b);
}

/* ---- the list ---- */

#define LIST_BYTES_MAX 60000U

/* What lies in the vault of it, and until when. Counted once for each state and reading: there may
 * be many files, and while it is read or made the sum grows. */
static void add_store(struct wl_broker *b, struct wl_tracked *x, json_t *row)
{
	bool grows = x->t->state == WL_READING || x->t->state == WL_INSPECTING;
	int64_t until = wl_transfer_kept_until(b, x->t);
	char when[WL_TIME_TEXT];

	if (x->t->vault_deleted || grows)
		return;
	unsigned now = (unsigned)x->t->readings * WL_STATE_MAX + (unsigned)x->t->state;
	if (x->measured != now) {
		x->vault_bytes = wl_vault_size(&b->vault, x->t->id);
		x->measured = now;
	}
	if (x->vault_bytes == 0)
		return;
	(void)json_object_set_new(row, "vault_bytes", json_integer((json_int_t)x->vault_bytes));
	if (until) {
		wl_time_format(until, when);
		wl_object_text(row, "kept_until", when);
	}
}

static bool append_row(struct wl_broker *b, struct wl_call *c, json_t *rows, struct wl_tracked *x,
                       size_t *bytes)
{
	json_t *o = wl_object_transfer(x->t, wl_broker_approvals_needed(b, x->t));
	add_store(b, x, o);
	wl_next_of_transfer(b, x, c->language, o);
	size_t size = json_dumpb(o, NULL, 0, JSON_COMPACT) + 1;
	if (*bytes + size > LIST_BYTES_MAX) {
		json_decref(o);
		return false;
	}
	*bytes += size;
	(void)json_array_append_new(rows, o);
	return true;
}

void wl_do_list_transfers(struct wl_broker *b, struct wl_call *c)
{
	const char *wanted = wl_call_text(c, "state");
	bool open_only = wanted && !strcmp(wanted, "open");
	enum wl_state state = wanted && !open_only ? wl_state_find(wanted) : WL_STATE_NONE;
	json_t *rows = json_array();
	size_t bytes = 0;
	if (wanted && !open_only && state == WL_STATE_NONE) {
		json_decref(rows);
		return wl_call_bad_argument(c, "state", "open, or the name of a state");
	}
	for (int ended = 0; ended <= (open_only ? 0 : 1); ended++)
		for (size_t i = b->ntransfers; i > 0; i--) {
			struct wl_tracked *x = &b->transfers[i - 1];
			if (wl_state_is_end(x->t->state) != (ended != 0) ||
			    (state != WL_STATE_NONE && x->t->state != state))
				continue;
			if (!append_row(b, c, rows, x, &bytes))
				break;
		}
	wl_call_reply(c, json_pack("{s:o}", "transfers", rows));
}

/* ---- giving up ---- */

void wl_do_cancel(struct wl_broker *b, struct wl_call *c)
{
	struct wl_tracked *x = wl_transfers_of_call(b, c);
	struct wl_finding f = {0};
	char entry[WL_ID_TEXT];
	if (!x || !wl_station_is_usable(b, c) || !wl_transfer_may(x, WL_VERB_CANCEL, c))
		return;
	if (wl_decide_opener(x->t->opened_by, c->caller.person) != WL_RULE_NONE &&
	    !(c->caller.roles & WL_PERSON_APPROVER))
		return wl_call_refuse(c, WL_RULE_PERSON_NOT_OPENER, NULL, NULL);
	json_t *e = wl_call_entry(c, WL_E_TRANSFER_CANCELLED, x->t->id);
	wl_entry_text(e, WL_M_CAUSE, wl_call_text(c, "words"));
	if (wl_broker_append(b, e, entry, &f) < 0)
		return wl_station_ledger_trouble(b, c, &f);
	wl_jobs_cancel(b->jobs, x->t->id);
	wl_call_reply(c, json_pack("{s:s}", "entry", entry));
	wl_transfers_expire(b);
}

/* ---- going on ---- */

static int append_retried(struct wl_broker *b, struct wl_call *c, struct wl_tracked *x,
                          enum wl_state to, struct wl_finding *f)
{
	json_t *e = wl_call_entry(c, WL_E_TRANSFER_RETRIED, x->t->id);
	wl_entry_text(e, WL_M_FROM, wl_state_name(x->t->state));
	wl_entry_text(e, WL_M_TO, wl_state_name(to));
	wl_entry_text(e, WL_M_CAUSE, wl_rule_id(x->t->rule));
	return wl_broker_append(b, e, NULL, f);
}

static void reply_now(struct wl_broker *b, struct wl_call *c, struct wl_tracked *x,
                      const char *step)
{
	struct wl_progress p = {.step = step};
	wl_call_reply(c, json_pack("{s:o}", "progress", wl_watch_object(b, c, x, &p)));
}

/* An opened one is read again, from the stick that is there or the next one. */
static void retry_reading(struct wl_broker *b, struct wl_call *c, struct wl_tracked *x)
{
	x->tried[0] = '\0';
	x->hint = WL_RULE_NONE;
	wl_pick(b);
	if (wl_jobs_has(b->jobs, x->t->id))
		reply_now(b, c, x, "queued");
	else if (x->hint != WL_RULE_NONE)
		wl_call_refuse(c, x->hint, NULL, json_pack("{s:s}", "detail", x->hint_detail));
	else
		reply_now(b, c, x, "source-wanted");
}

/* A failed one goes back to where it was: the vault is asked whether it still holds what was read.
 */
static void retry_failed(struct wl_broker *b, struct wl_call *c, struct wl_tracked *x)
{
	struct wl_finding f = {0};
	enum wl_state to = x->t->before_fault ? x->t->before_fault : WL_OPENED;
	if (to == WL_READING)
		to = WL_OPENED;
	if (to == WL_RELEASING)
		to = WL_APPROVED;
	if (append_retried(b, c, x, to, &f) < 0)
		return wl_station_ledger_trouble(b, c, &f);
	if (to == WL_OPENED)
		return retry_reading(b, c, x);
	if (to != WL_INSPECTING)
		return reply_now(b, c, x, "changed");
	if (wl_pick_queue(b, x, NULL, c->id) < 0)
		return wl_call_unavailable(c, WL_RULE_STATION_BUSY, NULL);
	c->deferred = true;
}

void wl_do_retry(struct wl_broker *b, struct wl_call *c)
{
	struct wl_tracked *x = wl_transfers_of_call(b, c);
	struct wl_finding f = {0};
	if (!x || !wl_station_is_usable(b, c))
		return;
	if (wl_decide_opener(x->t->opened_by, c->caller.person) != WL_RULE_NONE)
		return wl_call_refuse(c, WL_RULE_PERSON_NOT_OPENER, NULL, NULL);
	if (wl_jobs_has(b->jobs, x->t->id)) /* it goes on already, by itself */
		return reply_now(b, c, x, "queued");
	if (!wl_transfer_may(x, WL_VERB_RETRY, c))
		return;
	if (x->t->state == WL_FAILED)
		return retry_failed(b, c, x);
	if (x->t->state == WL_APPROVED)
		return wl_release_again(b, c, x);
	if (append_retried(b, c, x, WL_OPENED, &f) < 0)
		return wl_station_ledger_trouble(b, c, &f);
	retry_reading(b, c, x);
}
