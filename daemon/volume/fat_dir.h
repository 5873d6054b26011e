/*
 * The records of one FAT folder: short names, long names, and what must not be there.
 *
 * Source: fatgen103, "FAT Directory Structure" and "FAT Long Directory Entries".
 */
#ifndef WL_VOLUME_FAT_DIR_H
#define WL_VOLUME_FAT_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/finding.h"

#define WL_FAT_RECORD_BYTES   32U
#define WL_FAT_LONG_UNITS_MAX 260U /* 20 records of 13 */
#define WL_FAT_SHORT_BYTES    11U

#define WL_FAT_ATTR_LABEL   0x08U
#define WL_FAT_ATTR_FOLDER  0x10U
#define WL_FAT_ATTR_ARCHIVE 0x20U
#define WL_FAT_ATTR_LONG    0x0FU

/* Reading one folder's bytes, from its first record on. */
struct wl_fat_dir {
	const uint8_t *p;
	size_t n, pos;
	/* long name records read so far and still without their short one */
	unsigned long_next; /* the number the next one must have; 0 with long_units: complete */
	unsigned long_records;
	uint8_t long_checksum;
	uint16_t long_units[WL_FAT_LONG_UNITS_MAX];
};

struct wl_fat_record {
	uint16_t units[WL_FAT_LONG_UNITS_MAX]; /* the name as people see it */
	size_t nunits;
	bool is_long; /* `units` came from long name records */
	uint8_t short_name[WL_FAT_SHORT_BYTES];
	uint8_t attributes;
	bool is_dot, is_dot_dot;
	uint32_t cluster;
	uint32_t bytes;
	size_t position; /* number of the record in the folder */
};

void wl_fat_dir_init(struct wl_fat_dir *d, const uint8_t *p, size_t n);

/*
 * The next file, folder or label. 1 and *ret; 0 at the end; -EBADMSG with name.encoding: a long
 * name whose records are broken, out of order, or do not belong to the short name they stand
 * before, or a short name that alone must speak and is not ASCII (its code page is not known);
 * name.empty: a short name of spaces. Deleted records are skipped, with long name records that lost
 * their short one to a deletion, because they name nothing.
 */
int wl_fat_dir_next(struct wl_fat_dir *d, struct wl_fat_record *ret,
                    struct wl_finding *ret_finding);

/* The checksum that ties long name records to a short name. */
uint8_t wl_fat_short_checksum(const uint8_t name[WL_FAT_SHORT_BYTES]);

#endif
