/*
 * Visits of outside people: whether one may be opened, whether a step may be done under it now.
 */
#ifndef WL_POLICY_VISIT_H
#define WL_POLICY_VISIT_H

#include "policy/decide.h"
#include "policy/model.h"

/* What an approver says of a visit; texts are never NULL. */
struct wl_visit_plan {
	const struct wl_policy_device *device;
	const char *engineer, *organisation;
	const char *escort;    /* person id */
	const char *clearance; /* "", or a word of wl_visit_clearance_is */
	const char *safeguard; /* how what the device stores is protected; may be "" */
};

/* "cleared", "not-cleared", "not-citizen": what is known of the engineer. */
bool wl_visit_clearance_is(const char *word);

/*
 * May this visit be opened? Adds every rule that fails, in the order of rules.def:
 * visit.engineer-is-user, visit.escort-unqualified, visit.organisation-unlisted,
 * visit.safeguard-missing. F-02, F-04 to F-06.
 */
void wl_decide_visit_open(const struct wl_policy *p, const struct wl_visit_plan *plan, int64_t now,
                          struct wl_rules *rules);

struct wl_visit_facts {
	const char *device;
	int64_t on;           /* 00:00 UTC of the day it is planned for */
	int64_t confirmed_at; /* when the escort last confirmed; 0: never */
	bool closed;
};

/*
 * May a step be done for `device` under this visit now? WL_RULE_NONE, visit.closed,
 * visit.device-other, visit.not-today (twelve hours before and after the day still belong to it:
 * that is every time zone, and a night's work), visit.confirmation-missing. F-03.
 */
enum wl_rule wl_decide_visit_step(const struct wl_policy *p, const struct wl_visit_facts *v,
                                  const char *device, int64_t now);

/* "2026-12-08" to 00:00 UTC of that day; 0 or -EINVAL. */
int wl_visit_day_parse(const char *text, int64_t *ret);

#endif
