/*
 * The file that libtiff is shown: a directory of ours in front of the source's strips.
 *
 * Its header points behind the source's bytes, at a directory composed from a checked page: only
 * the tags that samples need, sorted, of the types libtiff expects. The source's own directories
 * are still among the bytes, but nothing points to them.
 */
#ifndef WL_IMAGE_TIFF_VIRTUAL_H
#define WL_IMAGE_TIFF_VIRTUAL_H

#include "daemon/image/tiff_directory.h"

struct wl_tiff_virtual {
	struct wl_bytes source;
	uint8_t head[8];
	uint8_t *tail; /* the directory and its values, from tail_at on */
	size_t tail_at, tail_bytes;
	uint64_t pos; /* where the next read begins */
};

/* 0, or -ENOMEM. */
int wl_tiff_virtual_make(struct wl_bytes source, const struct wl_tiff *tiff,
                         struct wl_tiff_virtual *ret);
void wl_tiff_virtual_clear(struct wl_tiff_virtual *v);
/* Up to n bytes at v->pos, which it moves; the number copied. */
size_t wl_tiff_virtual_read(struct wl_tiff_virtual *v, uint8_t *buf, size_t n);
size_t wl_tiff_virtual_size(const struct wl_tiff_virtual *v);

#endif
