/*
 * Where the one volume of a medium lies: an MBR with one partition, or none at all.
 *
 * Anything else is refused by name: several partitions, extended ones, GPT, entries that overlap
 * or leave the medium, and a first sector that can be read in two ways.
 */
#ifndef WL_VOLUME_PARTITION_H
#define WL_VOLUME_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/finding.h"

struct wl_partition {
	const char *table; /* "mbr", "gpt" or "none" */
	uint64_t start;    /* first sector of 512 bytes */
	uint64_t sectors;
	uint8_t type; /* of the MBR entry; 0 where there is no table */
};

/*
 * first, second: sectors 0 and 1 of the medium. sectors: its size. is_volume: whether sector 0
 * reads as the boot sector of a file system by itself. 0, and where the table is "gpt" nothing else
 * is filled in: that is for wl_gpt_find; -EBADMSG with volume.none, volume.several, volume.unknown,
 * volume.ambiguous or volume.table-bad.
 */
int wl_partition_find(const uint8_t first[512], const uint8_t second[512], uint64_t sectors,
                      bool is_volume, struct wl_partition *ret, struct wl_finding *ret_finding);

#endif
