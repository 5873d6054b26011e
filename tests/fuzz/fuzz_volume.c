/*
 * Fuzz target: a whole medium, whatever is on it (replay_fat, replay_exfat, replay_gpt, replay_ntfs
 * and replay_iso are this one, each with its own seeds). The first byte gives its size, 512 bytes
 * shifted left by its low five bits; then come pieces of it: sector number (3 bytes,
 * little-endian), number of sectors (1 byte), and their bytes; a number of 0 is a piece of one byte
 * value, followed by the number of sectors (2 bytes) and the value. What no piece covers reads as
 * zeros; the first piece that covers a sector counts. Every file is delivered; no sector may be
 * fetched twice, and exactly the bytes must come that the list promised. (tests/fuzz/
 * make_seeds_fat.py and make_seeds_volume.py write seeds in this form.)
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/bytes.h"
#include "daemon/base/cleanup.h"
#include "daemon/volume/volume.h"

#define SECTORS_MAX 131072U /* beyond them fetches are not counted */
#define PIECES_MAX  128U
#define BYTES_MAX   (UINT64_C(1) << 21) /* larger files are zeros without end: nothing to learn */

struct piece {
	uint64_t first, end; /* bytes of the medium */
	const uint8_t *p;    /* NULL: all of it is `value` */
	uint8_t value;
};

struct medium {
	struct piece pieces[PIECES_MAX];
	size_t npieces;
	uint64_t delivered;
	uint8_t fetched[SECTORS_MAX];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_pieces(struct medium *m, struct wl_reader *r)
{
	while (m->npieces < PIECES_MAX && wl_reader_left(r) > 4) {
		uint32_t sector = wl_get_u16le(r);
		sector |= (uint32_t)wl_get_u8(r) << 16;
		size_t n = (size_t)wl_get_u8(r) * 512;
		struct piece *piece = &m->pieces[m->npieces++];
		piece->first = (uint64_t)sector * 512;
		if (n == 0) {
			piece->end = piece->first + (uint64_t)wl_get_u16le(r) * 512;
			piece->value = wl_get_u8(r);
			continue;
		}
		n = n < wl_reader_left(r) ? n : wl_reader_left(r);
		piece->end = piece->first + n;
		piece->p = wl_reader_take(r, n);
	}
}

/* From the last piece to the first: what lies over what. */
static void fill(struct medium *m, uint64_t at, uint8_t *buf, size_t n)
{
	memset(buf, 0, n);
	for (size_t i = m->npieces; i-- > 0;) {
		const struct piece *piece = &m->pieces[i];
		uint64_t from = at > piece->first ? at : piece->first;
		uint64_t end = at + n < piece->end ? at + n : piece->end;
		if (from < end && !piece->p)
			memset(buf + (from - at), piece->value, (size_t)(end - from));
		else if (from < end)
			memcpy(buf + (from - at), piece->p + (from - piece->first),
			       (size_t)(end - from));
	}
	for (uint64_t s = at / 512; s < SECTORS_MAX && s <= (at + n - 1) / 512; s++)
		if (m->fetched[s]++)
			abort();
}

static ssize_t read_medium(void *user, int fd, void *buf, size_t n, off_t offset)
{
	(void)fd;
	fill(user, (uint64_t)offset, buf, n);
	return (ssize_t)n;
}

/* Delivery goes nowhere, but counts. */
static ssize_t splice_medium(void *user, int fd, off_t offset, int out_fd, size_t n)
{
	struct medium *m = user;
	uint8_t part[512];
	(void)fd;
	(void)out_fd;
	n = n < sizeof(part) - (size_t)(offset % 512) ? n : sizeof(part) - (size_t)(offset % 512);
	fill(m, (uint64_t)offset, part, n);
	m->delivered += n;
	return (ssize_t)n;
}

static int write_out(void *user, int out_fd, const void *p, size_t n)
{
	struct medium *m = user;
	(void)out_fd;
	(void)p;
	m->delivered += n;
	return 0;
}

static const struct wl_device_ops ops = {
        .read = read_medium, .splice = splice_medium, .write = write_out};

static void deliver(struct medium *m, struct wl_volume *v)
{
	struct wl_volume_info info;
	struct wl_finding f = {.rule = WL_RULE_NONE};
	wl_volume_get_info(v, &info);
	if (info.bytes > BYTES_MAX)
		return;
	for (size_t i = 0; i < info.entries; i++) {
		struct wl_volume_entry e;
		uint64_t before = m->delivered;
		if (wl_volume_get_entry(v, i, &e) < 0)
			abort();
		if (e.folder)
			continue;
		int r = wl_volume_deliver(v, i, -1, NULL, NULL, &f);
		/* the list checked everything that could go wrong, but for what NTFS compressed */
		bool may_refuse = e.refused || strcmp(info.filesystem, "ntfs") == 0;
		if (r == 0 ? e.refused || m->delivered - before != e.bytes
		           : r != -EBADMSG || !may_refuse)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	WL_CLEANUP(wl_device_cleanup) struct wl_device *d = NULL;
	WL_CLEANUP(wl_volume_cleanup) struct wl_volume *v = NULL;
	static struct medium m;
	struct wl_finding f = {.rule = WL_RULE_NONE};
	if (size < 1)
		return 0;
	memset(&m, 0, sizeof(m));
	struct wl_reader pieces = wl_reader_from(data + 1, size - 1);
	read_pieces(&m, &pieces);
	if (wl_device_new(-1, UINT64_C(512) << (data[0] & 31), &d) < 0)
		return 0;
	wl_device_set_ops(d, &ops, &m);
	int r = wl_volume_open(d, 1000, &v, &f);
	if (r == -EBADMSG ? f.rule == WL_RULE_NONE : r != 0)
		abort();
	if (r == 0)
		deliver(&m, v);
	return 0;
}
