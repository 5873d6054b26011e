/*
 * `reject`: an approver says no, with a reason; the transfer ends.
 */
#include "client/action.h"
#include "client/resolve.h"

int wl_verb_reject(struct wl_cli *cli)
{
	char id[WL_ID_TEXT];
	int status = wl_resolve_operand(cli, id);
	if (status)
		return status;
	json_t *p = json_pack("{s:s}", "words", wl_args_value(cli->args, "reason"));
	return wl_action_call(cli, "Reject", id, p, _("rejected. Nothing leaves."));
}
