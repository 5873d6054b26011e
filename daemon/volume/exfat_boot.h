/*
 * The boot sectors of an exFAT volume, checked and turned into places on the medium.
 *
 * Source: Microsoft, "exFAT file system specification" (2019), sections 2 and 3.
 */
#ifndef WL_VOLUME_EXFAT_BOOT_H
#define WL_VOLUME_EXFAT_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/finding.h"
#include "daemon/volume/fat_boot.h"

#define WL_EXFAT_BOOT_SECTORS 12U /* of the volume's own size: the last holds the checksum */

/* Whether a first sector says that it is exFAT's. */
bool wl_exfat_boot_claims(const uint8_t sector[512]);

/* How many bytes one sector of the volume has: 512 to 4096, or 0 where that is impossible. */
uint32_t wl_exfat_sector_bytes(const uint8_t sector[512]);

/* The checksum of the first n bytes of the boot sectors; flags and the share in use, which change
 * while the volume is mounted, are left out. */
uint32_t wl_exfat_boot_checksum(const uint8_t *p, size_t n);

/*
 * boot: the WL_EXFAT_BOOT_SECTORS of a volume that starts at byte `start` of the medium and may use
 * `room` bytes. Fills the geometry that FAT's tables and chains work with (bits 32, a single FAT,
 * no fixed root). 0; -EBADMSG with volume.boot-bad or volume.unknown.
 */
int wl_exfat_boot_parse(const uint8_t *boot, uint64_t start, uint64_t room,
                        struct wl_fat_geometry *ret, struct wl_finding *ret_finding);

#endif
