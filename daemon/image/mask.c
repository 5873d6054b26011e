/*
 * Masks: what the policy says is to be covered in pictures of a device; see encode_png.h.
 *
 * A mask is opaque: nothing of what it covers can be had back from the output (requirement C-13).
 * Runs in worker-tool, on the encoder's own copy of some rows. Power: memory only.
 */
#include <errno.h>
#include <string.h>

#include "daemon/image/encode_png.h"

static void cover_alpha(const struct wl_shape *s, uint8_t *row, size_t pixels)
{
	size_t sample = s->bits / 8, pixel = sample * s->channels;

	for (size_t i = 0; i < pixels; i++)
		memset(row + i * pixel + (s->channels - 1) * sample, 0xFF, sample);
}

int wl_mask_check(const struct wl_shape *shape, const struct wl_png_mask *m)
{
	if (m->x > shape->width || m->width > shape->width - m->x || m->y > shape->height ||
	    m->height > shape->height - m->y)
		return -EINVAL;
	return 0;
}

void wl_mask_apply(const struct wl_shape *shape, const struct wl_png_mask *m, uint8_t *p,
                   uint32_t y, uint32_t rows)
{
	size_t pixel = shape->channels * (shape->bits / 8), row_bytes = wl_shape_row_bytes(shape);
	uint32_t first = m->y > y ? m->y - y : 0;
	uint32_t end = m->y + m->height > y ? m->y + m->height - y : 0;

	for (uint32_t row = first; row < end && row < rows; row++) {
		uint8_t *at = p + row * row_bytes + m->x * pixel;
		memset(at, 0, m->width * pixel);
		if (shape->channels % 2 == 0)
			cover_alpha(shape, at, m->width);
	}
}
