/*
 * The Merkle tree: hashes, roots, proofs and their checks (RFC 6962 2.1, RFC 9162 2.1.3 and 2.1.4).
 *
 * Pure computation in weighlock-ledgerd. Leaves are entries ledgerd rendered itself; a proof that
 * is checked may come from anywhere, so every step is bounded by the number of its hashes. Nothing
 * is written here: power going loses nothing.
 */
#include "daemon/ledger/merkle.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "daemon/base/limits.h"

/* One digest for all: to make one takes longer than to hash an entry. ledgerd is one thread. */
static struct wl_sha256 *sha256;

/* SHA256(prefix || p). */
static int hash(uint8_t prefix, const void *p, size_t n, struct wl_hash *ret)
{
	int r;

	if (!sha256)
		sha256 = wl_sha256_new();
	r = sha256 ? wl_sha256_begin(sha256) : -ENOMEM;
	if (r == 0)
		r = wl_sha256_add(sha256, &prefix, 1);
	if (r == 0)
		r = wl_sha256_add(sha256, p, n);
	return r < 0 ? r : wl_sha256_end(sha256, ret->b);
}

int wl_merkle_leaf(const void *entry, size_t n, struct wl_hash *ret)
{
	return n > WL_ENTRY_BYTES_MAX ? -EMSGSIZE : hash(0, entry, n, ret);
}

int wl_merkle_node(const struct wl_hash *left, const struct wl_hash *right, struct wl_hash *ret)
{
	uint8_t both[2 * WL_SHA256_BYTES];

	memcpy(both, left->b, WL_SHA256_BYTES);
	memcpy(both + WL_SHA256_BYTES, right->b, WL_SHA256_BYTES);
	return hash(1, both, sizeof(both), ret);
}

int wl_merkle_empty(struct wl_hash *ret)
{
	return wl_sha256_of("", 0, ret->b);
}

int wl_merkle_run_add(struct wl_merkle_run *run, const struct wl_hash *leaf)
{
	struct wl_hash up = *leaf;
	unsigned height = 0;

	for (uint64_t n = run->n; n & 1; n >>= 1, height++) {
		int r = wl_merkle_node(&run->part[height], &up, &up);
		if (r < 0)
			return r;
	}
	run->part[height] = up;
	run->n++;
	return 0;
}

int wl_merkle_run_root(const struct wl_merkle_run *run, struct wl_hash *ret)
{
	bool any = false;

	if (run->n == 0)
		return wl_merkle_empty(ret);
	for (unsigned height = 0; height < 64; height++) {
		int r = 0;
		if (!(run->n >> height & 1))
			continue;
		if (any)
			r = wl_merkle_node(&run->part[height], ret, ret);
		else
			*ret = run->part[height];
		if (r < 0)
			return r;
		any = true;
	}
	return 0;
}

/* The largest power of two strictly below n, as an exponent; n > 1. */
static unsigned split_height(uint64_t n)
{
	return 63U - (unsigned)__builtin_clzll(n - 1);
}

/*
 * MTH(D[begin:end)) where begin is a multiple of every power of two that the split needs: true for
 * the ranges RFC 6962's recursion makes, since each split is the largest power below the length.
 */
static int range_hash(wl_merkle_get get, void *user, uint64_t begin, uint64_t end,
                      struct wl_hash *ret)
{
	struct wl_hash part[64] = {{{0}}}, right;
	size_t parts = 0;

	/* complete subtrees from left to right, then folded from the right */
	while (begin < end) {
		unsigned height = 63U - (unsigned)__builtin_clzll(end - begin);
		int r = get(user, height, begin >> height, &part[parts]);
		if (r < 0)
			return r;
		parts++;
		begin += UINT64_C(1) << height;
	}
	right = part[parts - 1];
	for (size_t i = parts - 1; i > 0; i--) {
		int r = wl_merkle_node(&part[i - 1], &right, &right);
		if (r < 0)
			return r;
	}
	*ret = right;
	return 0;
}

int wl_merkle_root(wl_merkle_get get, void *user, uint64_t size, struct wl_hash *ret)
{
	if (size == 0)
		return wl_merkle_empty(ret);
	return range_hash(get, user, 0, size, ret);
}

static void proof_reverse(struct wl_proof *p)
{
	for (size_t i = 0; i < p->n / 2; i++) {
		struct wl_hash h = p->hash[i];
		p->hash[i] = p->hash[p->n - 1 - i];
		p->hash[p->n - 1 - i] = h;
	}
}

/* Walks from the root to the leaf, so the proof comes out upside down and is turned at the end. */
int wl_merkle_prove_inclusion(wl_merkle_get get, void *user, uint64_t index, uint64_t size,
                              struct wl_proof *ret)
{
	uint64_t begin = 0, end = size;

	if (index >= size)
		return -ERANGE;
	ret->n = 0;
	while (end - begin > 1) {
		uint64_t middle = begin + (UINT64_C(1) << split_height(end - begin));
		bool left = index < middle;
		int r = range_hash(get, user, left ? middle : begin, left ? end : middle,
		                   &ret->hash[ret->n]);
		if (r < 0)
			return r;
		ret->n++;
		if (left)
			end = middle;
		else
			begin = middle;
	}
	proof_reverse(ret);
	return 0;
}

int wl_merkle_prove_consistency(wl_merkle_get get, void *user, uint64_t old, uint64_t size,
                                struct wl_proof *ret)
{
	uint64_t begin = 0, end = size;
	bool whole = true; /* the old tree's root is still a known node: no hash of it is needed */
	int r;

	if (old == 0 || old > size)
		return -ERANGE;
	ret->n = 0;
	while (old != end) {
		uint64_t middle = begin + (UINT64_C(1) << split_height(end - begin));
		bool left = old <= middle;
		r = range_hash(get, user, left ? middle : begin, left ? end : middle,
		               &ret->hash[ret->n]);
		if (r < 0)
			return r;
		ret->n++;
		if (left) {
			end = middle;
		} else {
			begin = middle;
			whole = false;
		}
	}
	if (!whole) {
		r = range_hash(get, user, begin, end, &ret->hash[ret->n]);
		if (r < 0)
			return r;
		ret->n++;
	}
	proof_reverse(ret);
	return 0;
}

int wl_merkle_check_inclusion(const struct wl_proof *proof, uint64_t index, uint64_t size,
                              const struct wl_hash *leaf, const struct wl_hash *root)
{
	struct wl_hash r = *leaf;
	uint64_t fn = index, sn = size - 1;

	if (index >= size)
		return -EBADMSG;
	for (size_t i = 0; i < proof->n; i++) {
		bool right = (fn & 1) || fn == sn;
		if (sn == 0)
			return -EBADMSG;
		if (wl_merkle_node(right ? &proof->hash[i] : &r, right ? &r : &proof->hash[i], &r) <
		    0)
			return -EIO;
		while (right && !(fn & 1) && fn != 0) {
			fn >>= 1;
			sn >>= 1;
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && memcmp(r.b, root->b, sizeof(r.b)) == 0 ? 0 : -EBADMSG;
}

/* Folds the proof's remaining hashes into both roots; see RFC 9162 2.1.4.2. */
static int fold_consistency(const struct wl_proof *proof, size_t from, uint64_t fn, uint64_t sn,
                            struct wl_hash *fr, struct wl_hash *sr)
{
	for (size_t i = from; i < proof->n; i++) {
		const struct wl_hash *c = &proof->hash[i];
		if (sn == 0)
			return -EBADMSG;
		if ((fn & 1) || fn == sn) {
			if (wl_merkle_node(c, fr, fr) < 0 || wl_merkle_node(c, sr, sr) < 0)
				return -EIO;
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else if (wl_merkle_node(sr, c, sr) < 0) {
			return -EIO;
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 ? 0 : -EBADMSG;
}

int wl_merkle_check_consistency(const struct wl_proof *proof, uint64_t old, uint64_t size,
                                const struct wl_hash *old_root, const struct wl_hash *root)
{
	bool power = old != 0 && (old & (old - 1)) == 0;
	uint64_t fn = old - 1, sn = size - 1;
	struct wl_hash fr, sr;
	int r;

	if (old == 0 || old > size)
		return -EBADMSG;
	if (old == size)
		return proof->n == 0 && memcmp(old_root->b, root->b, sizeof(root->b)) == 0
		               ? 0
		               : -EBADMSG;
	if (proof->n == 0)
		return -EBADMSG;
	while (fn & 1) {
		fn >>= 1;
		sn >>= 1;
	}
	fr = sr = power ? *old_root : proof->hash[0];
	r = fold_consistency(proof, power ? 0 : 1, fn, sn, &fr, &sr);
	if (r < 0)
		return r;
	return memcmp(fr.b, old_root->b, sizeof(fr.b)) == 0 &&
	                       memcmp(sr.b, root->b, sizeof(sr.b)) == 0
	               ? 0
	               : -EBADMSG;
}
