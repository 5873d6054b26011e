/*
 * `policy confirm`: the second administrator's word; only then is the policy in force.
 */
#include "client/duration.h"
#include "client/say.h"
#include "client/station.h"

int wl_verb_policy_confirm(struct wl_cli *cli)
{
	const char *word = wl_args_operand(cli->args, 0);
	uint64_t version;
	json_t *answer = NULL;

	if (wl_number_parse(word, &version) < 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("\"%.60s\" is no version: say a number."), word);
	int status = wl_station_call(cli, "PolicyConfirm",
	                             json_pack("{s:I}", "version", (json_int_t)version), &answer);
	if (status)
		return status;
	wl_say(cli, _("Policy version %llu is in force (entry %s)."), (unsigned long long)version,
	       wl_member_text(answer, "entry"));
	wl_say_next(cli, false, NULL, NULL, "weighlock status");
	wl_cli_json(cli, answer);
	json_decref(answer);
	return WL_EXIT_DONE;
}
