/*
 * The Merkle tree of a log, rebuilt from the hashes of its entries alone.
 *
 * Runs in the auditor's own process on the auditor's own machine. The attacker wrote every byte
 * that is hashed and hopes that two different logs give one root. Tiles are compared elsewhere with
 * what comes out, so a tile that lies cannot bend the root. Deliberately shares no code with the
 * program that writes ledgers. Nothing is written; power going loses nothing.
 */
#include "verify/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct level {
	uint64_t tiles; /* completed before the one being filled */
	unsigned width; /* hashes in the one being filled */
	uint8_t hash[VERIFY_TILE_WIDTH][VERIFY_HASH_BYTES];
};

struct verify_tree {
	struct verify_hash *sha;
	verify_tile_fn on_tile;
	void *user;
	uint64_t size;
	struct level level[VERIFY_LEVELS];
};

struct verify_tree *verify_tree_free(struct verify_tree *t)
{
	if (t) {
		verify_hash_free(t->sha);
		free(t);
	}
	return NULL;
}

struct verify_tree *verify_tree_new(verify_tile_fn on_tile, void *user)
{
	struct verify_tree *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->sha = verify_hash_new();
	t->on_tile = on_tile;
	t->user = user;
	return t->sha ? t : verify_tree_free(t);
}

static int add_hash(struct verify_tree *t, unsigned at, const uint8_t *hash)
{
	uint8_t up[VERIFY_HASH_BYTES];

	memcpy(up, hash, sizeof(up));
	for (; at < VERIFY_LEVELS; at++) {
		struct level *l = &t->level[at];
		int r;

		memcpy(l->hash[l->width++], up, sizeof(up));
		if (l->width < VERIFY_TILE_WIDTH)
			return 0;
		r = t->on_tile(t->user, at, l->tiles, l->hash[0], l->width);
		if (r == 0)
			r = verify_hash_perfect(
			        t->sha, (const uint8_t(*)[VERIFY_HASH_BYTES])l->hash, l->width, up);
		if (r < 0)
			return r;
		l->tiles++;
		l->width = 0;
	}
	return -EOVERFLOW;
}

int verify_tree_add(struct verify_tree *t, const uint8_t *leaf)
{
	t->size++;
	return add_hash(t, 0, leaf);
}

int verify_tree_add_tile(struct verify_tree *t, const uint8_t *root)
{
	if (t->level[0].width != 0)
		return -EINVAL;
	t->size += VERIFY_TILE_WIDTH;
	t->level[0].tiles++;
	return add_hash(t, 1, root);
}

uint64_t verify_tree_size(const struct verify_tree *t)
{
	return t->size;
}

/* Folds the perfect subtrees of one level, smallest (rightmost) first, onto what lies right. */
static int fold_level(struct verify_tree *t, const struct level *l, uint8_t *root, int *have)
{
	unsigned end = l->width;

	for (unsigned bit = 1; bit < VERIFY_TILE_WIDTH; bit *= 2) {
		uint8_t sub[VERIFY_HASH_BYTES];
		int r;

		if (!(l->width & bit))
			continue;
		end -= bit;
		r = verify_hash_perfect(
		        t->sha, (const uint8_t(*)[VERIFY_HASH_BYTES]) & l->hash[end], bit, sub);
		if (r == 0 && *have)
			r = verify_hash_node(t->sha, sub, root, root);
		else if (r == 0)
			memcpy(root, sub, sizeof(sub));
		if (r < 0)
			return r;
		*have = 1;
	}
	return 0;
}

int verify_tree_root(struct verify_tree *t, uint8_t ret_root[VERIFY_HASH_BYTES])
{
	uint8_t root[VERIFY_HASH_BYTES];
	int have = 0;

	for (unsigned at = 0; at < VERIFY_LEVELS; at++) {
		int r = fold_level(t, &t->level[at], root, &have);
		if (r < 0)
			return r;
	}
	if (!have && verify_hash_bytes(t->sha, "", 0, root) < 0)
		return -EIO;
	memcpy(ret_root, root, sizeof(root));
	return 0;
}

int verify_tree_edge(struct verify_tree *t)
{
	for (unsigned at = 0; at < VERIFY_LEVELS; at++) {
		struct level *l = &t->level[at];
		int r = l->width ? t->on_tile(t->user, at, l->tiles, l->hash[0], l->width) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}
