/* FAT boot sectors: every field spoiled one by one, and the borders between FAT12, 16 and 32. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "daemon/base/bytes.h"
#include "daemon/base/cleanup.h"
#include "daemon/volume/fat_boot.h"

#define ROOM (UINT64_C(1) << 30)

/* A FAT32 boot sector of 512 MiB, and a FAT16 one of 32 MiB, both as mkfs.fat would make them. */
static void make32(uint8_t s[512])
{
	static const uint8_t jump[] = {0xEB, 0x58, 0x90};
	memset(s, 0, 512);
	memcpy(s, jump, 3);
	wl_store_u16le(s + 11, 512);
	s[13] = 8;
	wl_store_u16le(s + 14, 32);
	s[16] = 2;
	s[21] = 0xF8;
	wl_store_u32le(s + 32, 1048576);
	wl_store_u32le(s + 36, 1030);
	wl_store_u32le(s + 44, 2);
	wl_store_u16le(s + 510, 0xAA55);
}

static void make16(uint8_t s[512])
{
	make32(s);
	s[13] = 4;
	wl_store_u16le(s + 14, 4);
	wl_store_u16le(s + 17, 512);
	wl_store_u16le(s + 22, 64);
	wl_store_u32le(s + 32, 65536);
	wl_store_u32le(s + 36, 0);
	wl_store_u32le(s + 44, 0);
}

static void test_good_ones(void **state)
{
	uint8_t s[512];
	struct wl_fat_geometry g;
	struct wl_finding f;
	(void)state;
	make32(s);
	assert_true(wl_fat_boot_claims(s));
	assert_int_equal(wl_fat_boot_parse(s, 1048576, ROOM, &g, &f), 0);
	assert_int_equal(g.bits, 32);
	assert_int_equal(g.cluster_bytes, 4096);
	assert_int_equal(g.clusters, (1048576 - 32 - 2060) / 8);
	assert_int_equal(g.fat, 1048576 + 32 * 512);
	assert_int_equal(g.fat_other, 1048576 + (32 + 1030) * 512);
	assert_int_equal(g.data, 1048576 + (32 + 2060) * 512);
	assert_int_equal(g.root_cluster, 2);
	make16(s);
	assert_int_equal(wl_fat_boot_parse(s, 0, ROOM, &g, &f), 0);
	assert_int_equal(g.bits, 16);
	assert_int_equal(g.root, (4 + 128) * 512);
	assert_int_equal(g.root_bytes, 512 * 32);
	assert_int_equal(g.data, (4 + 128 + 32) * 512);
}

struct spoil {
	const char *name;
	bool fat16;
	unsigned at, size; /* bytes of the field */
	uint32_t value;
	const char *rule;
};

static const struct spoil spoils[] = {
        {"jump", 0, 0, 1, 0x00, "volume.boot-bad"},
        {"jump without nop", 0, 2, 1, 0x00, "volume.boot-bad"},
        {"signature", 0, 510, 2, 0x0000, "volume.boot-bad"},
        {"sector 0", 0, 11, 2, 0, "volume.boot-bad"},
        {"sector 256", 0, 11, 2, 256, "volume.boot-bad"},
        {"sector 513", 0, 11, 2, 513, "volume.boot-bad"},
        {"sector 8192", 0, 11, 2, 8192, "volume.boot-bad"},
        {"cluster 0", 0, 13, 1, 0, "volume.boot-bad"},
        {"cluster 3", 0, 13, 1, 3, "volume.boot-bad"},
        {"reserved 0", 0, 14, 2, 0, "volume.boot-bad"},
        {"reserved everything", 0, 14, 2, 0xFFFF, ""},
        {"no FAT", 0, 16, 1, 0, "volume.boot-bad"},
        {"one FAT", 0, 16, 1, 1, ""},
        {"three FATs", 0, 16, 1, 3, "volume.boot-bad"},
        {"255 FATs", 0, 16, 1, 255, "volume.boot-bad"},
        {"root entries on FAT32", 0, 17, 2, 512, "volume.boot-bad"},
        {"16-bit total on FAT32", 0, 19, 2, 1000, "volume.boot-bad"},
        {"media", 0, 21, 1, 0x00, "volume.boot-bad"},
        {"media F0", 0, 21, 1, 0xF0, ""},
        {"FAT16 size on FAT32", 0, 22, 2, 9, "volume.boot-bad"},
        {"total 0", 0, 32, 4, 0, "volume.boot-bad"},
        {"total beyond the room", 0, 32, 4, 2097153, "volume.boot-bad"},
        {"total huge", 0, 32, 4, 0xFFFFFFFF, "volume.boot-bad"},
        {"total within metadata", 0, 32, 4, 2092, "volume.boot-bad"},
        {"total of one cluster", 0, 32, 4, 2092 + 8, "volume.ambiguous"},
        {"FAT size 0", 0, 36, 4, 0, "volume.boot-bad"},
        {"FAT one short", 0, 36, 4, 1021, "volume.boot-bad"},
        {"FAT huge", 0, 36, 4, 0xFFFFFFFF, "volume.boot-bad"},
        {"FAT 2 in use", 0, 40, 2, 0x81, ""},
        {"FAT 3 in use", 0, 40, 2, 0x82, "volume.boot-bad"},
        {"version", 0, 42, 2, 1, "volume.boot-bad"},
        {"root 0", 0, 44, 4, 0, "volume.boot-bad"},
        {"root 1", 0, 44, 4, 1, "volume.boot-bad"},
        {"root outside", 0, 44, 4, 0x0FFFFFF8, "volume.boot-bad"},
        {"root at the end", 0, 44, 4, 130812, "volume.boot-bad"},
        {"no root entries", 1, 17, 2, 0, "volume.boot-bad"},
        {"root entries in part of a sector", 1, 17, 2, 511, "volume.boot-bad"},
        {"two totals", 1, 19, 2, 60000, "volume.boot-bad"},
        {"FAT16 too small", 1, 22, 2, 63, "volume.boot-bad"},
        {"FAT16 too many clusters", 1, 32, 4, 65700 * 4, "volume.ambiguous"},
};

static void test_spoiled_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(spoils); i++) {
		const struct spoil *c = &spoils[i];
		struct wl_finding f = {.rule = WL_RULE_NONE};
		struct wl_fat_geometry g;
		uint8_t s[512];
		(c->fat16 ? make16 : make32)(s);
		for (unsigned k = 0; k < c->size; k++)
			s[c->at + k] = (uint8_t)(c->value >> (8 * k));
		int r = wl_fat_boot_parse(s, 0, ROOM, &g, &f);
		if (strcmp(wl_rule_id(f.rule), c->rule) != 0 || r != (c->rule[0] ? -EBADMSG : 0))
			fail_msg("%s: %d %s (%s), expected %s", c->name, r, wl_rule_id(f.rule),
			         f.detail, c->rule);
	}
}

/* 4084 clusters are FAT12, 4085 FAT16; 65524 FAT16; FAT32 from 65525. */
static void test_borders(void **state)
{
	static const struct {
		bool fat32;
		uint32_t clusters;
		unsigned bits; /* 0: ambiguous */
	} borders[] = {{0, 4084, 12}, {0, 4085, 16}, {0, 65524, 16},
	               {0, 65525, 0}, {1, 65524, 0}, {1, 65525, 32}};
	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(borders); i++) {
		struct wl_finding f = {.rule = WL_RULE_NONE};
		struct wl_fat_geometry g = {.bits = 0};
		uint8_t s[512];
		if (borders[i].fat32)
			make32(s);
		else
			make16(s);
		s[13] = 1;
		if (borders[i].fat32)
			wl_store_u32le(s + 32, 32 + 2060 + borders[i].clusters);
		else {
			wl_store_u16le(s + 22, 256);
			wl_store_u32le(s + 32, 4 + 512 + 32 + borders[i].clusters);
		}
		int r = wl_fat_boot_parse(s, 0, ROOM, &g, &f);
		assert_int_equal(g.bits, borders[i].bits);
		assert_int_equal(r, borders[i].bits ? 0 : -EBADMSG);
		assert_string_equal(wl_rule_id(f.rule), borders[i].bits ? "" : "volume.ambiguous");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_good_ones),
	        cmocka_unit_test(test_spoiled_fields),
	        cmocka_unit_test(test_borders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
