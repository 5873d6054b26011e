/*
 * Writing the canonical PNG; see encode_png.h.
 *
 * The samples were chosen by a hostile decoder and are only numbers here: no length, offset or name
 * in the output comes from them. Runs in worker-tool. When power goes, the file is one that nobody
 * has recorded.
 */
#include "daemon/image/encode_png.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"

#define FILTER_UP     2
#define BATCH_BYTES   (256U * 1024U) /* rows are deflated in batches of about this */
#define HEAD_BYTES    8U             /* length and type of a chunk */
#define CRC_BYTES     4U
#define ROW_BYTES_MAX ((size_t)WL_IMAGE_SIDE_MAX * 8)

static EVP_MD *sha512;
static struct wl_sha256 *sha256;

struct encoder {
	struct isal_zstream z;
	uint8_t level[ISAL_DEF_LVL1_DEFAULT];
	uint8_t batch[BATCH_BYTES + ROW_BYTES_MAX + 1];
	uint8_t idat[HEAD_BYTES + WL_PNG_IDAT_BYTES + CRC_BYTES];
	size_t used; /* of the data of the IDAT chunk under way */
	uint32_t adler;
	int fd;
	uint64_t bytes;
	EVP_MD_CTX *wide; /* SHA-512 of what was written */
};

int wl_png_encode_prepare(void)
{
	if (!sha512)
		sha512 = EVP_MD_fetch(NULL, "SHA512", NULL);
	if (!sha256)
		sha256 = wl_sha256_new();
	return sha512 && sha256 ? 0 : -ENOMEM;
}

static void store_u32be(uint8_t *b, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		b[i] = (uint8_t)(v >> (24 - 8 * i));
}

static int emit(struct encoder *e, const void *p, size_t n)
{
	int r = wl_write_full(e->fd, p, n);

	if (r == 0)
		r = wl_sha256_add(sha256, p, n);
	if (r == 0 && EVP_DigestUpdate(e->wide, p, n) != 1)
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

static int deflate_batch(struct encoder *e, size_t n, bool last)
{
	e->adler = isal_adler32(e->adler, e->batch, n);
	e->z.next_in = e->batch;
	e->z.avail_in = (uint32_t)n;
	e->z.end_of_stream = last;
	return deflate_all(e);
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

static int write_rows(struct encoder *e, const struct wl_samples *s)
{
	size_t row_bytes = wl_shape_row_bytes(&s->shape), n = 0;
	int r = 0;

	for (uint32_t y = 0; r == 0 && y < s->shape.height; y++) {
		const uint8_t *row = s->p + y * row_bytes;
		e->batch[n] = FILTER_UP;
		filter_row(&s->shape, row, y ? row - row_bytes : NULL, e->batch + n + 1);
		n += row_bytes + 1;
		bool last = y + 1 == s->shape.height;
		if (n >= BATCH_BYTES || last) {
			r = deflate_batch(e, n, last);
			n = 0;
		}
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

static int write_all(struct encoder *e, const struct wl_samples *s)
{
	uint8_t iend[HEAD_BYTES + CRC_BYTES], adler[4];
	int r = write_head(e, &s->shape);

	if (r == 0)
		r = put_byte(e, 0x78);
	if (r == 0)
		r = put_byte(e, 0x01);
	if (r == 0)
		r = write_rows(e, s);
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

int wl_png_encode(const struct wl_samples *s, int fd, struct wl_png_written *ret)
{
	WL_AUTO_FREE struct encoder *e = malloc(sizeof(*e));
	WL_CLEANUP(free_context) EVP_MD_CTX *wide = EVP_MD_CTX_new();
	unsigned n = 0;

	if (!e || !wide || wl_png_encode_prepare() < 0)
		return -ENOMEM;
	isal_deflate_init(&e->z);
	e->z.level = 1;
	e->z.level_buf = e->level;
	e->z.level_buf_size = sizeof(e->level);
	e->z.flush = NO_FLUSH;
	e->used = 0;
	e->adler = 1;
	e->fd = fd;
	e->bytes = 0;
	e->wide = wide;
	int r = wl_sha256_begin(sha256);
	if (r == 0 && EVP_DigestInit_ex(wide, sha512, NULL) != 1)
		r = -EIO;
	if (r == 0)
		r = write_all(e, s);
	if (r == 0)
		r = wl_sha256_end(sha256, ret->sha256);
	if (r == 0 && EVP_DigestFinal_ex(wide, ret->sha512, &n) != 1)
		r = -EIO;
	ret->bytes = e->bytes;
	return r;
}

int wl_samples_digest(const struct wl_samples *s, uint8_t ret_digest[WL_SHA256_BYTES])
{
	uint8_t head[16];
	int r = wl_png_encode_prepare();

	wl_shape_head(&s->shape, head);
	if (r == 0)
		r = wl_sha256_begin(sha256);
	if (r == 0)
		r = wl_sha256_add(sha256, head, sizeof(head));
	if (r == 0)
		r = wl_sha256_add(sha256, s->p, s->bytes);
	return r < 0 ? r : wl_sha256_end(sha256, ret_digest);
}
