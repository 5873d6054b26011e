/*
 * The boot region of exFAT.
 *
 * Runs in read-medium (worker-volume); the checksum also in build-volume (worker-tool). The
 * attacker controls all bytes. The checksum only finds damage, so every field is checked against
 * the others as well, and every place computed here lies inside the room the partition table gave.
 * The backup of this region is not looked at: no system mounts by it. Pure: power does not matter.
 */
#include "daemon/volume/exfat_boot.h"

#include <string.h>

#include "daemon/base/bytes.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"

#define CLUSTERS_MAX                                                                               \
	0x0FFFFFF5U /* what our table reader counts; exFAT could have 16 times that                \
	             */
#define CLUSTER_BYTES_MAX  (UINT32_C(32) << 20)
#define FLAG_SECOND_FAT    0x01U
#define REVISION           0x0100U
#define EXTENDED_SIGNATURE 0xAA550000U
#define EXTENDED_SECTORS   8U

struct fields {
	uint64_t volume_sectors;
	uint32_t fat, fat_sectors, heap, clusters, root;
	uint16_t revision, flags;
	uint8_t sector_shift, cluster_shift, fats;
};

bool wl_exfat_boot_claims(const uint8_t sector[512])
{
	return memcmp(sector + 3, "EXFAT   ", 8) == 0;
}

uint32_t wl_exfat_sector_bytes(const uint8_t sector[512])
{
	return sector[108] >= 9 && sector[108] <= 12 ? UINT32_C(1) << sector[108] : 0;
}

uint32_t wl_exfat_boot_checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < n; i++)
		if (i != 106 && i != 107 && i != 112)
			sum = (sum << 31 | sum >> 1) + p[i];
	return sum;
}

static void read_fields(const uint8_t *b, struct fields *v)
{
	struct wl_reader r = wl_reader_from(b, 512);
	(void)wl_reader_take(&r, 72); /* jump, name, zeros, place of the partition */
	v->volume_sectors = wl_get_u64le(&r);
	v->fat = wl_get_u32le(&r);
	v->fat_sectors = wl_get_u32le(&r);
	v->heap = wl_get_u32le(&r);
	v->clusters = wl_get_u32le(&r);
	v->root = wl_get_u32le(&r);
	(void)wl_get_u32le(&r); /* serial number */
	v->revision = wl_get_u16le(&r);
	v->flags = wl_get_u16le(&r);
	v->sector_shift = wl_get_u8(&r);
	v->cluster_shift = wl_get_u8(&r);
	v->fats = wl_get_u8(&r);
}

static int refuse(const char *what, struct wl_finding *f)
{
	return wl_refuse(f, WL_RULE_VOLUME_BOOT_BAD, "boot sectors: %s", what);
}

static int check_form(const uint8_t *b, uint32_t sector, struct wl_finding *f)
{
	static const uint8_t jump[] = {0xEB, 0x76, 0x90};
	if (memcmp(b, jump, sizeof(jump)) != 0 || b[510] != 0x55 || b[511] != 0xAA)
		return refuse("not in the form of exFAT", f);
	for (size_t i = 11; i < 64; i++)
		if (b[i])
			return refuse("something where FAT's fields would be", f);
	for (uint32_t i = 1; i <= EXTENDED_SECTORS; i++)
		if (wl_load_u32le(b + (size_t)(i + 1) * sector - 4) != EXTENDED_SIGNATURE)
			return refuse("an extended one without its signature", f);
	return 0;
}

static int check_checksum(const uint8_t *b, uint32_t sector, struct wl_finding *f)
{
	size_t covered = (size_t)(WL_EXFAT_BOOT_SECTORS - 1) * sector;
	uint32_t sum = wl_exfat_boot_checksum(b, covered);
	for (uint32_t i = 0; i < sector; i += 4)
		if (wl_load_u32le(b + covered + i) != sum)
			return refuse("their checksum is wrong", f);
	return 0;
}

static int check_kind(const struct fields *v, struct wl_finding *f)
{
	if (v->fats != 1 || (v->flags & FLAG_SECOND_FAT))
		return wl_refuse(f, WL_RULE_VOLUME_UNKNOWN, "exFAT with %u FATs (TexFAT)", v->fats);
	if (v->revision != REVISION)
		return wl_refuse(f, WL_RULE_VOLUME_UNKNOWN, "exFAT of revision %u.%02u",
		                 v->revision >> 8, v->revision & 0xFFU);
	if (v->clusters > CLUSTERS_MAX)
		return wl_refuse(f, WL_RULE_VOLUME_UNKNOWN, "exFAT with %u clusters", v->clusters);
	return 0;
}

/* Sums of 32-bit fields cannot overflow 64 bits. */
static int check_places(const struct fields *v, uint64_t room, struct wl_finding *f)
{
	uint64_t sector = UINT64_C(1) << v->sector_shift;
	uint64_t fat_bytes = ((uint64_t)v->clusters + 2) * 4;
	if (v->volume_sectors > room / sector)
		return refuse("more sectors than there is room for", f);
	if (v->fat < 2 * WL_EXFAT_BOOT_SECTORS || (uint64_t)v->fat + v->fat_sectors > v->heap)
		return refuse("the FAT lies over something else", f);
	if (fat_bytes > v->fat_sectors * sector)
		return refuse("the FAT is too small", f);
	if (v->clusters == 0 || v->heap >= v->volume_sectors ||
	    v->clusters > (v->volume_sectors - v->heap) >> v->cluster_shift)
		return refuse("more clusters than fit", f);
	if (v->root < 2 || v->root - 2 >= v->clusters)
		return refuse("the root folder lies outside", f);
	return 0;
}

int wl_exfat_boot_parse(const uint8_t *boot, uint64_t start, uint64_t room,
                        struct wl_fat_geometry *ret, struct wl_finding *ret_finding)
{
	struct fields v = {.fats = 0};
	uint32_t sector = wl_exfat_sector_bytes(boot);
	if (sector == 0)
		return refuse("no possible size of sectors", ret_finding);
	int r = check_form(boot, sector, ret_finding);
	if (r == 0)
		r = check_checksum(boot, sector, ret_finding);
	if (r < 0)
		return r;
	read_fields(boot, &v);
	if (v.cluster_shift > 25 || (sector << v.cluster_shift) > CLUSTER_BYTES_MAX ||
	    v.sector_shift + v.cluster_shift > 25)
		return refuse("no possible size of clusters", ret_finding);
	r = check_kind(&v, ret_finding);
	if (r == 0)
		r = check_places(&v, room, ret_finding);
	if (r < 0)
		return r;
	uint64_t needed = ((uint64_t)v.clusters + 2) * 4;
	*ret = (struct wl_fat_geometry){
	        .bits = 32,
	        .entry_mask = UINT32_MAX,
	        .folder_bytes = (uint32_t)WL_VOLUME_METADATA_BYTES_MAX,
	        .sector_bytes = sector,
	        .cluster_bytes = sector << v.cluster_shift,
	        .clusters = v.clusters,
	        .start = start,
	        .fat = start + (uint64_t)v.fat * sector,
	        .fat_bytes = (uint32_t)((needed + sector - 1) / sector * sector),
	        .root_cluster = v.root,
	        .data = start + (uint64_t)v.heap * sector,
	        .volume_bytes = v.volume_sectors * sector,
	};
	return 0;
}
