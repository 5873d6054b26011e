/*
 * PNG to samples: all colour types, depths and interlacing, through libpng.
 *
 * libpng sees only the chunks that png_chunks.c lets through. Palettes become RGB, transparency
 * becomes alpha, depths below 8 are scaled to 8 as the standard says; 8 and 16 bits stay what they
 * are. Its errors and its warnings both end here as refusals. Runs in worker-image. Power: no
 * state.
 */
#include <png.h>
#include <setjmp.h>
#include <string.h>

#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/image/decode.h"
#include "daemon/image/png_chunks.h"

struct png_work {
	struct wl_decode *d;
	struct wl_finding *finding;
	struct wl_png_feed feed;
	struct wl_rows rows;
	png_structp png;
	png_infop info;
	int error; /* of ours, within libpng */
};

static void words_of(const char *said, char *buf, size_t size)
{
	wl_text_escape(said, strlen(said), buf, size);
}

static void on_error(png_structp png, png_const_charp said)
{
	struct png_work *w = png_get_error_ptr(png);
	bool ended = strstr(said, "Not enough image data") || strstr(said, "Read Error");
	char words[80];

	words_of(said, words, sizeof(words));
	/* a warning before it says more of what is wrong; the shape's own refusal stands */
	if (w->finding->rule == WL_RULE_NONE)
		(void)wl_refuse(w->finding, ended ? WL_RULE_IMAGE_TRUNCATED : WL_RULE_IMAGE_DAMAGED,
		                "libpng: %s", words);
	else if (w->finding->rule == WL_RULE_IMAGE_WARNING)
		w->finding->rule = ended ? WL_RULE_IMAGE_TRUNCATED : WL_RULE_IMAGE_DAMAGED;
	png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp said)
{
	struct png_work *w = png_get_error_ptr(png);
	char words[80];

	words_of(said, words, sizeof(words));
	if (w->finding->rule == WL_RULE_NONE)
		(void)wl_refuse(w->finding, WL_RULE_IMAGE_WARNING, "libpng: %s", words);
}

static void on_read(png_structp png, png_bytep buf, size_t n)
{
	struct png_work *w = png_get_io_ptr(png);

	if (wl_png_feed_read(&w->feed, buf, n) != n)
		png_error(png, "Read Error");
}

/* libpng's transformations, and the shape that they lead to. */
static struct wl_shape transform(struct png_work *w)
{
	png_structp png = w->png;
	unsigned colour = png_get_color_type(png, w->info), depth = png_get_bit_depth(png, w->info);
	bool transparent = png_get_valid(png, w->info, PNG_INFO_tRNS) != 0;
	struct wl_shape shape = {.width = png_get_image_width(png, w->info),
	                         .height = png_get_image_height(png, w->info),
	                         .bits = depth == 16 ? 16 : 8,
	                         .channels = (colour & PNG_COLOR_MASK_COLOR) ? 3 : 1};

	if (colour == PNG_COLOR_TYPE_PALETTE)
		png_set_palette_to_rgb(png);
	else if (depth < 8)
		png_set_expand_gray_1_2_4_to_8(png);
	if (transparent)
		png_set_tRNS_to_alpha(png);
	if (transparent || (colour & PNG_COLOR_MASK_ALPHA))
		shape.channels++;
	return shape;
}

static void leave(struct png_work *w, int error)
{
	w->error = error;
	if (error < 0)
		png_longjmp(w->png, 1);
}

/* Samples have their low byte first. By hand: png_set_swap goes byte by byte, this in vectors. */
static void turn_round(const struct png_work *w, uint8_t *p, uint32_t rows)
{
	const struct wl_shape *shape = &w->d->samples.shape;
	size_t n = shape->bits == 16 ? wl_shape_row_bytes(shape) * rows : 0;

	for (size_t i = 0; i < n; i += 2) {
		uint16_t v;
		memcpy(&v, p + i, sizeof(v));
		v = (uint16_t)(v << 8 | v >> 8);
		memcpy(p + i, &v, sizeof(v));
	}
}

static void read_in_order(struct png_work *w)
{
	uint8_t *row = NULL;

	for (uint32_t y = 0; y < w->d->samples.shape.height; y++) {
		leave(w, wl_rows_next(&w->rows, &row));
		png_read_row(w->png, row, NULL);
		turn_round(w, row, 1);
	}
	leave(w, wl_rows_end(&w->rows));
}

/* Interlaced: every row is met several times. */
static void read_passes(struct png_work *w, int passes)
{
	const struct wl_samples *s = &w->d->samples;
	size_t row_bytes = wl_shape_row_bytes(&s->shape);

	for (int pass = 0; pass < passes; pass++)
		for (uint32_t y = 0; y < s->shape.height; y++)
			png_read_row(w->png, s->p + y * row_bytes, NULL);
	turn_round(w, s->p, s->shape.height);
}

static void read_rows(struct png_work *w, int passes)
{
	if (png_get_rowbytes(w->png, w->info) != wl_shape_row_bytes(&w->d->samples.shape)) {
		w->error = -EIO;
		png_error(w->png, "another shape than it said");
	}
	if (passes == 1)
		read_in_order(w);
	else
		read_passes(w, passes);
	png_read_end(w->png, NULL);
}

/* Everything that may leave by longjmp. */
static int read_all(struct png_work *w)
{
	if (setjmp(png_jmpbuf(w->png)))
		return w->error < 0 ? w->error : -EBADMSG;
	png_set_read_fn(w->png, w, on_read);
	png_set_user_limits(w->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);    /* ours come below */
	png_set_crc_action(w->png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE); /* checked before */
	png_read_info(w->png, w->info);
	struct wl_shape shape = transform(w);
	int passes = png_set_interlace_handling(w->png);
	leave(w, passes == 1 ? wl_decode_rows(w->d, &shape, &w->rows, w->finding)
	                     : wl_decode_shape(w->d, &shape, w->finding));
	png_read_update_info(w->png, w->info);
	read_rows(w, passes);
	return w->finding->rule == WL_RULE_NONE ? 0 : -EBADMSG;
}

int wl_decode_png(struct wl_decode *d, struct wl_finding *ret_finding)
{
	struct png_work w = {.d = d, .finding = ret_finding};
	int r = wl_png_chunks_check(d, ret_finding);

	if (r < 0)
		return r;
	d->pages = 1;
	ret_finding->rule = WL_RULE_NONE;
	wl_png_feed_start(&w.feed, d->source);
	w.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &w, on_error, on_warning);
	if (!w.png)
		return -ENOMEM;
	w.info = png_create_info_struct(w.png);
	r = w.info ? read_all(&w) : -ENOMEM;
	png_destroy_read_struct(&w.png, &w.info, NULL);
	wl_rows_clear(&w.rows);
	return r;
}
