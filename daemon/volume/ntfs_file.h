/* The data of one file of NTFS, turned into extents; and what hides beside it. */
#ifndef WL_VOLUME_NTFS_FILE_H
#define WL_VOLUME_NTFS_FILE_H

#include <stdint.h>

#include "daemon/volume/device.h"
#include "daemon/volume/listing.h"

struct _ntfs_inode;

/* Where the volume lies, for the places of extents. */
struct wl_ntfs_place {
	uint64_t start, bytes; /* on the medium */
	uint32_t cluster_bytes;
};

/*
 * Fills entry `index` of the listing from the unnamed data of a file: bytes and extents, or
 * `refused` (volume.link: a reparse point; volume.file-encrypted). 0; -EBADMSG with
 * volume.size-wrong, volume.folder-bad; -EIO where the library failed, -ENOMEM.
 */
int wl_ntfs_file_take(struct _ntfs_inode *ni, const struct wl_ntfs_place *place,
                      struct wl_listing *l, size_t index, struct wl_finding *ret_finding);

/*
 * Adds an entry NAME:STREAM, refused by volume.hidden-stream, for every named stream of data and
 * for extended attributes. `parent` and `name` are those of the file itself. Errors as above.
 */
int wl_ntfs_file_add_streams(struct _ntfs_inode *ni, struct wl_listing *l, size_t parent,
                             const char *name, size_t name_bytes, struct wl_finding *ret_finding);

/* Writes the data of a compressed file (its only extent is WL_EXTENT_READER) to `out_fd`. As
 * wl_device_send_memory; -EIO where the library failed. */
int wl_ntfs_file_send(struct _ntfs_inode *ni, uint64_t bytes, struct wl_device *d, int out_fd,
                      int (*progress)(void *user, uint64_t bytes), void *user);

#endif
