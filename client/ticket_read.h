/* Reading a ticket file of the person's own, with the name a station would look for. */
#ifndef WL_CLIENT_TICKET_READ_H
#define WL_CLIENT_TICKET_READ_H

#include "client/cli.h"
#include "policy/ticket.h"

/*
 * What the authority says in a file: its bytes, and the ticket, or (then `ticket` is NULL) the
 * withdrawal of one. wl_ticket_load takes an empty one and fills it; wl_ticket_file_clear frees
 * what is in it, also after a failure. 0, or the exit status after the person was told: 2 for what
 * is neither, with its rule.
 */
struct wl_ticket_file_read {
	void *p;
	size_t n;
	struct wl_ticket *ticket;
	struct wl_withdrawal withdrawal;
};
int wl_ticket_load(const struct wl_cli *cli, const char *path, struct wl_ticket_file_read *ret);
void wl_ticket_file_clear(struct wl_ticket_file_read *f); /* for WL_CLEANUP */

/* Writes a new file durably and never over another: two officers must not take one name. 0, or the
 * exit status after the person was told. */
int wl_ticket_save(const struct wl_cli *cli, const char *path, const void *p, size_t n);

/* Says a finding ("REFUSED: …", its rule) and writes it with --json. Returns `status`. */
int wl_finding_say(const struct wl_cli *cli, int status, const char *what,
                   const struct wl_finding *finding);

#endif
