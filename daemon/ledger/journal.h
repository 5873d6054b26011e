/*
 * The journal (.state/journal): the commit point of the ledger. One record holds the entries of one
 * commit and the checkpoint signed over them; what is not wholly in it was never said to anybody.
 */
#ifndef WL_LEDGER_JOURNAL_H
#define WL_LEDGER_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/bytes.h"

#define WL_JOURNAL_BYTES_MAX (4U << 20) /* a record: a group of entries is far below */

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
/* Adds an entry. -EMSGSIZE, -ENOMEM. */
int wl_record_add(struct wl_record *r, const void *entry, size_t n);
/* Walks the entries: *pos begins at 0. 1 and the entry, 0 at the end, -EUCLEAN. */
int wl_record_next(const struct wl_record *r, size_t *pos, struct wl_bytes *ret);

/* Opens or makes the journal in `dirfd`; the descriptor is the caller's. */
int wl_journal_open(int dirfd, int *ret_fd);
/* Writes the record at the journal's start and makes it durable. After an error the journal's
 * content is unknown and the process must not go on. */
int wl_journal_write(int fd, const struct wl_record *r, const char *checkpoint);
/* Empties it. */
int wl_journal_clear(int fd);
/* 1 and the record, 0 where there is none or only a torn one, negative errno. */
int wl_journal_read(int fd, struct wl_record *ret);

#endif
