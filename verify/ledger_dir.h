/* A ledger as it lies in a folder, gone through once, in one pass, in bounded memory. */
#ifndef WL_VERIFY_LEDGER_DIR_H
#define WL_VERIFY_LEDGER_DIR_H

#include "verify/note.h"
#include "verify/report.h"

struct verify_request {
	struct verify_key key;             /* the station's, as enrolled */
	const struct verify_key *cosigner; /* each must be there: absent is failure */
	unsigned cosigners;
	bool have_since;
	struct verify_checkpoint since; /* an older checkpoint, verified by the caller */
};

/*
 * Verifies the ledger in r->dir: signature on the checkpoint, root from the entries alone, every
 * tile byte for byte, growth from `since`, entries' form and order, manifests. Everything found is
 * added to *r. 0, or a negative errno where the ledger could not be read at all (also added).
 */
int verify_ledger_dir(const struct verify_request *q, struct verify_report *r);

#endif
