/*
 * The Merkle tree of a log, rebuilt from its entries alone.
 *
 * Runs in the auditor's own process on the auditor's own machine. The attacker wrote every byte
 * that is hashed here and hopes that two different logs give one root; nothing is believed but the
 * hash function. Only entries go in; tiles are compared elsewhere with what comes out, so a tile
 * that lies cannot bend the root. Deliberately shares no code with the program that writes ledgers.
 */
#include "verify/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

struct level {
	uint64_t tiles; /* completed before the one being filled */
	unsigned width; /* hashes in the one being filled */
	uint8_t hash[VERIFY_TILE_WIDTH][VERIFY_HASH_BYTES];
};

struct verify_tree {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
	verify_tile_fn on_tile;
	void *user;
	uint64_t size;
	struct level level[VERIFY_LEVELS];
};

struct verify_tree *verify_tree_free(struct verify_tree *t)
{
	if (t) {
		EVP_MD_CTX_free(t->ctx);
		EVP_MD_free(t->md);
		free(t);
	}
	return NULL;
}

struct verify_tree *verify_tree_new(verify_tile_fn on_tile, void *user)
{
	struct verify_tree *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	t->ctx = EVP_MD_CTX_new();
	t->on_tile = on_tile;
	t->user = user;
	return t->md && t->ctx ? t : verify_tree_free(t);
}

static int digest(struct verify_tree *t, uint8_t prefix, const void *a, size_t na, const void *b,
                  size_t nb, uint8_t *out)
{
	if (EVP_DigestInit_ex2(t->ctx, t->md, NULL) != 1 ||
	    EVP_DigestUpdate(t->ctx, &prefix, 1) != 1 || EVP_DigestUpdate(t->ctx, a, na) != 1 ||
	    (nb && EVP_DigestUpdate(t->ctx, b, nb) != 1) ||
	    EVP_DigestFinal_ex(t->ctx, out, NULL) != 1)
		return -EIO;
	return 0;
}

static int node(struct verify_tree *t, const uint8_t *left, const uint8_t *right, uint8_t *out)
{
	return digest(t, 0x01, left, VERIFY_HASH_BYTES, right, VERIFY_HASH_BYTES, out);
}

/* Root of a power of two of hashes. */
static int perfect_root(struct verify_tree *t, const uint8_t (*hash)[VERIFY_HASH_BYTES], unsigned n,
                        uint8_t *out)
{
	uint8_t work[VERIFY_TILE_WIDTH][VERIFY_HASH_BYTES];

	memcpy(work, hash, (size_t)n * VERIFY_HASH_BYTES);
	for (; n > 1; n /= 2)
		for (unsigned i = 0; i < n / 2; i++) {
			int r = node(t, work[2 * i], work[2 * i + 1], work[i]);
			if (r < 0)
				return r;
		}
	memcpy(out, work[0], VERIFY_HASH_BYTES);
	return 0;
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
		if (r < 0)
			return r;
		r = perfect_root(t, (const uint8_t(*)[VERIFY_HASH_BYTES])l->hash, l->width, up);
		if (r < 0)
			return r;
		l->tiles++;
		l->width = 0;
	}
	return -EOVERFLOW;
}

int verify_tree_add(struct verify_tree *t, const void *entry, size_t size)
{
	uint8_t leaf[VERIFY_HASH_BYTES];
	int r = digest(t, 0x00, entry, size, NULL, 0, leaf);

	if (r < 0)
		return r;
	t->size++;
	return add_hash(t, 0, leaf);
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
		r = perfect_root(t, (const uint8_t(*)[VERIFY_HASH_BYTES]) & l->hash[end], bit, sub);
		if (r == 0 && *have)
			r = node(t, sub, root, root);
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
	if (!have && EVP_Digest("", 0, root, NULL, t->md, NULL) != 1)
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
