/*
 * `withdraw`: takes back one's own approval; possible until the first byte is written.
 */
#include "client/action.h"
#include "client/resolve.h"

int wl_verb_withdraw(struct wl_cli *cli)
{
	char id[WL_ID_TEXT];
	int status = wl_resolve_operand(cli, id);
	return status ? status
	              : wl_action_call(cli, "Withdraw", id, NULL,
	                               _("your approval is taken back."));
}
