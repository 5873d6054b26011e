/* Objects of the control interface (docs/control-objects.md), made from what the broker knows. */
#ifndef WL_BROKER_OBJECTS_H
#define WL_BROKER_OBJECTS_H

#include <jansson.h>

#include "daemon/broker/ports.h"
#include "daemon/broker/transfer.h"
#include "policy/decide.h"

/* A ticket; signers may be NULL. `withdrawn` by the ledger. */
json_t *wl_object_ticket(const struct wl_ticket *t, const struct wl_signer *signers, size_t n,
                         int64_t now, bool withdrawn);
/* The withdrawal of a ticket: ticket, sha256 (of the withdrawal), authority, reason, issued_at,
 * signers, state. */
json_t *wl_object_withdrawal(const struct wl_withdrawal *w, const struct wl_signer *signers,
                             size_t n);
json_t *wl_object_rules(const struct wl_rules *rules);
/* A port and its medium. */
json_t *wl_object_port(const struct wl_ports *ports, const struct wl_port *port);
/* A row of transfers[], without next_*. */
json_t *wl_object_transfer(const struct wl_transfer *t, unsigned approvals_needed);
/* Adds what Show knows further: outputs, approvals, people. */
void wl_object_transfer_more(json_t *object, const struct wl_transfer *t);

/* Sets a text member unless the text is empty. */
void wl_object_text(json_t *object, const char *member, const char *text);

#endif
