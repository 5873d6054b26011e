/*
 * The Merkle tree of RFC 6962 2.1 (C2SP tlog-tiles): hashes, roots and proofs over a function that
 * gives the hash of a complete subtree. Sizes count leaves. Nothing here keeps state.
 */
#ifndef WL_LEDGER_MERKLE_H
#define WL_LEDGER_MERKLE_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/sha256.h"

#define WL_MERKLE_PROOF_MAX 64 /* hashes in a proof: one per bit of a size, and one */

struct wl_hash {
	uint8_t b[WL_SHA256_BYTES];
};

struct wl_proof {
	struct wl_hash hash[WL_MERKLE_PROOF_MAX + 1];
	size_t n;
};

/* Gives the hash of leaves [index << height, (index + 1) << height). 0 or negative errno. */
typedef int (*wl_merkle_get)(void *user, unsigned height, uint64_t index, struct wl_hash *ret);

/* SHA256(0x00 || entry); n at most WL_ENTRY_BYTES_MAX, else -EMSGSIZE. */
int wl_merkle_leaf(const void *entry, size_t n, struct wl_hash *ret);
/* SHA256(0x01 || left || right). */
int wl_merkle_node(const struct wl_hash *left, const struct wl_hash *right, struct wl_hash *ret);
/* SHA256(""): the root of no leaves. */
int wl_merkle_empty(struct wl_hash *ret);

/* A root made leaf by leaf, from nothing but leaves. Begins zeroed. */
struct wl_merkle_run {
	uint64_t n;
	struct wl_hash part[64]; /* of the complete subtrees, by height */
};
int wl_merkle_run_add(struct wl_merkle_run *run, const struct wl_hash *leaf);
int wl_merkle_run_root(const struct wl_merkle_run *run, struct wl_hash *ret);

/* The root of the first `size` leaves. */
int wl_merkle_root(wl_merkle_get get, void *user, uint64_t size, struct wl_hash *ret);
/* RFC 6962 2.1.1; -ERANGE unless index < size. Sibling of the leaf first. */
int wl_merkle_prove_inclusion(wl_merkle_get get, void *user, uint64_t index, uint64_t size,
                              struct wl_proof *ret);
/* RFC 6962 2.1.2; -ERANGE unless 0 < old <= size. Empty where they are equal. */
int wl_merkle_prove_consistency(wl_merkle_get get, void *user, uint64_t old, uint64_t size,
                                struct wl_proof *ret);

/* RFC 9162 2.1.3.2 and 2.1.4.2. 0, or -EBADMSG where the proof does not prove it. */
int wl_merkle_check_inclusion(const struct wl_proof *proof, uint64_t index, uint64_t size,
                              const struct wl_hash *leaf, const struct wl_hash *root);
int wl_merkle_check_consistency(const struct wl_proof *proof, uint64_t old, uint64_t size,
                                const struct wl_hash *old_root, const struct wl_hash *root);

#endif
