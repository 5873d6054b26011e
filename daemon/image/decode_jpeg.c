/*
 * JPEG to samples: 8-bit baseline and progressive, gray, YCbCr and RGB, through libjpeg-turbo.
 *
 * Which colours three components are is decided as every decoder does it (JFIF and Adobe markers,
 * then component ids); the accurate integer transform and smooth upsampling, as djpeg by default,
 * so that anybody gets the same samples. Warnings refuse. Runs in worker-image. Power: no state.
 */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/image/decode.h"
#include "daemon/image/jpeg_segments.h"

struct jpeg_work {
	struct jpeg_error_mgr errors; /* first: libjpeg hands it back to us */
	struct jpeg_decompress_struct c;
	jmp_buf out;
	struct wl_decode *d;
	struct wl_rows rows;
	struct wl_finding *finding;
	int error;
};

static void refuse(j_common_ptr c, enum wl_rule rule)
{
	struct jpeg_work *w = (struct jpeg_work *)c->err;
	char said[JMSG_LENGTH_MAX], words[120];

	w->errors.format_message(c, said);
	wl_text_escape(said, strnlen(said, sizeof(said)), words, sizeof(words));
	w->error = wl_refuse(w->finding, rule, "libjpeg: %s", words);
	longjmp(w->out, 1);
}

static void on_error(j_common_ptr c)
{
	bool memory =
	        c->err->msg_code == JERR_OUT_OF_MEMORY || c->err->msg_code == JERR_NO_BACKING_STORE;

	refuse(c, memory ? WL_RULE_IMAGE_TOO_LARGE : WL_RULE_IMAGE_DAMAGED);
}

static void on_message(j_common_ptr c, int level)
{
	int code = c->err->msg_code;

	if (level < 0)
		refuse(c, code == JWRN_HIT_MARKER || code == JWRN_JPEG_EOF ? WL_RULE_IMAGE_TRUNCATED
		                                                           : WL_RULE_IMAGE_WARNING);
}

static void on_output(j_common_ptr c)
{
	(void)c;
}

static int read_rows(struct jpeg_work *w)
{
	while (w->c.output_scanline < w->c.output_height) {
		JSAMPROW row = NULL;
		int r = wl_rows_next(&w->rows, &row);
		if (r < 0)
			return r;
		if (jpeg_read_scanlines(&w->c, &row, 1) != 1)
			return -EIO;
	}
	(void)jpeg_finish_decompress(&w->c);
	return wl_rows_end(&w->rows);
}

/* Everything that may leave by longjmp. */
static int read_all(struct jpeg_work *w, const struct wl_jpeg *jpeg)
{
	if (setjmp(w->out))
		return w->error;
	jpeg_create_decompress(&w->c);
	w->c.mem->max_memory_to_use = (long)WL_IMAGE_DECODER_BYTES_MAX;
	jpeg_mem_src(&w->c, w->d->source.p, w->d->source.n);
	(void)jpeg_read_header(&w->c, TRUE);
	w->c.out_color_space = jpeg->shape.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
	w->c.dct_method = JDCT_ISLOW;
	(void)jpeg_start_decompress(&w->c);
	if (w->c.output_width != jpeg->shape.width || w->c.output_height != jpeg->shape.height ||
	    (uint32_t)w->c.output_components != jpeg->shape.channels)
		return -EIO;
	return read_rows(w);
}

int wl_decode_jpeg(struct wl_decode *d, struct wl_finding *ret_finding)
{
	struct jpeg_work w = {.d = d, .finding = ret_finding};
	struct wl_jpeg jpeg;
	int r = wl_jpeg_segments_check(d, &jpeg, ret_finding);

	if (r == 0)
		r = wl_decode_rows(d, &jpeg.shape, &w.rows, ret_finding);
	if (r < 0) {
		wl_rows_clear(&w.rows);
		return r;
	}
	d->pages = 1;
	w.c.err = jpeg_std_error(&w.errors);
	w.errors.error_exit = on_error;
	w.errors.emit_message = on_message;
	w.errors.output_message = on_output;
	r = read_all(&w, &jpeg);
	jpeg_destroy_decompress(&w.c);
	wl_rows_clear(&w.rows);
	return r;
}
