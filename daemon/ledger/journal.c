/*
 * The journal: "WLJ1", the payload's length (32 bits, big-endian), its SHA-256, the payload:
 * first entry's number (64 bits), count (32 bits), the entries with their lengths (16 bits), the
 * length of the signed checkpoint (16 bits) and the checkpoint.
 *
 * Runs in weighlock-ledgerd on its own file. A crash or a power cut leaves no record, a torn one
 * (its length or digest does not match: it was never acknowledged and is passed over), or a whole
 * one, which is carried out again. At most one record lies here: the next is written only after
 * what the last one says has been published and the journal emptied.
 */
#include "daemon/ledger/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/base/sha256.h"

#define MAGIC_BYTES  4U
#define HEADER_BYTES (MAGIC_BYTES + 4U + WL_SHA256_BYTES)
#define FIXED_BYTES  14U /* of the payload: first, count, length of the checkpoint */

static const uint8_t magic_bytes[MAGIC_BYTES] = {'W', 'L', 'J', '1'};

void wl_record_clear(struct wl_record *r)
{
	free(r->entries);
	free(r->checkpoint);
	*r = (struct wl_record){0};
}

static void store_be(uint8_t *b, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		b[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

static uint64_t get_be(struct wl_reader *r, unsigned n)
{
	const uint8_t *b = wl_reader_take(r, n);
	uint64_t v = 0;

	for (unsigned i = 0; b && i < n; i++)
		v = v << 8 | b[i];
	return v;
}

int wl_record_add(struct wl_record *r, const void *entry, size_t n)
{
	size_t want = r->entries_n + 2 + n;

	if (n > WL_ENTRY_BYTES_MAX ||
	    want > WL_JOURNAL_BYTES_MAX - HEADER_BYTES - FIXED_BYTES - UINT16_MAX)
		return -EMSGSIZE;
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
	size_t n;

	if (*pos == r->entries_n)
		return 0;
	(void)wl_reader_take(&rd, *pos);
	n = (size_t)get_be(&rd, 2);
	ret->p = wl_reader_take(&rd, n);
	ret->n = n;
	if (rd.bad)
		return -EUCLEAN;
	*pos = rd.pos;
	return 1;
}

int wl_journal_open(int dirfd, int *ret_fd)
{
	WL_AUTO_CLOSE int fd =
	        openat(dirfd, "journal", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	if (fsync(dirfd) < 0)
		return -errno; /* cppcheck-suppress resourceLeak ; closed by attribute */
	*ret_fd = TAKE_FD(fd);
	return 0; /* cppcheck-suppress resourceLeak ; handed over */
}

int wl_journal_write(int fd, const struct wl_record *r, const char *checkpoint)
{
	WL_AUTO_FREE uint8_t *buf = NULL;
	size_t cp_n = strlen(checkpoint), payload_n = FIXED_BYTES + r->entries_n + cp_n;
	uint8_t *payload;
	int e;

	if (cp_n > UINT16_MAX || HEADER_BYTES + payload_n > WL_JOURNAL_BYTES_MAX)
		return -EMSGSIZE;
	buf = malloc(HEADER_BYTES + payload_n);
	if (!buf)
		return -ENOMEM;
	payload = buf + HEADER_BYTES;
	store_be(payload, r->first, 8);
	store_be(payload + 8, r->count, 4);
	memcpy(payload + 12, r->entries, r->entries_n);
	store_be(payload + 12 + r->entries_n, cp_n, 2);
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes with their length */
	memcpy(payload + 14 + r->entries_n, checkpoint, cp_n);
	memcpy(buf, magic_bytes, MAGIC_BYTES);
	store_be(buf + MAGIC_BYTES, payload_n, 4);
	e = wl_sha256_of(payload, payload_n, buf + MAGIC_BYTES + 4);
	if (e == 0)
		e = wl_pwrite_full(fd, buf, HEADER_BYTES + payload_n, 0);
	if (e < 0)
		return e;
	return fdatasync(fd) < 0 ? -errno : 0;
}

int wl_journal_clear(int fd)
{
	if (ftruncate(fd, 0) < 0 || fdatasync(fd) < 0)
		return -errno;
	return 0;
}

/* The payload of a whole record; NULL where the record is torn or there is none. */
static const uint8_t *whole_payload(const uint8_t *buf, size_t n, size_t *ret_n)
{
	struct wl_reader rd = wl_reader_from(buf, n);
	const uint8_t *magic = wl_reader_take(&rd, MAGIC_BYTES), *digest, *payload;
	uint8_t actual[WL_SHA256_BYTES];
	size_t payload_n = (size_t)get_be(&rd, 4);

	digest = wl_reader_take(&rd, WL_SHA256_BYTES);
	payload = wl_reader_take(&rd, payload_n);
	if (!magic || !digest || !payload || memcmp(magic, magic_bytes, MAGIC_BYTES) != 0)
		return NULL;
	if (wl_sha256_of(payload, payload_n, actual) < 0 ||
	    memcmp(actual, digest, sizeof(actual)) != 0)
		return NULL;
	*ret_n = payload_n;
	return payload;
}

/* A payload whose digest is right but whose form is not is none of ours: -EUCLEAN. */
static int parse_payload(const uint8_t *payload, size_t n, struct wl_record *ret)
{
	struct wl_reader rd = wl_reader_from(payload, n);
	struct wl_record r = {.first = get_be(&rd, 8)};
	uint64_t count = get_be(&rd, 4);
	int e = 0;

	for (uint64_t i = 0; e == 0 && i < count && !rd.bad; i++) {
		size_t entry_n = (size_t)get_be(&rd, 2);
		const uint8_t *entry = wl_reader_take(&rd, entry_n);
		if (entry)
			e = wl_record_add(&r, entry, entry_n);
	}
	r.checkpoint_n = (size_t)get_be(&rd, 2);
	const uint8_t *cp = wl_reader_take(&rd, r.checkpoint_n);
	if (e == 0 && (rd.bad || wl_reader_left(&rd) != 0 || count == 0))
		e = -EUCLEAN;
	if (e == 0) {
		r.checkpoint = strndup((const char *)cp, r.checkpoint_n);
		e = r.checkpoint ? 0 : -ENOMEM;
	}
	if (e < 0) {
		wl_record_clear(&r);
		return e;
	}
	*ret = r;
	return 1;
}

int wl_journal_read(int fd, struct wl_record *ret)
{
	WL_AUTO_FREE void *buf = NULL;
	const uint8_t *payload;
	size_t n, payload_n = 0;
	int e = wl_fd_read_all(fd, WL_JOURNAL_BYTES_MAX, &buf, &n);

	if (e < 0)
		return e;
	payload = whole_payload(buf, n, &payload_n);
	return payload ? parse_payload(payload, payload_n, ret) : 0;
}
