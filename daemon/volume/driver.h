/*
 * Readers of file systems, behind one table (open.c).
 *
 * A reader claims a volume by its first sector and lists it whole into struct wl_listing, with the
 * places of every file's bytes; what follows is the same for all.
 */
#ifndef WL_VOLUME_DRIVER_H
#define WL_VOLUME_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/finding.h"
#include "daemon/volume/device.h"
#include "daemon/volume/listing.h"

#define WL_VOLUME_LABEL_MAX 64U

/* What a reader says of the volume besides its list. */
struct wl_volume_facts {
	const char *filesystem; /* "fat12", "fat16", "fat32"; static */
	uint64_t bytes;
	uint8_t label[WL_VOLUME_LABEL_MAX]; /* as it lies on the volume, without padding */
	size_t label_bytes;
};

struct wl_volume_driver {
	/* whether the first 512 bytes of a volume are this file system's, in form */
	bool (*claims)(const uint8_t sector[512]);
	/*
	 * Lists the volume that begins at byte `start` and may use `room` bytes; starts the
	 * device's tracking. 0; -EBADMSG with volume.*, name.*; -EIO (the medium cannot be read),
	 * -ENOMEM.
	 */
	int (*list)(struct wl_device *d, const uint8_t sector[512], uint64_t start, uint64_t room,
	            struct wl_listing *l, struct wl_volume_facts *ret_facts,
	            struct wl_finding *ret_finding);
};

extern const struct wl_volume_driver wl_volume_fat; /* fat.c */

#endif
