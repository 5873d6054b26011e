/*
 * The journal (.state/journal): the commit point of the ledger. One record holds the entries of one
 * commit and the checkpoint signed over them; what is not wholly in it was never said to anybody.
 *
 * The file is made once at its full size and written over and over, so that making a record durable
 * asks the disk for the record's own bytes and nothing else. Records follow each other until the
 * files have caught up (store.h); then the next one begins at the front again.
 */
#ifndef WL_LEDGER_JOURNAL_H
#define WL_LEDGER_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/bytes.h"
#include "daemon/base/finding.h"
#include "daemon/ledger/note.h"

#define WL_JOURNAL_BYTES      (4U << 20)
#define WL_JOURNAL_RECORD_MAX (1280U << 10) /* a record in the file, whatever is in it */
#define WL_RECORD_ENTRIES_MAX 1024U
#define WL_RECORD_BYTES_MAX   (1U << 20) /* of entries with their lengths */
#define WL_JOURNAL_PAGE       4096U      /* records begin at multiples of it */
#define WL_JOURNAL_BLOCK      512U       /* what a disk writes wholly or not at all */
#define WL_JOURNAL_BLOCK_TAG  8U
#define WL_JOURNAL_TAG_NEAR_MAX                                                                    \
	2U /* bytes of a tag that differ where a written block was damaged */

/* A record being made, or one found. */
struct wl_record {
	uint64_t first; /* number of the first entry */
	uint32_t count;
	uint8_t *entries; /* count times: length in two bytes, big-endian, and the entry */
	size_t entries_n, entries_room;
	char *checkpoint; /* signed note with NUL */
	size_t checkpoint_n;
};

void wl_record_clear(struct wl_record *r); /* frees and zeroes */
void wl_record_reset(struct wl_record *r); /* empties; keeps its memory */
/* Adds an entry. -ENOSPC where the record is full, -EMSGSIZE, -ENOMEM. */
int wl_record_add(struct wl_record *r, const void *entry, size_t n);
/* Walks the entries: *pos begins at 0. 1 and the entry, 0 at the end, -EUCLEAN. */
int wl_record_next(const struct wl_record *r, size_t *pos, struct wl_bytes *ret);

struct wl_journal {
	int fd;
	uint64_t seed; /* of the ledger's key: blocks of another ledger are not ours */
	size_t at;     /* where the next record goes */
};

/*
 * Opens the journal in `dirfd`, or makes it where it is missing and `make` is set; durable then.
 * -ENOENT, -EUCLEAN for a file of another size: it was cut.
 */
int wl_journal_open(int dirfd, const struct wl_note_key *key, bool make, struct wl_journal *ret);
void wl_journal_close(struct wl_journal *j);

/* Writes the record and makes it durable with one fdatasync. -ENOSPC where there is no room before
 * wl_journal_rewind: nothing was written. After any other error the journal's content is unknown
 * and the process must not go on. */
int wl_journal_write(struct wl_journal *j, const struct wl_record *r, const char *checkpoint);
/* Is there room for whatever the next record may be? */
bool wl_journal_has_room(const struct wl_journal *j);
/* The files have all that is in it: the next record begins at the front. */
void wl_journal_rewind(struct wl_journal *j);

/*
 * Calls `each` for every record that goes beyond `size` entries, in order, and leaves `at` behind
 * the last. A last record of which some block was never written was never acknowledged: it is
 * passed over. -EUCLEAN with the reason where a record that was written wholly is damaged, or one
 * is missing between others; or whatever `each` returns below 0.
 */
typedef int (*wl_journal_each)(void *user, const struct wl_record *r);
int wl_journal_read(struct wl_journal *j, uint64_t size, wl_journal_each each, void *user,
                    struct wl_finding *ret_finding);
/* Zeros again, durable: at each start, once the files have everything, so that no block of a record
 * that was begun can be taken for one of the next. */
int wl_journal_clear(struct wl_journal *j);

/* For both halves (journal.c, journal_read.c): the tag of block `index` of the record that begins
 * with entry `first`, and the header at the front of a record. */
uint64_t wl_journal_tag(uint64_t seed, uint64_t first, uint32_t index);

#define WL_JOURNAL_HEAD                                                                            \
	32U /* magic, bytes, first, count, checkpoint's bytes, 8 bytes of SHA-256                  \
	     */
extern const uint8_t wl_journal_magic[4];

#endif
