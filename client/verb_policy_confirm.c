/*
 * `policy confirm`: the second administrator's word; only then is the policy in force.
 */
#include <string.h>

#include "client/ask.h"
#include "client/duration.h"
#include "client/say.h"
#include "client/station.h"

/* At a terminal: shows which policy it would be. 0 and its digest in *call, or the exit status. */
static int ask(struct wl_cli *cli, json_t *call)
{
	json_t *answer = NULL;
	int status = wl_station_call(
	        cli, "PolicyShow", json_pack("{s:O}", "version", json_object_get(call, "version")),
	        &answer);
	if (status)
		return status;
	const json_t *p = json_object_get(answer, "policy");
	wl_say(cli, _("Policy version %lld, proposed by %s, SHA-256 %s"),
	       (long long)wl_member_integer(p, "version"), wl_member_text(p, "proposed_by"),
	       wl_member_text(p, "sha256"));
	if (wl_ask_yes(cli, _("Is that the policy you have read, and is it to be in force?"))) {
		(void)json_object_set_new(call, "sha256", json_string(wl_member_text(p, "sha256")));
	} else {
		wl_say(cli, "%s", _("Not confirmed. Nothing was changed."));
		status = WL_EXIT_WAITING;
	}
	json_decref(answer);
	return status;
}

int wl_verb_policy_confirm(struct wl_cli *cli)
{
	const char *word = wl_args_operand(cli->args, 0);
	const char *read = wl_args_value(cli->args, "sha256");
	uint64_t version;
	int status = 0;
	json_t *answer = NULL;

	if (wl_number_parse(word, &version) < 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("\"%.60s\" is no version: say a number."), word);
	json_t *call = json_pack("{s:I}", "version", (json_int_t)version);
	if (read)
		(void)json_object_set_new(call, "sha256", json_string(read));
	else if (cli->can_ask)
		status = ask(cli, call);
	if (status)
		json_decref(call);
	else
		status = wl_station_call(cli, "PolicyConfirm", call, &answer);
	if (status)
		return status;
	wl_say(cli, _("Policy version %llu is in force (entry %s)."), (unsigned long long)version,
	       wl_member_text(answer, "entry"));
	wl_say_next(cli, false, NULL, NULL, "weighlock status");
	wl_cli_json(cli, answer);
	json_decref(answer);
	return WL_EXIT_DONE;
}
