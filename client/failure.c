/*
 * What an error of the control interface looks like to a person, and its exit status (INTERFACES
 * 9): a row per error. Texts in it were rendered and escaped by the station. Runs in the client.
 */
#include <string.h>

#include "client/say.h"
#include "client/station.h"
#include "daemon/base/cleanup.h"

static void say_rule_remedy(const struct wl_cli *cli, const json_t *p)
{
	wl_say_rule(cli, wl_member_text(p, "rule"));
	const char *words = wl_member_text(p, "next_words");
	wl_say_next(cli, true, words[0] ? words : wl_member_text(p, "remedy"),
	            wl_member_text(p, "next_actor"), wl_member_text(p, "next_command"));
}

static void say_refused(const struct wl_cli *cli, const json_t *p)
{
	const char *reason = wl_member_text(p, "reason");
	wl_say_error(cli, _("REFUSED: %s"), reason[0] ? reason : wl_member_text(p, "rule"));
	const json_t *rules = json_object_get(p, "rules");
	for (size_t i = 1; i < json_array_size(rules); i++)
		(void)fprintf(stderr, "  %s %s\n", _("also:"),
		              json_string_value(json_array_get(rules, i)));
	say_rule_remedy(cli, p);
}

static void say_not_permitted(const struct wl_cli *cli, const json_t *p)
{
	const char *role = wl_member_text(p, "role");
	wl_say_error(cli, _("REFUSED: this needs the role %s, which you do not have."),
	             role[0] ? role : "?");
	wl_say_rule(cli, "person.role-missing");
	(void)fprintf(stderr, "%s weighlock help %s\n", _("Next:"), role);
}

static void say_wrong_state(const struct wl_cli *cli, const json_t *p)
{
	const json_t *expected = json_object_get(p, "expected");
	const char *transfer = wl_member_text(p, "transfer");
	char list[200] = "";

	for (size_t i = 0; i < json_array_size(expected); i++) {
		size_t used = strlen(list);
		(void)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
		               json_string_value(json_array_get(expected, i)));
	}
	wl_say_error(cli, _("%s is in state %s; this can be done only in: %s."),
	             transfer[0] ? transfer : _("The station"), wl_member_text(p, "state"), list);
	(void)fprintf(stderr, transfer[0] ? "%s weighlock show %s\n" : "%s weighlock status\n",
	              _("Next:"), transfer);
}

static void say_no_such(const struct wl_cli *cli, const json_t *p)
{
	static const struct {
		const char *kind, *list;
	} lists[] = {
	        {"transfer", "weighlock transfers"}, {"ticket", "weighlock ticket list"},
	        {"port", "weighlock media list"},    {"device", "weighlock policy show"},
	        {"policy", "weighlock policy show"},
	};
	const char *kind = wl_member_text(p, "kind");
	wl_say_error(cli, _("There is no %s \"%s\" at this station."), kind,
	             wl_member_text(p, "id"));
	for (size_t i = 0; i < WL_ARRAY_LEN(lists); i++) {
		if (!strcmp(lists[i].kind, kind))
			wl_say_next(cli, true, NULL, NULL, lists[i].list);
	}
}

/* What a person typed for a parameter of a call; what they did not type under another name is its
 * own. */
static const char *typed_as(const char *parameter)
{
	static const struct {
		const char *parameter, *option;
	} table[] = {
	        {"outputs", "--as"},
	        {"scanner_clock", "--clock"},
	        {"tip_state", "--tip"},
	        {"scans", "--scans"},
	        {"device", "--device"},
	        {"escort", "--escort"},
	        {"vendor", "--vendor"},
	        {"clearance", "--clearance"},
	        {"received_at", "--received"},
	        {"by", "--by"},
	        {"outcome", "--result"},
	        {"on", "--on"},
	        {"policy_authority_pem", "--policy-root"},
	};
	for (size_t i = 0; i < WL_ARRAY_LEN(table); i++)
		if (!strcmp(table[i].parameter, parameter))
			return table[i].option;
	return parameter;
}

static void say_bad_argument(const struct wl_cli *cli, const json_t *p)
{
	const char *expected = wl_member_text(p, "expected");
	wl_say_error(cli, _("\"%s\" is not as it should be: %s."),
	             typed_as(wl_member_text(p, "parameter")), expected[0] ? expected : "?");
	(void)fprintf(stderr, "%s weighlock help %s\n", _("Next:"), cli->verb->name);
}

static void say_unavailable(const struct wl_cli *cli, const json_t *p)
{
	wl_say_error(cli, _("The station cannot do this now: %s"), wl_member_text(p, "reason"));
	say_rule_remedy(cli, p);
	if (!wl_member_text(p, "remedy")[0] && !wl_member_text(p, "next_command")[0])
		wl_say_next(cli, true, NULL, NULL, "weighlock status");
}

static void say_too_much(const struct wl_cli *cli, const json_t *p)
{
	wl_say_error(cli, _("Too much: the limit \"%s\" is %lld."), wl_member_text(p, "limit"),
	             (long long)wl_member_integer(p, "value"));
}

static void say_not_here(const struct wl_cli *cli, const json_t *p)
{
	wl_say_error(cli,
	             _("This station does not know the call %s: client and station differ in "
	               "version."),
	             wl_member_text(p, "method"));
}

static const struct {
	const char *error;
	enum wl_exit status;
	void (*say)(const struct wl_cli *cli, const json_t *p);
} failures[] = {
        {"Refused", WL_EXIT_REFUSED, say_refused},
        {"NotPermitted", WL_EXIT_REFUSED, say_not_permitted},
        {"WrongState", WL_EXIT_USAGE, say_wrong_state},
        {"NoSuch", WL_EXIT_USAGE, say_no_such},
        {"BadArgument", WL_EXIT_USAGE, say_bad_argument},
        {"InvalidParameter", WL_EXIT_USAGE, say_bad_argument},
        {"Unavailable", WL_EXIT_FAULT, say_unavailable},
        {"TooMuch", WL_EXIT_FAULT, say_too_much},
        {"MethodNotFound", WL_EXIT_FAULT, say_not_here},
        {"MethodNotImplemented", WL_EXIT_FAULT, say_not_here},
};

int wl_failure_say(const struct wl_cli *cli, const struct wl_reply *reply)
{
	enum wl_exit status = WL_EXIT_FAULT;
	bool known = false;

	for (size_t i = 0; i < WL_ARRAY_LEN(failures); i++) {
		if (strcmp(failures[i].error, reply->error) != 0)
			continue;
		failures[i].say(cli, reply->parameters);
		status = failures[i].status;
		known = true;
	}
	if (!known)
		wl_say_error(cli,
		             _("The station answered with an error this client does not "
		               "know: %s."),
		             reply->error);
	if (cli->json) {
		json_t *object = json_deep_copy(reply->parameters);
		(void)json_object_set_new(object, "error", json_string(reply->error));
		if (!strcmp(reply->error, "NotPermitted"))
			(void)json_object_set_new(object, "rule",
			                          json_string("person.role-missing"));
		wl_cli_json(cli, object);
		json_decref(object);
	}
	return (int)status;
}
