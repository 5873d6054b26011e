/*
 * A FAT boot sector: claimed by its form, then every field checked against the others.
 *
 * Runs in read-medium (worker-volume). The attacker controls all 512 bytes. Every place computed
 * here lies inside the room the partition table gave, so that what follows needs to check cluster
 * numbers only. Pure: reads and writes nothing, so power does not matter.
 */
#include "daemon/volume/fat_boot.h"

#include <string.h>

#include "daemon/base/bytes.h"

#define CLUSTERS_FAT12_MAX 4084U
#define CLUSTERS_FAT16_MAX 65524U
#define CLUSTERS_FAT32_MAX 0x0FFFFFF5U
#define FLAG_NOT_MIRRORED  0x80U

/* The fields, as they stand in the sector. */
struct bpb {
	uint16_t sector_bytes, reserved, root_entries, total16, fat16_sectors, flags, version;
	uint8_t cluster_sectors, fats, media;
	uint32_t total32, fat32_sectors, root_cluster;
};

static void read_bpb(const uint8_t s[512], struct bpb *b)
{
	struct wl_reader r = wl_reader_from(s, 512);
	(void)wl_reader_take(&r, 11);
	b->sector_bytes = wl_get_u16le(&r);
	b->cluster_sectors = wl_get_u8(&r);
	b->reserved = wl_get_u16le(&r);
	b->fats = wl_get_u8(&r);
	b->root_entries = wl_get_u16le(&r);
	b->total16 = wl_get_u16le(&r);
	b->media = wl_get_u8(&r);
	b->fat16_sectors = wl_get_u16le(&r);
	(void)wl_reader_take(&r, 8); /* sectors per track, heads, hidden sectors */
	b->total32 = wl_get_u32le(&r);
	b->fat32_sectors = wl_get_u32le(&r);
	b->flags = wl_get_u16le(&r);
	b->version = wl_get_u16le(&r);
	b->root_cluster = wl_get_u32le(&r);
}

static bool is_power_of_two(unsigned v)
{
	return v != 0 && (v & (v - 1)) == 0;
}

bool wl_fat_boot_claims(const uint8_t sector[512])
{
	struct bpb b;
	bool jump = (sector[0] == 0xEB && sector[2] == 0x90) || sector[0] == 0xE9;
	read_bpb(sector, &b);
	return jump && sector[510] == 0x55 && sector[511] == 0xAA &&
	       is_power_of_two(b.sector_bytes) && is_power_of_two(b.cluster_sectors) &&
	       b.reserved != 0 && b.fats != 0 && (b.media == 0xF0 || b.media >= 0xF8);
}

/* What each field must be by itself. */
static int check_fields(const struct bpb *b, struct wl_finding *f)
{
	const struct {
		bool good;
		const char *what;
		unsigned long value;
	} checks[] = {
	        {is_power_of_two(b->sector_bytes) && b->sector_bytes >= 512 &&
	                 b->sector_bytes <= 4096,
	         "bytes per sector", b->sector_bytes},
	        {is_power_of_two(b->cluster_sectors), "sectors per cluster", b->cluster_sectors},
	        {b->reserved != 0, "reserved sectors", b->reserved},
	        {b->fats == 1 || b->fats == 2, "number of FATs", b->fats},
	        {b->media == 0xF0 || b->media >= 0xF8, "media byte", b->media},
	        {(b->total16 != 0) != (b->total32 != 0) || b->total16 == b->total32,
	         "sectors in all, given twice", b->total32},
	        {b->total16 != 0 || b->total32 != 0, "sectors in all", 0},
	};
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (!checks[i].good)
			return wl_refuse(f, WL_RULE_VOLUME_BOOT_BAD, "boot sector: %s is %lu",
			                 checks[i].what, checks[i].value);
	return 0;
}

/* The fields that only FAT32 has, or must not have. */
static int check_fat32_fields(const struct bpb *b, struct wl_finding *f)
{
	if (b->fat32_sectors == 0 || b->root_entries != 0 || b->total16 != 0)
		return wl_refuse(f, WL_RULE_VOLUME_BOOT_BAD,
		                 "boot sector: FAT32 with a FAT of %u sectors and %u root entries",
		                 b->fat32_sectors, b->root_entries);
	if (b->version != 0)
		return wl_refuse(f, WL_RULE_VOLUME_BOOT_BAD, "boot sector: FAT32 version 0x%04x",
		                 b->version);
	if ((b->flags & FLAG_NOT_MIRRORED) && (b->flags & 0x0F) >= b->fats)
		return wl_refuse(f, WL_RULE_VOLUME_BOOT_BAD,
		                 "boot sector: FAT copy %u is in use, of %u", b->flags & 0x0FU,
		                 b->fats);
	return 0;
}

/* FAT type by structure and by number of clusters; both must say the same. */
static int choose_bits(const struct bpb *b, uint64_t clusters, unsigned *ret_bits,
                       struct wl_finding *f)
{
	bool fat32 = b->fat16_sectors == 0;
	if (clusters == 0 || clusters > CLUSTERS_FAT32_MAX)
		return wl_refuse(f, WL_RULE_VOLUME_BOOT_BAD, "boot sector: %llu clusters",
		                 (unsigned long long)clusters);
	if (fat32 != (clusters > CLUSTERS_FAT16_MAX))
		return wl_refuse(f, WL_RULE_VOLUME_AMBIGUOUS,
		                 "laid out as FAT%s, but with %llu clusters",
		                 fat32 ? "32" : "12 or FAT16", (unsigned long long)clusters);
	*ret_bits = fat32 ? 32 : clusters > CLUSTERS_FAT12_MAX ? 16 : 12;
	return 0;
}

/* Places, in sectors of the volume; the sums cannot overflow 64 bits. */
struct places {
	uint64_t fat_sectors, root, root_sectors, data, total;
};

static int find_places(const struct bpb *b, uint64_t room, struct places *p, struct wl_finding *f)
{
	p->fat_sectors = b->fat16_sectors ? b->fat16_sectors : b->fat32_sectors;
	p->total = b->total16 ? b->total16 : b->total32;
	p->root = b->reserved + p->fat_sectors * b->fats;
	uint32_t root_bytes = (uint32_t)b->root_entries * 32;
	p->root_sectors = root_bytes / b->sector_bytes;
	p->data = p->root + p->root_sectors;
	if (root_bytes % b->sector_bytes)
		return wl_refuse(f, WL_RULE_VOLUME_BOOT_BAD,
		                 "boot sector: %u root entries do not fill whole sectors",
		                 b->root_entries);
	if (b->fat16_sectors && b->root_entries == 0)
		return wl_refuse(f, WL_RULE_VOLUME_BOOT_BAD, "boot sector: no root folder");
	if (p->total > room / b->sector_bytes)
		return wl_refuse(f, WL_RULE_VOLUME_BOOT_BAD,
		                 "boot sector: %llu sectors of %u bytes, where there is room for "
		                 "%llu bytes",
		                 (unsigned long long)p->total, b->sector_bytes,
		                 (unsigned long long)room);
	if (p->data >= p->total)
		return wl_refuse(f, WL_RULE_VOLUME_BOOT_BAD,
		                 "boot sector: the data area would begin at sector %llu of %llu",
		                 (unsigned long long)p->data, (unsigned long long)p->total);
	return 0;
}

static int check_fat_size(const struct wl_fat_geometry *g, const struct places *p,
                          struct wl_finding *f)
{
	uint64_t needed = (((uint64_t)g->clusters + 2) * g->bits + 7) / 8;
	if (needed > p->fat_sectors * g->sector_bytes)
		return wl_refuse(f, WL_RULE_VOLUME_BOOT_BAD,
		                 "boot sector: a FAT of %llu sectors is too small for %u clusters",
		                 (unsigned long long)p->fat_sectors, g->clusters);
	return 0;
}

static void set_fats(struct wl_fat_geometry *g, const struct bpb *b, const struct places *p)
{
	uint64_t first = g->start + (uint64_t)b->reserved * g->sector_bytes;
	uint64_t needed = (((uint64_t)g->clusters + 2) * g->bits + 7) / 8;
	uint64_t sector = g->sector_bytes;
	g->fat_bytes = (uint32_t)((needed + sector - 1) / sector * sector);
	g->fat = first;
	g->fat_other = b->fats == 2 ? first + p->fat_sectors * sector : 0;
	if (g->bits == 32 && (b->flags & FLAG_NOT_MIRRORED)) {
		g->fat = first + (b->flags & 0x0FU) * p->fat_sectors * sector;
		g->fat_other = 0;
	}
}

int wl_fat_boot_parse(const uint8_t sector[512], uint64_t start, uint64_t room,
                      struct wl_fat_geometry *ret, struct wl_finding *ret_finding)
{
	struct bpb b;
	struct places p = {.total = 0};
	struct wl_fat_geometry g = {.start = start};
	if (!wl_fat_boot_claims(sector))
		return wl_refuse(ret_finding, WL_RULE_VOLUME_BOOT_BAD,
		                 "the first sector is not a FAT boot sector");
	read_bpb(sector, &b);
	int r = check_fields(&b, ret_finding);
	if (r == 0 && b.fat16_sectors == 0)
		r = check_fat32_fields(&b, ret_finding);
	if (r == 0)
		r = find_places(&b, room, &p, ret_finding);
	if (r < 0)
		return r;
	uint64_t clusters = (p.total - p.data) / b.cluster_sectors;
	r = choose_bits(&b, clusters, &g.bits, ret_finding);
	if (r < 0)
		return r;
	g.entry_mask = 0x0FFFFFFF;
	g.folder_bytes = WL_FAT_FOLDER_BYTES_MAX;
	g.clusters = (uint32_t)clusters;
	g.sector_bytes = b.sector_bytes;
	g.cluster_bytes = (uint32_t)b.cluster_sectors * b.sector_bytes;
	r = check_fat_size(&g, &p, ret_finding);
	if (r == 0 && g.bits == 32 && (b.root_cluster < 2 || b.root_cluster - 2 >= g.clusters))
		r = wl_refuse(ret_finding, WL_RULE_VOLUME_BOOT_BAD,
		              "boot sector: the root folder would be in cluster %u of %u",
		              b.root_cluster, g.clusters);
	if (r < 0)
		return r;
	set_fats(&g, &b, &p);
	g.root = start + p.root * g.sector_bytes;
	g.root_bytes = (uint32_t)(p.root_sectors * g.sector_bytes);
	g.root_cluster = b.root_cluster;
	g.data = start + p.data * g.sector_bytes;
	g.volume_bytes = p.total * g.sector_bytes;
	const uint8_t *extended = sector + (g.bits == 32 ? 66 : 38);
	memset(g.label, ' ', sizeof(g.label));
	if (extended[0] == 0x29)
		memcpy(g.label, extended + 5, sizeof(g.label));
	*ret = g;
	return 0;
}
