/* `weighlock-verify enrol`: a station enters the book by its typed fingerprint, or, after a change
 * of its key, by the old key's word. */
#ifndef WL_VERIFY_ENROL_H
#define WL_VERIFY_ENROL_H

#include "verify/note.h"

#define VERIFY_FINGERPRINT_TEXT 40 /* 8 groups of 4 hex, '-' between, and NUL */

/* First half of the SHA-256 of the key's text, in 8 groups. 0 or -EIO. */
int verify_fingerprint(const struct verify_key *key, char buf[VERIFY_FINGERPRINT_TEXT]);

/* Is what was typed this fingerprint? Spaces, '-' and ':' may stand anywhere, letters be of any
 * case; all 32 digits must be there. */
bool verify_fingerprint_equal(const char *typed, const char *fingerprint);

int verify_enrol_main(int argc, char **argv);

#endif
