/*
 * `ticket add`: the station reads tickets from a medium and keeps those whose officers it trusts.
 */
#include <string.h>

#include "client/say.h"
#include "client/station.h"
#include "client/ticket_view.h"

int wl_verb_ticket_add(struct wl_cli *cli)
{
	json_t *answer = NULL;
	int status = wl_station_call(cli, "AddTicket",
	                             json_pack("{s:s}", "port", wl_args_value(cli->args, "from")),
	                             &answer);

	if (status)
		return status;
	const json_t *tickets = json_object_get(answer, "tickets");
	wl_ticket_view_list(cli, tickets);
	for (size_t i = 0; i < json_array_size(tickets); i++) {
		const json_t *t = json_array_get(tickets, i);
		if (!strcmp(wl_member_text(t, "verdict"), "refuse"))
			status = WL_EXIT_REFUSED;
	}
	wl_say_next(cli, false, _("Take the medium out."), NULL, "weighlock ticket list");
	json_decref(answer);
	return status;
}
