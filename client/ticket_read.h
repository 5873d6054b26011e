/* Reading a ticket file of the person's own, with the name a station would look for. */
#ifndef WL_CLIENT_TICKET_READ_H
#define WL_CLIENT_TICKET_READ_H

#include "client/cli.h"
#include "policy/ticket.h"

/*
 * What the authority says in a file: a ticket, or the withdrawal of one (then *ret_ticket stays
 * NULL). The bytes are free()d by the caller. 0, or the exit status after the person was told: 2
 * for what is neither, with its rule.
 */
struct wl_ticket_file_read {
	void *p;
	size_t n;
	struct wl_ticket *ticket;
	struct wl_withdrawal withdrawal;
};
int wl_ticket_load(const struct wl_cli *cli, const char *path, struct wl_ticket_file_read *ret);
void wl_ticket_file_clear(struct wl_ticket_file_read *f); /* for WL_CLEANUP */

/* Says a finding ("REFUSED: …", its rule) and writes it with --json. Returns `status`. */
int wl_finding_say(const struct wl_cli *cli, int status, const char *what,
                   const struct wl_finding *finding);

#endif
