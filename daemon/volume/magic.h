/* What else a volume could be: file systems, encrypted and composed volumes known by their marks.
 */
#ifndef WL_VOLUME_MAGIC_H
#define WL_VOLUME_MAGIC_H

#include <stdbool.h>

#include "daemon/base/finding.h"
#include "daemon/volume/device.h"

/*
 * Looks for marks of what is not read here, in the volume that starts at sector `start` and has
 * `sectors`. claimed: the name of the reader that has claimed it, or NULL where none has. 0 where
 * nothing is known; -EBADMSG, naming it, with medium.encrypted or volume.unknown, or where the
 * volume is claimed with volume.ambiguous (a mark of encryption in the first sector stays
 * medium.encrypted: BitLocker To Go dresses up as FAT32); -EIO and other faults of the device.
 */
int wl_magic_check(struct wl_device *d, uint64_t start, uint64_t sectors, const char *claimed,
                   struct wl_finding *ret_finding);

/* For a volume nobody knows: -EBADMSG with medium.encrypted where its first bytes have no pattern
 * at all, as those of an encrypted volume without a header; 0, or a fault of the device. */
int wl_magic_check_random(struct wl_device *d, uint64_t start, uint64_t sectors,
                          struct wl_finding *ret_finding);

#endif
