/* The text of a delivery note (INTERFACES 7), from entries and the manifest. */
#ifndef WL_LEDGER_NOTE_COMPOSE_H
#define WL_LEDGER_NOTE_COMPOSE_H

#include "daemon/ledger/ledger.h"

/* Writes the note of a release.intent into `fd` (empty, at its beginning). 0; -EINVAL where this
 * entry has no note; negative errno. */
int wl_note_write(struct wl_ledger *l, const struct wl_entry *intent, int fd,
                  struct wl_finding *ret_finding);

#endif
