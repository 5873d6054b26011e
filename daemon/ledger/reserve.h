/*
 * Room on the disk that is kept for the ledger's last words (.state/reserve).
 *
 * While the reserve is not whole the disk counts as full: only what ends, refuses or explains is
 * still appended (append.c), and the reserve is given up piece by piece for that. It is made whole
 * again as soon as there is room.
 */
#ifndef WL_LEDGER_RESERVE_H
#define WL_LEDGER_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

#define WL_RESERVE_BYTES      (UINT64_C(256) << 20) /* never more than a sixteenth of the disk */
#define WL_RESERVE_BYTES_FREE (UINT64_C(2) << 20)   /* what must be free beside it to write files */

struct wl_reserve {
	int fd; /* -1: none is kept */
	uint64_t want, have;
};

/* Opens or makes the file in `dirfd`; `bytes` 0 keeps none. 0 or negative errno; no room is no
 * error. */
int wl_reserve_open(int dirfd, uint64_t bytes, struct wl_reserve *ret);
void wl_reserve_close(struct wl_reserve *r);
/* Makes it whole where there is room, or gives up of it what writing the files needs. */
int wl_reserve_balance(struct wl_reserve *r);
/* Gives up another piece: false where nothing was left of it, or the disk is not full at all. */
bool wl_reserve_give(struct wl_reserve *r);
bool wl_reserve_is_whole(const struct wl_reserve *r);

#endif
