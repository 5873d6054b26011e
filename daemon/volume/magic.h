/* What else a volume could be: file systems, encrypted and composed volumes known by their marks.
 */
#ifndef WL_VOLUME_MAGIC_H
#define WL_VOLUME_MAGIC_H

#include <stdbool.h>

#include "daemon/base/finding.h"
#include "daemon/volume/device.h"

/*
 * Looks for marks of what is not read here, in the volume that starts at sector `start` and has
 * `sectors`: in its first sector only, or in all the places (no more than seven, which is only for
 * volumes that no reader claims, because it peeks at what may be data). 0 where nothing is known;
 * -EBADMSG with medium.encrypted or volume.unknown, naming it; -EIO and other faults of the device.
 */
int wl_magic_check(struct wl_device *d, uint64_t start, uint64_t sectors, bool first_only,
                   struct wl_finding *ret_finding);

#endif
