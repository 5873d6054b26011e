/*
 * The files of an export at one size: C2SP tiles and entry bundles, and manifests.
 *
 * An export always holds every tile of hashes (32 bytes an entry) and the bundles from the one that
 * holds entry `first` on. With the hashes an auditor computes the root of any earlier size, so that
 * what she knows (her last checkpoint, a receipt on paper) is compared without the old entries.
 * Where the ledger's key was changed and nobody has countersigned since, the whole ledger before it
 * goes along under archive/N, so that the old key can vouch for the new one.
 */
#ifndef WL_LEDGER_EXPORT_H
#define WL_LEDGER_EXPORT_H

#include "daemon/ledger/ledger.h"

#define WL_EXPORT_PATH 128

/* Where the list is; start from zero with size and first set. */
struct wl_export_at {
	uint64_t size, first;
	int level; /* 0: bundles, 1 + L: tiles of level L, then manifests */
	uint64_t n;
	unsigned part; /* 0: the ledger, 1: the one before it, 2: that one's checkpoint, 3: the end
	                */
};

/* The first entry of an export: of the bundle that holds the last countersigned size; 0 where there
 * is none, or `full`. 0 or negative errno. */
int wl_export_first(struct wl_ledger *l, bool full, uint64_t *ret);

/* The next file: 1 with its path and size, 0 after the last, negative errno. */
int wl_export_next(struct wl_ledger *l, struct wl_export_at *at, char path[WL_EXPORT_PATH],
                   uint64_t *ret_bytes);

/* The bytes of one of them, as they are for a ledger of `size` entries, in a sealed memfd. -ENOENT
 * for a path that is none of them. */
int wl_export_open(struct wl_ledger *l, uint64_t size, const char *path, int *ret_fd,
                   uint64_t *ret_bytes);

#endif
