/*
 * `watch`: follows the station or one transfer. Reads only; Ctrl-C ends it.
 */
#include "client/follow.h"
#include "client/resolve.h"
#include "client/say.h"
#include "client/transfer_view.h"

int wl_verb_watch(struct wl_cli *cli)
{
	char transfer[WL_ID_TEXT];
	struct wl_follow_result result;
	json_t *t = NULL, *items = NULL;

	if (wl_args_operands(cli->args) == 0)
		return wl_follow_station(cli);
	int status = wl_resolve_operand(cli, transfer);
	if (!status)
		status = wl_follow_transfer(cli, transfer, WL_FOLLOW_END, &result);
	if (!status)
		status = wl_view_fetch(cli, transfer, &t, &items);
	if (status)
		return status;
	wl_say_next_of(cli, t);
	status = wl_view_exit(t);
	json_decref(t);
	json_decref(items);
	return status;
}
