/*
 * Sizes of a fresh FAT32 or exFAT volume.
 *
 * Runs in build-volume (worker-tool) and in tests. Nothing here comes from outside but the size of
 * the medium, which the kernel says. Pure: power does not matter.
 */
#include "daemon/volume/geometry.h"

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"

#define CLUSTERS_MIN     65525U
#define EXFAT_BYTES_MIN  WL_MIB(4)
#define FAT_ENTRY_BYTES  4U
#define ENTRIES_A_SECTOR (WL_BUILD_SECTOR_BYTES / FAT_ENTRY_BYTES)

/* INTERFACES 7: sectors per cluster by the size of the medium. */
static const struct {
	uint64_t up_to_bytes;
	uint32_t cluster_sectors;
} steps[] = {
        {WL_MIB(260), 1}, {WL_GIB(8), 8}, {WL_GIB(16), 16}, {WL_GIB(32), 32}, {UINT64_MAX, 64},
};

static uint32_t choose_cluster(uint64_t medium_bytes)
{
	size_t i = 0;
	while (medium_bytes > steps[i].up_to_bytes)
		i++;
	return steps[i].cluster_sectors;
}

static uint64_t count_clusters(uint64_t room, uint64_t fat_sectors, uint32_t cluster_sectors)
{
	uint64_t taken = WL_BUILD_RESERVED_SECTORS + WL_BUILD_FATS * fat_sectors;
	return room > taken ? (room - taken) / cluster_sectors : 0;
}

/* The smallest FAT that has an entry for every cluster that is left beside it. */
static uint64_t choose_fat(uint64_t room, uint32_t cluster_sectors)
{
	uint64_t per_fat_sector = (uint64_t)ENTRIES_A_SECTOR * cluster_sectors + WL_BUILD_FATS;
	uint64_t n = room / per_fat_sector;
	n = n > 2 ? n - 2 : 1; /* below the answer, whatever was rounded */
	while (count_clusters(room, n, cluster_sectors) + 2 > n * ENTRIES_A_SECTOR)
		n++;
	return n;
}

int wl_build_geometry(uint64_t medium_bytes, struct wl_build_geometry *ret,
                      struct wl_finding *ret_finding)
{
	struct wl_build_geometry g = {.medium_sectors = medium_bytes / WL_BUILD_SECTOR_BYTES};
	/* the table and the boot sector count sectors with 32 bits: what is beyond stays unused */
	uint64_t end = g.medium_sectors < UINT32_MAX ? g.medium_sectors : UINT32_MAX;
	uint64_t room = end > WL_BUILD_FIRST_SECTOR ? end - WL_BUILD_FIRST_SECTOR : 0;
	g.cluster_sectors = choose_cluster(medium_bytes);
	uint64_t fat = choose_fat(room, g.cluster_sectors);
	uint64_t clusters = count_clusters(room, fat, g.cluster_sectors);
	if (clusters < CLUSTERS_MIN) {
		char size[32];
		wl_size_format(medium_bytes, size, sizeof(size));
		return wl_refuse(ret_finding, WL_RULE_DESTINATION_TOO_SMALL,
		                 "a medium of %s; FAT32 needs 34 MiB (35.7 MB)", size);
	}
	g.fat_sectors = (uint32_t)fat;
	g.clusters = (uint32_t)clusters;
	g.partition_sectors = (uint32_t)(WL_BUILD_RESERVED_SECTORS + WL_BUILD_FATS * fat +
	                                 clusters * g.cluster_sectors);
	g.data_sector = WL_BUILD_FIRST_SECTOR + WL_BUILD_RESERVED_SECTORS + WL_BUILD_FATS * fat;
	*ret = g;
	return 0;
}

/* Windows' own steps. */
static uint32_t choose_exfat_cluster(uint64_t medium_bytes)
{
	return medium_bytes <= WL_MIB(256) ? 8 : medium_bytes <= WL_GIB(32) ? 64 : 256;
}

int wl_build_geometry_exfat(uint64_t medium_bytes, struct wl_build_geometry *ret,
                            struct wl_finding *ret_finding)
{
	struct wl_build_geometry g = {.medium_sectors = medium_bytes / WL_BUILD_SECTOR_BYTES};
	uint64_t end = g.medium_sectors < UINT32_MAX ? g.medium_sectors : UINT32_MAX;
	uint64_t per = choose_exfat_cluster(medium_bytes);
	if (medium_bytes < EXFAT_BYTES_MIN) {
		char size[32];
		wl_size_format(medium_bytes, size, sizeof(size));
		return wl_refuse(ret_finding, WL_RULE_DESTINATION_TOO_SMALL,
		                 "a medium of %s; exFAT needs 4 MiB", size);
	}
	/* a FAT for as many clusters as there would be without it is never too small */
	uint64_t room = end - WL_BUILD_FIRST_SECTOR;
	uint64_t fat = (room / per + 2 + ENTRIES_A_SECTOR - 1) / ENTRIES_A_SECTOR;
	uint64_t heap = (WL_BUILD_EXFAT_FAT_SECTOR + fat + per - 1) / per * per;
	g.cluster_sectors = (uint32_t)per;
	g.fat_sectors = (uint32_t)fat;
	g.clusters = (uint32_t)((room - heap) / per);
	g.partition_sectors = (uint32_t)(heap + g.clusters * per);
	g.data_sector = WL_BUILD_FIRST_SECTOR + heap;
	*ret = g;
	return 0;
}
