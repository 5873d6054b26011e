/*
 * A medium under libntfs-3g: its device operations over ours.
 *
 * The library opens no path and makes no system call of its own on the medium: what it reads comes
 * from here, each place once from the medium and then from memory.
 */
#ifndef WL_VOLUME_NTFS_DEVICE_H
#define WL_VOLUME_NTFS_DEVICE_H

#include <stdint.h>

#include "daemon/volume/device.h"
#include "daemon/volume/listing.h"

struct ntfs_device;
struct wl_ntfs_medium; /* opaque */

/* The volume of `bytes` from byte `start`; the device must be tracking it with this grain (at most
 * 4,096). What is kept is charged to `budget`. 0, -ENOMEM, -EBADMSG with volume.too-many-files. */
int wl_ntfs_medium_new(struct wl_device *d, uint64_t start, uint64_t bytes, uint32_t grain,
                       struct wl_listing *budget, struct wl_ntfs_medium **ret,
                       struct wl_finding *ret_finding);
struct wl_ntfs_medium *wl_ntfs_medium_free(struct wl_ntfs_medium *m);

/* For ntfs_device_mount; belongs to whoever asks, and then to the mounted volume. NULL: no memory.
 */
struct ntfs_device *wl_ntfs_medium_device(struct wl_ntfs_medium *m);

/* From now on what is read is data of files: it goes by and is not kept. */
void wl_ntfs_medium_stream(struct wl_ntfs_medium *m);

/* What went wrong at the medium since it was made: 0; -EBADMSG and the finding
 * (volume.chain-crossed, volume.too-many-files); -EIO, -ENOMEM. */
int wl_ntfs_medium_error(const struct wl_ntfs_medium *m, struct wl_finding *ret_finding);

#endif
