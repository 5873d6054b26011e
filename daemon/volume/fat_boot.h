/*
 * The boot sector of a FAT volume, checked and turned into places on the medium.
 *
 * Source: Microsoft, "FAT32 File System Specification" 1.03 (fatgen103), sections "Boot Sector and
 * BPB" and "FAT Type Determination".
 */
#ifndef WL_VOLUME_FAT_BOOT_H
#define WL_VOLUME_FAT_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/finding.h"

#define WL_FAT_LABEL_BYTES      11U
#define WL_FAT_FOLDER_BYTES_MAX (65536U * 32U) /* fatgen103: a folder holds 65,536 records */

struct wl_fat_geometry {
	unsigned bits;         /* 12, 16 or 32 */
	uint32_t entry_mask;   /* of the 32-bit entry: FAT32 uses 28 of them, exFAT all */
	uint32_t folder_bytes; /* a folder's most */
	uint32_t sector_bytes, cluster_bytes;
	uint32_t clusters;     /* numbered from 2 */
	uint64_t start;        /* of the volume; this and the following are bytes on the medium */
	uint64_t fat;          /* the copy that is read */
	uint64_t fat_other;    /* the copy that must say the same, or 0 */
	uint32_t fat_bytes;    /* of one copy, as far as clusters need it, whole sectors */
	uint64_t root;         /* FAT12/16: the root folder's place */
	uint32_t root_bytes;   /* FAT12/16 */
	uint32_t root_cluster; /* FAT32 */
	uint64_t data;         /* cluster 2 */
	uint64_t volume_bytes;
	char label[WL_FAT_LABEL_BYTES]; /* of the boot sector, padded with spaces */
};

/* Whether a first sector is a FAT boot sector in form: its jump, signature and first fields. What
 * it says may still be nonsense. */
bool wl_fat_boot_claims(const uint8_t sector[512]);

/*
 * sector: the first 512 bytes of a volume that starts at byte `start` of the medium and may use
 * `room` bytes. 0; -EBADMSG with volume.boot-bad, or volume.ambiguous where systems would not agree
 * whether it is FAT12, FAT16 or FAT32.
 */
int wl_fat_boot_parse(const uint8_t sector[512], uint64_t start, uint64_t room,
                      struct wl_fat_geometry *ret, struct wl_finding *ret_finding);

#endif
