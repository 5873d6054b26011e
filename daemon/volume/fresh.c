/*
 * The blocks of a fresh FAT32 volume.
 *
 * Runs in build-volume (worker-tool). Input is a layout that was checked; the bytes are those of
 * fatgen103 and of INTERFACES 7, the same for the same layout. Pure: what happens when power goes
 * is settled by the order of writing (build_fat.c).
 */
#include "daemon/volume/fresh.h"

#include <string.h>

#include "daemon/base/bytes.h"

#define HEADS            255U
#define SECTORS_A_TRACK  63U
#define CYLINDERS_MAX    1023U
#define TYPE_FAT32_LBA   0x0CU
#define TYPE_EXFAT       0x07U
#define MEDIA_FIXED      0xF8U
#define FAT_END          0x0FFFFFFFU
#define ENTRIES_A_SECTOR (WL_BUILD_SECTOR_BYTES / 4U)

/* "No system here, try the next": the BIOS's own call for it, then a halt. */
static const uint8_t boot_code[] = {0xCD, 0x18, 0xF4, 0xEB, 0xFD};

static void put_signature(uint8_t *sector)
{
	sector[510] = 0x55;
	sector[511] = 0xAA;
}

/* Cylinder, head, sector of an LBA; places beyond what they can say are the last one. */
static void put_chs(uint8_t *to, uint64_t lba)
{
	uint64_t cylinder = lba / (HEADS * SECTORS_A_TRACK);
	unsigned head = (unsigned)(lba / SECTORS_A_TRACK % HEADS);
	unsigned sector = (unsigned)(lba % SECTORS_A_TRACK) + 1;
	if (cylinder > CYLINDERS_MAX) {
		cylinder = CYLINDERS_MAX;
		head = HEADS - 1;
		sector = SECTORS_A_TRACK;
	}
	to[0] = (uint8_t)head;
	to[1] = (uint8_t)(sector | (unsigned)(cylinder >> 2 & 0xC0));
	to[2] = (uint8_t)cylinder;
}

void wl_fresh_table(const struct wl_layout *l, uint8_t ret[WL_BUILD_SECTOR_BYTES])
{
	uint8_t *entry = ret + 446;
	memset(ret, 0, WL_BUILD_SECTOR_BYTES);
	memcpy(ret, boot_code, sizeof(boot_code));
	wl_store_u32le(ret + 440, l->order.disk_id);
	put_chs(entry + 1, WL_BUILD_FIRST_SECTOR);
	entry[4] = l->order.exfat ? TYPE_EXFAT : TYPE_FAT32_LBA;
	put_chs(entry + 5, (uint64_t)WL_BUILD_FIRST_SECTOR + l->geometry.partition_sectors - 1);
	wl_store_u32le(entry + 8, WL_BUILD_FIRST_SECTOR);
	wl_store_u32le(entry + 12, l->geometry.partition_sectors);
	put_signature(ret);
}

static void put_boot(const struct wl_layout *l, uint8_t *s)
{
	static const uint8_t jump[] = {0xEB, 0x58, 0x90};
	memcpy(s, jump, sizeof(jump));
	memcpy(s + 3, "MSWIN4.1", 8);
	wl_store_u16le(s + 11, WL_BUILD_SECTOR_BYTES);
	s[13] = (uint8_t)l->geometry.cluster_sectors;
	wl_store_u16le(s + 14, WL_BUILD_RESERVED_SECTORS);
	s[16] = WL_BUILD_FATS;
	s[21] = MEDIA_FIXED;
	wl_store_u16le(s + 24, SECTORS_A_TRACK);
	wl_store_u16le(s + 26, HEADS);
	wl_store_u32le(s + 28, WL_BUILD_FIRST_SECTOR);
	wl_store_u32le(s + 32, l->geometry.partition_sectors);
	wl_store_u32le(s + 36, l->geometry.fat_sectors);
	wl_store_u32le(s + 44, l->nodes[WL_LAYOUT_ROOT].first_cluster);
	wl_store_u16le(s + 48, WL_BUILD_FSINFO_SECTOR);
	wl_store_u16le(s + 50, WL_BUILD_BACKUP_SECTOR);
	s[64] = 0x80; /* drive number */
	s[66] = 0x29; /* the three fields after it are valid */
	wl_store_u32le(s + 67, l->order.volume_id);
	memcpy(s + 71, l->order.label, WL_LABEL_BYTES);
	memcpy(s + 82, "FAT32   ", 8);
	memcpy(s + 90, boot_code, sizeof(boot_code));
	put_signature(s);
}

static void put_fsinfo(const struct wl_layout *l, uint8_t *s)
{
	memcpy(s, "RRaA", 4);
	memcpy(s + 484, "rrAa", 4);
	wl_store_u32le(s + 488, l->geometry.clusters - l->used_clusters);
	wl_store_u32le(s + 492, l->used_clusters + 1); /* the last one that was given away */
	put_signature(s);
}

void wl_fresh_reserved(const struct wl_layout *l,
                       uint8_t ret[WL_BUILD_RESERVED_SECTORS * WL_BUILD_SECTOR_BYTES])
{
	uint8_t *backup = ret + (size_t)WL_BUILD_BACKUP_SECTOR * WL_BUILD_SECTOR_BYTES;
	memset(ret, 0, (size_t)WL_BUILD_RESERVED_SECTORS * WL_BUILD_SECTOR_BYTES);
	put_boot(l, ret);
	put_fsinfo(l, ret + (size_t)WL_BUILD_FSINFO_SECTOR * WL_BUILD_SECTOR_BYTES);
	memcpy(backup, ret, 2 * (size_t)WL_BUILD_SECTOR_BYTES);
}

void wl_fresh_fat_begin(const struct wl_layout *l, struct wl_fresh_fat *ret)
{
	*ret = (struct wl_fresh_fat){.l = l};
}

/* What the entry of a cluster says: the next one of its run, or the end. */
static uint32_t fat_entry(struct wl_fresh_fat *fat, uint32_t cluster)
{
	if (cluster == 0)
		return 0x0FFFFF00U | MEDIA_FIXED;
	if (cluster == 1)
		return FAT_END;
	while (fat->node < fat->l->nnodes) {
		const struct wl_layout_node *node = &fat->l->nodes[fat->node];
		uint32_t end = node->first_cluster + node->clusters;
		if (node->clusters > 0 && cluster < end)
			return cluster + 1 < end ? cluster + 1 : FAT_END;
		fat->node++;
	}
	return 0;
}

void wl_fresh_fat_next(struct wl_fresh_fat *fat, uint8_t ret[WL_BUILD_SECTOR_BYTES])
{
	for (uint32_t i = 0; i < ENTRIES_A_SECTOR; i++)
		wl_store_u32le(ret + (size_t)4 * i, fat_entry(fat, fat->cluster++));
}
