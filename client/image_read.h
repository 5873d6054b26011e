/* A volume's image read by workers: list and contents, as media are at the station. */
#ifndef WL_CLIENT_IMAGE_READ_H
#define WL_CLIENT_IMAGE_READ_H

#include "client/offline.h"
#include "policy/items.h"

struct wl_image {
	struct wl_spawn *spawn;
	struct wl_job reader, digester;
	struct wl_items items; /* cookie: the reader's number */
	char filesystem[17], table[17];
	uint64_t bytes;
};

/* Opens and lists. 0, or the exit status after the person was told. Always followed by
 * wl_image_close. */
int wl_image_open(const struct wl_cli *cli, const char *path, struct wl_image *ret);

/*
 * Delivers one file once: into `sink` (-1: only digested). 0 with the item's digest set, or the
 * exit status after the person was told (the next file may still be asked for after a status 1).
 */
int wl_image_deliver(const struct wl_cli *cli, struct wl_image *image, struct wl_item *item,
                     int sink);

void wl_image_close(struct wl_image *image);

#endif
