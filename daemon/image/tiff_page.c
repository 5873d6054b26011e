/*
 * The tags of one TIFF page that samples need; see tiff_directory.h.
 *
 * All values are the attacker's. A tag twice, of an unfit type or with too few values is damage; a
 * value that is not read here is image.codec with its name. Runs in worker-image. Power: no state.
 */
#include "daemon/image/tiff_directory.h"

#include <stdlib.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"

enum tag {
	WIDTH,
	HEIGHT,
	BITS,
	COMPRESSION,
	PHOTOMETRIC,
	FILL_ORDER,
	STRIP_OFFSETS,
	SAMPLES,
	ROWS_PER_STRIP,
	STRIP_COUNTS,
	PLANAR,
	PREDICTOR,
	TILE_WIDTH,
	TILE_HEIGHT,
	TILE_OFFSETS,
	TILE_COUNTS,
	EXTRA,
	SAMPLE_FORMAT,
	TAGS
};

static const struct {
	unsigned number;
	uint32_t otherwise; /* the value where it is absent */
} tags[TAGS] = {
        [WIDTH] = {256, 0},         [HEIGHT] = {257, 0},      [BITS] = {258, 1},
        [COMPRESSION] = {259, 1},   [PHOTOMETRIC] = {262, 0}, [FILL_ORDER] = {266, 1},
        [STRIP_OFFSETS] = {273, 0}, [SAMPLES] = {277, 1},     [ROWS_PER_STRIP] = {278, UINT32_MAX},
        [STRIP_COUNTS] = {279, 0},  [PLANAR] = {284, 1},      [PREDICTOR] = {317, 1},
        [TILE_WIDTH] = {322, 0},    [TILE_HEIGHT] = {323, 0}, [TILE_OFFSETS] = {324, 0},
        [TILE_COUNTS] = {325, 0},   [EXTRA] = {338, 0},       [SAMPLE_FORMAT] = {339, 1},
};

struct page_work {
	struct wl_tiff_reading *w;
	const struct wl_tiff_entry *entry[TAGS]; /* NULL: absent */
	struct wl_tiff_page *page;
};

static int damaged(struct page_work *p, const char *words)
{
	return wl_refuse(p->w->finding, WL_RULE_IMAGE_DAMAGED, "%s", words);
}

static int codec(struct page_work *p, const char *what, uint32_t value)
{
	return wl_refuse(p->w->finding, WL_RULE_IMAGE_CODEC, "%s %u", what, value);
}

static int collect(struct page_work *p, const struct wl_tiff_entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t t = 0; t < TAGS; t++) {
			if (entries[i].tag != tags[t].number)
				continue;
			if (p->entry[t] || entries[i].count == 0 ||
			    (entries[i].type != 1 && entries[i].type != 3 && entries[i].type != 4))
				return damaged(p, "a tag twice, or of a type it cannot have");
			p->entry[t] = &entries[i];
		}
	return 0;
}

static uint32_t value(const struct page_work *p, enum tag t)
{
	return p->entry[t] ? wl_tiff_value(p->w, p->entry[t], 0) : tags[t].otherwise;
}

/* A tag with a value per channel: all the same, and all there. */
static int same_for_all(struct page_work *p, enum tag t)
{
	const struct wl_tiff_entry *e = p->entry[t];

	if (!e)
		return p->page->shape.channels == 1 || t == SAMPLE_FORMAT
		               ? 0
		               : damaged(p, "fewer values than channels");
	if (e->count != p->page->shape.channels && e->count != 1)
		return damaged(p, "fewer values than channels");
	for (uint32_t i = 1; i < e->count; i++)
		if (wl_tiff_value(p->w, e, i) != wl_tiff_value(p->w, e, 0))
			return codec(p, "channels of different kinds:", wl_tiff_value(p->w, e, i));
	return 0;
}

static int read_colours(struct page_work *p)
{
	struct wl_shape *s = &p->page->shape;
	uint32_t photometric = value(p, PHOTOMETRIC), samples = value(p, SAMPLES);
	uint32_t own = photometric == 2 ? 3 : 1;

	if (!p->entry[PHOTOMETRIC])
		return damaged(p, "nothing says how its samples are meant");
	if (photometric > 2)
		return codec(p, "photometric interpretation", photometric);
	if (samples != own && samples != own + 1)
		return codec(p, "samples a pixel:", samples);
	if (samples == own + 1 && value(p, EXTRA) != 2)
		return codec(p, "an extra sample that is not unassociated alpha:", value(p, EXTRA));
	p->page->white_is_zero = photometric == 0;
	s->channels = samples;
	s->bits = value(p, BITS);
	if (s->bits != 8 && s->bits != 16)
		return codec(p, "bits a sample:", s->bits);
	if (value(p, SAMPLE_FORMAT) != 1)
		return codec(p, "sample format", value(p, SAMPLE_FORMAT));
	int r = same_for_all(p, BITS);
	return r < 0 ? r : same_for_all(p, SAMPLE_FORMAT);
}

static int read_packing(struct page_work *p)
{
	static const uint32_t known[] = {1, 5, 8, 32773, 32946};
	struct wl_tiff_page *page = p->page;
	uint32_t planar = value(p, PLANAR);
	bool found = false;

	page->compression = value(p, COMPRESSION);
	page->predictor = value(p, PREDICTOR);
	page->fill_order = value(p, FILL_ORDER);
	for (size_t i = 0; i < WL_ARRAY_LEN(known); i++)
		found = found || known[i] == page->compression;
	if (!found)
		return codec(p, "compression", page->compression);
	if (page->compression == 1 || page->compression == 32773)
		page->predictor = 1; /* it is not applied there */
	if (page->predictor != 1 && page->predictor != 2)
		return codec(p, "predictor", page->predictor);
	if (page->fill_order != 1 && page->fill_order != 2)
		return codec(p, "fill order", page->fill_order);
	if (planar != 1 && planar != 2)
		return codec(p, "planar configuration", planar);
	page->planar = planar == 2 && page->shape.channels > 1;
	return 0;
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
	return (a + b - 1) / b;
}

/* How many parts the picture must have. */
static int expect_parts(struct page_work *p, uint64_t *ret)
{
	struct wl_tiff_page *page = p->page;
	uint32_t planes = page->planar ? page->shape.channels : 1;

	if (page->tiled) {
		page->tile_width = value(p, TILE_WIDTH);
		page->tile_height = value(p, TILE_HEIGHT);
		if (page->tile_width == 0 || page->tile_height == 0)
			return damaged(p, "tiles without a size");
		if (page->tile_width > WL_IMAGE_SIDE_MAX || page->tile_height > WL_IMAGE_SIDE_MAX ||
		    (uint64_t)page->tile_width * page->tile_height * page->shape.channels *
		                    (page->shape.bits / 8) >
		            WL_IMAGE_DECODER_BYTES_MAX / 2)
			return wl_refuse(p->w->finding, WL_RULE_IMAGE_TOO_LARGE,
			                 "tiles of %u x %u pixels", page->tile_width,
			                 page->tile_height);
		*ret = divide_up(page->shape.width, page->tile_width) *
		       divide_up(page->shape.height, page->tile_height) * planes;
		return 0;
	}
	page->rows_per_strip = value(p, ROWS_PER_STRIP);
	if (page->rows_per_strip == 0)
		return damaged(p, "strips without rows");
	if (page->rows_per_strip > page->shape.height)
		page->rows_per_strip = page->shape.height;
	*ret = divide_up(page->shape.height, page->rows_per_strip) * planes;
	return 0;
}

static int read_parts(struct page_work *p, uint64_t expected)
{
	struct wl_tiff_page *page = p->page;
	const struct wl_tiff_entry *at = p->entry[page->tiled ? TILE_OFFSETS : STRIP_OFFSETS];
	const struct wl_tiff_entry *bytes = p->entry[page->tiled ? TILE_COUNTS : STRIP_COUNTS];

	if (!at || !bytes || expected == 0 || at->count != expected || bytes->count != expected)
		return damaged(p, "fewer or more strips than its rows need");
	page->nparts = (uint32_t)expected;
	page->offsets = calloc(expected, sizeof(uint32_t));
	page->counts = calloc(expected, sizeof(uint32_t));
	if (!page->offsets || !page->counts)
		return -ENOMEM;
	for (uint32_t i = 0; i < page->nparts; i++) {
		page->offsets[i] = wl_tiff_value(p->w, at, i);
		page->counts[i] = wl_tiff_value(p->w, bytes, i);
		if (page->counts[i] == 0)
			return damaged(p, "a strip without bytes");
	}
	return 0;
}

int wl_tiff_page_read(struct wl_tiff_reading *w, const struct wl_tiff_entry *entries, size_t n,
                      struct wl_tiff_page *ret)
{
	struct page_work p = {.w = w, .page = ret};
	uint64_t expected = 0;
	int r = collect(&p, entries, n);

	if (r < 0)
		return r;
	ret->shape.width = value(&p, WIDTH);
	ret->shape.height = value(&p, HEIGHT);
	ret->tiled = p.entry[TILE_OFFSETS] != NULL;
	if (ret->tiled && p.entry[STRIP_OFFSETS])
		return damaged(&p, "both strips and tiles");
	r = read_colours(&p);
	if (r == 0)
		r = read_packing(&p);
	if (r == 0)
		r = wl_shape_check(&ret->shape, w->d->side_max, w->finding);
	if (r == 0)
		r = expect_parts(&p, &expected);
	if (r == 0 && expected > WL_IMAGE_TIFF_STRIPS_MAX)
		r = wl_refuse(w->finding, WL_RULE_IMAGE_TOO_LARGE, "%llu strips or tiles",
		              (unsigned long long)expected);
	return r < 0 ? r : read_parts(&p, expected);
}

void wl_tiff_page_clear(struct wl_tiff_page *p)
{
	free(p->offsets);
	free(p->counts);
	p->offsets = p->counts = NULL;
}
