/* Reading a ticket file of the person's own, with the name a station would look for. */
#ifndef WL_CLIENT_TICKET_READ_H
#define WL_CLIENT_TICKET_READ_H

#include "client/cli.h"
#include "policy/ticket.h"

/*
 * The bytes (free *ret_p; may be NULL) and the ticket (wl_ticket_free; may be NULL). 0, or the
 * exit status after the person was told: 2 for what is no ticket, with its rule.
 */
int wl_ticket_load(const struct wl_cli *cli, const char *path, void **ret_p, size_t *ret_n,
                   struct wl_ticket **ret);

/* Says a finding ("REFUSED: …", its rule) and writes it with --json. Returns `status`. */
int wl_finding_say(const struct wl_cli *cli, int status, const char *what,
                   const struct wl_finding *finding);

#endif
