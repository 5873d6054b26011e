/*
 * Checking one output, byte by byte; see check_png.h.
 *
 * The file is taken as the work of an enemy: it may be anything that a broken or bribed encoder
 * wrote. It is read once, front to end, within fixed buffers. Runs in worker-tool. Power: no state.
 */
#include "daemon/image/check_png.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include "daemon/base/bytes.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"

#define PART_BYTES  1048576U /* every IDAT but the last */
#define PIECE_BYTES 131072U  /* of an IDAT, read at a time: it stays in the processor's cache */
#define ROOM_BYTES  262144U  /* of what is inflated at a time */
#define HEAD_BYTES  33U      /* signature and IHDR */
#define TRAIL_BYTES 12U      /* IEND */
#define ROW_MAX     ((size_t)WL_IMAGE_SIDE_MAX * 8 + 1)

static struct wl_sha256 *of_file, *of_samples;

struct checking {
	struct inflate_state inflate;
	struct wl_png_facts *facts;
	struct wl_finding *finding;
	int fd;
	size_t row_bytes; /* without its filter */
	size_t in_row;    /* bytes of the row under way, filter included */
	uint32_t rows;    /* done */
	uint32_t adler;
	size_t nheader; /* bytes of the zlib header that came */
	bool last_seen, ended;
	uint8_t tail[16]; /* bytes of the stream behind its deflate part */
	size_t ntail;
	uint8_t piece[PIECE_BYTES];
	uint8_t room[ROOM_BYTES];
	uint8_t row[ROW_MAX], above[ROW_MAX], sample[ROW_MAX];
};

int wl_png_check_prepare(void)
{
	if (!of_file)
		of_file = wl_sha256_new();
	if (!of_samples)
		of_samples = wl_sha256_new();
	return of_file && of_samples ? 0 : -ENOMEM;
}

static int refuse(struct checking *c, const char *words)
{
	return wl_refuse(c->finding, WL_RULE_IMAGE_NOT_CANONICAL, "%s", words);
}

static uint32_t big(const uint8_t *b)
{
	return ((uint32_t)b[0] << 24) + ((uint32_t)b[1] << 16) + ((uint32_t)b[2] << 8) + b[3];
}

/* The next n bytes, hashed; a shorter file refuses. */
static int next(struct checking *c, uint8_t *buf, size_t n)
{
	ssize_t got = wl_pread_full(c->fd, buf, n, (off_t)c->facts->bytes);

	if (got < 0)
		return (int)got;
	if ((size_t)got != n)
		return refuse(c, "it ends too early");
	c->facts->bytes += n;
	return wl_sha256_add(of_file, buf, n);
}

static bool crc_is_right(const uint8_t *type, size_t n)
{
	return crc32_gzip_refl(0, type, n) == big(type + n);
}

static int read_head(struct checking *c)
{
	static const uint8_t start[16] = {137, 80, 78, 71, 13, 10, 26, 10,
	                                  0,   0,  0,  13, 73, 72, 68, 82};
	static const uint32_t channels_of[7] = {1, 0, 3, 0, 2, 0, 4};
	uint8_t head[HEAD_BYTES], numbers[16];
	int r = next(c, head, sizeof(head));

	if (r < 0)
		return r;
	if (memcmp(head, start, sizeof(start)) != 0 || !crc_is_right(head + 12, 17))
		return refuse(c, "its signature or IHDR");
	c->facts->width = big(head + 16);
	c->facts->height = big(head + 20);
	c->facts->bits = head[24];
	c->facts->channels = head[25] < 7 ? channels_of[head[25]] : 0;
	if (c->facts->width < 1 || c->facts->width > WL_IMAGE_SIDE_MAX || c->facts->height < 1 ||
	    c->facts->height > WL_IMAGE_SIDE_MAX || c->facts->channels == 0 ||
	    (c->facts->bits != 8 && c->facts->bits != 16))
		return refuse(c, "a size, depth or colour type");
	if (head[26] != 0 || head[27] != 0 || head[28] != 0)
		return refuse(c, "compression, filter or interlace method");
	c->row_bytes = (size_t)c->facts->width * c->facts->channels * c->facts->bits / 8;
	wl_store_u32le(numbers, c->facts->width);
	wl_store_u32le(numbers + 4, c->facts->height);
	wl_store_u32le(numbers + 8, c->facts->bits);
	wl_store_u32le(numbers + 12, c->facts->channels);
	return wl_sha256_add(of_samples, numbers, sizeof(numbers));
}

/* A row is whole: undo the filter, digest its samples. */
static int end_row(struct checking *c)
{
	size_t n = c->row_bytes;

	if (c->row[0] != 2)
		return refuse(c, "a row with another filter");
	if (c->rows == c->facts->height)
		return refuse(c, "more rows than its height");
	for (size_t i = 1; i <= n; i++)
		c->above[i] = (uint8_t)(c->above[i] + c->row[i]);
	c->rows++;
	c->in_row = 0;
	if (c->facts->bits == 8)
		return wl_sha256_add(of_samples, c->above + 1, n);
	for (size_t i = 0; i < n; i += 2) {
		c->sample[i] = c->above[i + 2];
		c->sample[i + 1] = c->above[i + 1];
	}
	return wl_sha256_add(of_samples, c->sample, n);
}

static int take_inflated(struct checking *c, const uint8_t *p, size_t n)
{
	c->adler = isal_adler32(c->adler, p, n);
	while (n > 0) {
		size_t want = c->row_bytes + 1 - c->in_row, part = n < want ? n : want;
		memcpy(c->row + c->in_row, p, part);
		c->in_row += part;
		p += part;
		n -= part;
		if (part == want) {
			int r = end_row(c);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* Behind the last block: the bits up to the next byte, which must be zero, then whole bytes. */
static int keep_tail(struct checking *c)
{
	unsigned spare = (unsigned)c->inflate.read_in_length % 8;
	uint64_t bits = c->inflate.read_in;

	if (bits & ((UINT64_C(1) << spare) - 1))
		return refuse(c, "bits behind the last block");
	bits >>= spare;
	for (int left = c->inflate.read_in_length / 8; left > 0; left--) {
		c->tail[c->ntail++] = (uint8_t)bits;
		bits >>= 8;
	}
	c->ended = true;
	return 0;
}

static int more_tail(struct checking *c, const uint8_t *p, size_t n)
{
	if (n > sizeof(c->tail) - c->ntail)
		return refuse(c, "bytes behind the end of its stream");
	memcpy(c->tail + c->ntail, p, n);
	c->ntail += n;
	return 0;
}

static int inflate_part(struct checking *c, uint8_t *p, size_t n)
{
	c->inflate.next_in = p;
	c->inflate.avail_in = (uint32_t)n;
	while (!c->ended) {
		c->inflate.next_out = c->room;
		c->inflate.avail_out = sizeof(c->room);
		int said = isal_inflate(&c->inflate);
		size_t got = sizeof(c->room) - c->inflate.avail_out;
		if (said != ISAL_DECOMP_OK && said != ISAL_END_INPUT)
			return refuse(c, "a deflate stream that is damaged");
		int r = take_inflated(c, c->room, got);
		if (r == 0 && c->inflate.block_state == ISAL_BLOCK_FINISH)
			r = keep_tail(c);
		if (r < 0)
			return r;
		if (!c->ended && c->inflate.avail_in == 0 && got < sizeof(c->room))
			return 0;
	}
	return more_tail(c, c->inflate.next_in, c->inflate.avail_in);
}

/* A piece of the stream. The first one begins with the zlib header. */
static int take_piece(struct checking *c, uint8_t *p, size_t n)
{
	static const uint8_t header[2] = {0x78, 0x01};

	while (n > 0 && c->nheader < sizeof(header)) {
		if (*p != header[c->nheader++])
			return refuse(c, "another zlib header");
		p++;
		n--;
	}
	return c->ended ? more_tail(c, p, n) : inflate_part(c, p, n);
}

/* The data of an IDAT, piece by piece, and its checksum. */
static int read_data(struct checking *c, const uint8_t head[8], size_t n)
{
	uint8_t crc[4];
	uint32_t sum = crc32_gzip_refl(0, head + 4, 4);

	while (n > 0) {
		size_t part = n < PIECE_BYTES ? n : PIECE_BYTES;
		int r = next(c, c->piece, part);
		if (r < 0)
			return r;
		sum = crc32_gzip_refl(sum, c->piece, part);
		r = take_piece(c, c->piece, part);
		if (r < 0)
			return r;
		n -= part;
	}
	int r = next(c, crc, sizeof(crc));
	if (r < 0)
		return r;
	return sum == big(crc) ? 0 : refuse(c, "a checksum");
}

/* One chunk: an IDAT of the one size, or the last one. 1 where IEND came. */
static int read_chunk(struct checking *c)
{
	static const uint8_t iend[TRAIL_BYTES] = {0,  0,  0,    0,    73,   69,
	                                          78, 68, 0xAE, 0x42, 0x60, 0x82};
	uint8_t head[TRAIL_BYTES];
	int r = next(c, head, 8);

	if (r < 0)
		return r;
	size_t n = big(head);
	if (memcmp(head + 4, iend + 4, 4) == 0) {
		r = next(c, head + 8, 4);
		if (r == 0 && memcmp(head, iend, sizeof(iend)) != 0)
			r = refuse(c, "its IEND");
		return r < 0 ? r : 1;
	}
	if (memcmp(head + 4, "IDAT", 4) != 0)
		return refuse(c, "a chunk that is neither IDAT nor IEND");
	if (n == 0 || n > PART_BYTES || c->last_seen)
		return refuse(c, "an IDAT of another size");
	c->last_seen = n < PART_BYTES;
	return read_data(c, head, n);
}

static int check_end(struct checking *c)
{
	uint8_t beyond = 0;

	if (!c->ended || c->ntail != 4 || big(c->tail) != c->adler)
		return refuse(c, "the end of its stream");
	if (c->rows != c->facts->height || c->in_row != 0)
		return refuse(c, "fewer or more rows than its height");
	ssize_t got = wl_pread_full(c->fd, &beyond, 1, (off_t)c->facts->bytes);
	if (got < 0)
		return (int)got;
	return got == 0 ? 0 : refuse(c, "something behind IEND");
}

static int check_all(struct checking *c)
{
	int r = read_head(c);

	while (r == 0)
		r = read_chunk(c);
	return r < 0 ? r : check_end(c);
}

int wl_png_check(int fd, struct wl_png_facts *ret, struct wl_finding *ret_finding)
{
	WL_AUTO_FREE struct checking *c = calloc(1, sizeof(*c));

	if (!c || wl_png_check_prepare() < 0)
		return -ENOMEM;
	*ret = (struct wl_png_facts){0};
	c->facts = ret;
	c->finding = ret_finding;
	c->fd = fd;
	c->adler = 1;
	isal_inflate_init(&c->inflate);
	int r = wl_sha256_begin(of_file);
	if (r == 0)
		r = wl_sha256_begin(of_samples);
	if (r == 0)
		r = check_all(c);
	if (r == 0)
		r = wl_sha256_end(of_file, ret->sha256);
	return r < 0 ? r : wl_sha256_end(of_samples, ret->samples_sha256);
}
