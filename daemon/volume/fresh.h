/* The blocks of a fresh volume that are not files: table, boot sectors, FAT, folders. All pure. */
#ifndef WL_VOLUME_FRESH_H
#define WL_VOLUME_FRESH_H

#include "daemon/volume/layout.h"

struct wl_dos_time {
	uint16_t date, time;
	uint8_t tens_ms; /* hundredths of a second, 0 to 199 */
};

/* UTC, two seconds apart, from 1980 to 2107. */
struct wl_dos_time wl_fresh_time(int64_t seconds);

/* LBA 0: the partition table. */
void wl_fresh_table(const struct wl_layout *l, uint8_t ret[WL_BUILD_SECTOR_BYTES]);

/* The 32 reserved sectors of the partition: boot sector, FSInfo, and their backups. */
void wl_fresh_reserved(const struct wl_layout *l,
                       uint8_t ret[WL_BUILD_RESERVED_SECTORS * WL_BUILD_SECTOR_BYTES]);

/* Making a FAT from its beginning, sector by sector. */
struct wl_fresh_fat {
	const struct wl_layout *l;
	uint32_t cluster; /* the next entry */
	uint32_t node;    /* whose clusters these are */
};

void wl_fresh_fat_begin(const struct wl_layout *l, struct wl_fresh_fat *ret);
void wl_fresh_fat_next(struct wl_fresh_fat *fat, uint8_t ret[WL_BUILD_SECTOR_BYTES]);

/* The records of a folder: l->nodes[folder].bytes of them. */
int wl_fresh_folder(const struct wl_layout *l, uint32_t folder, uint8_t *ret, size_t size);

#endif
