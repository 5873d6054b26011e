/*
 * Visits: the rules of opening one and of each step under it; see visit.h.
 *
 * The texts are an approver's own and are only compared. The engineer is an outside person who may
 * say anything to whoever types: what counts is the policy's list and the escort's own account.
 * Pure, runs in the broker; nothing is durable here.
 */
#include "policy/visit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

#define DAY_S    ((int64_t)86400)
#define MARGIN_S (DAY_S / 2)

bool wl_visit_clearance_is(const char *word)
{
	static const char *const words[] = {"cleared", "not-cleared", "not-citizen"};
	for (size_t i = 0; i < WL_ARRAY_LEN(words); i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

int wl_visit_day_parse(const char *text, int64_t *ret)
{
	char moment[WL_TIME_TEXT];
	if (strlen(text) != strlen("2026-12-08"))
		return -EINVAL;
	(void)snprintf(moment, sizeof(moment), "%sT00:00:00Z", text);
	return wl_time_parse(moment, ret);
}

static bool has_text(const struct wl_policy_texts *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcasecmp(list->v[i], text) == 0)
			return true;
	return false;
}

/* A visitor has no account here, under no spelling of a person's id. */
static bool is_user(const struct wl_policy *p, const struct wl_visit_plan *plan)
{
	for (size_t i = 0; i < p->npeople; i++)
		if (strcasecmp(p->people[i].id, plan->engineer) == 0 ||
		    has_text(&p->people[i].accounts, plan->engineer))
			return true;
	return strcasecmp(plan->engineer, plan->escort) == 0;
}

static bool is_qualified(const struct wl_policy *p, const struct wl_visit_plan *plan)
{
	const struct wl_policy_person *escort = wl_policy_person(p, plan->escort);
	return p->visits.escorts != WL_ESCORT_QUALIFIED ||
	       (escort && has_text(&escort->qualified, plan->device->model));
}

/* Without a list nobody is listed, and nothing is asked. */
static bool is_listed(const struct wl_policy *p, const struct wl_visit_plan *plan, int64_t now)
{
	for (size_t i = 0; i < p->visits.norganisations; i++) {
		const struct wl_policy_organisation *o = &p->visits.organisations[i];
		bool named = strcasecmp(o->id, plan->organisation) == 0 ||
		             strcasecmp(o->name, plan->organisation) == 0;
		if (named && has_text(&o->vendors, plan->device->vendor) &&
		    (o->engineers.n == 0 || has_text(&o->engineers, plan->engineer)) &&
		    (o->not_after == 0 || now <= o->not_after))
			return true;
	}
	return p->visits.norganisations == 0;
}

static bool is_safe(const struct wl_visit_plan *plan)
{
	return !plan->clearance[0] || strcmp(plan->clearance, "cleared") == 0 || plan->safeguard[0];
}

void wl_decide_visit_open(const struct wl_policy *p, const struct wl_visit_plan *plan, int64_t now,
                          struct wl_rules *rules)
{
	if (is_user(p, plan))
		wl_rules_add(rules, WL_RULE_VISIT_ENGINEER_IS_USER);
	if (!is_qualified(p, plan))
		wl_rules_add(rules, WL_RULE_VISIT_ESCORT_UNQUALIFIED);
	if (!is_listed(p, plan, now))
		wl_rules_add(rules, WL_RULE_VISIT_ORGANISATION_UNLISTED);
	if (!is_safe(plan))
		wl_rules_add(rules, WL_RULE_VISIT_SAFEGUARD_MISSING);
}

enum wl_rule wl_decide_visit_step(const struct wl_policy *p, const struct wl_visit_facts *v,
                                  const char *device, int64_t now)
{
	if (v->closed)
		return WL_RULE_VISIT_CLOSED;
	if (strcmp(v->device, device) != 0)
		return WL_RULE_VISIT_DEVICE_OTHER;
	if (now < v->on - MARGIN_S || now >= v->on + DAY_S + MARGIN_S)
		return WL_RULE_VISIT_NOT_TODAY;
	if (now - v->confirmed_at > (int64_t)p->visits.confirm_every_s)
		return WL_RULE_VISIT_CONFIRMATION_MISSING;
	return WL_RULE_NONE;
}
