/*
 * The blocks of a fresh exFAT volume.
 *
 * Runs in build-volume (worker-tool). Input is a layout that was checked; the same layout gives the
 * same bytes. Clusters are given in this order: the map of what is in use, the table of letters,
 * the root, the other folders, the files, each in one run; only the first three have entries in the
 * FAT, as the specification wants. Pure: what happens when power goes is settled by the order of
 * writing (build_fat.c).
 */
#include "daemon/volume/fresh_exfat.h"

#include <string.h>

#include "daemon/base/bytes.h"
#include "daemon/volume/exfat_boot.h"
#include "daemon/volume/exfat_dir.h"
#include "daemon/volume/exfat_upcase.h"
#include "daemon/volume/fresh.h"
#include "daemon/volume/unit_name.h"

#define ENTRIES_A_SECTOR   (WL_BUILD_SECTOR_BYTES / 4U)
#define END_OF_CHAIN       0xFFFFFFFFU
#define EXTENDED_SIGNATURE 0xAA550000U
#define ATTR_ARCHIVE       0x20U
#define IN_UTC             0x80U /* a time is valid, and of offset 0 */

static uint32_t log2_of(uint32_t v)
{
	uint32_t n = 0;
	while (v >>= 1)
		n++;
	return n;
}

static uint8_t percent_in_use(const struct wl_layout *l)
{
	return (uint8_t)((uint64_t)l->used_clusters * 100 / l->geometry.clusters);
}

static void put_main_boot(const struct wl_layout *l, uint8_t *s)
{
	static const uint8_t jump[] = {0xEB, 0x76, 0x90};
	const struct wl_build_geometry *g = &l->geometry;
	memcpy(s, jump, sizeof(jump));
	memcpy(s + 3, "EXFAT   ", 8);
	wl_store_u64le(s + 64, WL_BUILD_FIRST_SECTOR);
	wl_store_u64le(s + 72, g->partition_sectors);
	wl_store_u32le(s + 80, WL_BUILD_EXFAT_FAT_SECTOR);
	wl_store_u32le(s + 84, g->fat_sectors);
	wl_store_u32le(s + 88, (uint32_t)(g->data_sector - WL_BUILD_FIRST_SECTOR));
	wl_store_u32le(s + 92, g->clusters);
	wl_store_u32le(s + 96, l->nodes[WL_LAYOUT_ROOT].first_cluster);
	wl_store_u32le(s + 100, l->order.volume_id);
	wl_store_u16le(s + 104, 0x0100);
	s[108] = (uint8_t)log2_of(WL_BUILD_SECTOR_BYTES);
	s[109] = (uint8_t)log2_of(g->cluster_sectors);
	s[110] = 1;
	s[111] = 0x80; /* drive number */
	s[112] = percent_in_use(l);
	memset(s + 120, 0xF4, 390); /* boot code: halt */
	s[510] = 0x55;
	s[511] = 0xAA;
}

void wl_fresh_exfat_boot(const struct wl_layout *l,
                         uint8_t ret[WL_FRESH_EXFAT_BOOT_SECTORS * WL_BUILD_SECTOR_BYTES])
{
	const size_t half = (size_t)WL_EXFAT_BOOT_SECTORS * WL_BUILD_SECTOR_BYTES;
	const size_t covered = half - WL_BUILD_SECTOR_BYTES;
	memset(ret, 0, 2 * half);
	put_main_boot(l, ret);
	for (size_t i = 1; i <= 8; i++)
		wl_store_u32le(ret + (i + 1) * WL_BUILD_SECTOR_BYTES - 4, EXTENDED_SIGNATURE);
	uint32_t sum = wl_exfat_boot_checksum(ret, covered);
	for (size_t i = 0; i < WL_BUILD_SECTOR_BYTES; i += 4)
		wl_store_u32le(ret + covered + i, sum);
	memcpy(ret + half, ret, half);
}

uint32_t wl_fresh_exfat_entries(const struct wl_layout *l)
{
	return 2 + l->map_clusters + l->letters_clusters + l->nodes[WL_LAYOUT_ROOT].clusters;
}

static uint32_t fat_entry(const struct wl_layout *l, uint32_t cluster)
{
	const uint32_t runs[] = {l->map_clusters, l->letters_clusters,
	                         l->nodes[WL_LAYOUT_ROOT].clusters};
	uint32_t end = 2;
	if (cluster < 2)
		return cluster == 0 ? 0xFFFFFFF8U : END_OF_CHAIN;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		end += runs[i];
		if (cluster < end)
			return cluster + 1 < end ? cluster + 1 : END_OF_CHAIN;
	}
	return 0;
}

void wl_fresh_exfat_fat(const struct wl_layout *l, uint32_t number,
                        uint8_t ret[WL_BUILD_SECTOR_BYTES])
{
	for (uint32_t i = 0; i < ENTRIES_A_SECTOR; i++)
		wl_store_u32le(ret + (size_t)4 * i, fat_entry(l, number * ENTRIES_A_SECTOR + i));
}

uint8_t wl_fresh_exfat_map(const struct wl_layout *l, uint32_t at)
{
	uint64_t first = (uint64_t)at * 8;
	if (first >= l->used_clusters)
		return 0;
	uint64_t bits = l->used_clusters - first;
	return bits >= 8 ? 0xFF : (uint8_t)((1U << bits) - 1);
}

/* A record of the volume's own: what lies at `cluster`. */
static void put_own(uint8_t *to, uint8_t type, uint32_t checksum, uint32_t cluster, uint64_t bytes)
{
	memset(to, 0, WL_EXFAT_RECORD_BYTES);
	to[0] = type;
	wl_store_u32le(to + 4, checksum);
	wl_store_u32le(to + 20, cluster);
	wl_store_u64le(to + 24, bytes);
}

/* The label as it is ordered: ASCII, padded with spaces. */
static void put_label(const struct wl_layout *l, uint8_t *to)
{
	size_t n = WL_LABEL_BYTES;
	while (n > 0 && l->order.label[n - 1] == ' ')
		n--;
	memset(to, 0, WL_EXFAT_RECORD_BYTES);
	to[0] = WL_EXFAT_LABEL;
	to[1] = (uint8_t)n;
	for (size_t i = 0; i < n; i++)
		wl_store_u16le(to + 2 + 2 * i, l->order.label[i]);
}

static size_t put_root_records(const struct wl_layout *l, uint8_t *to)
{
	uint8_t letters[WL_EXFAT_UPCASE_BYTES_MAX];
	size_t n = wl_exfat_upcase_write(letters);
	put_label(l, to);
	put_own(to + WL_EXFAT_RECORD_BYTES, WL_EXFAT_BITMAP, 0, 2,
	        ((uint64_t)l->geometry.clusters + 7) / 8);
	put_own(to + (size_t)2 * WL_EXFAT_RECORD_BYTES, WL_EXFAT_UPCASE,
	        wl_exfat_upcase_checksum(letters, n), 2 + l->map_clusters, n);
	return (size_t)3 * WL_EXFAT_RECORD_BYTES;
}

static void put_file_record(const struct wl_layout *l, const struct wl_layout_node *node,
                            uint8_t *to)
{
	struct wl_dos_time t = wl_fresh_time(l->order.time);
	uint32_t stamp = (uint32_t)t.date << 16 | t.time;
	memset(to, 0, WL_EXFAT_RECORD_BYTES);
	to[0] = WL_EXFAT_FILE;
	to[1] = (uint8_t)(node->records - 1);
	wl_store_u16le(to + 4, node->file == WL_LAYOUT_NONE ? WL_EXFAT_ATTR_FOLDER : ATTR_ARCHIVE);
	for (size_t at = 8; at <= 16; at += 4) /* created, written, read */
		wl_store_u32le(to + at, stamp);
	to[20] = t.tens_ms;
	to[21] = t.tens_ms;
	memset(to + 22, IN_UTC, 3);
}

static void put_stream(const struct wl_layout *l, const struct wl_layout_node *node,
                       const uint16_t *units, size_t n, uint8_t *to)
{
	uint64_t cluster_bytes = (uint64_t)l->geometry.cluster_sectors * WL_BUILD_SECTOR_BYTES;
	uint64_t bytes =
	        node->file == WL_LAYOUT_NONE ? node->clusters * cluster_bytes : node->bytes;
	memset(to, 0, WL_EXFAT_RECORD_BYTES);
	to[0] = WL_EXFAT_STREAM;
	to[1] = WL_EXFAT_FLAG_ALLOCATED | (bytes > 0 ? WL_EXFAT_FLAG_ONE_RUN : 0U);
	to[3] = (uint8_t)n;
	wl_store_u16le(to + 4, wl_exfat_name_hash(units, n, NULL));
	wl_store_u64le(to + 8, bytes);
	wl_store_u32le(to + 20, node->first_cluster);
	wl_store_u64le(to + 24, bytes);
}

static int put_child(const struct wl_layout *l, const struct wl_layout_node *node, uint8_t *to)
{
	uint16_t units[WL_VOLUME_NAME_UNITS_MAX];
	struct wl_finding unused;
	size_t n, bytes = (size_t)node->records * WL_EXFAT_RECORD_BYTES;
	int r = wl_unit_name_from_utf8(node->name, node->name_bytes, units, &n, &unused);
	if (r < 0)
		return r;
	memset(to, 0, bytes);
	put_file_record(l, node, to);
	put_stream(l, node, units, n, to + WL_EXFAT_RECORD_BYTES);
	for (size_t i = 0; i < n; i++) {
		uint8_t *name = to + (2 + i / WL_EXFAT_NAME_UNITS) * WL_EXFAT_RECORD_BYTES;
		name[0] = WL_EXFAT_NAME;
		wl_store_u16le(name + 2 + 2 * (i % WL_EXFAT_NAME_UNITS), units[i]);
	}
	wl_store_u16le(to + 2, wl_exfat_set_checksum(to, bytes));
	return 0;
}

int wl_fresh_exfat_folder(const struct wl_layout *l, uint32_t folder, uint8_t *ret, size_t size)
{
	const struct wl_layout_node *f = &l->nodes[folder];
	if (size < f->bytes)
		return -EINVAL;
	uint8_t *to = ret + (folder == WL_LAYOUT_ROOT ? put_root_records(l, ret) : 0);
	for (uint32_t i = f->first_child; i != WL_LAYOUT_NONE; i = l->nodes[i].next) {
		int r = put_child(l, &l->nodes[i], to);
		if (r < 0)
			return r;
		to += (size_t)l->nodes[i].records * WL_EXFAT_RECORD_BYTES;
	}
	return 0;
}
