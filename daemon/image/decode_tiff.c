/*
 * TIFF to samples, through libtiff on a directory of our own making (tiff_virtual.h).
 *
 * All codecs but none, LZW, deflate and PackBits are replaced by one that refuses, so that a
 * mistake of ours cannot reach them. Errors and warnings of libtiff refuse. White-is-zero pictures
 * are inverted, since PNG knows black-is-zero only. Runs in worker-image. Power: no state.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/image/decode.h"
#include "daemon/image/tiff_virtual.h"

struct tiff_work {
	struct wl_decode *d;
	struct wl_finding *finding;
	struct wl_tiff tiff;
	struct wl_tiff_virtual file;
	TIFF *tif;
};

__attribute__((format(printf, 3, 0))) static void say(struct wl_finding *f, enum wl_rule rule,
                                                      const char *format, va_list args)
{
	char said[160], words[120];

	if (f->rule != WL_RULE_NONE)
		return;
	(void)vsnprintf(said, sizeof(said), format, args);
	wl_text_escape(said, strlen(said), words, sizeof(words));
	(void)wl_refuse(f, rule, "libtiff: %s", words);
}

__attribute__((format(printf, 4, 0))) static int on_error(TIFF *tif, void *user, const char *module,
                                                          const char *format, va_list args)
{
	(void)tif, (void)module;
	say(user, WL_RULE_IMAGE_DAMAGED, format, args);
	return 1;
}

__attribute__((format(printf, 4, 0))) static int
on_warning(TIFF *tif, void *user, const char *module, const char *format, va_list args)
{
	(void)tif, (void)module;
	say(user, WL_RULE_IMAGE_WARNING, format, args);
	return 1;
}

static tmsize_t on_read(thandle_t user, void *buf, tmsize_t n)
{
	return (tmsize_t)wl_tiff_virtual_read((struct wl_tiff_virtual *)user, buf, (size_t)n);
}

static tmsize_t on_write(thandle_t user, void *buf, tmsize_t n)
{
	(void)user, (void)buf, (void)n;
	return 0;
}

static toff_t on_seek(thandle_t user, toff_t offset, int whence)
{
	struct wl_tiff_virtual *v = user;

	if (whence == SEEK_CUR)
		offset += v->pos;
	else if (whence == SEEK_END)
		offset += wl_tiff_virtual_size(v);
	v->pos = offset;
	return offset;
}

static int on_close(thandle_t user)
{
	(void)user;
	return 0;
}

static toff_t on_size(thandle_t user)
{
	return wl_tiff_virtual_size((struct wl_tiff_virtual *)user);
}

static int refusing_codec(TIFF *tif, int scheme)
{
	(void)tif, (void)scheme;
	return 0;
}

/* libtiff looks into its list of registered codecs before the built-in ones. */
static int unregister_codecs(void)
{
	static const uint16_t wanted[] = {COMPRESSION_NONE, COMPRESSION_LZW,
	                                  COMPRESSION_ADOBE_DEFLATE, COMPRESSION_DEFLATE,
	                                  COMPRESSION_PACKBITS};
	static bool done;
	TIFFCodec *all = done ? NULL : TIFFGetConfiguredCODECs();

	if (!all)
		return done ? 0 : -ENOMEM;
	done = true;
	for (const TIFFCodec *c = all; c->name; c++) {
		bool keep = false;
		for (size_t i = 0; i < WL_ARRAY_LEN(wanted); i++)
			keep = keep || c->scheme == wanted[i];
		if (!keep && !TIFFRegisterCODEC(c->scheme, "refused", refusing_codec))
			done = false;
	}
	_TIFFfree(all);
	return done ? 0 : -ENOMEM;
}

static int by_byte(const void *a, const void *b)
{
	return *(const uint8_t *)a - *(const uint8_t *)b;
}

int wl_decode_prepare(void)
{
	uint8_t some[2048] = {0};

	/* the C library's qsort, which libtiff uses, asks once how much memory there is */
	qsort(some, sizeof(some), 1, by_byte);
	return unregister_codecs();
}

static int open_virtual(struct tiff_work *w)
{
	TIFFOpenOptions *o = TIFFOpenOptionsAlloc();
	int r = unregister_codecs();

	if (!o || r < 0) {
		TIFFOpenOptionsFree(o);
		return -ENOMEM;
	}
	TIFFOpenOptionsSetMaxSingleMemAlloc(o, (tmsize_t)WL_IMAGE_DECODER_BYTES_MAX);
	TIFFOpenOptionsSetErrorHandlerExtR(o, on_error, w->finding);
	TIFFOpenOptionsSetWarningHandlerExtR(o, on_warning, w->finding);
	/* m: no mapping; c: a single strip stays one, as its directory says */
	w->tif = TIFFClientOpenExt("source", "rmc", &w->file, on_read, on_write, on_seek, on_close,
	                           on_size, NULL, NULL, o);
	TIFFOpenOptionsFree(o);
	return w->tif ? 0 : -EBADMSG;
}

/* One channel of a plane into its place among the others. */
static void interleave(const uint8_t *plane, size_t pixels, unsigned bytes, unsigned channels,
                       uint8_t *out)
{
	for (size_t i = 0; i < pixels; i++)
		memcpy(out + i * channels * bytes, plane + i * bytes, bytes);
}

static int read_part(struct tiff_work *w, uint32_t part, uint8_t *buf, size_t bytes)
{
	tmsize_t n = w->tiff.page.tiled ? TIFFReadEncodedTile(w->tif, part, buf, (tmsize_t)bytes)
	                                : TIFFReadEncodedStrip(w->tif, part, buf, (tmsize_t)bytes);

	if (n != (tmsize_t)bytes && w->finding->rule == WL_RULE_NONE)
		return wl_refuse(w->finding, WL_RULE_IMAGE_TRUNCATED,
		                 "a strip or tile with fewer bytes than its rows");
	return n == (tmsize_t)bytes && w->finding->rule == WL_RULE_NONE ? 0 : -EBADMSG;
}

static int read_strips(struct tiff_work *w)
{
	const struct wl_tiff_page *p = &w->tiff.page;
	const struct wl_shape *s = &p->shape;
	size_t row_bytes = wl_shape_row_bytes(s), sample = s->bits / 8;
	uint32_t per_plane = (s->height + p->rows_per_strip - 1) / p->rows_per_strip;
	WL_AUTO_FREE uint8_t *plane = NULL;
	int r = 0;

	if (p->planar) {
		plane = malloc((size_t)p->rows_per_strip * s->width * sample);
		if (!plane)
			return -ENOMEM;
	}
	for (uint32_t i = 0; r == 0 && i < p->nparts; i++) {
		uint32_t y = i % per_plane * p->rows_per_strip;
		uint32_t rows =
		        s->height - y < p->rows_per_strip ? s->height - y : p->rows_per_strip;
		uint8_t *out = w->d->samples.p + y * row_bytes;
		if (!plane) {
			r = read_part(w, i, out, rows * row_bytes);
			continue;
		}
		r = read_part(w, i, plane, (size_t)rows * s->width * sample);
		if (r == 0)
			interleave(plane, (size_t)rows * s->width, (unsigned)sample, s->channels,
			           out + i / per_plane * sample);
	}
	return r;
}

/* A tile's rows, as far as they lie within the picture. */
static void place_tile(struct tiff_work *w, uint32_t index, const uint8_t *tile)
{
	const struct wl_tiff_page *p = &w->tiff.page;
	const struct wl_shape *s = &p->shape;
	uint32_t across = (s->width + p->tile_width - 1) / p->tile_width;
	uint32_t down = (s->height + p->tile_height - 1) / p->tile_height;
	uint32_t channel = index / (across * down), in_plane = index % (across * down);
	uint32_t x = in_plane % across * p->tile_width, y = in_plane / across * p->tile_height;
	uint32_t columns = s->width - x < p->tile_width ? s->width - x : p->tile_width;
	size_t sample = s->bits / 8, pixel = sample * s->channels;
	size_t tile_pixel = p->planar ? sample : pixel;

	for (uint32_t row = 0; row < p->tile_height && y + row < s->height; row++) {
		const uint8_t *in = tile + (size_t)row * p->tile_width * tile_pixel;
		uint8_t *out = w->d->samples.p + (y + row) * wl_shape_row_bytes(s) + x * pixel;
		if (p->planar)
			interleave(in, columns, (unsigned)sample, s->channels,
			           out + channel * sample);
		else
			memcpy(out, in, columns * pixel);
	}
}

static int read_tiles(struct tiff_work *w)
{
	const struct wl_tiff_page *p = &w->tiff.page;
	size_t bytes = (size_t)p->tile_width * p->tile_height * (p->shape.bits / 8) *
	               (p->planar ? 1 : p->shape.channels);
	WL_AUTO_FREE uint8_t *tile = malloc(bytes);
	int r = tile ? 0 : -ENOMEM;

	for (uint32_t i = 0; r == 0 && i < p->nparts; i++) {
		r = read_part(w, i, tile, bytes);
		if (r == 0)
			place_tile(w, i, tile);
	}
	return r;
}

/* Gray only; alpha, where there is one, stays. */
static void invert(const struct wl_samples *s)
{
	size_t sample = s->shape.bits / 8, pixel = sample * s->shape.channels;

	for (size_t at = 0; at < s->bytes; at += pixel)
		for (size_t i = 0; i < sample; i++)
			s->p[at + i] = (uint8_t)~s->p[at + i];
}

static int read_page(struct tiff_work *w)
{
	int r = wl_decode_shape(w->d, &w->tiff.page.shape, w->finding);

	if (r == 0)
		r = wl_tiff_virtual_make(w->d->source, &w->tiff, &w->file);
	w->finding->rule = WL_RULE_NONE;
	if (r == 0)
		r = open_virtual(w);
	if (r == 0)
		r = w->tiff.page.tiled ? read_tiles(w) : read_strips(w);
	if (r == 0 && w->tiff.page.white_is_zero)
		invert(&w->d->samples);
	if (r == -EBADMSG && w->finding->rule == WL_RULE_NONE)
		r = wl_refuse(w->finding, WL_RULE_IMAGE_DAMAGED, "libtiff does not open it");
	return r;
}

int wl_decode_tiff(struct wl_decode *d, struct wl_finding *ret_finding)
{
	struct tiff_work w = {.d = d, .finding = ret_finding};
	int r = wl_tiff_read(d, &w.tiff, ret_finding);

	d->pages = w.tiff.pages;
	if (r == 0)
		r = read_page(&w);
	if (w.tif)
		TIFFClose(w.tif);
	wl_tiff_virtual_clear(&w.file);
	wl_tiff_clear(&w.tiff);
	return r;
}
