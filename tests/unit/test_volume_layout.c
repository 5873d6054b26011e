/* The layout of a fresh volume: sizes, steps, names, what is refused before anything is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/volume/layout.h"
#include "daemon/volume/unit_name.h"

static void test_geometry_steps(void **state)
{
	static const struct {
		uint64_t bytes;
		uint32_t cluster_sectors; /* 0: too small */
	} cases[] = {
	        {0, 0},
	        {512, 0},
	        {WL_MIB(33), 0},
	        {WL_MIB(34), 1},
	        {WL_MIB(260), 1},
	        {WL_MIB(260) + 1, 8},
	        {WL_MIB(260) + 512, 8},
	        {WL_GIB(8), 8},
	        {WL_GIB(8) + 512, 16},
	        {WL_GIB(16), 16},
	        {WL_GIB(16) + 512, 32},
	        {WL_GIB(32), 32},
	        {WL_GIB(32) + 512, 64},
	        {WL_GIB(2048), 64},
	        {WL_GIB(2048) + 512, 64},
	        {WL_GIB(20000), 64},
	};
	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		struct wl_build_geometry g = {.clusters = 0};
		struct wl_finding f = {.rule = WL_RULE_NONE};
		int r = wl_build_geometry(cases[i].bytes, &g, &f);
		if (cases[i].cluster_sectors == 0) {
			assert_int_equal(r, -EBADMSG);
			assert_string_equal(wl_rule_id(f.rule), "destination.too-small");
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(g.cluster_sectors, cases[i].cluster_sectors);
		/* it fits, it is FAT32, and its FAT is as large as it must be and no larger */
		uint64_t end = g.medium_sectors < UINT32_MAX ? g.medium_sectors : UINT32_MAX;
		uint64_t room = end - WL_BUILD_FIRST_SECTOR;
		assert_true(g.partition_sectors <= room);
		assert_true(room - g.partition_sectors < g.cluster_sectors + 2);
		assert_true(g.clusters >= 65525 && g.clusters < 0x0FFFFFF5);
		assert_true((uint64_t)g.fat_sectors * 128 >= (uint64_t)g.clusters + 2);
		assert_true(((uint64_t)g.fat_sectors - 1) * 128 <
		            (uint64_t)g.clusters + 2 + 2 / g.cluster_sectors);
		assert_int_equal(g.data_sector, 2048 + 32 + 2ULL * g.fat_sectors);
	}
}

/* The smallest medium, to the sector. */
static void test_smallest_medium(void **state)
{
	struct wl_build_geometry g;
	struct wl_finding f;
	uint64_t smallest = (2048 + 32 + 2 * 512 + 65525) * UINT64_C(512);
	(void)state;
	assert_int_equal(wl_build_geometry(smallest, &g, &f), 0);
	assert_int_equal(g.clusters, 65525);
	assert_int_equal(wl_build_geometry(smallest - 512, &g, &f), -EBADMSG);
}

static int plan(const struct wl_build_file *files, size_t n, struct wl_layout **ret,
                struct wl_finding *f)
{
	const struct wl_build_order order = {
	        .medium_bytes = WL_MIB(64), .label = "WEIGHLOCK  ", .files = files, .nfiles = n};
	return wl_layout_plan(&order, ret, f);
}

static struct wl_build_file file_of(const char *path, uint64_t bytes)
{
	return (struct wl_build_file){.path = path, .path_bytes = strlen(path), .bytes = bytes};
}

static void test_short_names(void **state)
{
	static const struct {
		const char *path, *short_name;
		bool needs_long;
	} cases[] = {
	        {"UPDATE.BIN", "UPDATE  BIN", false},
	        {"README", "README     ", false},
	        {"A-B_C$1.~#", "A-B_C$1 ~# ", false},
	        {"update2.bin", "UPDATE2 BIN", true},
	        {"Makefile", "MAKEFILE   ", true},
	        {"a long name.txt", "ALONGN~1TXT", true},
	        {"a long name too.txt", "ALONGN~2TXT", true},
	        {"A LONG NAME THIRD.TXT", "ALONGN~3TXT", true},
	        {"update.tar.gz", "UPDATE~1GZ ", true},
	        {"update.bin.p7s", "UPDATE~1P7S", true},
	        {".hidden", "HIDDEN~1   ", true},
	        {"a+b.txt", "A_B~1   TXT", true},
	        {"\xc3\xa9t\xc3\xa9.txt", "_T_~1   TXT", true},
	        {"\xf0\x9f\x98\x80", "__~1       ", true},
	        {"LONGNAME9.B", "LONGNA~1B  ", true},
	        {"X.LONG", "X~1     LON", true},
	        {"FOO~1.TXT", "FOO~1   TXT", false},
	        {"foo .txt", "FOO~2   TXT", true}, /* its first choice is taken by the one above */
	};
	WL_CLEANUP(wl_layout_cleanup) struct wl_layout *l = NULL;
	struct wl_build_file files[WL_ARRAY_LEN(cases)];
	struct wl_finding f = {.rule = WL_RULE_NONE};
	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++)
		files[i] = file_of(cases[i].path, 1);
	if (plan(files, WL_ARRAY_LEN(files), &l, &f) != 0)
		fail_msg("%s %s", wl_rule_id(f.rule), f.detail);
	for (uint32_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		const struct wl_layout_node *node = &l->nodes[l->nfolders + i];
		assert_int_equal(node->file, i);
		if (memcmp(node->short_name, cases[i].short_name, 11) != 0 ||
		    node->needs_long != cases[i].needs_long)
			fail_msg("%s: %.11s", cases[i].path, (const char *)node->short_name);
	}
}

/* Many names of one stem: each short name is there once, and the stem gives way to long tails. */
static void test_many_alike(void **state)
{
	enum { COUNT = 1200 };
	static char names[COUNT][24];
	static struct wl_build_file files[COUNT];
	WL_CLEANUP(wl_layout_cleanup) struct wl_layout *l = NULL;
	struct wl_finding f;
	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "picture %u.jpeg", i);
		files[i] = file_of(names[i], 1);
	}
	assert_int_equal(plan(files, COUNT, &l, &f), 0);
	assert_memory_equal(l->nodes[l->nfolders].short_name, "PICTUR~1JPE", 11);
	assert_memory_equal(l->nodes[l->nfolders + 9].short_name, "PICTU~10JPE", 11);
	assert_memory_equal(l->nodes[l->nfolders + 1199].short_name, "PIC~1200JPE", 11);
	for (uint32_t i = 1; i < l->nnodes; i++)
		for (uint32_t k = 1; k < i; k++)
			assert_memory_not_equal(l->nodes[i].short_name, l->nodes[k].short_name, 11);
}

static void test_places(void **state)
{
	const struct wl_build_file files[] = {
	        file_of("z/deep/B.BIN", 513), file_of("A.BIN", 512), file_of("EMPTY", 0),
	        file_of("z/C.BIN", 1),        file_of("y/D.BIN", 1),
	};
	WL_CLEANUP(wl_layout_cleanup) struct wl_layout *l = NULL;
	struct wl_finding f;
	(void)state;
	assert_int_equal(plan(files, WL_ARRAY_LEN(files), &l, &f), 0);
	assert_int_equal(l->nfolders, 4); /* root, z, z/deep, y */
	assert_int_equal(l->nnodes, 9);
	static const uint32_t first[] = {2, 3, 4, 5, 6, 8, 0, 9, 10};
	for (uint32_t i = 0; i < 9; i++)
		assert_int_equal(l->nodes[i].first_cluster, first[i]);
	assert_int_equal(l->used_clusters, 9);
	assert_int_equal(l->volume_bytes, (l->geometry.data_sector + 9) * 512);
	assert_int_equal(l->head_bytes, WL_MIB(4));
	/* in the root: folders z and y, then files A.BIN and EMPTY */
	uint32_t i = l->nodes[0].first_child;
	static const char *const order[] = {"z", "y", "A.BIN", "EMPTY"};
	for (size_t k = 0; k < 4; k++, i = l->nodes[i].next)
		assert_memory_equal(l->nodes[i].name, order[k], strlen(order[k]));
	assert_int_equal(i, WL_LAYOUT_NONE);
}

static void test_refusals(void **state)
{
	static char long_name[300], long_path[1100], deep[64];
	memset(long_name, 'n', 256);
	memset(long_path, 'p', 1025);
	for (size_t i = 100; i < 1025; i += 100)
		long_path[i] = '/';
	for (size_t i = 0; i < 17; i++)
		memcpy(deep + 2 * i, "d/", 2);
	deep[33] = '\0';
	const struct {
		const char *rule;
		struct wl_build_file files[2];
	} cases[] = {
	        {"destination.too-small", {file_of("A", WL_MIB(64)), file_of("B", 0)}},
	        {"destination.file-too-large", {file_of("A", WL_GIB(4)), file_of("B", 0)}},
	        {"name.duplicate", {file_of("A", 0), file_of("A", 0)}},
	        {"name.duplicate", {file_of("a", 0), file_of("A", 0)}},
	        {"name.duplicate", {file_of("x/\xc3\xa9", 0), file_of("x/\xc3\x89", 0)}},
	        {"name.duplicate", {file_of("A", 0), file_of("A/B", 0)}},
	        {"name.duplicate", {file_of("x/B", 0), file_of("X/C", 0)}},
	        {"name.empty", {file_of("", 0), file_of("B", 0)}},
	        {"name.empty", {file_of("/A", 0), file_of("B", 0)}},
	        {"name.empty", {file_of("a//b", 0), file_of("B", 0)}},
	        {"name.empty", {file_of("a/", 0), file_of("B", 0)}},
	        {"name.reserved", {file_of("..", 0), file_of("B", 0)}},
	        {"name.reserved", {file_of("a/../b", 0), file_of("B", 0)}},
	        {"name.reserved", {file_of("a:b", 0), file_of("B", 0)}},
	        {"name.reserved", {file_of("a ", 0), file_of("B", 0)}},
	        {"name.control", {file_of("a\nb", 0), file_of("B", 0)}},
	        {"name.encoding", {file_of("a\xff", 0), file_of("B", 0)}},
	        {"name.too-long", {file_of(long_name, 0), file_of("B", 0)}},
	        {"name.too-long", {file_of(long_path, 0), file_of("B", 0)}},
	        {"volume.too-deep", {file_of(deep, 0), file_of("B", 0)}},
	        {"", {file_of(deep + 2, 0), file_of("B", 0)}},
	        {"", {file_of(long_name + 1, 0), file_of("B", 0)}},
	        {"", {file_of("A", WL_MIB(62)), file_of("B", 0)}},
	};
	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		WL_CLEANUP(wl_layout_cleanup) struct wl_layout *l = NULL;
		struct wl_finding f = {.rule = WL_RULE_NONE};
		int r = plan(cases[i].files, 2, &l, &f);
		if (strcmp(wl_rule_id(f.rule), cases[i].rule) != 0 ||
		    r != (cases[i].rule[0] ? -EBADMSG : 0))
			fail_msg("case %zu: %d %s (%s), expected %s", i, r, wl_rule_id(f.rule),
			         f.detail, cases[i].rule);
	}
}

/* Exactly as much as there is, and one byte more. */
static void test_last_cluster(void **state)
{
	struct wl_build_geometry g;
	struct wl_finding f;
	(void)state;
	assert_int_equal(wl_build_geometry(WL_MIB(64), &g, &f), 0);
	for (int more = 0; more <= 1; more++) {
		WL_CLEANUP(wl_layout_cleanup) struct wl_layout *l = NULL;
		struct wl_build_file file =
		        file_of("A", ((uint64_t)g.clusters - 1) * 512 + (uint64_t)more);
		assert_int_equal(plan(&file, 1, &l, &f), more ? -EBADMSG : 0);
	}
	assert_string_equal(wl_rule_id(f.rule), "destination.too-small");
}

/* A file FAT32 cannot hold, and where exFAT puts it. */
static void test_exfat_holds_what_fat32_does_not(void **state)
{
	struct wl_finding f;
	(void)state;
	for (int exfat = 0; exfat <= 1; exfat++) {
		WL_CLEANUP(wl_layout_cleanup) struct wl_layout *l = NULL;
		struct wl_build_file file = file_of("A", WL_GIB(4));
		struct wl_build_order order = {
		        .exfat = exfat, .medium_bytes = WL_GIB(8), .files = &file, .nfiles = 1};
		assert_int_equal(wl_layout_plan(&order, &l, &f), exfat ? 0 : -EBADMSG);
		if (!exfat) {
			assert_string_equal(wl_rule_id(f.rule), "destination.file-too-large");
			continue;
		}
		/* clusters of 32 KiB: the map, the letters, the root, then the file */
		assert_int_equal(l->map_clusters, 1);
		assert_int_equal(l->letters_clusters, 1);
		assert_int_equal(l->nodes[WL_LAYOUT_ROOT].first_cluster, 4);
		assert_int_equal(l->nodes[1].first_cluster, 5);
		assert_int_equal(l->nodes[1].clusters, 131072);
		assert_int_equal(l->nodes[1].records, 3);
	}
}

static void test_too_many_files(void **state)
{
	static char names[WL_TRANSFER_FILES_MAX + 1][12];
	static struct wl_build_file files[WL_TRANSFER_FILES_MAX + 1];
	struct wl_layout *l = NULL;
	struct wl_finding f;
	(void)state;
	for (unsigned i = 0; i <= WL_TRANSFER_FILES_MAX; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "F%u", i);
		files[i] = file_of(names[i], 0);
	}
	assert_int_equal(plan(files, WL_TRANSFER_FILES_MAX, &l, &f), 0);
	l = wl_layout_free(l);
	assert_int_equal(plan(files, WL_TRANSFER_FILES_MAX + 1, &l, &f), -EBADMSG);
	assert_string_equal(wl_rule_id(f.rule), "volume.too-many-files");
}

static void test_folding(void **state)
{
	static const uint16_t pairs[][2] = {
	        {'a', 'A'},       {0xE9, 0xC9},     {0xFF, 0x178},    {0x101, 0x100},
	        {0x13A, 0x139},   {0x17E, 0x17D},   {0x3B1, 0x391},   {0x3C2, 0x3A3},
	        {0x3AC, 0x386},   {0x3AD, 0x388},   {0x3CD, 0x38E},   {0x430, 0x410},
	        {0x451, 0x401},   {0x461, 0x460},   {0x4C2, 0x4C1},   {0x561, 0x531},
	        {0x1E01, 0x1E00}, {0x1EA1, 0x1EA0}, {0xFF41, 0xFF21}, {0x1CE, 0x1CD}};
	static const uint16_t alone[] = {'1', 0xD7, 0xF7, 0x130, 0x138, 0x149, 0x4E00, 0xD800};
	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(pairs); i++) {
		assert_int_equal(wl_unit_fold(pairs[i][0]), wl_unit_fold(pairs[i][1]));
		assert_int_equal(wl_unit_fold(pairs[i][1]), pairs[i][1]);
	}
	for (size_t i = 0; i < WL_ARRAY_LEN(alone); i++)
		assert_int_equal(wl_unit_fold(alone[i]), alone[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_geometry_steps),
	        cmocka_unit_test(test_smallest_medium),
	        cmocka_unit_test(test_short_names),
	        cmocka_unit_test(test_many_alike),
	        cmocka_unit_test(test_places),
	        cmocka_unit_test(test_refusals),
	        cmocka_unit_test(test_last_cluster),
	        cmocka_unit_test(test_too_many_files),
	        cmocka_unit_test(test_exfat_holds_what_fat32_does_not),
	        cmocka_unit_test(test_folding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
