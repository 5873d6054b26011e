/*
 * VisitOpen, ListVisits, VisitConfirm, VisitClose (weighlockd): an outside person at a device.
 *
 * An approver opens a visit before it takes place. Only the escort, known by the kernel under the
 * escort's own account, says that it is escorted; the engineer has no account and says nothing
 * here. Who closes one with something left open says so in words that stay in the ledger. Each is
 * one entry: after a lost power a visit is as the last of them left it.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/base/text.h"
#include "daemon/broker/methods.h"
#include "daemon/broker/objects.h"
#include "daemon/broker/visits.h"
#include "policy/visit.h"

#define LIST_BYTES_MAX 60000U

json_t *wl_visit_entry(const struct wl_call *c, enum wl_event event, const struct wl_visit *v)
{
	json_t *e = wl_call_entry(c, event, NULL);
	wl_entry_text(e, WL_M_VISIT, v->id);
	wl_entry_text(e, WL_M_DEVICE, wl_visit_text(v, "device"));
	wl_entry_text(e, WL_M_ENGINEER, wl_visit_text(v, "engineer"));
	wl_entry_text(e, WL_M_ENGINEER_ORG, wl_visit_text(v, "engineer_org"));
	wl_entry_text(e, WL_M_ESCORT, wl_visit_text(v, "escort"));
	return e;
}

static json_t *args_of(const struct wl_visit *v)
{
	return json_pack("{s:s, s:s, s:s}", "detail", v->id, "device", wl_visit_text(v, "device"),
	                 "person", wl_visit_text(v, "escort"));
}

/* The visit that is named; answers NoSuch where there is none. */
static struct wl_visit *visit_of(struct wl_broker *b, struct wl_call *c)
{
	struct wl_visit *v = wl_visits_find(b, wl_call_text(c, "visit"));
	if (!v)
		wl_call_no_such(c, "visit", wl_call_text(c, "visit"));
	return v;
}

/* And open. */
static struct wl_visit *open_visit_of(struct wl_broker *b, struct wl_call *c)
{
	struct wl_visit *v = visit_of(b, c);
	if (!v || !v->closed)
		return v;
	wl_call_refuse(c, WL_RULE_VISIT_CLOSED, NULL, args_of(v));
	return NULL;
}

static void reply_visit(struct wl_broker *b, struct wl_call *c, const char *id, const char *entry)
{
	const struct wl_visit *v = wl_visits_find(b, id);
	wl_call_reply(c, json_pack("{s:s, s:o?}", "entry", entry, "visit",
	                           v ? wl_visit_object(b, v, c->language) : NULL));
}

/* ---- opening ---- */

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* The plan a call describes; answers BadArgument or a refusal where it cannot be one. */
static bool plan_of(struct wl_broker *b, struct wl_call *c, struct wl_visit_plan *plan)
{
	const struct wl_policy *policy = wl_broker_policy(b);
	const char *device = wl_call_text(c, "device"), *vendor = wl_call_text(c, "vendor");
	int64_t day;
	*plan = (struct wl_visit_plan){.device = wl_policy_device(policy, device),
	                               .engineer = wl_call_text(c, "engineer"),
	                               .organisation = wl_call_text(c, "organisation"),
	                               .escort = wl_call_text(c, "escort"),
	                               .clearance = or_empty(wl_call_text(c, "clearance")),
	                               .safeguard = or_empty(wl_call_text(c, "safeguard"))};
	const struct wl_policy_person *escort = wl_policy_person(policy, plan->escort);
	if (!plan->device)
		wl_call_refuse(c, WL_RULE_UPDATE_DEVICE_UNKNOWN, NULL,
		               json_pack("{s:s}", "device", device));
	else if (vendor && strcmp(vendor, plan->device->vendor) != 0)
		wl_call_bad_argument(c, "vendor", plan->device->vendor);
	else if (!escort || wl_person_may(escort, "VisitConfirm", time(NULL)) != WL_RULE_NONE)
		wl_call_bad_argument(c, "escort", "a person of the policy, no auditor");
	else if (wl_call_text(c, "on") && wl_visit_day_parse(wl_call_text(c, "on"), &day) < 0)
		wl_call_bad_argument(c, "on", "YYYY-MM-DD");
	else if (plan->clearance[0] && !wl_visit_clearance_is(plan->clearance))
		wl_call_bad_argument(c, "clearance", "cleared, not-cleared, not-citizen");
	else
		return true;
	return false;
}

static void refuse_plan(struct wl_call *c, const struct wl_visit_plan *plan,
                        const struct wl_rules *rules)
{
	char who[600], escaped[1200];
	bool listed = rules->v[0] != WL_RULE_VISIT_ORGANISATION_UNLISTED;
	(void)snprintf(who, sizeof(who), "%s%s%s", plan->engineer, listed ? "" : ", ",
	               listed ? "" : plan->organisation);
	wl_text_escape(who, strlen(who), escaped, sizeof(escaped));
	wl_call_refuse(c, rules->v[0], wl_object_rules(rules),
	               json_pack("{s:s, s:s, s:s, s:s}", "detail", escaped, "device",
	                         plan->device->id, "vendor", plan->device->vendor, "person",
	                         plan->escort));
}

static json_t *opened_entry(const struct wl_call *c, const struct wl_visit_plan *plan)
{
	char today[WL_TIME_TEXT];
	json_t *e = wl_call_entry(c, WL_E_VISIT_OPENED, NULL);
	wl_time_format(time(NULL), today);
	today[strlen("2026-12-08")] = '\0';
	wl_entry_text(e, WL_M_VISIT, wl_call_text(c, "visit"));
	wl_entry_text(e, WL_M_DEVICE, plan->device->id);
	wl_entry_text(e, WL_M_VENDOR, plan->device->vendor);
	wl_entry_text(e, WL_M_ENGINEER, plan->engineer);
	wl_entry_text(e, WL_M_ENGINEER_ORG, plan->organisation);
	wl_entry_text(e, WL_M_ESCORT, plan->escort);
	wl_entry_text(e, WL_M_ON, wl_call_text(c, "on") ? wl_call_text(c, "on") : today);
	wl_entry_text(e, WL_M_CLEARANCE, plan->clearance[0] ? plan->clearance : "unknown");
	if (plan->safeguard[0])
		wl_entry_text(e, WL_M_SAFEGUARD, plan->safeguard);
	return e;
}

void wl_do_visit_open(struct wl_broker *b, struct wl_call *c)
{
	char entry[WL_ID_TEXT];
	struct wl_finding f = {0};
	struct wl_visit_plan plan;
	struct wl_rules rules = {0};
	const char *id = wl_call_text(c, "visit");
	if (!wl_station_is_usable(b, c) || !plan_of(b, c, &plan))
		return;
	if (wl_visits_find(b, id))
		return wl_call_refuse(c, WL_RULE_VISIT_EXISTS, NULL,
		                      json_pack("{s:s}", "detail", id));
	wl_decide_visit_open(wl_broker_policy(b), &plan, time(NULL), &rules);
	if (rules.n)
		return refuse_plan(c, &plan, &rules);
	if (!wl_visits_have_room(b))
		return wl_call_too_much(c, "visits", WL_VISITS_KEPT);
	if (wl_broker_append(b, opened_entry(c, &plan), entry, &f) < 0) {
		if (f.rule == WL_RULE_VISIT_EXISTS) /* one that was closed long ago */
			return wl_call_refuse_finding(c, &f);
		return wl_station_ledger_trouble(b, c, &f);
	}
	reply_visit(b, c, id, entry);
}

/* ---- looking ---- */

void wl_do_list_visits(struct wl_broker *b, struct wl_call *c)
{
	const struct wl_visit *only = NULL;
	json_t *list = json_array();
	size_t bytes = 0;
	if (wl_call_text(c, "visit") && !(only = visit_of(b, c))) {
		json_decref(list);
		return;
	}
	for (size_t i = b->nvisits; i > 0;
	     i--) { /* the newest first: a list too long loses the oldest */
		if (only && only != &b->visits[i - 1])
			continue;
		json_t *o = wl_visit_object(b, &b->visits[i - 1], c->language);
		bytes += json_dumpb(o, NULL, 0, JSON_COMPACT) + 1;
		if (bytes <= LIST_BYTES_MAX)
			(void)json_array_append_new(list, o);
		else
			json_decref(o);
	}
	wl_call_reply(c, json_pack("{s:o}", "visits", list));
}

/* ---- confirming ---- */

/* Appends the escort's word; false where the call was answered. */
static bool confirm(struct wl_broker *b, struct wl_call *c, const struct wl_visit *v,
                    char entry[WL_ID_TEXT])
{
	struct wl_finding f = {0};
	json_t *e = wl_visit_entry(c, WL_E_VISIT_CONFIRMED, v);
	if (wl_broker_append(b, e, entry, &f) == 0)
		return true;
	wl_station_ledger_trouble(b, c, &f);
	return false;
}

static bool is_escort(const struct wl_call *c, const struct wl_visit *v)
{
	return strcmp(c->caller.person, wl_visit_text(v, "escort")) == 0;
}

void wl_do_visit_confirm(struct wl_broker *b, struct wl_call *c)
{
	char entry[WL_ID_TEXT];
	if (!wl_station_is_usable(b, c))
		return;
	const struct wl_visit *v = open_visit_of(b, c);
	if (!v)
		return;
	if (!is_escort(c, v))
		return wl_call_refuse(c, WL_RULE_VISIT_OTHER_ESCORT, NULL, args_of(v));
	if (!confirm(b, c, v, entry))
		return;
	reply_visit(b, c, wl_call_text(c, "visit"), entry);
	wl_pick(b); /* what waited for this word goes on */
}

/* ---- closing ---- */

/* What would stay open, as one line. */
static void join_words(const json_t *findings, const char *language, char *buf, size_t size)
{
	size_t i, n = 0;
	json_t *code;
	buf[0] = '\0';
	json_array_foreach(findings, i, code)
	{
		char words[300];
		wl_visit_finding_words(json_string_value(code), language, words, sizeof(words));
		if (n < size)
			n += (size_t)snprintf(buf + n, size - n, "%s%s", i ? "; " : "", words);
	}
}

/* The escort's own closing is the last confirmation; another's leaves open whether there was one.
 */
static json_t *findings_at_close(struct wl_broker *b, const struct wl_call *c,
                                 const struct wl_visit *v)
{
	json_t *findings = wl_visit_findings(b, v);
	if (!is_escort(c, v) &&
	    wl_visit_step(b, v, wl_visit_text(v, "device")) == WL_RULE_VISIT_CONFIRMATION_MISSING)
		(void)json_array_append_new(findings, json_sprintf("confirmation-missing %s",
		                                                   wl_visit_text(v, "escort")));
	return findings;
}

/* Whether the caller may close it with these; answers where not. */
static bool may_close(struct wl_call *c, const struct wl_visit *v, const json_t *findings)
{
	char words[600];
	bool accepts = json_is_true(json_object_get(c->parameters, "accept"));
	bool approver = (c->caller.roles & WL_PERSON_APPROVER) != 0;
	if (!is_escort(c, v) && !approver) {
		wl_call_refuse(c, WL_RULE_VISIT_OTHER_ESCORT, NULL, args_of(v));
		return false;
	}
	if (json_array_size(findings) == 0)
		return true;
	if (accepts && !approver) {
		wl_call_not_permitted(c, wl_person_role_name(WL_PERSON_APPROVER));
		return false;
	}
	if (accepts && !wl_call_text(c, "words")) {
		wl_call_bad_argument(c, "words", "needed where something is left open");
		return false;
	}
	if (accepts)
		return true;
	join_words(findings, c->language, words, sizeof(words));
	wl_call_refuse(c, WL_RULE_VISIT_UNFINISHED, NULL, json_pack("{s:s}", "detail", words));
	return false;
}

void wl_do_visit_close(struct wl_broker *b, struct wl_call *c)
{
	char entry[WL_ID_TEXT];
	struct wl_finding f = {0};
	if (!wl_station_is_usable(b, c))
		return;
	const struct wl_visit *v = open_visit_of(b, c);
	json_t *findings = v ? findings_at_close(b, c, v) : NULL;
	if (!v || !may_close(c, v, findings) || (is_escort(c, v) && !confirm(b, c, v, entry))) {
		json_decref(findings);
		return;
	}
	json_t *e = wl_visit_entry(c, WL_E_VISIT_CLOSED, v);
	wl_entry_list(e, WL_M_FINDINGS, findings);
	if (wl_call_text(c, "words"))
		wl_entry_text(e, WL_M_WORDS, wl_call_text(c, "words"));
	if (wl_broker_append(b, e, entry, &f) < 0)
		return wl_station_ledger_trouble(b, c, &f);
	reply_visit(b, c, wl_call_text(c, "visit"), entry);
}

/* ---- receiving under a visit ---- */

/* Puts what the visit says into the call; false where the call says something else. */
static bool fill(struct wl_call *c, const struct wl_visit *v)
{
	const struct {
		const char *argument, *text;
	} rows[] = {
	        {"device", wl_visit_text(v, "device")},
	        {"work_order", v->id},
	        {"engineer", wl_visit_text(v, "engineer")},
	        {"organisation", wl_visit_text(v, "engineer_org")},
	        {"escort", wl_visit_text(v, "escort")},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *said = wl_call_text(c, rows[i].argument);
		if (said && i > 0 && strcmp(said, rows[i].text) != 0) {
			wl_call_bad_argument(c, rows[i].argument, "what the visit says");
			return false;
		}
		if (!said)
			(void)json_object_set_new(c->parameters, rows[i].argument,
			                          json_string(rows[i].text));
	}
	return true;
}

bool wl_visit_of_call(struct wl_broker *b, struct wl_call *c)
{
	char entry[WL_ID_TEXT];
	const struct wl_policy *policy = wl_broker_policy(b);
	if (!wl_call_text(c, "visit")) {
		if (policy->visits.required)
			wl_call_refuse(c, WL_RULE_VISIT_MISSING, NULL, NULL);
		return !policy->visits.required;
	}
	const struct wl_visit *v = visit_of(b, c);
	if (!v || !fill(c, v))
		return false;
	enum wl_rule rule = wl_visit_step(b, v, wl_call_text(c, "device"));
	if (rule == WL_RULE_VISIT_CONFIRMATION_MISSING && is_escort(c, v))
		return confirm(b, c, v, entry);
	if (rule == WL_RULE_NONE)
		return true;
	json_t *args = args_of(v);
	(void)json_object_set_new(args, "device", json_string(wl_call_text(c, "device")));
	wl_call_refuse(c, rule, NULL, args);
	return false;
}
