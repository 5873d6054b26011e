/*
 * The journal, written: a record is a run of 512-byte blocks, each with a tag of 8 bytes that only
 * this record's block can have, from the next page on. In the blocks: "WLJ2", the record's bytes
 * (32 bits, big-endian), the first entry's number (64), count (32), the checkpoint's length (32), 8
 * bytes of SHA-256 of those; the entries with their lengths (16); the checkpoint; SHA-256 of all
 * that.
 *
 * Runs in weighlock-ledgerd on its own file. A power cut leaves some blocks as they were before,
 * and their tags say so: such a record was never acknowledged. Where every block was written and
 * the digest does not match, the disk has lost something that may have been acknowledged.
 */
#include "daemon/ledger/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/base/sha256.h"

#define DATA_BYTES (WL_JOURNAL_BLOCK - WL_JOURNAL_BLOCK_TAG)
#define NAME       "journal"
#define NEW_NAME   "journal.new"

const uint8_t wl_journal_magic[4] = {'W', 'L', 'J', '2'};

void wl_record_clear(struct wl_record *r)
{
	free(r->entries);
	free(r->checkpoint);
	*r = (struct wl_record){0};
}

void wl_record_reset(struct wl_record *r)
{
	r->count = 0;
	r->entries_n = 0;
}

static void store_be(uint8_t *b, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		b[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

int wl_record_add(struct wl_record *r, const void *entry, size_t n)
{
	size_t want = r->entries_n + 2 + n;

	if (n > WL_ENTRY_BYTES_MAX)
		return -EMSGSIZE;
	if (r->count == WL_RECORD_ENTRIES_MAX || want > WL_RECORD_BYTES_MAX)
		return -ENOSPC;
	if (want > r->entries_room) {
		size_t room = want < 4096 ? 4096 : 2 * want;
		uint8_t *p = realloc(r->entries, room);
		if (!p)
			return -ENOMEM;
		r->entries = p;
		r->entries_room = room;
	}
	store_be(r->entries + r->entries_n, n, 2);
	memcpy(r->entries + r->entries_n + 2, entry, n);
	r->entries_n = want;
	r->count++;
	return 0;
}

int wl_record_next(const struct wl_record *r, size_t *pos, struct wl_bytes *ret)
{
	struct wl_reader rd = wl_reader_from(r->entries, r->entries_n);
	const uint8_t *length;

	if (*pos == r->entries_n)
		return 0;
	(void)wl_reader_take(&rd, *pos);
	length = wl_reader_take(&rd, 2);
	ret->n = length ? (size_t)length[0] << 8 | length[1] : 0;
	ret->p = wl_reader_take(&rd, ret->n);
	if (rd.bad)
		return -EUCLEAN;
	*pos = rd.pos;
	return 1;
}

/* Bits of the seed and the place, well mixed (splitmix64): two tags differ in nearly every byte. */
uint64_t wl_journal_tag(uint64_t seed, uint64_t first, uint32_t index)
{
	uint64_t z = seed + first * UINT64_C(0xd1342543de82ef95) +
	             ((uint64_t)index + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Zeros at full size, durable before the file has its name: it is there whole or not at all. */
static int make(int dirfd)
{
	WL_AUTO_CLOSE int fd = -1;
	WL_AUTO_FREE uint8_t *zeros = calloc(1, WL_JOURNAL_BYTES);
	int r;

	if (!zeros)
		return -ENOMEM;
	if (unlinkat(dirfd, NEW_NAME, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dirfd, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = wl_write_full(fd, zeros, WL_JOURNAL_BYTES);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat(dirfd, NEW_NAME, dirfd, NAME) < 0)
		r = -errno;
	if (r == 0 && fsync(dirfd) < 0)
		r = -errno;
	return r;
}

static int open_file(int dirfd, int *ret_fd)
{
	*ret_fd = openat(dirfd, NAME, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

int wl_journal_open(int dirfd, const struct wl_note_key *key, bool make_it, struct wl_journal *ret)
{
	uint8_t digest[WL_SHA256_BYTES];
	struct stat st;
	int r = open_file(dirfd, &ret->fd);

	if (r == -ENOENT && make_it) {
		r = make(dirfd);
		if (r == 0)
			r = open_file(dirfd, &ret->fd);
	}
	if (r == 0 && fstat(ret->fd, &st) < 0)
		r = -errno;
	if (r == 0 && (!S_ISREG(st.st_mode) || st.st_size != WL_JOURNAL_BYTES))
		r = -EUCLEAN;
	if (r == 0)
		r = wl_sha256_of(key->public_key, sizeof(key->public_key), digest);
	if (r != 0) {
		wl_cleanup_close(&ret->fd);
		return r;
	}
	memcpy(&ret->seed, digest, sizeof(ret->seed));
	ret->at = 0;
	return 0;
}

void wl_journal_close(struct wl_journal *j)
{
	wl_cleanup_close(&j->fd);
}

bool wl_journal_has_room(const struct wl_journal *j)
{
	return WL_JOURNAL_BYTES - j->at >= WL_JOURNAL_RECORD_MAX;
}

void wl_journal_rewind(struct wl_journal *j)
{
	j->at = 0;
}

/* The record as one run of bytes. */
static int compose(const struct wl_record *r, const char *checkpoint, size_t checkpoint_n,
                   uint8_t *p, size_t n)
{
	uint8_t digest[WL_SHA256_BYTES];
	size_t body = n - WL_SHA256_BYTES;
	int e;

	memcpy(p, wl_journal_magic, 4);
	store_be(p + 4, n, 4);
	store_be(p + 8, r->first, 8);
	store_be(p + 16, r->count, 4);
	store_be(p + 20, checkpoint_n, 4);
	e = wl_sha256_of(p, WL_JOURNAL_HEAD - 8, digest);
	memcpy(p + WL_JOURNAL_HEAD - 8, digest, 8);
	memcpy(p + WL_JOURNAL_HEAD, r->entries, r->entries_n);
	memcpy(p + WL_JOURNAL_HEAD + r->entries_n, checkpoint, checkpoint_n);
	return e < 0 ? e : wl_sha256_of(p, body, p + body);
}

/* And cut into tagged blocks; the last is filled with zeros. */
static void cut_into_blocks(const struct wl_journal *j, const struct wl_record *r, const uint8_t *p,
                            size_t n, uint8_t *to)
{
	for (uint32_t i = 0; n > 0; i++) {
		size_t part = n < DATA_BYTES ? n : DATA_BYTES;
		uint64_t tag = wl_journal_tag(j->seed, r->first, i);
		memcpy(to, &tag, sizeof(tag));
		memcpy(to + WL_JOURNAL_BLOCK_TAG, p, part);
		memset(to + WL_JOURNAL_BLOCK_TAG + part, 0, DATA_BYTES - part);
		to += WL_JOURNAL_BLOCK;
		p += part;
		n -= part;
	}
}

int wl_journal_write(struct wl_journal *j, const struct wl_record *r, const char *checkpoint)
{
	size_t checkpoint_n = strlen(checkpoint);
	size_t n = WL_JOURNAL_HEAD + r->entries_n + checkpoint_n + WL_SHA256_BYTES;
	size_t blocks = (n + DATA_BYTES - 1) / DATA_BYTES, bytes = blocks * WL_JOURNAL_BLOCK;
	size_t room = (bytes + WL_JOURNAL_PAGE - 1) / WL_JOURNAL_PAGE * WL_JOURNAL_PAGE;
	int e;

	if (room > WL_JOURNAL_RECORD_MAX)
		return -EMSGSIZE;
	if (room > WL_JOURNAL_BYTES - j->at)
		return -ENOSPC;
	WL_AUTO_FREE uint8_t *buf = malloc(n + bytes);
	if (!buf)
		return -ENOMEM;
	e = compose(r, checkpoint, checkpoint_n, buf, n);
	if (e < 0)
		return e;
	cut_into_blocks(j, r, buf, n, buf + n);
	e = wl_pwrite_full(j->fd, buf + n, bytes, (off_t)j->at);
	if (e == 0 && fdatasync(j->fd) < 0)
		e = -errno;
	if (e == 0)
		j->at += room;
	return e == -ENOSPC ? -EIO
	                    : e; /* the file is whole: there is no such answer to its write */
}

int wl_journal_clear(struct wl_journal *j)
{
	WL_AUTO_FREE uint8_t *zeros = calloc(1, WL_JOURNAL_BYTES);
	int r = zeros ? wl_pwrite_full(j->fd, zeros, WL_JOURNAL_BYTES, 0) : -ENOMEM;

	if (r == 0 && fdatasync(j->fd) < 0)
		r = -errno;
	j->at = 0;
	return r;
}
