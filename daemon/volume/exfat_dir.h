/*
 * Records in a folder of exFAT: sets of them for files, and the volume's own in the root.
 *
 * Source: exFAT specification, sections 6 and 7.
 */
#ifndef WL_VOLUME_EXFAT_DIR_H
#define WL_VOLUME_EXFAT_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/finding.h"
#include "daemon/base/limits.h"

#define WL_EXFAT_RECORD_BYTES 32U
#define WL_EXFAT_NAME_UNITS   15U /* of one name record */
#define WL_EXFAT_LABEL_UNITS  11U

enum wl_exfat_type {
	WL_EXFAT_BITMAP = 0x81,
	WL_EXFAT_UPCASE = 0x82,
	WL_EXFAT_LABEL = 0x83,
	WL_EXFAT_FILE = 0x85,
	WL_EXFAT_STREAM = 0xC0,
	WL_EXFAT_NAME = 0xC1,
};

#define WL_EXFAT_ATTR_FOLDER 0x10U

#define WL_EXFAT_FLAG_ALLOCATED 0x01U
#define WL_EXFAT_FLAG_ONE_RUN   0x02U

struct wl_exfat_dir {
	const uint8_t *p;
	size_t n, pos;
};

/* A file or folder, or one of the volume's own records (type). */
struct wl_exfat_record {
	enum wl_exfat_type type;
	uint16_t units[WL_VOLUME_NAME_UNITS_MAX]; /* also of a label */
	size_t nunits;
	uint16_t name_hash;
	uint16_t attributes;
	bool one_run;  /* its clusters lie one behind the other and have no entries in the FAT */
	uint8_t which; /* of a bitmap: 0 for the first FAT */
	uint32_t cluster;
	uint32_t checksum; /* of an up-case table */
	uint64_t bytes, valid_bytes;
};

void wl_exfat_dir_init(struct wl_exfat_dir *d, const uint8_t *p, size_t n);

/*
 * The next one. 1 and *ret; 0 at the end; -EBADMSG with volume.folder-bad (a set whose checksum is
 * wrong or whose records do not belong together), volume.unknown (a record that a reader must
 * understand, and ours does not), volume.size-wrong (more valid bytes than bytes, or a place
 * without bytes). Deleted records and those that may be passed over are passed over.
 */
int wl_exfat_dir_next(struct wl_exfat_dir *d, struct wl_exfat_record *ret,
                      struct wl_finding *ret_finding);

/* The checksum of a set of n bytes; its own field (bytes 2 and 3) is left out. */
uint16_t wl_exfat_set_checksum(const uint8_t *p, size_t n);

#endif
