/*
 * A small FAT12 volume in memory, made record by record, and a device over it that counts how
 * often each sector is fetched.
 *
 * 300 sectors: boot sector, two FATs of 2, a root folder of 32 records in 2, then 293 clusters of
 * one sector from sector 7.
 */
#ifndef WL_TEST_VOLUME_IMAGE_H
#define WL_TEST_VOLUME_IMAGE_H

#include <stdint.h>

#include "daemon/volume/volume.h"

#define IMAGE_SECTORS     300U
#define IMAGE_BYTES       (IMAGE_SECTORS * 512U)
#define IMAGE_ROOT        (5U * 512U)
#define IMAGE_DATA_SECTOR 7U
#define IMAGE_CLUSTERS    293U

struct image {
	uint8_t p[IMAGE_BYTES];
	uint64_t size; /* what the device says; at most IMAGE_BYTES are there */
	uint64_t files_max;
	uint64_t fail_at; /* reading this sector and beyond gives EIO; 0: never */
	unsigned fetched[IMAGE_SECTORS];
};

void image_init(struct image *i); /* an empty, valid volume */
uint8_t *image_cluster(struct image *i, unsigned cluster);
void image_set_fat(struct image *i, unsigned cluster, unsigned value); /* both copies */
void image_set_fat_copy(struct image *i, unsigned copy, unsigned cluster, unsigned value);
/* Clusters first to first + n - 1, one after the other. */
void image_chain(struct image *i, unsigned first, unsigned n);

/* A short record at `at` (bytes from the image's beginning); name: 11 characters. */
void image_put(struct image *i, uint32_t at, const char *name, unsigned attributes,
               unsigned cluster, uint32_t bytes);
/* A record of a long name: its number (with 0x40 for the last), the checksum of the short name it
 * belongs to, and up to 13 characters of ASCII. */
void image_put_long(struct image *i, uint32_t at, unsigned number, const char *short_name,
                    const char *part);

/* Opens it on a fresh counting device. */
int image_open(struct image *i, struct wl_device **ret_device, struct wl_volume **ret_volume,
               struct wl_finding *ret_finding);
/* Opens it and delivers every file to nowhere; then asserts that no sector was fetched twice. */
int image_read(struct image *i, struct wl_finding *ret_finding);

#endif
