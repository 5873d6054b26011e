/* Ledgers of any number of stations in one SQLite file, to be queried. */
#ifndef WL_VERIFY_IMPORT_H
#define WL_VERIFY_IMPORT_H

#include "verify/ledger_dir.h"

struct verify_import; /* opaque */

/* Opens or makes the file. 0, -EIO, or -EBADMSG for a file that is something else. */
int verify_import_open(const char *path, struct verify_import **ret);
struct verify_import *verify_import_free(struct verify_import *i);

/*
 * What was imported of this key's origin last: 1, the checkpoint and the second it was verified; 0
 * nothing; -EBADMSG where what stands there is not signed by this key; -EIO.
 */
int verify_import_get(struct verify_import *i, const struct verify_key *key,
                      struct verify_checkpoint *ret, uint64_t *ret_when);

/* Begins one station: its new entries follow. 0 or -EIO. */
int verify_import_begin(struct verify_import *i, const struct verify_key *key);
/* One entry (the callback of struct verify_request); those already there are passed over. */
int verify_import_entry(void *user, uint64_t seq, const struct verify_entry *e, const char *p,
                        size_t n);
/*
 * Ends it: all of it is there afterwards, or, where the report refuses, nothing of it but the
 * refusal. 0 or -EIO.
 */
int verify_import_end(struct verify_import *i, const struct verify_report *r,
                      const struct verify_result *result, uint64_t when);

#endif
