/*
 * From a call to its handler (weighlockd): does the method exist, who is calling, may they, are the
 * arguments what the table says.
 *
 * The attacker is a local account with a role too few, or none. Who it is says the kernel
 * (SO_PEERCRED) and the policy, never the call. What is denied is written into the ledger, at most
 * ten a minute per account, so that nobody fills the disk by being refused.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/broker/broker.h"
#include "daemon/broker/language.h"
#include "daemon/broker/methods.h"
#include "daemon/broker/service.h"

#define DENIED_UIDS_MAX 32U
#define DENIED_A_MINUTE 10U
#define SERVICE_PREFIX  "org.varlink.service."

/* The person behind a uid. Accounts are looked up by name; in mode test also as "uid:N". */
const struct wl_policy_person *wl_person_identify(const struct wl_policy *policy, uid_t uid)
{
	struct passwd pw, *found = NULL;
	char buf[4096];
	if (getpwuid_r(uid, &pw, buf, sizeof(buf), &found) != 0)
		found = NULL;
	return wl_policy_person_of(policy, uid, found ? found->pw_name : NULL);
}

static bool denial_is_written(uid_t uid)
{
	static struct {
		uid_t uid;
		time_t minute;
		unsigned count;
	} row[DENIED_UIDS_MAX];
	static unsigned next;
	time_t minute = time(NULL) / 60;
	for (unsigned i = 0; i < DENIED_UIDS_MAX; i++)
		if (row[i].count && row[i].uid == uid && row[i].minute == minute)
			return row[i].count++ < DENIED_A_MINUTE;
	row[next].uid = uid;
	row[next].minute = minute;
	row[next].count = 1;
	next = (next + 1) % DENIED_UIDS_MAX;
	return true;
}

static void record_denied(struct wl_broker *b, struct wl_call *c, const char *method,
                          enum wl_rule rule)
{
	struct wl_finding ignored;
	if (!b->ledger_there || !b->status.initialised || !denial_is_written(c->caller.uid))
		return;
	const char *transfer = json_string_value(json_object_get(c->parameters, "transfer"));
	if (transfer && !wl_transfers_find(b, transfer))
		transfer = NULL; /* whatever else a stranger may have typed there */
	json_t *e = wl_call_entry(c, WL_E_CALL_DENIED, transfer);
	wl_entry_text(e, WL_M_METHOD, method);
	wl_entry_rule(e, WL_M_RULE, rule);
	(void)wl_broker_append(b, e, NULL, &ignored);
}

/* Before the first policy: members of weighlock-setup, and only what is theirs. */
static enum wl_rule may_before_policy(const struct wl_call *c, const char *method)
{
	bool anybody;
	unsigned roles = wl_method_roles(method, &anybody);
	if (anybody || (c->caller.setup_group && (roles & WL_PERSON_SETUP)))
		return WL_RULE_NONE;
	return WL_RULE_STATION_NO_POLICY;
}

static enum wl_rule may(struct wl_broker *b, struct wl_call *c, const char *method)
{
	const struct wl_policy *policy = wl_broker_policy(b);
	c->caller.person[0] = '\0';
	c->caller.roles = 0;
	if (!policy)
		return may_before_policy(c, method);
	const struct wl_policy_person *person = wl_person_identify(policy, c->caller.uid);
	if (person) {
		(void)snprintf(c->caller.person, sizeof(c->caller.person), "%s", person->id);
		c->caller.roles = person->roles;
	}
	return wl_person_may(person, method, time(NULL));
}

/* There may well be a policy: nobody has been able to ask the ledger, or it names one that is not
 * read yet. That is a part that is missing, and nothing that two administrators should mend. */
static bool is_policy_unread(const struct wl_broker *b)
{
	return !b->policy && (!b->ledger_there || b->status.has_policy);
}

static bool is_permitted(struct wl_broker *b, struct wl_call *c, const struct wl_method *m)
{
	enum wl_rule rule = may(b, c, m->name);
	if (rule == WL_RULE_STATION_NO_POLICY && is_policy_unread(b)) {
		wl_station_refresh(b); /* perhaps it is back by now */
		rule = may(b, c, m->name);
	}
	if (rule == WL_RULE_NONE)
		return true;
	if (rule == WL_RULE_STATION_NO_POLICY && is_policy_unread(b)) {
		wl_call_unavailable(c, WL_RULE_STATION_PART_MISSING,
		                    json_pack("{s:s, s:s}", "part", "ledger", "detail", "ledger"));
		return false;
	}
	record_denied(b, c, m->name, rule);
	if (rule == WL_RULE_PERSON_ROLE_MISSING)
		wl_call_not_permitted(c, wl_person_role_name(wl_method_first_role(m->name)));
	else
		wl_call_refuse(c, rule, NULL, NULL);
	return false;
}

static void invalid(struct wl_call *c, const char *parameter)
{
	wl_call_error(c, SERVICE_PREFIX "InvalidParameter",
	              json_pack("{s:s}", "parameter", parameter));
}

/* A call that a rule refused stands in the ledger too. Jobs write their own end, and what the
 * station itself cannot do (its stage comes first) says nothing about a person. */
static void on_refused(void *user, struct wl_call *c, enum wl_rule rule)
{
	if (!c->deferred && wl_rule_row(rule)->stage > 1)
		record_denied(user, c, c->method, rule);
}

void wl_dispatch(void *user, struct wl_call *c)
{
	struct wl_broker *b = user;
	const char *parameter, *expected;
	if (c->oneway || c->upgrade)
		return invalid(c, c->oneway ? "oneway" : "upgrade");
	if (!strncmp(c->method, SERVICE_PREFIX, strlen(SERVICE_PREFIX)))
		return wl_service_call(c, c->method + strlen(SERVICE_PREFIX));
	bool ours = !strncmp(c->method, WL_ERROR_PREFIX, strlen(WL_ERROR_PREFIX));
	const struct wl_method *m =
	        ours ? wl_method_find(c->method + strlen(WL_ERROR_PREFIX)) : NULL;
	if (!m)
		return wl_call_error(c, SERVICE_PREFIX "MethodNotFound",
		                     json_pack("{s:s}", "method", c->method));
	c->method = m->name;
	if (c->more && !m->more)
		return invalid(c, "more");
	if (!is_permitted(b, c, m))
		return;
	if (wl_args_check(m->args, c->parameters, &parameter, &expected) < 0)
		return wl_call_bad_argument(c, parameter, expected);
	if (!m->handler)
		return wl_call_error(c, SERVICE_PREFIX "MethodNotImplemented",
		                     json_pack("{s:s}", "method", m->name));
	c->on_refused = on_refused;
	c->on_refused_user = b;
	m->handler(b, c);
}

void wl_do_set_language(struct wl_broker *b, struct wl_call *c)
{
	(void)b;
	const char *language = wl_call_text(c, "language");
	if (!wl_language_is_known(language))
		return wl_call_bad_argument(c, "language", "en or fr");
	wl_conn_set_language(c->conn, language);
	wl_call_reply(c, NULL);
}
