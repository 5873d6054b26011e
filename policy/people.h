/*
 * Who may do what: the method-by-role table, and the pure decisions about approvals.
 */
#ifndef WL_POLICY_PEOPLE_H
#define WL_POLICY_PEOPLE_H

#include "policy/decide.h"
#include "policy/model.h"

/* Roles (enum wl_person_role bits, with WL_PERSON_SETUP) that may call a method of
 * ca.weighlock.Station ("OpenInbound"); 0: there is no such method. `ret_anybody` (may be NULL):
 * also somebody who is no person of the policy. */
unsigned wl_method_roles(const char *method, bool *ret_anybody);

/*
 * May this person call this method now? WL_RULE_NONE: yes; person.unknown (NULL person and not a
 * method for anybody), person.expired, person.role-missing.
 */
enum wl_rule wl_person_may(const struct wl_policy_person *person, const char *method, int64_t now);

/* The first role of a person that may call the method, for "you would need to be …"; 0: none. */
enum wl_person_role wl_method_first_role(const char *method);

struct wl_approval {
	const char *person;
	int64_t until; /* seconds since 1970 */
	bool voided;
	struct wl_rules accepted; /* holds named in the call */
};

struct wl_approval_facts {
	const struct wl_policy *policy;
	const char *opener; /* person id */
	int64_t now;
	struct wl_rules holds;                       /* of every output */
	const uint8_t (*manifests)[WL_SHA256_BYTES]; /* of every output, now */
	size_t nmanifests;
	const struct wl_approval *given; /* so far, voided ones too */
	size_t ngiven;
	bool outbound;  /* an export: outbound.approvals counts */
	bool unvouched; /* a successor that no auditor has cosigned yet: two at least */
};

/*
 * May `person` (an id) approve, having seen `seen` and accepting `accepted`? valid_s 0: the
 * policy's. WL_RULE_NONE and *ret_until; else approval.same-person (opener, or approved already),
 * person.role-missing, person.unknown, person.expired, approval.void (what was seen is not what is
 * there now), approval.not-accepted (a hold is not named), approval.expired (asked for longer than
 * the policy allows).
 */
enum wl_rule wl_decide_approve(const struct wl_approval_facts *f, const char *person,
                               const uint8_t (*seen)[WL_SHA256_BYTES], size_t nseen,
                               const struct wl_rules *accepted, int64_t valid_s,
                               int64_t *ret_until);

/* Is one standing approval still good? WL_RULE_NONE, approval.void (role lost, person gone,
 * voided), approval.expired, approval.same-person, approval.not-accepted: the reason to void it. */
enum wl_rule wl_decide_approval_stands(const struct wl_approval_facts *f,
                                       const struct wl_approval *a);

/* Are there enough good approvals of different persons to release? *ret_good counts them,
 * *ret_needed says how many are needed (max(1, approvals of the direction); two at least while
 * unvouched). WL_RULE_NONE, or approval.expired where only time is against it, approval.void where
 * one was voided, else approval.missing. */
enum wl_rule wl_decide_approved(const struct wl_approval_facts *f, size_t *ret_good,
                                size_t *ret_needed);

/* May `person` take back `a`? approval.other-person where it is not theirs. */
enum wl_rule wl_decide_withdraw(const struct wl_approval *a, const char *person);
/* May `person` go on with a transfer of `opener` (release, retry)? person.not-opener. */
enum wl_rule wl_decide_opener(const char *opener, const char *person);

#endif
