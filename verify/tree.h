/*
 * The Merkle tree of a log, rebuilt from the hashes of its entries alone (RFC 6962 2.1, C2SP
 * tlog-tiles).
 *
 * Memory does not grow with the log: for each level only the tile being filled is kept. A tile
 * that fills up is handed to a callback, which compares it with the file of that tile.
 */
#ifndef WL_VERIFY_TREE_H
#define WL_VERIFY_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "verify/hash.h"

#define VERIFY_LEVELS 8 /* 256^8 leaves: every size a 64-bit counter can say */

struct verify_tree; /* opaque */

/* Called with each completed tile; a negative return stops the walk and is returned. */
typedef int (*verify_tile_fn)(void *user, unsigned level, uint64_t index, const uint8_t *hashes,
                              unsigned width);

/* NULL without memory or without SHA-256. */
struct verify_tree *verify_tree_new(verify_tile_fn on_tile, void *user);
struct verify_tree *verify_tree_free(struct verify_tree *t);

/* Adds one leaf hash. 0, -EIO (digest), or what the callback returned. */
int verify_tree_add(struct verify_tree *t, const uint8_t *leaf);

/*
 * Adds a full tile of leaves whose root was computed, and which was compared, elsewhere: the
 * callback is not called for it, only for what it completes above. The size must be a multiple of
 * the tile's width. 0, -EINVAL, -EIO, or what the callback returned.
 */
int verify_tree_add_tile(struct verify_tree *t, const uint8_t *root);

uint64_t verify_tree_size(const struct verify_tree *t);

/* The root over what was added so far: SHA-256("") for none. 0 or -EIO. */
int verify_tree_root(struct verify_tree *t, uint8_t ret_root[VERIFY_HASH_BYTES]);

/* Hands every partial tile of the right edge (width 1 to 255) to the callback. */
int verify_tree_edge(struct verify_tree *t);

#endif
