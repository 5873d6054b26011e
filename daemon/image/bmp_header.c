/*
 * Reading the headers of a BMP; see bmp_header.h.
 *
 * Every number is the attacker's and is used only after it was held against the size of the file
 * and the limits. Runs in worker-image. Power: no state.
 */
#include "daemon/image/bmp_header.h"

#include <string.h>

#include "daemon/base/cleanup.h"

#define FILE_HEADER_BYTES  14U
#define CORE_HEADER_BYTES  12U
#define INFO_HEADER_BYTES  40U
#define V4_HEADER_BYTES    108U
#define V5_HEADER_BYTES    124U
#define COMPRESSION_FIELDS 3U
#define COMPRESSION_ALPHA  6U

/* Sizes of headers there are, and how many masks lie within each. */
static const struct {
	uint32_t bytes;
	unsigned masks;
} versions[] = {{12, 0}, {16, 0}, {40, 0}, {52, 3}, {56, 4}, {64, 0}, {108, 4}, {124, 4}};

struct reading {
	struct wl_decode *d;
	struct wl_bmp *bmp;
	struct wl_finding *finding;
	struct wl_reader in;
	uint32_t header_bytes, compression, colours;
	unsigned masks;
};

static int damaged(struct reading *h, const char *words)
{
	return wl_refuse(h->finding, WL_RULE_IMAGE_DAMAGED, "%s", words);
}

static int truncated(struct reading *h)
{
	return wl_refuse(h->finding, WL_RULE_IMAGE_TRUNCATED, "it ends within its headers");
}

static int find_version(struct reading *h)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(versions); i++)
		if (versions[i].bytes == h->header_bytes) {
			h->masks = versions[i].masks;
			return 0;
		}
	return wl_refuse(h->finding, WL_RULE_IMAGE_CODEC, "a header of %u bytes", h->header_bytes);
}

/* Sides, planes, depth, compression. */
static int read_basics(struct reading *h)
{
	bool core = h->header_bytes == CORE_HEADER_BYTES;
	int64_t width = core ? wl_get_u16le(&h->in) : (int32_t)wl_get_u32le(&h->in);
	int64_t height = core ? wl_get_u16le(&h->in) : (int32_t)wl_get_u32le(&h->in);
	unsigned planes = wl_get_u16le(&h->in);

	h->bmp->depth = wl_get_u16le(&h->in);
	if (h->header_bytes >= INFO_HEADER_BYTES) {
		h->compression = wl_get_u32le(&h->in);
		(void)wl_reader_take(&h->in, 12); /* bytes of pixels, resolution */
		h->colours = wl_get_u32le(&h->in);
		(void)wl_get_u32le(&h->in); /* important colours */
		wl_removed_add(h->d, WL_REMOVED_SIZE, 8);
	}
	if (h->in.bad)
		return truncated(h);
	h->bmp->top_down = height < 0;
	height = height < 0 ? -height : height;
	if (width <= 0 || width > UINT32_MAX || height == 0 || height > UINT32_MAX || planes != 1)
		return damaged(h, "sides or planes that no picture has");
	h->bmp->shape.width = (uint32_t)width;
	h->bmp->shape.height = (uint32_t)height;
	return 0;
}

static int set_field(struct reading *h, unsigned i, uint32_t mask)
{
	struct wl_bmp_field *f = &h->bmp->field[i];

	*f = (struct wl_bmp_field){.mask = mask};
	if (mask == 0)
		return 0;
	f->shift = (unsigned)__builtin_ctz(mask);
	f->max = mask >> f->shift;
	if ((f->max & (f->max + 1)) != 0 || f->max > UINT16_MAX)
		return damaged(h, "a bit field with a hole in it, or wider than 16 bits");
	for (unsigned j = 0; j < i; j++)
		if (h->bmp->field[j].mask & mask)
			return damaged(h, "bit fields that overlap");
	return 0;
}

/* Within the header from version 2 on, else behind it. */
static int read_fields(struct reading *h)
{
	static const uint32_t usual16[4] = {0x7C00, 0x03E0, 0x001F, 0},
	                      usual32[4] = {0xFF0000, 0xFF00, 0xFF, 0};
	uint32_t mask[4] = {0};
	bool said = h->compression == COMPRESSION_FIELDS || h->compression == COMPRESSION_ALPHA;
	unsigned n = h->masks ? h->masks : (h->compression == COMPRESSION_ALPHA ? 4 : 3);
	int r = 0;

	if (h->bmp->depth != 16 && h->bmp->depth != 32)
		return said ? damaged(h, "bit fields for this depth") : 0;
	for (unsigned i = 0; said && i < n; i++)
		mask[i] = wl_get_u32le(&h->in);
	if (!said)
		memcpy(mask, h->bmp->depth == 16 ? usual16 : usual32, sizeof(mask));
	if (h->in.bad)
		return truncated(h);
	for (unsigned i = 0; r == 0 && i < 4; i++)
		r = set_field(h, i, mask[i]);
	if (r == 0 && !(mask[0] && mask[1] && mask[2]))
		r = damaged(h, "a colour without a bit field");
	if (r == 0 && h->bmp->depth == 16 && ((mask[0] | mask[1] | mask[2] | mask[3]) >> 16))
		r = damaged(h, "a bit field beyond the pixel");
	h->bmp->packing = WL_BMP_FIELDS;
	return r;
}

static int read_compression(struct reading *h)
{
	struct wl_bmp *b = h->bmp;
	bool rle = h->compression == WL_BMP_RLE8 || h->compression == WL_BMP_RLE4;

	if (b->depth != 1 && b->depth != 2 && b->depth != 4 && b->depth != 8 && b->depth != 16 &&
	    b->depth != 24 && b->depth != 32)
		return wl_refuse(h->finding, WL_RULE_IMAGE_CODEC, "%u bits a pixel", b->depth);
	if (h->compression > COMPRESSION_FIELDS && h->compression != COMPRESSION_ALPHA)
		return wl_refuse(h->finding, WL_RULE_IMAGE_CODEC, "compression %u", h->compression);
	if (h->header_bytes == 64 && h->compression >= COMPRESSION_FIELDS)
		return wl_refuse(h->finding, WL_RULE_IMAGE_CODEC, "a compression of OS/2");
	if (rle && (b->top_down || b->depth != (h->compression == WL_BMP_RLE8 ? 8U : 4U)))
		return damaged(h, "run lengths that do not go with depth or direction");
	b->packing = rle ? (enum wl_bmp_packing)h->compression : WL_BMP_PLAIN;
	return 0;
}

static int read_palette(struct reading *h)
{
	unsigned each = h->header_bytes == CORE_HEADER_BYTES ? 3 : 4;
	struct wl_bmp *b = h->bmp;

	if (b->depth > 8)
		return 0;
	unsigned most = 1U << b->depth;
	b->ncolours = h->colours ? h->colours : most;
	if (h->colours > most)
		return damaged(h, "more colours than its depth has");
	size_t end = b->pixels_at < h->in.pos ? h->in.pos : b->pixels_at;
	if (!h->colours && (end - h->in.pos) / each < b->ncolours)
		b->ncolours = (unsigned)((end - h->in.pos) /
		                         each); /* OS/2: as many as there is room for */
	for (unsigned i = 0; i < b->ncolours; i++) {
		const uint8_t *bgr = wl_reader_take(&h->in, each);
		if (!bgr)
			return truncated(h);
		for (unsigned c = 0; c < 3; c++)
			b->palette[i][c] = bgr[2 - c];
	}
	return 0;
}

/* A profile of version 5 lies where its header says, counted from the second header. */
static void find_profile(struct reading *h)
{
	struct wl_reader in = wl_reader_from(h->in.p + FILE_HEADER_BYTES, h->header_bytes);

	if (h->header_bytes >= V4_HEADER_BYTES)
		wl_removed_add(h->d, WL_REMOVED_COLOUR, V4_HEADER_BYTES - 56);
	if (h->header_bytes != V5_HEADER_BYTES)
		return;
	(void)wl_reader_take(&in, 112);
	h->bmp->profile_at = wl_get_u32le(&in);
	h->bmp->profile_bytes = wl_get_u32le(&in);
	if (h->bmp->profile_at)
		h->bmp->profile_at += FILE_HEADER_BYTES;
	wl_removed_add(h->d, WL_REMOVED_ICC, h->bmp->profile_bytes);
}

static int read_second(struct reading *h)
{
	if (h->in.n - FILE_HEADER_BYTES < h->header_bytes)
		return truncated(h);
	int r = read_basics(h);
	if (r == 0)
		r = read_compression(h);
	if (r == 0 && h->masks) /* they lie at the same place in every version that has them */
		h->in.pos = FILE_HEADER_BYTES + INFO_HEADER_BYTES;
	else if (r == 0)
		h->in.pos = FILE_HEADER_BYTES + h->header_bytes;
	if (r == 0)
		r = read_fields(h);
	if (r == 0 && h->masks)
		h->in.pos = FILE_HEADER_BYTES + h->header_bytes;
	if (r == 0)
		r = read_palette(h);
	if (r == 0)
		find_profile(h);
	return r;
}

static void set_shape(struct wl_bmp *b)
{
	b->shape.bits = 8;
	for (unsigned i = 0; i < 4; i++)
		if (b->field[i].max > UINT8_MAX)
			b->shape.bits = 16;
	b->shape.channels = b->field[3].mask ? 4 : 3;
}

int wl_bmp_header_read(struct wl_decode *d, struct wl_bmp *ret, struct wl_finding *ret_finding)
{
	struct reading h = {.d = d,
	                    .bmp = ret,
	                    .finding = ret_finding,
	                    .in = wl_reader_from(d->source.p, d->source.n)};

	*ret = (struct wl_bmp){0};
	(void)wl_reader_take(&h.in, 10); /* magic, size, reserved: nothing rests on them */
	ret->pixels_at = wl_get_u32le(&h.in);
	h.header_bytes = wl_get_u32le(&h.in);
	if (h.in.bad)
		return truncated(&h);
	int r = find_version(&h);
	if (r == 0)
		r = read_second(&h);
	if (r < 0)
		return r;
	if (ret->pixels_at < h.in.pos)
		return damaged(&h, "pixels that begin within its headers");
	if (ret->pixels_at > d->source.n)
		return truncated(&h);
	wl_removed_add(d, WL_REMOVED_UNUSED, 4 + ret->pixels_at - h.in.pos);
	set_shape(ret);
	return 0;
}
