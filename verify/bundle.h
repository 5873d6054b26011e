/* One bundle of at most 256 entries, read and hashed: work that threads can share. */
#ifndef WL_VERIFY_BUNDLE_H
#define WL_VERIFY_BUNDLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "verify/hash.h"

#define VERIFY_BUNDLE_BYTES_MAX   (VERIFY_TILE_WIDTH * (2 + 65535))
#define VERIFY_BUNDLE_BYTES_USUAL (1U << 20)

struct verify_bundle {
	/* given */
	int dirfd;
	uint64_t index;
	unsigned width;   /* entries it must hold, 1 to 256 */
	bool may_be_away; /* an earlier checkpoint vouches for it: the tile of hashes will do */
	uint8_t *buf;     /* room for cap + 1 */
	size_t cap;
	/* found */
	int result;       /* 0; -EFBIG: more than cap; -EBADMSG: ends early; as openat */
	bool from_tile;   /* hashes are those of the tile: the entries are not in this copy */
	unsigned entries; /* whole ones */
	uint32_t at[VERIFY_TILE_WIDTH];
	uint16_t length[VERIFY_TILE_WIDTH];
	uint8_t hash[VERIFY_TILE_WIDTH][VERIFY_HASH_BYTES];
	uint8_t root[VERIFY_HASH_BYTES]; /* of a full one */
	int tile;                        /* 0 equal; 1 differs; negative errno of reading it */
};

/* Finds and hashes the entries in b->buf, whose first `size` bytes are a bundle's: b->entries, at,
 * length, hash and result. */
void verify_bundle_take(struct verify_bundle *b, size_t size, struct verify_hash *sha);

/* Reads and hashes it. Everything found is in *b; never fails otherwise. */
void verify_bundle_run(struct verify_bundle *b, struct verify_hash *sha);

#endif
