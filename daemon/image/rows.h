/*
 * Rows of samples that come in their order, from top to bottom: written to the memory file through
 * one buffer that stays in the processor's cache. A mapping of the whole costs a page fault for
 * every 4 KiB of it, which is more than the samples cost (measured: 24 MB take 7 ms this way and
 * 103 ms by touching a mapping, on a virtual machine). Decoders that jump about use the mapping.
 */
#ifndef WL_IMAGE_ROWS_H
#define WL_IMAGE_ROWS_H

#include "daemon/image/samples.h"

struct wl_rows {
	int fd;
	size_t row_bytes, used, room;
	uint8_t *buf;
};

/* `fd` is the empty memory file, at its start. 0; as wl_shape_check; -ENOMEM. */
int wl_rows_start(struct wl_rows *rows, int fd, const struct wl_shape *shape, uint32_t side_max,
                  struct wl_finding *ret_finding);
/* Where the next row is to be put, after the last one was. 0 or what write says. */
int wl_rows_next(struct wl_rows *rows, uint8_t **ret_row);
/* The last rows into the file. 0 or what write says. */
int wl_rows_end(struct wl_rows *rows);
void wl_rows_clear(struct wl_rows *rows); /* safe on a zeroed one */

#endif
