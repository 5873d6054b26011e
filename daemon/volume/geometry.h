/*
 * The shape of a fresh FAT32 or exFAT volume on a medium of a given size (INTERFACES 7): pure
 * arithmetic.
 */
#ifndef WL_VOLUME_GEOMETRY_H
#define WL_VOLUME_GEOMETRY_H

#include <stdint.h>

#include "daemon/base/finding.h"

#define WL_BUILD_SECTOR_BYTES     512U
#define WL_BUILD_FIRST_SECTOR     2048U /* of the partition */
#define WL_BUILD_RESERVED_SECTORS 32U
#define WL_BUILD_FATS             2U
#define WL_BUILD_FSINFO_SECTOR    1U
#define WL_BUILD_BACKUP_SECTOR    6U
#define WL_BUILD_EXFAT_FAT_SECTOR 128U       /* of the partition: 64 KiB */
#define WL_BUILD_HEAD_BYTES       (4U << 20) /* what head_sha256 covers, or the whole medium */
#define WL_BUILD_TAIL_BYTES       (1U << 20) /* zeroed first: old GPT and RAID marks */

/* Sectors of 512 bytes; places count from the beginning of the medium. */
struct wl_build_geometry {
	uint64_t medium_sectors;
	uint32_t partition_sectors; /* the partition begins at WL_BUILD_FIRST_SECTOR */
	uint32_t cluster_sectors;
	uint32_t fat_sectors; /* of one copy */
	uint32_t clusters;    /* numbered from 2 */
	uint64_t data_sector; /* where cluster 2 begins */
};

/* 0; -EBADMSG with destination.too-small: fewer than 65,525 clusters, so that not every system
 * would take it for FAT32 (a medium of 33 MiB is too small, one of 34 MiB is not). */
int wl_build_geometry(uint64_t medium_bytes, struct wl_build_geometry *ret,
                      struct wl_finding *ret_finding);

/* The same for exFAT: clusters of 4 KiB up to 256 MiB, 32 KiB up to 32 GiB, 128 KiB above; the FAT
 * at 64 KiB, the clusters behind it at a multiple of their own size. 0; -EBADMSG with
 * destination.too-small (below 4 MiB). */
int wl_build_geometry_exfat(uint64_t medium_bytes, struct wl_build_geometry *ret,
                            struct wl_finding *ret_finding);

#endif
