/*
 * Readers of file systems, behind one table (open.c).
 *
 * A reader claims a volume by its marks and lists it whole into struct wl_listing, with the
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
	const char *filesystem; /* "fat12", "fat16", "fat32", "exfat", "ntfs", "iso9660"; static */
	uint64_t bytes;
	void *reader; /* kept for `deliver`, given back to `close`; NULL where there is none */
	uint8_t label[WL_VOLUME_LABEL_MAX]; /* as it lies on the volume, without padding */
	size_t label_bytes;
};

struct wl_volume_driver {
	const char *name; /* for people: "FAT" */
	/* whether the volume of `sectors` from sector `start`, which begins with these 512 bytes,
	 * is this file system's, in form: 1, 0, or a fault of the device */
	int (*claims)(struct wl_device *d, const uint8_t sector[512], uint64_t start,
	              uint64_t sectors);
	/*
	 * Lists the volume that begins at byte `start` and may use `room` bytes; starts the
	 * device's tracking. 0; -EBADMSG with volume.*, name.*; -EIO (the medium cannot be read),
	 * -ENOMEM.
	 */
	int (*list)(struct wl_device *d, const uint8_t sector[512], uint64_t start, uint64_t room,
	            struct wl_listing *l, struct wl_volume_facts *ret_facts,
	            struct wl_finding *ret_finding);
	/* Delivers an entry whose extent is WL_EXTENT_READER, once; as wl_volume_deliver. NULL
	 * where there are none. */
	int (*deliver)(void *reader, const struct wl_listing_entry *e, int out_fd,
	               int (*progress)(void *user, uint64_t bytes), void *user,
	               struct wl_finding *ret_finding);
	void (*close)(void *reader); /* NULL where there is nothing to close */
};

extern const struct wl_volume_driver wl_volume_fat;   /* fat.c */
extern const struct wl_volume_driver wl_volume_exfat; /* exfat.c */
extern const struct wl_volume_driver wl_volume_iso;   /* iso.c */
extern const struct wl_volume_driver wl_volume_ntfs;  /* ntfs.c */

#endif
