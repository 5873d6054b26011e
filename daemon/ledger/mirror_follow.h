/* The mirror follows where the ledger's key was changed. */
#ifndef WL_LEDGER_MIRROR_FOLLOW_H
#define WL_LEDGER_MIRROR_FOLLOW_H

#include "daemon/ledger/ledger.h"

/*
 * Where the mirror still holds the ledger before this one, brings it up to that ledger's end and
 * puts it away into archive/N as well. 0 also where there is nothing to do, or the mirror has a
 * fault of its own (wl_mirror_open says it then); -EUCLEAN with the reason where it proves that the
 * archive lost entries or has another history.
 */
int wl_mirror_follow(struct wl_ledger *l, struct wl_finding *f);

#endif
