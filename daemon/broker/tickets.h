/*
 * The tickets kept at this station: /var/lib/weighlock/tickets/<ID>/<ID>.ticket.json and
 * <ID>.ticket.N.p7s; where the authority took one back, <ID>.withdrawal.json and its signatures lie
 * beside it as the proof. They were verified when they came (AddTicket) and are verified again with
 * each inspection; which ones were added stands in the ledger.
 */
#ifndef WL_BROKER_TICKETS_H
#define WL_BROKER_TICKETS_H

#include "policy/items.h"
#include "policy/ticket.h"

#define WL_TICKETS_MAX           512U
#define WL_TICKET_SIGNATURES_MAX 8U

struct wl_stored_ticket {
	struct wl_ticket *ticket;
	struct wl_items files; /* its json and signatures: numbered, digests set */
	int folder_fd;
};

/* All of them, in the order of their ids; free with wl_tickets_free. One that cannot be read is
 * left out. */
int wl_tickets_load(int tickets_fd, struct wl_stored_ticket **ret, size_t *ret_n);
void wl_tickets_free(struct wl_stored_ticket *tickets, size_t n);

struct wl_ticket_blob {
	void *p;
	size_t n;
};
/* Stores a verified ticket ("ticket") or its withdrawal ("withdrawal") durably; replaces an earlier
 * one of the same id and kind. 0 or a negative errno of the disk. */
int wl_tickets_store(int tickets_fd, const char *id, const char *kind,
                     const struct wl_ticket_blob *json, const struct wl_ticket_blob *signatures,
                     size_t nsignatures);

#endif
