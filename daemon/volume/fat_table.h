/*
 * The file allocation table: which cluster follows which, read a part at a time when first needed.
 *
 * Where there are two copies, both are read and must say the same about every cluster that is
 * asked for: systems differ in which copy they believe, so a medium whose copies differ there is
 * two media in one (volume.ambiguous). Where they differ elsewhere it does not matter.
 */
#ifndef WL_VOLUME_FAT_TABLE_H
#define WL_VOLUME_FAT_TABLE_H

#include <stdint.h>

#include "daemon/base/finding.h"
#include "daemon/volume/device.h"
#include "daemon/volume/fat_boot.h"
#include "daemon/volume/listing.h"

struct wl_fat_table; /* opaque */

/* All three must outlive it; the device must be tracking already. What is kept is charged to
 * `budget`. 0 or -ENOMEM. */
int wl_fat_table_new(struct wl_device *d, const struct wl_fat_geometry *g,
                     struct wl_listing *budget, struct wl_fat_table **ret);
struct wl_fat_table *wl_fat_table_free(struct wl_fat_table *t); /* gives back what it charged */
void wl_fat_table_cleanup(struct wl_fat_table **t);

enum wl_fat_link { WL_FAT_NEXT = 1, WL_FAT_END, WL_FAT_FREE, WL_FAT_BAD, WL_FAT_OUTSIDE };

/*
 * What the entry of `cluster` (which lies in the volume) says; *ret_next is set for WL_FAT_NEXT and
 * is then a cluster of the volume. 0; -EBADMSG with volume.ambiguous or volume.too-many-files;
 * -EIO, -ENOMEM.
 */
int wl_fat_table_get(struct wl_fat_table *t, uint32_t cluster, enum wl_fat_link *ret_link,
                     uint32_t *ret_next, struct wl_finding *ret_finding);

#endif
