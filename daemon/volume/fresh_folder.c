/*
 * The folders of a fresh FAT32 volume: label, dots, long and short names, times.
 *
 * Runs in build-volume (worker-tool). Names were checked by the layout; they are spelled out here a
 * second time from the same bytes. Pure: what happens when power goes is settled by the order of
 * writing (build_fat.c).
 */
#include <string.h>

#include "daemon/base/bytes.h"
#include "daemon/base/text.h"
#include "daemon/volume/fat_dir.h"
#include "daemon/volume/fresh.h"
#include "daemon/volume/unit_name.h"

static unsigned digits(const char *s, size_t n)
{
	unsigned v = 0;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + (unsigned)(s[i] - '0');
	return v;
}

struct wl_dos_time wl_fresh_time(int64_t seconds)
{
	static const int64_t first = 315532800, last = 4354819199;
	char text[WL_TIME_TEXT];
	seconds = seconds < first ? first : seconds > last ? last : seconds;
	wl_time_format(seconds, text);
	unsigned year = digits(text, 4), month = digits(text + 5, 2), day = digits(text + 8, 2);
	unsigned hour = digits(text + 11, 2), minute = digits(text + 14, 2);
	unsigned second = digits(text + 17, 2);
	return (struct wl_dos_time){
	        .date = (uint16_t)((year - 1980) << 9 | month << 5 | day),
	        .time = (uint16_t)(hour << 11 | minute << 5 | second / 2),
	        .tens_ms = (uint8_t)(second % 2 * 100),
	};
}

static void put_record(const struct wl_layout *l, uint8_t *to, const uint8_t *name,
                       uint8_t attributes, uint32_t cluster, uint32_t bytes)
{
	struct wl_dos_time t = wl_fresh_time(l->order.time);
	memset(to, 0, WL_FAT_RECORD_BYTES);
	memcpy(to, name, WL_SHORT_NAME_BYTES);
	to[11] = attributes;
	if (attributes != WL_FAT_ATTR_LABEL) {
		to[13] = t.tens_ms;
		wl_store_u16le(to + 14, t.time); /* created */
		wl_store_u16le(to + 16, t.date);
		wl_store_u16le(to + 18, t.date); /* last read */
	}
	wl_store_u16le(to + 20, (uint16_t)(cluster >> 16));
	wl_store_u16le(to + 22, t.time); /* written */
	wl_store_u16le(to + 24, t.date);
	wl_store_u16le(to + 26, (uint16_t)cluster);
	wl_store_u32le(to + 28, bytes);
}

/* The 13 units of a long name record stand in three places of it. */
static void put_long_record(uint8_t *to, const uint16_t *units, size_t n, unsigned number,
                            bool last, uint8_t checksum)
{
	memset(to, 0, WL_FAT_RECORD_BYTES);
	to[0] = (uint8_t)(number | (last ? 0x40U : 0U));
	to[11] = WL_FAT_ATTR_LONG;
	to[13] = checksum;
	for (size_t i = 0; i < 13; i++) {
		size_t at = i < 5 ? 1 + 2 * i : i < 11 ? 14 + 2 * (i - 5) : 28 + 2 * (i - 11);
		size_t k = (size_t)(number - 1) * 13 + i;
		wl_store_u16le(to + at, k < n ? units[k] : k == n ? 0 : 0xFFFF);
	}
}

/* A child: its long name records, the last one first, then the short one. */
static int put_child(const struct wl_layout *l, const struct wl_layout_node *node, uint8_t *to)
{
	uint16_t units[WL_VOLUME_NAME_UNITS_MAX];
	struct wl_finding unused;
	bool folder = node->file == WL_LAYOUT_NONE;
	unsigned longs = node->records - 1;
	size_t n;
	int r = wl_unit_name_from_utf8(node->name, node->name_bytes, units, &n, &unused);
	if (r < 0)
		return r;
	for (unsigned i = longs; i > 0; i--, to += WL_FAT_RECORD_BYTES)
		put_long_record(to, units, n, i, i == longs,
		                wl_fat_short_checksum(node->short_name));
	put_record(l, to, node->short_name, folder ? WL_FAT_ATTR_FOLDER : WL_FAT_ATTR_ARCHIVE,
	           node->first_cluster, folder ? 0 : (uint32_t)node->bytes);
	return 0;
}

int wl_fresh_folder(const struct wl_layout *l, uint32_t folder, uint8_t *ret, size_t size)
{
	const struct wl_layout_node *f = &l->nodes[folder];
	uint8_t *to = ret;
	if (size < f->bytes)
		return -EINVAL;
	if (folder == WL_LAYOUT_ROOT) {
		put_record(l, to, l->order.label, WL_FAT_ATTR_LABEL, 0, 0);
		to += WL_FAT_RECORD_BYTES;
	} else {
		uint32_t up = f->parent == WL_LAYOUT_ROOT ? 0 : l->nodes[f->parent].first_cluster;
		put_record(l, to, (const uint8_t *)".          ", WL_FAT_ATTR_FOLDER,
		           f->first_cluster, 0);
		put_record(l, to + WL_FAT_RECORD_BYTES, (const uint8_t *)"..         ",
		           WL_FAT_ATTR_FOLDER, up, 0);
		to += (size_t)2 * WL_FAT_RECORD_BYTES;
	}
	for (uint32_t i = f->first_child; i != WL_LAYOUT_NONE; i = l->nodes[i].next) {
		int r = put_child(l, &l->nodes[i], to);
		if (r < 0)
			return r;
		to += (size_t)l->nodes[i].records * WL_FAT_RECORD_BYTES;
	}
	return 0;
}
