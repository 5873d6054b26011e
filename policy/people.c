/*
 * People: which role may call what, and when an approval is one.
 *
 * Who a caller is was decided by the kernel (SO_PEERCRED); what stands here is the policy's word
 * about that person. Approvals are counted by person, never by account, so that a second account of
 * the opener is still the opener. Pure; the ledger repeats the counting from its own entries before
 * it grants a gate. Runs in the broker.
 */
#include "policy/people.h"

#include <string.h>

#include "daemon/base/cleanup.h"

#define TECH    WL_PERSON_TECHNICIAN
#define INVEST  WL_PERSON_INVESTIGATOR
#define APPR    WL_PERSON_APPROVER
#define AUDIT   WL_PERSON_AUDITOR
#define CUST    WL_PERSON_CUSTODIAN
#define ADMIN   WL_PERSON_ADMINISTRATOR
#define SETUP   WL_PERSON_SETUP
#define PERSONS WL_PERSON_ALL

static const struct {
	const char *method;
	unsigned roles;
	bool anybody;
} methods[] = {
        {"SetLanguage", PERSONS | SETUP, true},
        {"GetStatus", PERSONS | SETUP, true},
        {"ListMedia", PERSONS, false},
        {"ListTransfers", PERSONS, false},
        {"Watch", PERSONS, false},
        {"PolicyShow", PERSONS, false},
        {"Show", TECH | INVEST | APPR | AUDIT | ADMIN, false},
        {"ListTickets", TECH | INVEST | APPR | AUDIT | ADMIN, false},
        {"OpenInbound", TECH, false},
        {"Outcome", TECH, false},
        {"AddTicket", TECH, false},
        {"OpenOutbound", INVEST, false},
        {"AddOutbound", INVEST, false},
        {"Acknowledge", INVEST | CUST, false},
        {"Approve", APPR, false},
        {"Reject", APPR, false},
        {"Withdraw", APPR, false},
        {"Release", TECH | INVEST, false},
        {"Retry", TECH | INVEST, false},
        {"Cancel", TECH | INVEST | APPR, false},
        {"Note", PERSONS & ~AUDIT, false},
        {"Prepare", TECH | INVEST | CUST, false},
        {"StationInit", SETUP, false},
        {"StationSucceed", SETUP, false},
        {"StationConfirm", SETUP, false},
        {"StationCard", AUDIT | APPR | ADMIN | SETUP, false},
        {"PolicyPropose", ADMIN | SETUP, false},
        {"PolicyConfirm", ADMIN | SETUP, false},
        {"VisitOpen", APPR, false},
        {"ListVisits", PERSONS, false},
        {"VisitConfirm", PERSONS & ~AUDIT, false},
        {"VisitClose", PERSONS & ~AUDIT, false},
        {"LedgerRead", AUDIT | APPR, false},
        {"LedgerProve", AUDIT | APPR, false},
        {"LedgerQuery", AUDIT | APPR, false},
        {"LedgerCosign", AUDIT, false},
        {"LedgerExport", AUDIT | ADMIN, false},
        {"LedgerCheckpoint", AUDIT | APPR | ADMIN, false},
        {"StationCsr", ADMIN, false},
        {"StationCert", ADMIN, false},
        {"StationPropose", ADMIN, false},
        {"StationAgree", ADMIN, false},
};

unsigned wl_method_roles(const char *method, bool *ret_anybody)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(methods); i++) {
		if (strcmp(methods[i].method, method) != 0)
			continue;
		if (ret_anybody)
			*ret_anybody = methods[i].anybody;
		return methods[i].roles;
	}
	if (ret_anybody)
		*ret_anybody = false;
	return 0;
}

enum wl_person_role wl_method_first_role(const char *method)
{
	unsigned roles = wl_method_roles(method, NULL) & WL_PERSON_ALL;
	return (enum wl_person_role)(roles & ~(roles - 1));
}

/* A person whose time in the policy is over is there, but may do nothing. */
static bool has_ended(const struct wl_policy_person *person, int64_t now)
{
	return person->not_after != 0 && now > person->not_after;
}

enum wl_rule wl_person_may(const struct wl_policy_person *person, const char *method, int64_t now)
{
	bool anybody;
	unsigned roles = wl_method_roles(method, &anybody);
	if (anybody)
		return WL_RULE_NONE;
	if (!person)
		return WL_RULE_PERSON_UNKNOWN;
	if (has_ended(person, now))
		return WL_RULE_PERSON_EXPIRED;
	return person->roles & roles ? WL_RULE_NONE : WL_RULE_PERSON_ROLE_MISSING;
}

/* ---- approvals ---- */

static bool accepts_all(const struct wl_rules *holds, const struct wl_rules *accepted)
{
	for (size_t i = 0; i < holds->n; i++)
		if (!wl_rules_has(accepted, holds->v[i]))
			return false;
	return true;
}

/* What was seen is what is there: the same manifests, in any order, none left out. */
static bool saw_all(const struct wl_approval_facts *f, const uint8_t (*seen)[WL_SHA256_BYTES],
                    size_t nseen)
{
	size_t found = 0;
	for (size_t i = 0; i < f->nmanifests; i++)
		for (size_t k = 0; k < nseen; k++)
			if (memcmp(f->manifests[i], seen[k], WL_SHA256_BYTES) == 0) {
				found++;
				break;
			}
	return nseen == f->nmanifests && found == f->nmanifests && found > 0;
}

static bool approved_already(const struct wl_approval_facts *f, const char *person)
{
	for (size_t i = 0; i < f->ngiven; i++)
		if (!f->given[i].voided && strcmp(f->given[i].person, person) == 0)
			return true;
	return false;
}

enum wl_rule wl_decide_approve(const struct wl_approval_facts *f, const char *person,
                               const uint8_t (*seen)[WL_SHA256_BYTES], size_t nseen,
                               const struct wl_rules *accepted, int64_t valid_s, int64_t *ret_until)
{
	const struct wl_policy_person *p = wl_policy_person(f->policy, person);
	enum wl_rule may = wl_person_may(p, "Approve", f->now);
	if (may != WL_RULE_NONE)
		return may;
	if (strcmp(person, f->opener) == 0 || approved_already(f, person))
		return WL_RULE_APPROVAL_SAME_PERSON;
	if (!saw_all(f, seen, nseen))
		return WL_RULE_APPROVAL_VOID;
	if (!accepts_all(&f->holds, accepted))
		return WL_RULE_APPROVAL_NOT_ACCEPTED;
	int64_t longest = (int64_t)f->policy->approvals.valid_s;
	if (valid_s < 0 || valid_s > longest)
		return WL_RULE_APPROVAL_EXPIRED;
	*ret_until = f->now + (valid_s ? valid_s : longest);
	return WL_RULE_NONE;
}

enum wl_rule wl_decide_approval_stands(const struct wl_approval_facts *f,
                                       const struct wl_approval *a)
{
	const struct wl_policy_person *p = wl_policy_person(f->policy, a->person);
	if (a->voided || wl_person_may(p, "Approve", f->now) != WL_RULE_NONE)
		return WL_RULE_APPROVAL_VOID;
	if (strcmp(a->person, f->opener) == 0)
		return WL_RULE_APPROVAL_SAME_PERSON;
	if (f->now > a->until)
		return WL_RULE_APPROVAL_EXPIRED;
	return accepts_all(&f->holds, &a->accepted) ? WL_RULE_NONE : WL_RULE_APPROVAL_NOT_ACCEPTED;
}

static bool is_first_of_person(const struct wl_approval_facts *f, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(f->given[k].person, f->given[i].person) == 0 &&
		    wl_decide_approval_stands(f, &f->given[k]) == WL_RULE_NONE)
			return false;
	return true;
}

enum wl_rule wl_decide_approved(const struct wl_approval_facts *f, size_t *ret_good,
                                size_t *ret_needed)
{
	size_t good = 0;
	uint64_t wanted =
	        f->outbound ? f->policy->outbound.approvals : f->policy->inbound.approvals;
	uint64_t least = f->unvouched ? 2 : 1;
	size_t needed = (size_t)(wanted > least ? wanted : least);
	enum wl_rule why = WL_RULE_APPROVAL_MISSING;
	for (size_t i = 0; i < f->ngiven; i++) {
		enum wl_rule r = wl_decide_approval_stands(f, &f->given[i]);
		if (r == WL_RULE_NONE)
			good += is_first_of_person(f, i);
		else if (r == WL_RULE_APPROVAL_EXPIRED ||
		         (r == WL_RULE_APPROVAL_VOID && why == WL_RULE_APPROVAL_MISSING))
			why = r;
	}
	if (ret_good)
		*ret_good = good;
	if (ret_needed)
		*ret_needed = needed;
	return good >= needed ? WL_RULE_NONE : why;
}

enum wl_rule wl_decide_withdraw(const struct wl_approval *a, const char *person)
{
	return strcmp(a->person, person) == 0 ? WL_RULE_NONE : WL_RULE_APPROVAL_OTHER_PERSON;
}

enum wl_rule wl_decide_opener(const char *opener, const char *person)
{
	return strcmp(opener, person) == 0 ? WL_RULE_NONE : WL_RULE_PERSON_NOT_OPENER;
}
