/* The text of a custody record (INTERFACES 7, requirements C-11, C-12, C-18, H-01), from entries
 * and the manifest. */
#ifndef WL_LEDGER_CUSTODY_COMPOSE_H
#define WL_LEDGER_CUSTODY_COMPOSE_H

#include "daemon/ledger/ledger.h"

/*
 * Writes the record of an outbound release.intent into `fd` (empty, at its beginning). 0; -EINVAL
 * with the reason in the detail where this entry has none: an inbound transfer, an output that is
 * none, or something the record must say and no durable entry says. -EUCLEAN, -ENOMEM, other
 * negative errno.
 */
int wl_custody_write(struct wl_ledger *l, const struct wl_entry *intent, int fd,
                     struct wl_finding *ret_finding);

#endif
