/*
 * `retry`: goes on after a fault, from what the vault still holds.
 */
#include "client/action.h"
#include "client/follow.h"
#include "client/resolve.h"
#include "client/say.h"

int wl_verb_retry(struct wl_cli *cli)
{
	char id[WL_ID_TEXT];
	struct wl_follow_result result;
	int status = wl_resolve_operand(cli, id);

	if (!status)
		status = wl_follow_call(cli, "Retry", json_pack("{s:s}", "transfer", id), &result);
	if (status)
		return status;
	if (result.interrupted)
		wl_say(cli, "%s", _("Stopped watching. The station goes on."));
	return wl_action_finish(cli, id, NULL, true);
}
