/*
 * `station confirm`: the second person says that the keys are the ones the first was shown. That
 * it is another account is checked by the station.
 */
#include <string.h>

#include "client/say.h"
#include "client/station.h"

int wl_verb_station_confirm(struct wl_cli *cli)
{
	char fingerprint[200] = "";
	json_t *answer = NULL;

	/* eight groups, in one word or in eight */
	for (size_t i = 0; i < wl_args_operands(cli->args); i++) {
		size_t used = strlen(fingerprint);
		(void)snprintf(fingerprint + used, sizeof(fingerprint) - used, "%s%s", i ? " " : "",
		               wl_args_operand(cli->args, i));
	}
	int status = wl_station_call(cli, "StationConfirm",
	                             json_pack("{s:s}", "fingerprint", fingerprint), &answer);
	if (status)
		return status;
	wl_say(cli, _("Confirmed. The ledger begins with entry %s, by both of you."),
	       wl_member_text(answer, "entry"));
	wl_say_next(cli, false, _("Print the card, sign it both, then install the policy."), NULL,
	            "weighlock station card");
	wl_cli_json(cli, answer);
	json_decref(answer);
	return WL_EXIT_DONE;
}
