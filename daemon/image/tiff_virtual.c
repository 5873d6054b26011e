/*
 * Composing the directory that libtiff reads; see tiff_virtual.h. All numbers in it were checked by
 * tiff_page.c. Runs in worker-image. Power: no state.
 */
#include "daemon/image/tiff_virtual.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"

#define ENTRY_BYTES 12U
#define ENTRIES_MAX 20U
#define TYPE_SHORT  3U
#define TYPE_LONG   4U

struct composing {
	struct wl_tiff_virtual *v;
	bool big_endian;
	size_t entry_at, values_at; /* in the tail */
	unsigned n;
};

static void store(const struct composing *c, size_t at, uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		c->v->tail[at + i] = (uint8_t)(value >> 8 * (c->big_endian ? bytes - 1 - i : i));
}

/* An entry of `count` values, all alike where `values` is NULL. */
static void add(struct composing *c, unsigned tag, unsigned type, uint32_t count,
                const uint32_t *values, uint32_t value)
{
	unsigned bytes = type == TYPE_SHORT ? 2 : 4;
	size_t at = c->entry_at + 8;

	store(c, c->entry_at, tag, 2);
	store(c, c->entry_at + 2, type, 2);
	store(c, c->entry_at + 4, count, 4);
	if ((size_t)count * bytes > 4) {
		at = c->values_at;
		store(c, c->entry_at + 8, (uint32_t)(c->v->tail_at + at), 4);
		c->values_at += (size_t)count * bytes;
		c->values_at += c->values_at % 2;
	}
	for (uint32_t i = 0; i < count; i++)
		store(c, at + (size_t)i * bytes, values ? values[i] : value, bytes);
	c->entry_at += ENTRY_BYTES;
	c->n++;
}

static void add_all(struct composing *c, const struct wl_tiff_page *p)
{
	const struct wl_shape *s = &p->shape;
	bool rgb = s->channels >= 3;

	add(c, 256, TYPE_LONG, 1, NULL, s->width);
	add(c, 257, TYPE_LONG, 1, NULL, s->height);
	add(c, 258, TYPE_SHORT, s->channels, NULL, s->bits);
	add(c, 259, TYPE_SHORT, 1, NULL, p->compression);
	add(c, 262, TYPE_SHORT, 1, NULL, rgb ? 2 : (p->white_is_zero ? 0 : 1));
	add(c, 266, TYPE_SHORT, 1, NULL, p->fill_order);
	if (!p->tiled)
		add(c, 273, TYPE_LONG, p->nparts, p->offsets, 0);
	add(c, 277, TYPE_SHORT, 1, NULL, s->channels);
	if (!p->tiled) {
		add(c, 278, TYPE_LONG, 1, NULL, p->rows_per_strip);
		add(c, 279, TYPE_LONG, p->nparts, p->counts, 0);
	}
	add(c, 284, TYPE_SHORT, 1, NULL, p->planar ? 2 : 1);
	if (p->predictor != 1)
		add(c, 317, TYPE_SHORT, 1, NULL, p->predictor);
	if (p->tiled) {
		add(c, 322, TYPE_LONG, 1, NULL, p->tile_width);
		add(c, 323, TYPE_LONG, 1, NULL, p->tile_height);
		add(c, 324, TYPE_LONG, p->nparts, p->offsets, 0);
		add(c, 325, TYPE_LONG, p->nparts, p->counts, 0);
	}
	if (s->channels == 2 || s->channels == 4)
		add(c, 338, TYPE_SHORT, 1, NULL, 2);
	add(c, 339, TYPE_SHORT, s->channels, NULL, 1);
}

int wl_tiff_virtual_make(struct wl_bytes source, const struct wl_tiff *tiff,
                         struct wl_tiff_virtual *ret)
{
	size_t directory = 2 + ENTRIES_MAX * ENTRY_BYTES + 4;

	*ret = (struct wl_tiff_virtual){.source = source, .tail_at = (source.n + 1) / 2 * 2};
	ret->tail_bytes = directory + (size_t)tiff->page.nparts * 8 + 64;
	ret->tail = calloc(1, ret->tail_bytes);
	if (!ret->tail)
		return -ENOMEM;
	struct composing c = {
	        .v = ret, .big_endian = tiff->big_endian, .entry_at = 2, .values_at = directory};
	add_all(&c, &tiff->page);
	store(&c, 0, c.n, 2);
	memcpy(ret->head, tiff->big_endian ? "MM\0*" : "II*\0", 4);
	for (unsigned i = 0; i < 4; i++)
		ret->head[4 + i] = (uint8_t)(ret->tail_at >> 8 * (tiff->big_endian ? 3 - i : i));
	return 0;
}

void wl_tiff_virtual_clear(struct wl_tiff_virtual *v)
{
	free(v->tail);
	v->tail = NULL;
}

size_t wl_tiff_virtual_size(const struct wl_tiff_virtual *v)
{
	return v->tail_at + v->tail_bytes;
}

/* What lies at v->pos, in one piece: head, source, the byte that may pad it, tail. */
static size_t piece(const struct wl_tiff_virtual *v, const uint8_t **ret)
{
	static const uint8_t pad = 0;
	size_t pos = (size_t)v->pos;

	if (pos < sizeof(v->head)) {
		*ret = v->head + pos;
		return sizeof(v->head) - pos;
	}
	if (pos < v->source.n) {
		*ret = v->source.p + pos;
		return v->source.n - pos;
	}
	if (pos < v->tail_at) {
		*ret = &pad;
		return 1;
	}
	*ret = v->tail + (pos - v->tail_at);
	return v->tail_bytes - (pos - v->tail_at);
}

size_t wl_tiff_virtual_read(struct wl_tiff_virtual *v, uint8_t *buf, size_t n)
{
	size_t done = 0;

	while (done < n && v->pos < wl_tiff_virtual_size(v)) {
		const uint8_t *p = NULL;
		size_t part = piece(v, &p);
		if (part > n - done)
			part = n - done;
		memcpy(buf + done, p, part);
		done += part;
		v->pos += part;
	}
	return done;
}
