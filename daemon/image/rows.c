/*
 * Writing rows of samples as they come; see rows.h.
 *
 * The shape is what a hostile source said until it was checked here against the limits; how many
 * rows come is up to the decoder, and the one who employs it compares the size of the file with the
 * shape. Runs in worker-image. Power: memory only.
 */
#include "daemon/image/rows.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/base/fdio.h"

#define ROOM_BYTES (256U * 1024U) /* or one row, where that is more */

int wl_rows_start(struct wl_rows *rows, int fd, const struct wl_shape *shape, uint32_t side_max,
                  struct wl_finding *ret_finding)
{
	int r = wl_shape_check(shape, side_max, ret_finding);

	if (r < 0)
		return r;
	size_t row_bytes = wl_shape_row_bytes(shape), whole = wl_shape_bytes(shape);
	size_t room = row_bytes > ROOM_BYTES ? row_bytes : ROOM_BYTES / row_bytes * row_bytes;
	room = room < whole ? room : whole;
	*rows = (struct wl_rows){
	        .fd = fd, .row_bytes = row_bytes, .room = room, .buf = malloc(room)};
	return rows->buf ? 0 : -ENOMEM;
}

int wl_rows_next(struct wl_rows *rows, uint8_t **ret_row)
{
	int r = rows->used == rows->room ? wl_rows_end(rows) : 0;

	*ret_row = rows->buf + rows->used;
	rows->used += rows->row_bytes;
	return r;
}

int wl_rows_end(struct wl_rows *rows)
{
	size_t n = rows->used;

	rows->used = 0;
	return wl_write_full(rows->fd, rows->buf, n);
}

void wl_rows_clear(struct wl_rows *rows)
{
	free(rows->buf);
	rows->buf = NULL;
}
