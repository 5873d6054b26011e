/*
 * C2SP tlog-tiles in a folder: tile/<L>/<N>[.p/<W>] and tile/entries/<N>[.p/<W>].
 *
 * Written only by weighlock-ledgerd (one writer, flock of the journal's folder), read by auditors
 * as it lies. Appending happens in memory first; publishing makes every changed tile durable as a
 * whole file (tmp, fsync, rename, fsync of the folder). A partial tile is removed once its full one
 * exists. The functions are not told what size is signed: the caller (store.h) keeps that order.
 */
#ifndef WL_LEDGER_TILES_H
#define WL_LEDGER_TILES_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/ledger/merkle.h"

#define WL_TILE_WIDTH     256U
#define WL_TILE_LEVELS    8U /* 256^8 entries */
#define WL_TILE_PATH_TEXT 64
#define WL_TILE_ENTRIES   (-1) /* as a level: the bundles of entries */

struct wl_tiles; /* opaque */

/* "tile/1/x001/067.p/17"; level WL_TILE_ENTRIES gives "tile/entries/…"; width 256 is the full one.
 */
void wl_tile_path(int level, uint64_t n, unsigned width, char buf[WL_TILE_PATH_TEXT]);

/*
 * Opens the tiles under `dirfd` (which stays the caller's and must outlive the object) at `size`:
 * reads the right edge and checks that bundle and hashes agree there. -EUCLEAN where a tile of that
 * size is missing or has a wrong form.
 */
int wl_tiles_open(int dirfd, uint64_t size, struct wl_tiles **ret);
struct wl_tiles *wl_tiles_free(struct wl_tiles *t);

uint64_t wl_tiles_size(const struct wl_tiles *t); /* with what was appended and not yet published */
/* Appends in memory. -EMSGSIZE beyond WL_ENTRY_BYTES_MAX. */
int wl_tiles_append(struct wl_tiles *t, const void *entry, size_t n);
/* Writes every changed tile durably. It can be said again after an error. */
int wl_tiles_publish(struct wl_tiles *t);
/* The same into the folder of a mirror; the tiles stay changed. */
int wl_tiles_write(const struct wl_tiles *t, int dirfd);
/* Writes into a mirror what a ledger of `to` entries has beyond one of `from`; to is at most what
 * is published. */
int wl_tiles_copy(struct wl_tiles *t, uint64_t from, uint64_t to, int dirfd);

/* wl_merkle_get over the tiles, those in memory included; user is the struct wl_tiles. */
int wl_tiles_get(void *user, unsigned height, uint64_t index, struct wl_hash *ret);
/* The root of the first `size` leaves, size at most wl_tiles_size. */
int wl_tiles_root(struct wl_tiles *t, uint64_t size, struct wl_hash *ret);
/* The bytes of an entry, valid until the next call of any function here. -ERANGE, -EUCLEAN. */
int wl_tiles_entry(struct wl_tiles *t, uint64_t seq, const uint8_t **ret_p, size_t *ret_n);

#endif
