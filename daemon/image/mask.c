/*
 * Masks: what the policy says is to be covered in pictures of a device; see encode_png.h.
 *
 * A mask is opaque: nothing of what it covers can be had back from the output (requirement C-13).
 * Runs in worker-tool, on a private mapping of the samples. Power: memory only.
 */
#include <string.h>

#include "daemon/image/encode_png.h"

static void cover_alpha(const struct wl_shape *s, uint8_t *row, size_t pixels)
{
	size_t sample = s->bits / 8, pixel = sample * s->channels;

	for (size_t i = 0; i < pixels; i++)
		memset(row + i * pixel + (s->channels - 1) * sample, 0xFF, sample);
}

int wl_mask_apply(struct wl_samples *s, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
	const struct wl_shape *shape = &s->shape;
	size_t pixel = shape->channels * (shape->bits / 8), row_bytes = wl_shape_row_bytes(shape);

	if (x > shape->width || width > shape->width - x || y > shape->height ||
	    height > shape->height - y)
		return -EINVAL;
	for (uint32_t row = y; row < y + height; row++) {
		uint8_t *at = s->p + row * row_bytes + x * pixel;
		memset(at, 0, width * pixel);
		if (shape->channels % 2 == 0)
			cover_alpha(shape, at, width);
	}
	return 0;
}
