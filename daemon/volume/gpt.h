/*
 * A GUID partition table: both copies checked, one data partition found.
 *
 * Source: UEFI Specification 2.10, chapter 5.3 "GUID Partition Table (GPT) Disk Layout".
 */
#ifndef WL_VOLUME_GPT_H
#define WL_VOLUME_GPT_H

#include "daemon/volume/device.h"
#include "daemon/volume/partition.h"

/*
 * For a medium of `sectors` whose first sector is a protective table. Reads both headers and both
 * lists of entries (66 sectors, kept). A Microsoft reserved partition holds no file system and is
 * passed over. 0; -EBADMSG with volume.table-bad, volume.ambiguous (two good copies that differ),
 * volume.none, volume.several; -EIO and other faults of the device.
 */
int wl_gpt_find(struct wl_device *d, uint64_t sectors, struct wl_partition *ret,
                struct wl_finding *ret_finding);

#endif
