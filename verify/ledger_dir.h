/* A ledger as it lies in a folder, gone through once, in one pass, in bounded memory. */
#ifndef WL_VERIFY_LEDGER_DIR_H
#define WL_VERIFY_LEDGER_DIR_H

#include "verify/entry.h"
#include "verify/note.h"
#include "verify/receipt.h"
#include "verify/report.h"
#include "verify/walk.h"

#define VERIFY_SINCE_MAX    16U
#define VERIFY_RECEIPTS_MAX 64U

struct verify_request {
	struct verify_key key; /* the station's, as enrolled */
	/* those whose cosignature must be there, and those it may be of: absent is failure for the
	 * first, wrong is failure for both */
	const struct verify_key *required, *known;
	unsigned requireds, knowns;
	/* older checkpoints under the station's key, verified by the caller, whose entries the
	 * auditor has seen: those below the largest may be away */
	struct verify_checkpoint since[VERIFY_SINCE_MAX];
	unsigned sinces;
	struct verify_receipt *receipt; /* read by the caller, of this key */
	unsigned receipts;
	unsigned threads; /* 0: one per processor */
	/* each entry that was read, in order; may be NULL. A negative return ends the run. */
	int (*on_entry)(void *user, uint64_t seq, const struct verify_entry *e, const char *p,
	                size_t n);
	void *user;
};

struct verify_result {
	bool have_checkpoint;
	struct verify_checkpoint checkpoint;
	size_t note_bytes;
	uint8_t note[VERIFY_NOTE_BYTES_MAX + 1];
	struct verify_previous previous;
	char rotated_to[65]; /* digest of the key its last entry gives way to, or "" */
	char newest[24];     /* time of the last entry; "" where none was read */
};

/*
 * Verifies the ledger in r->dir: signature on the checkpoint, root from the entries alone, every
 * tile byte for byte, growth from each of `since`, receipts, entries' form, order and rules,
 * manifests. Everything found is added to *r. 0, or a negative errno where the ledger could not be
 * read at all (also added).
 */
int verify_ledger_dir(const struct verify_request *q, struct verify_report *r,
                      struct verify_result *ret);

/* Reads a ledger's checkpoint without verifying anything: whose is it? 0 or negative errno. */
int verify_ledger_peek(const char *dir, struct verify_checkpoint *ret);

#endif
