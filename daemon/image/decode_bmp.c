/*
 * BMP to samples, by our own code: palettes, bit fields, run lengths, either direction of rows.
 *
 * Palettes become RGB; bit fields are scaled to 8 bits (to 16 where a field is wider than 8), so
 * that the largest value of a field becomes the largest sample. The fourth byte of plain 32-bit
 * pixels is unused by definition and left out. Runs in worker-image. Power: no state.
 */
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/image/bmp_header.h"

#define PAD_BYTES_MAX 3U /* zero bytes that some programs leave behind the last row */

static int truncated(struct wl_finding *f)
{
	return wl_refuse(f, WL_RULE_IMAGE_TRUNCATED, "fewer rows than it says");
}

static int put_index(const struct wl_bmp *b, unsigned index, uint8_t *out, struct wl_finding *f)
{
	if (index >= b->ncolours)
		return wl_refuse(f, WL_RULE_IMAGE_DAMAGED,
		                 "a colour that its palette does not have");
	memcpy(out, b->palette[index], 3);
	return 0;
}

static int row_of_indices(const struct wl_bmp *b, const uint8_t *in, uint8_t *out,
                          struct wl_finding *f)
{
	unsigned each = 8 / b->depth, last = (1U << b->depth) - 1;
	int r = 0;

	for (uint32_t x = 0; r == 0 && x < b->shape.width; x++) {
		unsigned shift = (each - 1 - x % each) * b->depth;
		r = put_index(b, (unsigned)(in[x / each] >> shift) & last, out + (size_t)x * 3, f);
	}
	return r;
}

static int row_of_bytes(const struct wl_bmp *b, const uint8_t *in, uint8_t *out,
                        struct wl_finding *f)
{
	(void)f;
	for (size_t x = 0; x < b->shape.width; x++) {
		out[x * 3] = in[x * 3 + 2];
		out[x * 3 + 1] = in[x * 3 + 1];
		out[x * 3 + 2] = in[x * 3];
	}
	return 0;
}

static uint32_t scaled(const struct wl_bmp_field *f, uint32_t pixel, uint32_t most)
{
	uint64_t v = (pixel & f->mask) >> f->shift;

	return (uint32_t)((v * most + f->max / 2) / f->max);
}

static int row_of_fields(const struct wl_bmp *b, const uint8_t *in, uint8_t *out,
                         struct wl_finding *f)
{
	unsigned bytes = b->depth / 8;

	(void)f;
	for (size_t x = 0; x < b->shape.width; x++) {
		uint32_t pixel = bytes == 2 ? wl_load_u16le(in + x * 2) : wl_load_u32le(in + x * 4);
		for (unsigned c = 0; c < b->shape.channels; c++) {
			size_t at = x * b->shape.channels + c;
			if (b->shape.bits == 8)
				out[at] = (uint8_t)scaled(&b->field[c], pixel, UINT8_MAX);
			else
				wl_store_u16le(out + at * 2,
				               (uint16_t)scaled(&b->field[c], pixel, UINT16_MAX));
		}
	}
	return 0;
}

static uint8_t *row_at(struct wl_decode *d, const struct wl_bmp *b, uint32_t stored)
{
	uint32_t y = b->top_down ? stored : b->shape.height - 1 - stored;

	return d->samples.p + y * wl_shape_row_bytes(&b->shape);
}

/* Rows as they lie, each padded to four bytes. */
static int read_rows(struct wl_decode *d, const struct wl_bmp *b, size_t *ret_end,
                     struct wl_finding *f)
{
	struct wl_reader in = wl_reader_from(d->source.p, d->source.n);
	size_t used = ((size_t)b->shape.width * b->depth + 7) / 8, stride = (used + 3) / 4 * 4;
	int (*row)(const struct wl_bmp *, const uint8_t *, uint8_t *, struct wl_finding *) =
	        b->depth <= 8    ? row_of_indices
	        : b->depth == 24 ? row_of_bytes
	                         : row_of_fields;
	int r = 0;

	in.pos = b->pixels_at;
	for (uint32_t y = 0; r == 0 && y < b->shape.height; y++) {
		/* the padding of the last row may be missing */
		size_t n = y + 1 == b->shape.height && wl_reader_left(&in) < stride ? used : stride;
		const uint8_t *p = wl_reader_take(&in, n);
		r = p ? row(b, p, row_at(d, b, y), f) : truncated(f);
	}
	wl_removed_add(d, WL_REMOVED_UNUSED, (stride - used) * b->shape.height);
	*ret_end = in.pos;
	return r;
}

static int read_runs(struct wl_decode *d, const struct wl_bmp *b, size_t *ret_end,
                     struct wl_finding *f)
{
	size_t n = (size_t)b->shape.width * b->shape.height, used = 0;
	struct wl_bytes packed = {d->source.p + b->pixels_at, d->source.n - b->pixels_at};

	if (n > WL_IMAGE_DECODER_BYTES_MAX)
		return wl_refuse(f, WL_RULE_IMAGE_TOO_LARGE, "%zu pixels in run lengths", n);
	WL_AUTO_FREE uint8_t *indices = calloc(1, n);
	if (!indices)
		return -ENOMEM;
	int r = wl_bmp_rle_unpack(b, packed, indices, &used, f);
	for (uint32_t y = 0; r == 0 && y < b->shape.height; y++) {
		const uint8_t *in = indices + (size_t)y * b->shape.width;
		uint8_t *out = row_at(d, b, y);
		for (uint32_t x = 0; r == 0 && x < b->shape.width; x++)
			r = put_index(b, in[x], out + (size_t)x * 3, f);
	}
	*ret_end = b->pixels_at + used;
	return r;
}

/* A profile may lie behind the rows; a few zero bytes are some programs' habit. */
static int check_end(struct wl_decode *d, const struct wl_bmp *b, size_t end, struct wl_finding *f)
{
	size_t profile_end = b->profile_at + b->profile_bytes;
	size_t left = d->source.n - end, zeros = 0;

	if (b->profile_at >= end && profile_end > d->source.n)
		return wl_refuse(f, WL_RULE_IMAGE_TRUNCATED, "it ends within its colour profile");
	if (b->profile_at >= end && profile_end > end)
		left = d->source.n - profile_end;
	while (zeros < left && zeros < PAD_BYTES_MAX && d->source.p[d->source.n - 1 - zeros] == 0)
		zeros++;
	if (left > zeros)
		return wl_refuse(f, WL_RULE_IMAGE_TRAILING_BYTES, "%zu bytes behind its last row",
		                 left);
	return 0;
}

int wl_decode_bmp(struct wl_decode *d, struct wl_finding *ret_finding)
{
	struct wl_bmp bmp;
	size_t end = 0;
	int r = wl_bmp_header_read(d, &bmp, ret_finding);

	if (r == 0)
		r = wl_decode_shape(d, &bmp.shape, ret_finding);
	if (r < 0)
		return r;
	d->pages = 1;
	bool runs = bmp.packing == WL_BMP_RLE8 || bmp.packing == WL_BMP_RLE4;
	r = runs ? read_runs(d, &bmp, &end, ret_finding) : read_rows(d, &bmp, &end, ret_finding);
	return r < 0 ? r : check_end(d, &bmp, end, ret_finding);
}
