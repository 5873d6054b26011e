/*
 * Plain samples: what lies between the process that decodes and the one that encodes.
 *
 * Rows from top to bottom without gaps, pixels from left to right, channels interleaved; 8 bits, or
 * 16 bits little-endian. One channel is gray, two gray and alpha, three RGB, four RGBA; alpha is
 * unassociated. They live in a memory file; nothing else of a picture crosses the boundary.
 */
#ifndef WL_IMAGE_SAMPLES_H
#define WL_IMAGE_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/finding.h"

struct wl_shape {
	uint32_t width, height, bits, channels;
};

struct wl_samples {
	struct wl_shape shape;
	uint8_t *p; /* mapped; NULL: none */
	size_t bytes;
};

/* The bytes of one row, and of the whole (0 where a side is 0). Sides up to WL_IMAGE_SIDE_MAX. */
static inline size_t wl_shape_row_bytes(const struct wl_shape *s)
{
	return (size_t)s->width * s->channels * (s->bits / 8);
}

static inline size_t wl_shape_bytes(const struct wl_shape *s)
{
	return wl_shape_row_bytes(s) * s->height;
}

/* Sides from 1 to side_max, bits 8 or 16, 1 to 4 channels, WL_IMAGE_SAMPLES_BYTES_MAX in all.
 * 0; -EBADMSG with image.too-large, or image.damaged for a side of 0; -EINVAL for the others. */
int wl_shape_check(const struct wl_shape *shape, uint32_t side_max, struct wl_finding *ret_finding);

/* Gives the empty memory file `fd` its size and maps it for writing. 0; as wl_shape_check; -errno.
 */
int wl_samples_create(int fd, const struct wl_shape *shape, uint32_t side_max,
                      struct wl_samples *ret, struct wl_finding *ret_finding);

/* Whether `fd` holds sealed samples of this shape. 0; -EPERM where it is not sealed; -EINVAL where
 * its size is not that of the shape, or the shape none that may be. */
int wl_samples_check(int fd, const struct wl_shape *shape);

void wl_samples_clear(struct wl_samples *s); /* for WL_CLEANUP; safe on an empty one */

/* Sixteen bytes that the digest of samples begins with (CLI.md): width, height, bits, channels as
 * 32-bit little-endian integers. */
void wl_shape_head(const struct wl_shape *shape, uint8_t ret_head[16]);

#endif
