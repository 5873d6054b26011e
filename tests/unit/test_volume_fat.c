/* The FAT reader on volumes made by hand: what it lists, and what it refuses and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/bytes.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "tests/unit/volume_image.h"

#define FOLDER 0x10U
#define FILE_  0x20U
#define ROOT   IMAGE_ROOT

static struct image image;

static uint32_t place(unsigned cluster)
{
	return (uint32_t)(image_cluster(&image, cluster) - image.p);
}

/* A file of three clusters, one in a folder with a long name, an empty one, a label. */
static void fill(void)
{
	image_init(&image);
	image_put(&image, ROOT, "MY LABEL   ", 0x08, 0, 0);
	image_put(&image, ROOT + 32, "A       BIN", FILE_, 2, 1300);
	image_chain(&image, 2, 3);
	image_put(&image, ROOT + 64, "SUB        ", FOLDER, 10, 0);
	image_chain(&image, 10, 1);
	image_put(&image, ROOT + 96, "EMPTY      ", FILE_, 0, 0);
	image_put(&image, place(10), ".          ", FOLDER, 10, 0);
	image_put(&image, place(10) + 32, "..         ", FOLDER, 0, 0);
	image_put_long(&image, place(10) + 64, 0x42, "LONGNA~1TXT", "txt");
	image_put_long(&image, place(10) + 96, 0x01, "LONGNA~1TXT", "Long name it.");
	image_put(&image, place(10) + 128, "LONGNA~1TXT", FILE_, 20, 512);
	image_chain(&image, 20, 1);
	memset(image_cluster(&image, 2), 'a', 1536);
	memset(image_cluster(&image, 20), 'b', 512);
}

static void test_lists_and_delivers(void **state)
{
	static const char *const paths[] = {"A.BIN", "EMPTY", "SUB", "SUB/Long name it.txt"};
	static const uint64_t sizes[] = {1300, 0, 0, 512};
	WL_CLEANUP(wl_device_cleanup) struct wl_device *d = NULL;
	WL_CLEANUP(wl_volume_cleanup) struct wl_volume *v = NULL;
	struct wl_finding f;
	struct wl_volume_info info;
	(void)state;
	fill();
	assert_int_equal(image_open(&image, &d, &v, &f), 0);
	wl_volume_get_info(v, &info);
	assert_string_equal(info.filesystem, "fat12");
	assert_string_equal(info.table, "none");
	assert_int_equal(info.label_bytes, 8);
	assert_memory_equal(info.label, "MY LABEL", 8);
	assert_int_equal(info.entries, 4);
	assert_int_equal(info.bytes, 1812);
	for (size_t i = 0; i < 4; i++) {
		struct wl_volume_entry e;
		assert_int_equal(wl_volume_get_entry(v, i, &e), 0);
		assert_int_equal(e.path_bytes, strlen(paths[i]));
		assert_memory_equal(e.path, paths[i], e.path_bytes);
		assert_int_equal(e.bytes, sizes[i]);
		assert_int_equal(e.folder, i == 2);
	}
	assert_int_equal(wl_volume_get_entry(v, 4, &(struct wl_volume_entry){0}), -ENOENT);
}

static void test_delivers_exact_bytes_once(void **state)
{
	WL_CLEANUP(wl_device_cleanup) struct wl_device *d = NULL;
	WL_CLEANUP(wl_volume_cleanup) struct wl_volume *v = NULL;
	struct wl_finding f;
	char got[2048];
	int p[2];
	(void)state;
	fill();
	assert_int_equal(image_open(&image, &d, &v, &f), 0);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(wl_volume_deliver(v, 0, p[1], NULL, NULL, &f), 0);
	assert_int_equal(read(p[0], got, sizeof(got)), 1300);
	assert_memory_equal(got, image_cluster(&image, 2), 1300);
	assert_int_equal(wl_volume_deliver(v, 0, p[1], NULL, NULL, &f), -EBADMSG);
	assert_string_equal(wl_rule_id(f.rule), "volume.chain-crossed");
	assert_int_equal(wl_volume_deliver(v, 2, p[1], NULL, NULL, &f), -EISDIR);
	assert_int_equal(wl_volume_deliver(v, 9, p[1], NULL, NULL, &f), -ENOENT);
	(void)close(p[0]);
	(void)close(p[1]);
}

static void test_each_sector_once(void **state)
{
	struct wl_finding f;
	unsigned seen = 0;
	(void)state;
	fill();
	assert_int_equal(image_read(&image, &f), 0);
	for (size_t s = 0; s < IMAGE_SECTORS; s++)
		seen += image.fetched[s];
	/* boot sector, the used part of both FATs, root, three clusters of A.BIN, SUB, its file;
	 * and where marks of others could be: the rest of the first FAT, sectors 32, 64 and 128 */
	assert_int_equal(seen, 1 + 2 + 2 + 3 + 1 + 1 + 4);
}

static void test_unreadable_medium_is_a_fault(void **state)
{
	struct wl_finding f;
	(void)state;
	fill();
	image.fail_at = IMAGE_DATA_SECTOR;
	assert_int_equal(image_read(&image, &f), -EIO);
	fill();
	image.fail_at = IMAGE_DATA_SECTOR + 18; /* lists, but the second file cannot be read */
	assert_int_equal(image_read(&image, &f), -EIO);
}

/* Each case spoils the good volume in one way. */
static void loop_in_file(void)
{
	image_set_fat(&image, 4, 3);
}
static void loop_to_itself(void)
{
	image_set_fat(&image, 2, 2);
}
static void loop_in_folder(void)
{
	image_set_fat(&image, 10, 10);
}
static void crossed_files(void)
{
	image_set_fat(&image, 4, 0xFFF);
	image_set_fat(&image, 2, 20);
	image_put(&image, place(10) + 128, "LONGNA~1TXT", FILE_, 3, 512);
	image_set_fat(&image, 20, 3);
	image_set_fat(&image, 3, 0xFFF);
}
static void folder_in_itself(void)
{
	image_put(&image, place(10) + 160, "AGAIN      ", FOLDER, 10, 0);
}
static void folder_is_a_file(void)
{
	image_put(&image, ROOT + 128, "X          ", FOLDER, 2, 0);
}
static void chain_too_short(void)
{
	image_set_fat(&image, 3, 0xFFF);
}
static void chain_too_long(void)
{
	image_set_fat(&image, 4, 5);
	image_set_fat(&image, 5, 0xFFF);
}
static void chain_leaves(void)
{
	image_set_fat(&image, 3, IMAGE_CLUSTERS + 2);
}
static void chain_to_free(void)
{
	image_set_fat(&image, 3, 0);
}
static void chain_to_bad(void)
{
	image_set_fat(&image, 3, 0xFF7);
}
static void chain_to_one(void)
{
	image_set_fat(&image, 3, 1);
}
static void begins_nowhere(void)
{
	image_put(&image, ROOT + 32, "A       BIN", FILE_, 0, 1300);
}
static void begins_outside(void)
{
	image_put(&image, ROOT + 32, "A       BIN", FILE_, IMAGE_CLUSTERS + 2, 1300);
}
static void empty_with_cluster(void)
{
	image_put(&image, ROOT + 96, "EMPTY      ", FILE_, 30, 0);
	image_set_fat(&image, 30, 0xFFF);
}
static void folder_without_cluster(void)
{
	image_put(&image, ROOT + 128, "X          ", FOLDER, 0, 0);
}
static void huge_size(void)
{
	image_put(&image, ROOT + 32, "A       BIN", FILE_, 2, 0xFFFFFFFF);
}
static void copies_differ(void)
{
	image_set_fat_copy(&image, 1, 3, 0xFFF);
}
static void dot_leads_elsewhere(void)
{
	image_put(&image, place(10), ".          ", FOLDER, 11, 0);
}
static void dot_dot_leads_elsewhere(void)
{
	image_put(&image, place(10) + 32, "..         ", FOLDER, 11, 0);
}
static void dot_in_root(void)
{
	image_put(&image, ROOT + 128, ".          ", FOLDER, 0, 0);
}
static void dot_dot_late(void)
{
	image_put(&image, place(10) + 160, "..         ", FOLDER, 0, 0);
}
static void dot_dot_is_a_file(void)
{
	image_put(&image, place(10) + 32, "..         ", FILE_, 0, 0);
}
static void long_dot_dot(void)
{
	image_put_long(&image, place(10) + 64, 0x41, "LONGNA~1TXT", "..");
	image.p[place(10) + 96] = 0xE5;
	image_put(&image, place(10) + 96, "LONGNA~1TXT", FILE_, 20, 512);
	image.p[place(10) + 128] = 0;
}
static void long_slash(void)
{
	image_put_long(&image, place(10) + 96, 0x01, "LONGNA~1TXT", "Long/name it.");
}
static void long_backslash(void)
{
	image_put_long(&image, place(10) + 96, 0x01, "LONGNA~1TXT", "Long\\name it.");
}
static void long_ends_with_dot(void)
{
	image_put_long(&image, place(10) + 64, 0x42, "LONGNA~1TXT", "tx.");
}
static void long_control(void)
{
	image_put_long(&image, place(10) + 96, 0x01, "LONGNA~1TXT", "Long\x1Bname it.");
}
static void long_bidi(void)
{
	wl_store_u16le(image.p + place(10) + 96 + 1, 0x202E);
}
static void long_surrogate(void)
{
	wl_store_u16le(image.p + place(10) + 96 + 1, 0xD800);
}
static void long_checksum(void)
{
	image.p[place(10) + 96 + 13] ^= 1;
}
static void long_other_short(void)
{
	image_put(&image, place(10) + 128, "OTHER   TXT", FILE_, 20, 512);
}
static void long_order(void)
{
	image.p[place(10) + 96] = 2;
}
static void long_cut(void)
{
	image.p[place(10) + 64] = 0x43;
}
static void long_without_last(void)
{
	image.p[place(10) + 64] = 0x02;
}
static void long_zero_records(void)
{
	image.p[place(10) + 64] = 0x40;
}
static void long_too_many_records(void)
{
	image.p[place(10) + 64] = 0x40 | 21;
}
static void long_with_cluster(void)
{
	image.p[place(10) + 64 + 26] = 1;
}
static void long_behind_end(void)
{
	image.p[place(10) + 64 + 28] = 'x';
}
static void long_twice(void)
{
	image_put_long(&image, place(10) + 64, 0x41, "LONGNA~1TXT", "one");
	image_put_long(&image, place(10) + 96, 0x41, "LONGNA~1TXT", "two");
}
static void long_before_label(void)
{
	image_put(&image, place(10) + 128, "LONGNA~1TXT", 0x08, 0, 0);
}
static void short_high_byte(void)
{
	image_put(&image, ROOT + 32, "A\x82      BIN", FILE_, 2, 1300);
}
static void short_e5(void)
{
	image_put(&image, ROOT + 32, "\x05       BIN", FILE_, 2, 1300);
}
static void short_empty(void)
{
	image_put(&image, ROOT + 32, "           ", FILE_, 2, 1300);
}
static void short_control(void)
{
	image_put(&image, ROOT + 32, "A\x01      BIN", FILE_, 2, 1300);
}
static void short_slash(void)
{
	image_put(&image, ROOT + 32, "A/B     BIN", FILE_, 2, 1300);
}
static void short_dot(void)
{
	image_put(&image, ROOT + 32, "A.B     BIN", FILE_, 2, 1300);
}
static void duplicate_short(void)
{
	image_put(&image, ROOT + 128, "A       BIN", FILE_, 0, 0);
}
static void duplicate_case(void)
{
	image_put(&image, ROOT + 128, "a       bin", FILE_, 0, 0);
}
static void duplicate_file_and_folder(void)
{
	image_put(&image, ROOT + 128, "SUB        ", FILE_, 0, 0);
}
static void duplicate_alias(void)
{
	image_put(&image, place(10) + 160, "LONGNA~1TXT", FILE_, 0, 0);
}
static void root_fills(void)
{
	for (unsigned k = 4; k < 32; k++) {
		char name[12];
		(void)snprintf(name, sizeof(name), "F%02u        ", k);
		image_put(&image, ROOT + 32 * k, name, FILE_, 0, 0);
	}
}
static void data_ends_early(void)
{
	image.size = IMAGE_BYTES - 512;
}
static void deleted_records(void)
{
	image_put_long(&image, ROOT + 128, 0x41, "GONE    TXT", "gone.txt");
	image_put(&image, ROOT + 160, "\xE5ONE    TXT", FILE_, 2, 99999);
}
static void orphan_before_the_end(void)
{
	image_put_long(&image, ROOT + 128, 0x41, "GONE    TXT", "gone.txt");
}
static void behind_the_end(void)
{
	image_put(&image, ROOT + 160, "GHOST   BIN", FILE_, 2, 99999);
}
static void copies_differ_elsewhere(void)
{
	image_set_fat_copy(&image, 1, 200, 0x123);
}
static void dirty(void)
{
	image_set_fat(&image, 1, 0x7FF);
}
static void lost_clusters(void)
{
	image_chain(&image, 100, 7);
}
static void thirteen_and_a_zero(void)
{
	/* 13 characters and a second record that holds only the closing 0 */
	image_put_long(&image, place(10) + 64, 0x42, "LONGNA~1TXT", "");
	image_put_long(&image, place(10) + 96, 0x01, "LONGNA~1TXT", "thirteen.text");
}
static void nothing(void)
{
}

static const struct {
	void (*spoil)(void);
	const char *name, *rule; /* "": read to the end */
} cases[] = {
#define CASE(what, rule)                                                                           \
	{                                                                                          \
		what, #what, rule                                                                  \
	}
        CASE(nothing, ""),
        CASE(deleted_records, ""),
        CASE(orphan_before_the_end, ""),
        CASE(behind_the_end, ""),
        CASE(copies_differ_elsewhere, ""),
        CASE(dirty, ""),
        CASE(lost_clusters, ""),
        CASE(root_fills, ""),
        CASE(thirteen_and_a_zero, ""),
        CASE(loop_in_file, "volume.chain-loop"),
        CASE(loop_to_itself, "volume.chain-loop"),
        CASE(loop_in_folder, "volume.chain-loop"),
        CASE(crossed_files, "volume.chain-crossed"),
        CASE(folder_in_itself, "volume.chain-crossed"),
        CASE(folder_is_a_file, "volume.chain-crossed"),
        CASE(dot_leads_elsewhere, "volume.chain-crossed"),
        CASE(dot_dot_leads_elsewhere, "volume.chain-crossed"),
        CASE(chain_too_short, "volume.size-wrong"),
        CASE(chain_too_long, "volume.size-wrong"),
        CASE(chain_leaves, "volume.size-wrong"),
        CASE(chain_to_free, "volume.size-wrong"),
        CASE(chain_to_bad, "volume.size-wrong"),
        CASE(chain_to_one, "volume.size-wrong"),
        CASE(begins_nowhere, "volume.size-wrong"),
        CASE(begins_outside, "volume.size-wrong"),
        CASE(empty_with_cluster, "volume.size-wrong"),
        CASE(folder_without_cluster, "volume.size-wrong"),
        CASE(huge_size, "volume.size-wrong"),
        CASE(copies_differ, "volume.ambiguous"),
        CASE(data_ends_early, "volume.boot-bad"),
        CASE(dot_in_root, "name.reserved"),
        CASE(dot_dot_late, "name.reserved"),
        CASE(dot_dot_is_a_file, "name.reserved"),
        CASE(long_dot_dot, "name.reserved"),
        CASE(long_slash, "name.reserved"),
        CASE(long_backslash, "name.reserved"),
        CASE(long_ends_with_dot, "name.reserved"),
        CASE(short_slash, "name.reserved"),
        CASE(short_dot, "name.reserved"),
        CASE(long_control, "name.control"),
        CASE(long_bidi, "name.control"),
        CASE(short_control, "name.control"),
        CASE(long_surrogate, "name.encoding"),
        CASE(long_checksum, "name.encoding"),
        CASE(long_other_short, "name.encoding"),
        CASE(long_order, "name.encoding"),
        CASE(long_cut, "name.encoding"),
        CASE(long_without_last, "name.encoding"),
        CASE(long_zero_records, "name.encoding"),
        CASE(long_too_many_records, "name.encoding"),
        CASE(long_with_cluster, "name.encoding"),
        CASE(long_behind_end, "name.encoding"),
        CASE(long_twice, "name.encoding"),
        CASE(long_before_label, "name.encoding"),
        CASE(short_high_byte, "name.encoding"),
        CASE(short_e5, "name.encoding"),
        CASE(short_empty, "name.empty"),
        CASE(duplicate_short, "name.duplicate"),
        CASE(duplicate_case, "name.duplicate"),
        CASE(duplicate_file_and_folder, "name.duplicate"),
        CASE(duplicate_alias, "name.duplicate"),
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		struct wl_finding f = {.rule = WL_RULE_NONE};
		fill();
		cases[i].spoil();
		int r = image_read(&image, &f);
		if (strcmp(wl_rule_id(f.rule), cases[i].rule) != 0 ||
		    r != (cases[i].rule[0] ? -EBADMSG : 0))
			fail_msg("%s: %d %s (%s), expected %s", cases[i].name, r,
			         wl_rule_id(f.rule), f.detail, cases[i].rule);
	}
}

/* A folder in a folder, `depth` deep, and a file in the last: depth + 1 names in its path. */
static int read_nested(unsigned depth, struct wl_finding *f)
{
	image_init(&image);
	uint32_t at = ROOT;
	for (unsigned i = 0; i < depth; i++) {
		unsigned cluster = 50 + i;
		image_put(&image, at, "D          ", FOLDER, cluster, 0);
		image_chain(&image, cluster, 1);
		image_put(&image, place(cluster), ".          ", FOLDER, cluster, 0);
		image_put(&image, place(cluster) + 32, "..         ", FOLDER, i ? cluster - 1 : 0,
		          0);
		at = place(cluster) + 64;
	}
	image_put(&image, at, "FILE       ", FILE_, 0, 0);
	return image_read(&image, f);
}

static void test_depth(void **state)
{
	struct wl_finding f;
	(void)state;
	assert_int_equal(read_nested(WL_VOLUME_DEPTH_MAX - 1, &f), 0);
	assert_int_equal(read_nested(WL_VOLUME_DEPTH_MAX, &f), -EBADMSG);
	assert_string_equal(wl_rule_id(f.rule), "volume.too-deep");
}

static void test_files_max(void **state)
{
	struct wl_finding f;
	(void)state;
	fill();
	image.files_max = 4;
	assert_int_equal(image_read(&image, &f), 0);
	image.files_max = 3;
	assert_int_equal(image_read(&image, &f), -EBADMSG);
	assert_string_equal(wl_rule_id(f.rule), "volume.too-many-files");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_lists_and_delivers),
	        cmocka_unit_test(test_delivers_exact_bytes_once),
	        cmocka_unit_test(test_each_sector_once),
	        cmocka_unit_test(test_unreadable_medium_is_a_fault),
	        cmocka_unit_test(test_refusals),
	        cmocka_unit_test(test_depth),
	        cmocka_unit_test(test_files_max),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
