/* Rules over the sequence of entries: what each says about those before it. */
#ifndef WL_VERIFY_WALK_H
#define WL_VERIFY_WALK_H

#include <stddef.h>

#include "verify/note.h"
#include "verify/report.h"

struct verify_walk; /* opaque */

/* What the caller knows besides the entries. */
struct verify_walk_asked {
	const char *origin; /* of the checkpoint */
	const struct verify_key *key;
};

#define VERIFY_PREVIOUS_BYTES 16384U

/* What the first entry says of the ledger this one continues. */
struct verify_previous {
	bool have;
	struct verify_checkpoint checkpoint;
	size_t note_bytes;
	uint8_t note[VERIFY_PREVIOUS_BYTES]; /* the checkpoint as the entry has it */
	char began[24];                      /* time of the first entry */
	uint64_t seen; /* the largest size it says that anybody saw of it; 0: nothing said */
};

/* NULL without memory or random bits. */
struct verify_walk *verify_walk_new(int dirfd, const struct verify_walk_asked *asked,
                                    struct verify_report *r);
struct verify_walk *verify_walk_free(struct verify_walk *w);
/* Entry `seq`, as it lies; the numbers come in order and without gaps. Findings go to the report.
 */
void verify_walk_entry(struct verify_walk *w, uint64_t seq, const char *p, size_t n);
/* The entry just read, as long as its bytes are there; NULL where it was malformed. */
const struct verify_entry *verify_walk_last(const struct verify_walk *w);
/* Its time, "" before the first. */
const char *verify_walk_time(const struct verify_walk *w);
/* After the last: what is still open. */
void verify_walk_end(struct verify_walk *w);
const struct verify_previous *verify_walk_previous(const struct verify_walk *w);
/* Where the ledger's last entry gives its key up for another: that one's digest, else "". */
const char *verify_walk_rotated_to(const struct verify_walk *w);

#endif
