/* A ledger that continues another: is that other one the one known here, and what was lost? */
#ifndef WL_VERIFY_SUCCESSION_H
#define WL_VERIFY_SUCCESSION_H

#include "verify/book.h"
#include "verify/import.h"
#include "verify/ledger_dir.h"
#include "verify/seen.h"

/* Adds to the report what the ledger's first entry says of the one before it, compared with what
 * the book, the memory and the SQLite file (each may be NULL) know of that one. key: of this
 * ledger; where only the key was changed it must have signed the old one's last checkpoint too. */
void verify_succession_check(struct verify_report *r, const struct verify_result *result,
                             const struct verify_key *key, struct verify_book *book,
                             const struct verify_seen *seen, struct verify_import *import);

#endif
