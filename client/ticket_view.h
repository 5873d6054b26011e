/* Tickets a station has, in words. */
#ifndef WL_CLIENT_TICKET_VIEW_H
#define WL_CLIENT_TICKET_VIEW_H

#include "client/cli.h"

/* tickets[] of ListTickets and AddTicket: a line each (and JSON a line each). */
void wl_ticket_view_list(const struct wl_cli *cli, const json_t *tickets);

#endif
