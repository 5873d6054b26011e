/* The blocks of a fresh exFAT volume that are not files. All pure. Source: exFAT specification. */
#ifndef WL_VOLUME_FRESH_EXFAT_H
#define WL_VOLUME_FRESH_EXFAT_H

#include "daemon/volume/layout.h"

#define WL_FRESH_EXFAT_BOOT_SECTORS 24U /* twelve, and their backup */

void wl_fresh_exfat_boot(const struct wl_layout *l,
                         uint8_t ret[WL_FRESH_EXFAT_BOOT_SECTORS * WL_BUILD_SECTOR_BYTES]);

/* The number of FAT entries that are not zero: files and folders lie in one run and have none. */
uint32_t wl_fresh_exfat_entries(const struct wl_layout *l);
/* Sector `number` of the FAT. */
void wl_fresh_exfat_fat(const struct wl_layout *l, uint32_t number,
                        uint8_t ret[WL_BUILD_SECTOR_BYTES]);

/* Byte `at` of the map of clusters in use. */
uint8_t wl_fresh_exfat_map(const struct wl_layout *l, uint32_t at);

/* The records of a folder: l->nodes[folder].bytes of them. 0, -EINVAL, -EBADMSG (never: names were
 * checked). */
int wl_fresh_exfat_folder(const struct wl_layout *l, uint32_t folder, uint8_t *ret, size_t size);

#endif
