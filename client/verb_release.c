/*
 * `release`: writes an approved transfer to its medium. Whether the medium will do, and whether
 * the approvals stand, is the station's to say.
 */
#include "client/action.h"
#include "client/resolve.h"
#include "daemon/base/cleanup.h"

int wl_verb_release(struct wl_cli *cli)
{
	WL_AUTO_FREE char *port = NULL;
	char id[WL_ID_TEXT], command[64];
	int status = wl_resolve_operand(cli, id);

	if (status)
		return status;
	(void)snprintf(command, sizeof(command), "weighlock release %s", id);
	status = wl_action_destination(cli, wl_args_value(cli->args, "port"), command, &port);
	return status ? status : wl_action_release(cli, id, port);
}
