/* Canonical JSON (INTERFACES 6), written piece by piece into a file: what documents are made of. */
#ifndef WL_LEDGER_JSON_OUT_H
#define WL_LEDGER_JSON_OUT_H

#include "daemon/ledger/ledger.h"

#define WL_OUT_PIECE_BYTES 16384U

/* Start from {.fd = fd}. The first mistake stays in `error`; after it nothing more is written. */
struct wl_out {
	int fd, error;
	bool first; /* for a list under way: no comma yet */
	char buf[WL_OUT_PIECE_BYTES];
	size_t n;
};

/* At most a quarter of WL_OUT_PIECE_BYTES at once: -EMSGSIZE in `error` beyond. */
void wl_out_put(struct wl_out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* `lead` as it stands, then s as a JSON text. */
void wl_out_text(struct wl_out *o, const char *lead, const char *s);
/* `lead`, then the elements of a list of *d as an array of texts; an absent list is empty. */
void wl_out_list(struct wl_out *o, const char *lead, const struct wl_draft *d, enum wl_member m);
/* `{"approved_by":[...]`: the actors of the approvals the intent names, in its order. 0, or
 * negative errno where one is not an entry. */
int wl_out_approvers(struct wl_ledger *l, struct wl_out *o, const struct wl_entry *intent);
/* `,"certificate_expired":"..."` where the station's certificate had ended at the intent's time. */
void wl_out_certificate_expired(struct wl_out *o, const struct wl_ledger *l,
                                const struct wl_entry *intent);
void wl_out_flush(struct wl_out *o);

#endif
