/* Receipts: what a station left on a medium to prove that an entry is in its ledger (C2SP
 * tlog-proof). */
#ifndef WL_VERIFY_RECEIPT_H
#define WL_VERIFY_RECEIPT_H

#include "verify/hash.h"
#include "verify/note.h"

#define VERIFY_PROOF_MAX 64U

struct verify_receipt {
	uint64_t index;
	unsigned hashes;
	uint8_t hash[VERIFY_PROOF_MAX][VERIFY_HASH_BYTES];
	struct verify_checkpoint checkpoint;
	/* found while the ledger is gone through */
	bool have_leaf;
	uint8_t leaf[VERIFY_HASH_BYTES];
};

/*
 * Reads a receipt and checks the signature of its checkpoint. 0; -EBADMSG where it is not one,
 * proves an entry beyond its own checkpoint, or is not signed by this key.
 */
int verify_receipt_read(const uint8_t *p, size_t n, const struct verify_key *key,
                        struct verify_receipt *ret);

/* Does leaf `index` of a tree of that size and root have this hash? 0, -EBADMSG, -EIO (RFC 9162
 * 2.1.3.2). */
int verify_receipt_check(struct verify_hash *sha, const struct verify_receipt *r);

#endif
