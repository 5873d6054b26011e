/*
 * A volume on a medium (or in an image file): found, listed whole, delivered file by file.
 *
 * The only door to this folder for reading. What it says about a medium is a claim: the list is
 * believed only as far as `digest` received exactly those bytes.
 */
#ifndef WL_VOLUME_VOLUME_H
#define WL_VOLUME_VOLUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/finding.h"
#include "daemon/volume/device.h"

struct wl_volume; /* opaque */

struct wl_volume_info {
	const char *filesystem; /* "fat12", "fat16", "fat32", "exfat", "ntfs", "iso9660"; static */
	const char *table;      /* "mbr", "gpt" or "none"; static */
	const uint8_t *label;   /* as it lies there; belongs to the volume */
	size_t label_bytes;
	uint64_t volume_bytes;
	size_t entries; /* files and folders */
	uint64_t bytes; /* of all files together */
};

struct wl_volume_entry {
	const char *path; /* UTF-8, '/' between names, none before; not NUL-terminated */
	size_t path_bytes;
	bool folder;
	uint64_t bytes;       /* 0 for a folder */
	uint64_t position;    /* of its first byte on the medium; 0 where it has none */
	enum wl_rule refused; /* this file is listed, but not delivered; WL_RULE_NONE: it is */
};

/*
 * Finds the one volume of `d` and lists it; no file's data is read. files_max counts files and
 * folders (never above WL_VOLUME_FILES_MAX). `d` stays the caller's and must outlive the volume.
 * 0; -EBADMSG with volume.*, name.* or medium.encrypted; -EIO and other errors of the device: it
 * cannot be read; -ENOMEM.
 */
int wl_volume_open(struct wl_device *d, uint64_t files_max, struct wl_volume **ret,
                   struct wl_finding *ret_finding);
struct wl_volume *wl_volume_free(struct wl_volume *v); /* accepts NULL, returns NULL */
void wl_volume_cleanup(struct wl_volume **v);

void wl_volume_get_info(const struct wl_volume *v, struct wl_volume_info *ret);

/* Entry `index`, in ascending order of the bytes of the paths. 0 or -ENOENT. */
int wl_volume_get_entry(const struct wl_volume *v, size_t index, struct wl_volume_entry *ret);

/*
 * Writes the bytes of a file to `out_fd` (a pipe: no copy is made). Each file once: a second demand
 * is -EBADMSG with volume.chain-crossed. `progress` as in wl_device_send, may be NULL. 0, -EISDIR,
 * -ENOENT, -EIO (the medium), -EPIPE.
 */
int wl_volume_deliver(struct wl_volume *v, size_t index, int out_fd,
                      int (*progress)(void *user, uint64_t bytes), void *user,
                      struct wl_finding *ret_finding);

#endif
