/* Inside of ledger.c that station.c and append.c need. */
#ifndef WL_LEDGER_STATION_H
#define WL_LEDGER_STATION_H

#include "daemon/ledger/ledger.h"

#define WL_STATION_FIRST_CHECKPOINT "first-checkpoint" /* in .state */

/* Lets go of keys, store and index, to open them again. */
void wl_station_forget(struct wl_ledger *l);
/* Adds what every entry 0 says: keys, origin, and the second person. */
int wl_station_fill(const struct wl_ledger *l, const char *second, struct wl_draft *d);
/* Reads who this station is, and opens everything; nothing where `station init` was not said. */
int wl_ledger_open_identity(struct wl_ledger *l, struct wl_finding *f);
/* Opens store and index of an identified station. */
int wl_ledger_open_store(struct wl_ledger *l, struct wl_finding *f);
/* Stages a checked draft under this clock. -ENOSPC: commit first; -EMSGSIZE, -EINVAL: nothing was
 * staged; any other error has set `failed`. */
int wl_ledger_stage(struct wl_ledger *l, const struct wl_draft *d, const struct wl_clock *c,
                    uint64_t *ret_seq);

/* succession.c: the proposal of a succession, kept in .state/succeeds until it is confirmed. */
int wl_succession_forget(struct wl_ledger *l);
/* 1 and the old ledger where this station is a successor, 0 where it is none. */
struct wl_predecessor;
int wl_succession_open(struct wl_ledger *l, struct wl_predecessor *ret, struct wl_finding *f);
/* Adds what entry 0 says of it; lost: nobody outside vouches for what is taken over. */
int wl_succession_fill(const struct wl_predecessor *p, bool lost, struct wl_draft *d);
/* Entries that an interrupted confirmation still owes. */
int wl_succession_finish(struct wl_ledger *l, struct wl_finding *f);

#endif
