/*
 * Writing the canonical PNG; see encode_png.h.
 *
 * The samples were chosen by a hostile decoder and are only numbers here: no length, offset or name
 * in the output comes from them. Runs in worker-tool. When power goes, the file is one that nobody
 * has recorded.
 */
#include "daemon/image/encode_png.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"

#define FILTER_UP 2
/* rows are worked on in bands of about this, which stays in the cache */
#define BAND_BYTES (256U * 1024U)
#define HEAD_BYTES 8U /* length and type of a chunk */
#define CRC_BYTES  4U
#define HUGE_BYTES (2U * 1024U * 1024U)
#define BIG_BYTES  (1U * 1024U * 1024U) /* of samples: then a huge page is worth being cleared */

static EVP_MD *sha512;
static struct wl_sha256 *of_decoded, *of_samples;

struct encoder {
	const struct wl_png_order *order;
	struct isal_zstream z;
	uint8_t level[ISAL_DEF_LVL1_DEFAULT];
	uint8_t idat[HEAD_BYTES + WL_PNG_IDAT_BYTES + CRC_BYTES];
	size_t used; /* of the data of the IDAT chunk under way */
	uint32_t adler;
	uint64_t bytes;
	EVP_MD_CTX *wide;            /* SHA-512 of what was written; NULL: not wanted */
	uint32_t band_rows;          /* of a whole band */
	uint8_t *above, *band, *out; /* the row before the band, its rows, the same filtered */
	uint8_t room[];
};

int wl_png_encode_prepare(void)
{
	if (!sha512)
		sha512 = EVP_MD_fetch(NULL, "SHA512", NULL);
	if (!of_decoded)
		of_decoded = wl_sha256_new();
	if (!of_samples)
		of_samples = wl_sha256_new();
	return sha512 && of_decoded && of_samples ? 0 : -ENOMEM;
}

static void store_u32be(uint8_t *b, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		b[i] = (uint8_t)(v >> (24 - 8 * i));
}

static int emit(struct encoder *e, const void *p, size_t n)
{
	int r = wl_write_full(e->order->output_fd, p, n);

	if (r == 0 && e->wide && EVP_DigestUpdate(e->wide, p, n) != 1)
		r = -EIO;
	e->bytes += n;
	return r;
}

/* chunk has room for its head before the data, and for its CRC behind. */
static int emit_chunk(struct encoder *e, uint8_t *chunk, const char type[4], size_t n)
{
	store_u32be(chunk, (uint32_t)n);
	for (size_t i = 0; i < 4; i++)
		chunk[4 + i] = (uint8_t)type[i];
	store_u32be(chunk + HEAD_BYTES + n, crc32_gzip_refl(0, chunk + 4, n + 4));
	return emit(e, chunk, HEAD_BYTES + n + CRC_BYTES);
}

static int emit_idat(struct encoder *e)
{
	size_t n = e->used;

	e->used = 0;
	return n ? emit_chunk(e, e->idat, "IDAT", n) : 0;
}

static int put_byte(struct encoder *e, uint8_t byte)
{
	e->idat[HEAD_BYTES + e->used++] = byte;
	return e->used == WL_PNG_IDAT_BYTES ? emit_idat(e) : 0;
}

/* Deflates what z has got until nothing is left of it (or, at the end, until all came out). */
static int deflate_all(struct encoder *e)
{
	for (;;) {
		e->z.next_out = e->idat + HEAD_BYTES + e->used;
		e->z.avail_out = (uint32_t)(WL_PNG_IDAT_BYTES - e->used);
		if (isal_deflate(&e->z) != COMP_OK)
			return -EIO;
		e->used = WL_PNG_IDAT_BYTES - e->z.avail_out;
		if (e->z.avail_out > 0)
			return e->z.avail_in == 0 ? 0 : -EIO;
		int r = emit_idat(e);
		if (r < 0 || e->z.internal_state.state == ZSTATE_END)
			return r;
	}
}

/* One row with filter Up; PNG has the high byte first. Plain loops, so that they become vectors. */
static void filter_row(const struct wl_shape *shape, const uint8_t *row, const uint8_t *above,
                       uint8_t *out)
{
	size_t n = wl_shape_row_bytes(shape);

	if (above)
		for (size_t i = 0; i < n; i++)
			out[i] = (uint8_t)(row[i] - above[i]);
	else
		memcpy(out, row, n);
	if (shape->bits == 16)
		for (size_t i = 0; i < n; i += 2) {
			uint16_t v;
			memcpy(&v, out + i, sizeof(v));
			v = __builtin_bswap16(v);
			memcpy(out + i, &v, sizeof(v));
		}
}

/* The band's samples: digested as they were decoded, covered, and digested as they leave. */
static int read_band(struct encoder *e, uint32_t y, uint32_t rows)
{
	const struct wl_png_order *o = e->order;
	size_t row_bytes = wl_shape_row_bytes(&o->shape), n = row_bytes * rows;
	ssize_t got = wl_pread_full(o->samples_fd, e->band, n, (off_t)(row_bytes * y));

	if (got < 0)
		return (int)got;
	if ((size_t)got != n)
		return -EIO;
	int r = wl_sha256_add(of_decoded, e->band, n);
	for (size_t i = 0; i < o->nmasks; i++)
		wl_mask_apply(&o->shape, &o->masks[i], e->band, y, rows);
	return r < 0 || o->nmasks == 0 ? r : wl_sha256_add(of_samples, e->band, n);
}

static int write_band(struct encoder *e, uint32_t y, uint32_t rows)
{
	const struct wl_shape *shape = &e->order->shape;
	size_t row_bytes = wl_shape_row_bytes(shape), n = rows * (row_bytes + 1);

	for (uint32_t i = 0; i < rows; i++) {
		uint8_t *row = e->band + i * row_bytes, *out = e->out + i * (row_bytes + 1);
		out[0] = FILTER_UP;
		filter_row(shape, row, y + i ? row - row_bytes : NULL, out + 1);
	}
	memcpy(e->above, e->band + (rows - 1) * row_bytes, row_bytes);
	e->adler = isal_adler32(e->adler, e->out, n);
	e->z.next_in = e->out;
	e->z.avail_in = (uint32_t)n;
	e->z.end_of_stream = y + rows == shape->height;
	return deflate_all(e);
}

static int write_rows(struct encoder *e)
{
	uint32_t height = e->order->shape.height;
	int r = 0;

	for (uint32_t y = 0; r == 0 && y < height;) {
		uint32_t rows = height - y < e->band_rows ? height - y : e->band_rows;
		r = read_band(e, y, rows);
		if (r == 0)
			r = write_band(e, y, rows);
		y += rows;
	}
	return r;
}

static int write_head(struct encoder *e, const struct wl_shape *shape)
{
	static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
	static const uint8_t colour[5] = {0, 0, 4, 2, 6}; /* by channels */
	uint8_t ihdr[HEAD_BYTES + 13 + CRC_BYTES] = {0};

	store_u32be(ihdr + HEAD_BYTES, shape->width);
	store_u32be(ihdr + HEAD_BYTES + 4, shape->height);
	ihdr[HEAD_BYTES + 8] = (uint8_t)shape->bits;
	ihdr[HEAD_BYTES + 9] = colour[shape->channels];
	int r = emit(e, signature, sizeof(signature));
	return r < 0 ? r : emit_chunk(e, ihdr, "IHDR", 13);
}

static int write_all(struct encoder *e)
{
	uint8_t iend[HEAD_BYTES + CRC_BYTES], adler[4];
	int r = write_head(e, &e->order->shape);

	if (r == 0)
		r = put_byte(e, 0x78);
	if (r == 0)
		r = put_byte(e, 0x01);
	if (r == 0)
		r = write_rows(e);
	store_u32be(adler, e->adler);
	for (size_t i = 0; r == 0 && i < sizeof(adler); i++)
		r = put_byte(e, adler[i]);
	if (r == 0)
		r = emit_idat(e);
	return r < 0 ? r : emit_chunk(e, iend, "IEND", 0);
}

static void free_context(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
}

/* Everything the encoder works in, for a large picture in huge pages where the kernel has them:
 * each page that is touched for the first time costs a fault. */
static struct encoder *make_encoder(const struct wl_png_order *order)
{
	size_t row_bytes = wl_shape_row_bytes(&order->shape);
	size_t rows = row_bytes < BAND_BYTES ? BAND_BYTES / row_bytes : 1;
	rows = rows < order->shape.height ? rows : order->shape.height;
	size_t band = row_bytes * (rows + 1), out = (row_bytes + 1) * rows;
	size_t whole = sizeof(struct encoder) + band + out;
	bool big = wl_shape_bytes(&order->shape) >= BIG_BYTES;
	if (big)
		whole = (whole + HUGE_BYTES - 1) / HUGE_BYTES * HUGE_BYTES;
	struct encoder *e = big ? aligned_alloc(HUGE_BYTES, whole) : malloc(whole);
	if (!e)
		return NULL;
	if (big)
		(void)madvise(e, whole, MADV_HUGEPAGE);
	e->order = order;
	e->used = 0;
	e->adler = 1;
	e->bytes = 0;
	e->wide = NULL;
	e->band_rows = (uint32_t)rows;
	e->above = e->room;
	e->band = e->room + row_bytes;
	e->out = e->room + band;
	isal_deflate_init(&e->z);
	e->z.level = 1;
	e->z.level_buf = e->level;
	e->z.level_buf_size = sizeof(e->level);
	e->z.flush = NO_FLUSH;
	return e;
}

static int begin_digests(struct encoder *e)
{
	uint8_t head[16];
	int r = wl_sha256_begin(of_decoded);

	wl_shape_head(&e->order->shape, head);
	if (r == 0)
		r = wl_sha256_add(of_decoded, head, sizeof(head));
	if (r == 0)
		r = wl_sha256_begin(of_samples);
	if (r == 0)
		r = wl_sha256_add(of_samples, head, sizeof(head));
	if (r == 0 && e->wide && EVP_DigestInit_ex(e->wide, sha512, NULL) != 1)
		r = -EIO;
	return r;
}

static int end_digests(struct encoder *e, struct wl_png_written *ret)
{
	unsigned n = 0;
	int r = wl_sha256_end(of_decoded, ret->decoded_sha256);

	memcpy(ret->samples_sha256, ret->decoded_sha256, WL_SHA256_BYTES);
	if (r == 0 && e->order->nmasks > 0)
		r = wl_sha256_end(of_samples, ret->samples_sha256);
	if (r == 0 && e->wide && EVP_DigestFinal_ex(e->wide, ret->sha512, &n) != 1)
		r = -EIO;
	return r;
}

int wl_png_encode(const struct wl_png_order *order, struct wl_png_written *ret)
{
	WL_AUTO_FREE struct encoder *e = NULL;
	WL_CLEANUP(free_context)
	EVP_MD_CTX *wide = order->want_sha512 ? EVP_MD_CTX_new() : NULL;
	int r = wl_samples_check(order->samples_fd, &order->shape);

	for (size_t i = 0; r == 0 && i < order->nmasks; i++)
		r = wl_mask_check(&order->shape, &order->masks[i]);
	if (r < 0)
		return r;
	e = make_encoder(order);
	if (!e || (order->want_sha512 && !wide) || wl_png_encode_prepare() < 0)
		return -ENOMEM;
	e->wide = wide;
	*ret = (struct wl_png_written){0};
	r = begin_digests(e);
	if (r == 0)
		r = write_all(e);
	ret->bytes = e->bytes;
	return r < 0 ? r : end_digests(e, ret);
}
