/*
 * `cancel`: gives a transfer up, with a reason; nothing leaves.
 */
#include "client/action.h"
#include "client/resolve.h"

int wl_verb_cancel(struct wl_cli *cli)
{
	char id[WL_ID_TEXT];
	int status = wl_resolve_operand(cli, id);
	if (status)
		return status;
	json_t *p = json_pack("{s:s}", "words", wl_args_value(cli->args, "reason"));
	return wl_action_call(cli, "Cancel", id, p, _("cancelled. Nothing leaves."));
}
