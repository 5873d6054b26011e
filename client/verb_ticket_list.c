/*
 * `ticket list`: the tickets this station has. Reads only.
 */
#include "client/say.h"
#include "client/station.h"
#include "client/ticket_view.h"

int wl_verb_ticket_list(struct wl_cli *cli)
{
	json_t *answer = NULL;
	int status = wl_station_call(cli, "ListTickets", NULL, &answer);

	if (status)
		return status;
	const json_t *tickets = json_object_get(answer, "tickets");
	if (json_array_size(tickets) == 0)
		wl_say(cli, "%s", _("This station has no tickets."));
	wl_ticket_view_list(cli, tickets);
	json_decref(answer);
	return WL_EXIT_DONE;
}
