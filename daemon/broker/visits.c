/*
 * The table of visits (weighlockd): folded from entries of the ledger, asked at each step.
 *
 * The texts are people's own; they are compared and shown escaped. What stops a step is decided by
 * policy/visit.c and only before the step begins: a medium that is being written is written to its
 * end. Nothing here is durable: at a start, ledgerd says which entries tell of visits, and they are
 * folded again.
 */
#include "daemon/broker/visits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/events.h"
#include "daemon/base/text.h"
#include "daemon/broker/language.h"
#include "daemon/broker/objects.h"
#include "policy/visit.h"

static const char *text_of(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));
	return s ? s : "";
}

const char *wl_visit_text(const struct wl_visit *v, const char *member)
{
	return text_of(v->opened, member);
}

struct wl_visit *wl_visits_find(struct wl_broker *b, const char *id)
{
	for (size_t i = 0; i < b->nvisits; i++)
		if (!strcmp(b->visits[i].id, id))
			return &b->visits[i];
	return NULL;
}

/* ---- folding ---- */

static void visit_clear(struct wl_visit *v)
{
	json_decref(v->opened);
	json_decref(v->closed);
	*v = (struct wl_visit){0};
}

void wl_visits_clear(struct wl_broker *b)
{
	while (b->nvisits > 0)
		visit_clear(&b->visits[--b->nvisits]);
	b->nrecalled = 0;
}

static size_t oldest_closed(const struct wl_broker *b)
{
	size_t i = 0;
	while (i < b->nvisits && !b->visits[i].closed)
		i++;
	return i;
}

bool wl_visits_have_room(const struct wl_broker *b)
{
	return b->nvisits < WL_VISITS_KEPT || oldest_closed(b) < b->nvisits;
}

static void add(struct wl_broker *b, const json_t *entry, json_t *data)
{
	int64_t day = 0;
	if (!wl_visits_have_room(b) || wl_visits_find(b, text_of(data, "visit")))
		return;
	if (b->nvisits == WL_VISITS_KEPT) {
		size_t i = oldest_closed(b);
		visit_clear(&b->visits[i]);
		b->nvisits--;
		memmove(&b->visits[i], &b->visits[i + 1], (b->nvisits - i) * sizeof(b->visits[0]));
	}
	struct wl_visit *v = &b->visits[b->nvisits++];
	*v = (struct wl_visit){.opened = json_incref(data)};
	(void)snprintf(v->id, sizeof(v->id), "%s", text_of(data, "visit"));
	(void)snprintf(v->opened_by, sizeof(v->opened_by), "%s", text_of(entry, "actor"));
	(void)snprintf(v->opened_at, sizeof(v->opened_at), "%s", text_of(entry, "time"));
	if (wl_visit_day_parse(text_of(data, "on"), &day) == 0)
		v->on = day;
}

void wl_visits_saw(struct wl_broker *b, const json_t *entry)
{
	json_t *data = json_object_get(entry, "data");
	enum wl_event event = wl_event_find(text_of(entry, "event"));
	if (event == WL_E_VISIT_OPENED)
		return add(b, entry, data);
	if (event != WL_E_VISIT_CONFIRMED && event != WL_E_VISIT_CLOSED)
		return;
	struct wl_visit *v = wl_visits_find(b, text_of(data, "visit"));
	if (!v)
		return;
	if (event == WL_E_VISIT_CONFIRMED) {
		(void)wl_time_parse(text_of(entry, "time"), &v->confirmed_at);
		return;
	}
	json_decref(v->closed);
	v->closed = json_incref(data);
	(void)snprintf(v->closed_by, sizeof(v->closed_by), "%s", text_of(entry, "actor"));
	(void)snprintf(v->closed_at, sizeof(v->closed_at), "%s", text_of(entry, "time"));
}

void wl_visits_recall(void *user, const char *id, uint64_t opened, uint64_t confirmed,
                      uint64_t closed)
{
	struct wl_broker *b = user;
	const uint64_t seqs[] = {opened, confirmed, closed};
	(void)id;
	for (size_t i = 0; i < WL_ARRAY_LEN(seqs); i++)
		if ((seqs[i] || i == 0) && b->nrecalled < WL_ARRAY_LEN(b->recalled))
			b->recalled[b->nrecalled++] = seqs[i];
}

static bool fold_one(void *user, uint64_t seq, const char *text, size_t n)
{
	json_t *entry = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	(void)seq;
	if (entry)
		wl_visits_saw(user, entry);
	json_decref(entry);
	return false;
}

int wl_visits_load(struct wl_broker *b, struct wl_finding *f)
{
	int r = 0;
	for (size_t i = 0; i < b->nrecalled && r == 0; i++)
		r = wl_ledger_entries(b->ledger, NULL, b->recalled[i], 1, fold_one, b, f);
	b->nrecalled = 0;
	return r;
}

/* ---- steps ---- */

enum wl_rule wl_visit_step(const struct wl_broker *b, const struct wl_visit *v, const char *device)
{
	const struct wl_visit_facts facts = {.device = wl_visit_text(v, "device"),
	                                     .on = v->on,
	                                     .confirmed_at = v->confirmed_at,
	                                     .closed = v->closed != NULL};
	return wl_decide_visit_step(wl_broker_policy(b), &facts, device, time(NULL));
}

/* A visit that is no longer in the table was closed long ago. */
enum wl_rule wl_visits_step(struct wl_broker *b, const struct wl_transfer *t)
{
	const char *id = text_of(t->opened, "visit");
	const struct wl_visit *v = id[0] ? wl_visits_find(b, id) : NULL;
	if (!id[0])
		return WL_RULE_NONE;
	return v ? wl_visit_step(b, v, wl_transfer_text(t, "device")) : WL_RULE_VISIT_CLOSED;
}

/* ---- what is left open ---- */

/* The kind of finding a transfer is, NULL where it has ended. */
static const char *left_open(const struct wl_transfer *t)
{
	if (wl_state_is_end(t->state))
		return NULL;
	return t->state == WL_RELEASED ? "medium-not-returned" : "transfer-open";
}

static void add_finding(json_t *list, const char *kind, const char *subject)
{
	(void)json_array_append_new(list, json_sprintf("%s %s", kind, subject));
}

json_t *wl_visit_findings(struct wl_broker *b, const struct wl_visit *v)
{
	json_t *list = json_array();
	for (size_t i = 0; i < b->ntransfers; i++) {
		const struct wl_transfer *t = b->transfers[i].t;
		if (strcmp(text_of(t->opened, "visit"), v->id) != 0)
			continue;
		if (left_open(t))
			add_finding(list, left_open(t), t->id);
		const struct wl_port *port = wl_ports_of_insertion(&b->ports, t->insertion);
		if (port && t->insertion[0])
			add_finding(list, "medium-in-port", port->port);
	}
	return list;
}

void wl_visit_finding_words(const char *finding, const char *language, char *buf, size_t size)
{
	static const struct {
		const char *kind, *words;
	} rows[] = {
	        {"transfer-open ", N_("transfer {} is still open")},
	        {"medium-not-returned ",
	         N_("the medium of transfer {} has not come back (weighlock outcome)")},
	        {"medium-in-port ", N_("the visitor's medium is still in port {}")},
	        {"confirmation-missing ", N_("the escort {} had not confirmed lately")},
	};
	wl_language_use(language);
	(void)snprintf(buf, size, "%s", finding);
	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++) {
		size_t n = strlen(rows[i].kind);
		if (strncmp(finding, rows[i].kind, n) != 0)
			continue;
		const char *words = _(rows[i].words), *place = strstr(words, "{}");
		if (place)
			(void)snprintf(buf, size, "%.*s%s%s", (int)(place - words), words,
			               finding + n, place + 2);
	}
}

/* ---- for people ---- */

static void set_escaped(json_t *o, const char *member, const char *text)
{
	char escaped[1200];
	wl_text_escape(text, strlen(text), escaped, sizeof(escaped));
	wl_object_text(o, member, escaped);
}

static void set_time(json_t *o, const char *member, int64_t when)
{
	char text[WL_TIME_TEXT];
	wl_time_format(when, text);
	wl_object_text(o, member, text);
}

static json_t *findings_object(const json_t *codes, const char *language)
{
	json_t *list = json_array(), *code;
	size_t i;
	json_array_foreach(codes, i, code)
	{
		char words[300];
		wl_visit_finding_words(json_string_value(code), language, words, sizeof(words));
		(void)json_array_append_new(
		        list, json_pack("{s:O, s:s}", "finding", code, "words", words));
	}
	return list;
}

static json_t *transfers_of(const struct wl_broker *b, const struct wl_visit *v)
{
	json_t *list = json_array();
	for (size_t i = 0; i < b->ntransfers; i++) {
		const struct wl_transfer *t = b->transfers[i].t;
		if (!strcmp(text_of(t->opened, "visit"), v->id))
			(void)json_array_append_new(list,
			                            json_pack("{s:s, s:s}", "transfer", t->id,
			                                      "state", wl_state_name(t->state)));
	}
	return list;
}

static void set_next(const struct wl_broker *b, const struct wl_visit *v, const char *language,
                     json_t *o)
{
	char command[100];
	enum wl_rule rule = wl_visit_step(b, v, wl_visit_text(v, "device"));
	bool due = rule == WL_RULE_VISIT_CONFIRMATION_MISSING;
	if (rule != WL_RULE_NONE && !due) /* closed, or another day */
		return;
	wl_language_use(language);
	(void)snprintf(command, sizeof(command),
	               due ? "weighlock visit confirm %s" : "weighlock receive --visit %s", v->id);
	wl_object_text(o, "next_actor", due ? wl_visit_text(v, "escort") : "technician");
	wl_object_text(o, "next_command", command);
	wl_object_text(o, "next_words",
	               due ? _("The escort confirms, under their own account, that the visit is "
	                       "escorted.")
	                   : _("Receive the update that was brought; close the visit at its "
	                       "end."));
}

json_t *wl_visit_object(struct wl_broker *b, const struct wl_visit *v, const char *language)
{
	static const char *const texts[] = {"device", "vendor", "engineer",  "engineer_org",
	                                    "escort", "on",     "clearance", "safeguard"};
	const struct wl_policy *policy = wl_broker_policy(b);
	json_t *o = json_object();
	json_t *codes = v->closed ? json_incref(json_object_get(v->closed, "findings"))
	                          : wl_visit_findings(b, v);
	wl_object_text(o, "visit", v->id);
	wl_object_text(o, "state", v->closed ? "closed" : "open");
	for (size_t i = 0; i < WL_ARRAY_LEN(texts); i++)
		set_escaped(o, texts[i], wl_visit_text(v, texts[i]));
	wl_object_text(o, "opened_by", v->opened_by);
	wl_object_text(o, "opened_at", v->opened_at);
	if (v->confirmed_at)
		set_time(o, "confirmed_at", v->confirmed_at);
	if (v->confirmed_at && policy && !v->closed)
		set_time(o, "confirm_until",
		         v->confirmed_at + (int64_t)policy->visits.confirm_every_s);
	if (v->closed) {
		wl_object_text(o, "closed_by", v->closed_by);
		wl_object_text(o, "closed_at", v->closed_at);
		set_escaped(o, "words", text_of(v->closed, "words"));
	}
	(void)json_object_set_new(o, "findings", findings_object(codes, language));
	(void)json_object_set_new(o, "transfers", transfers_of(b, v));
	json_decref(codes);
	set_next(b, v, language, o);
	return o;
}
