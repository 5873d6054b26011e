/* The auditor's memory: the largest checkpoint of each station that was found good. */
#ifndef WL_VERIFY_SEEN_H
#define WL_VERIFY_SEEN_H

#include <stdbool.h>

#include "verify/book.h"

struct verify_seen; /* opaque */

/*
 * Reads the memory beside a book (PATH.seen). *ret is an empty one where there is no file. 0;
 * -EBADMSG where the file is not one; as open.
 */
int verify_seen_load(const char *book_path, struct verify_seen **ret);
struct verify_seen *verify_seen_free(struct verify_seen *s);

/*
 * What is remembered of this key's origin, its signature checked. 1 and the checkpoint and when it
 * was verified (seconds since 1970); 0: nothing; -EBADMSG: what is remembered is not signed by this
 * key.
 */
int verify_seen_get(const struct verify_seen *s, const struct verify_key *key,
                    struct verify_checkpoint *ret, uint64_t *ret_when);

/* Remembers a checkpoint that was verified and contains what was remembered. 0, -ENOMEM, -ENOSPC.
 */
int verify_seen_put(struct verify_seen *s, const char *origin, const uint8_t *note, size_t n,
                    uint64_t when);

/* Writes the memory where something was put: whole or not at all. 0 or negative errno. */
int verify_seen_save(struct verify_seen *s);

#endif
