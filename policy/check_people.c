/*
 * People, ports and mode of a policy: no lock-out, no person with two hats that exclude each other.
 *
 * A policy with one administrator could never be replaced, one without a second approver could
 * never release: both are refused while it is still only a file. What weakens the station for tests
 * and demonstrations (loop ports, uid:N accounts, unprepared destinations) is tied to `mode: test`,
 * which the ledger's origin shows for ever. Runs in the broker and in the offline client.
 */
#include <stdio.h>
#include <string.h>

#include "policy/check.h"
#include "policy/errors.h"
#include "policy/words.h"

static void complain(struct wl_policy_errors *e, unsigned line, unsigned column, const char *map,
                     const char *id, const char *text, const char *word)
{
	char key[WL_POLICY_WORD_MAX + 1];
	(void)snprintf(key, sizeof(key), "%s%s%s", map, id[0] ? "." : "", id);
	wl_policy_errors_add(e, &(struct wl_policy_complaint){.rule = WL_RULE_POLICY_VALUE,
	                                                      .line = line,
	                                                      .column = column,
	                                                      .text = text,
	                                                      .key = key,
	                                                      .word = word});
}

static bool is_uid(const char *account)
{
	return strncmp(account, "uid:", 4) == 0;
}

static size_t count_role(const struct wl_policy *p, unsigned role,
                         const struct wl_policy_person *but)
{
	size_t n = 0;
	for (size_t i = 0; i < p->npeople; i++)
		n += &p->people[i] != but && (p->people[i].roles & role) != 0;
	return n;
}

static bool has_account(const struct wl_policy_person *person, const char *account)
{
	for (size_t i = 0; i < person->accounts.n; i++)
		if (strcmp(person->accounts.v[i], account) == 0)
			return true;
	return false;
}

static void check_accounts(const struct wl_policy *p, size_t i, struct wl_policy_errors *e)
{
	const struct wl_policy_person *a = &p->people[i];
	for (size_t k = 0; k < a->accounts.n; k++) {
		const char *account = a->accounts.v[k];
		if (is_uid(account) && p->station.mode != WL_MODE_TEST)
			complain(e, a->line, a->column, "people", a->id,
			         N_("{key}: the account {word} is allowed only in mode test"),
			         account);
		for (size_t j = 0; j < i; j++)
			if (has_account(&p->people[j], account))
				complain(e, a->line, a->column, "people", a->id,
				         N_("{key}: the account {word} belongs to another person "
				            "too"),
				         account);
	}
}

static void check_conflicts(const struct wl_policy *p, const struct wl_policy_person *a,
                            struct wl_policy_errors *e)
{
	for (size_t i = 0; i < p->nconflicts; i++) {
		unsigned roles = p->conflicts[i].roles;
		if (roles == 0 || (a->roles & roles) != roles)
			continue;
		char words[64];
		unsigned low = roles & ~(roles - 1);
		(void)snprintf(words, sizeof(words), "%s, %s",
		               wl_person_role_name((enum wl_person_role)low),
		               wl_person_role_name((enum wl_person_role)(roles & ~low)));
		complain(e, a->line, a->column, "people", a->id,
		         N_("{key}: the roles {word} exclude each other"), words);
	}
}

void wl_policy_check_people(const struct wl_policy *p, struct wl_policy_errors *e)
{
	for (size_t i = 0; i < p->npeople; i++) {
		check_accounts(p, i, e);
		check_conflicts(p, &p->people[i], e);
		if (p->people[i].roles == 0)
			complain(e, p->people[i].line, p->people[i].column, "people",
			         p->people[i].id, N_("{key}: a person has at least one role"),
			         NULL);
	}
	if (count_role(p, WL_PERSON_ADMINISTRATOR, NULL) < 2)
		complain(e, 0, 0, "people", "",
		         N_("fewer than two administrators: no further policy could ever be "
		            "installed"),
		         NULL);
	if (count_role(p, WL_PERSON_APPROVER, NULL) == 0) {
		complain(e, 0, 0, "people", "", N_("no approver: nothing could ever be released"),
		         NULL);
		return;
	}
	size_t needed = p->inbound.approvals > 1 ? (size_t)p->inbound.approvals : 1;
	for (size_t i = 0; i < p->npeople; i++) {
		const struct wl_policy_person *a = &p->people[i];
		if ((a->roles & WL_PERSON_TECHNICIAN) &&
		    count_role(p, WL_PERSON_APPROVER, a) < needed)
			complain(e, a->line, a->column, "people", a->id,
			         N_("{key}: what this technician opens could never be approved: "
			            "too few other approvers"),
			         NULL);
	}
	if (count_role(p, WL_PERSON_TECHNICIAN, NULL) == 0)
		wl_policy_errors_add(
		        e, &(struct wl_policy_complaint){
		                   .rule = WL_RULE_POLICY_VALUE,
		                   .warning = true,
		                   .key = "people",
		                   .text = N_("no technician: nobody can bring an update in")});
}

/* ---- ports and mode ---- */

static void check_port(const struct wl_policy *p, size_t i, struct wl_policy_errors *e)
{
	const struct wl_policy_port *a = &p->ports[i];
	const char *match = a->match ? a->match : "";
	bool loop = strncmp(match, "loop:", 5) == 0;
	bool usb = strncmp(match, "usb:", 4) == 0 && match[4] != '\0';
	bool number = loop && match[5] && strspn(match + 5, "0123456789") == strlen(match + 5) &&
	              strlen(match + 5) <= 7;
	if (a->match && !usb && !number)
		complain(e, a->line, a->column, "ports", a->id,
		         N_("{key}: match is \"usb:PATH\", the ID_PATH of udevadm info for a stick "
		            "in that port, not \"{word}\""),
		         match);
	if (loop && p->station.mode != WL_MODE_TEST)
		complain(e, a->line, a->column, "ports", a->id,
		         N_("{key}: \"{word}\" is allowed only in mode test"), match);
	for (size_t j = 0; j < i; j++)
		if (p->ports[j].match && strcmp(p->ports[j].match, match) == 0)
			complain(e, a->line, a->column, "ports", a->id,
			         N_("{key} is the same hole as port \"{word}\""), p->ports[j].id);
}

static size_t count_ports(const struct wl_policy *p, enum wl_port_use use)
{
	size_t n = 0;
	for (size_t i = 0; i < p->nports; i++)
		n += p->ports[i].use == use;
	return n;
}

void wl_policy_check_mode(const struct wl_policy *p, struct wl_policy_errors *e)
{
	bool test = p->station.mode == WL_MODE_TEST;
	const char *origin = p->station.origin;
	for (size_t i = 0; i < p->nports; i++)
		check_port(p, i, e);
	if (p->nports > 0 &&
	    (!count_ports(p, WL_PORT_SOURCE) || !count_ports(p, WL_PORT_DESTINATION)))
		complain(e, 0, 0, "ports", "",
		         N_("a station has at least one source port and one destination port"),
		         NULL);
	if (origin && p->station.mode != 0 && (strncmp(origin, "test.", 5) == 0) != test)
		complain(e, p->station.line, p->station.column, "station", "origin",
		         test ? N_("{key}: in mode test the origin begins with \"test.\"")
		              : N_("{key}: an origin that begins with \"test.\" belongs to mode "
		                   "test"),
		         origin);
	if (test || p->station.mode == 0)
		return;
	if (p->destination.require == WL_DEST_ANY)
		complain(e, 0, 0, "destination", "require",
		         N_("{key}: \"any\" is allowed only in mode test"), NULL);
	if (p->vault.quota_bytes > 0 && !p->vault.require_encrypted_disk)
		complain(e, 0, 0, "vault", "require_encrypted_disk",
		         N_("{key}: \"false\" is allowed only in mode test"), NULL);
}
