/* Sets of items, litter, names and the manifest. */
#include "tests/unit/policy_help.h"

#include "daemon/base/limits.h"
#include "policy/litter.h"
#include "policy/manifest.h"
#include "policy/names.h"

static void items_are_numbered_by_raw_bytes(void **state)
{
	struct wl_items items = {0};
	(void)state;
	help_add(&items, "b", "2");
	help_add(&items, "a/z", "1");
	help_add(&items, "a/", NULL);
	help_add(&items, "\xC3\xA9", "4");
	help_add(&items, "B", "0");
	help_add(&items, "b.txt", "3");
	help_number(&items);
	static const char *const order[] = {"B", "a", "a/z", "b", "b.txt", "\xC3\xA9"};
	static const uint32_t numbers[] = {1, 0, 2, 3, 4, 5};
	for (size_t i = 0; i < items.n; i++) {
		assert_string_equal(items.v[i].path, order[i]);
		assert_int_equal(items.v[i].number, numbers[i]);
		assert_ptr_equal(wl_items_find(&items, order[i], strlen(order[i])), &items.v[i]);
	}
	assert_ptr_equal(wl_items_get(&items, 2), &items.v[2]);
	assert_null(wl_items_get(&items, 0));
	assert_null(wl_items_get(&items, 6));
	assert_null(wl_items_find(&items, "a/", 2));
	wl_items_clear(&items);
}

static void a_set_has_a_limit(void **state)
{
	struct wl_items items = {0};
	char name[16];
	(void)state;
	for (unsigned i = 0; i < 2 * WL_TRANSFER_FILES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "%u", i);
		assert_int_equal(wl_items_add(&items, name, strlen(name), false, 0, 0), 0);
	}
	assert_int_equal(wl_items_add(&items, "x", 1, false, 0, 0), -E2BIG);
	wl_items_clear(&items);
}

/* A parser's sizes are claims: their sum may not wrap round a limit. */
static void sizes_do_not_wrap_round(void **state)
{
	struct wl_items items = {0};
	(void)state;
	assert_int_equal(wl_items_add(&items, "a", 1, false, 60, 0), 0);
	assert_int_equal(wl_items_add(&items, "b", 1, false, 40, 0), 0);
	assert_int_equal(wl_items_add(&items, "c", 1, true, 0, 0), 0);
	wl_items_number(&items);
	assert_true(wl_items_are_within(&items, 2, 100));
	assert_false(wl_items_are_within(&items, 1, 100));
	assert_false(wl_items_are_within(&items, 2, 99));
	items.v[0].size = UINT64_MAX - 39;
	assert_false(wl_items_are_within(&items, 2, UINT64_MAX));
	wl_items_clear(&items);
}

struct litter_case {
	const char *path; /* ends in '/': a folder */
	uint64_t size;
	enum wl_litter verdict;
};

/* INTERFACES 3, each line at its size and one byte over. */
static const struct litter_case litter[] = {
        {"System Volume Information/", 0, WL_LITTER_LEAVE},
        {"SYSTEM VOLUME INFORMATION/indexervolumeguid", 76, WL_LITTER_LEAVE},
        {"System Volume Information/IndexerVolumeGuid", 75, WL_LITTER_CHANGED},
        {"System Volume Information/IndexerVolumeGuid", 77, WL_LITTER_CHANGED},
        {"System Volume Information/WPSettings.dat", 12, WL_LITTER_LEAVE},
        {"System Volume Information/WPSettings.dat", 13, WL_LITTER_CHANGED},
        {"System Volume Information/more", 1, WL_LITTER_CHANGED},
        {"System Volume Information/more/", 0, WL_LITTER_CHANGED},
        {"System Volume Information", 5, WL_LITTER_CHANGED},
        {"a/System Volume Information/", 0, WL_LITTER_NO},
        {"$RECYCLE.BIN/", 0, WL_LITTER_LEAVE},
        {"$RECYCLE.BIN/desktop.ini", 4096, WL_LITTER_LEAVE},
        {"$RECYCLE.BIN/desktop.ini", 4097, WL_LITTER_CHANGED},
        {"$Recycle.Bin/S-1-5-21-1/", 0, WL_LITTER_LEAVE},
        {"$RECYCLE.BIN/S-1-5-21-1/desktop.ini", 129, WL_LITTER_LEAVE},
        {"$RECYCLE.BIN/S-1-5-21-1/x/", 0, WL_LITTER_CHANGED},
        {"$RECYCLE.BIN/S-1-5-21-1/$R1.exe", 9, WL_LITTER_CHANGED},
        {"$RECYCLE.BIN/T-1-5/", 0, WL_LITTER_CHANGED},
        {"$RECYCLE.BIN/T-1-5/desktop.ini", 9, WL_LITTER_CHANGED},
        {"$RECYCLE.BIN/S-1-5/S-1-5/desktop.ini", 9, WL_LITTER_CHANGED},
        {"desktop.ini", 4096, WL_LITTER_LEAVE},
        {"a/b/Desktop.ini", 4097, WL_LITTER_CHANGED},
        {"desktop.ini/", 0, WL_LITTER_CHANGED},
        {"a/Thumbs.db", WL_MIB(16), WL_LITTER_LEAVE},
        {"a/Thumbs.db", WL_MIB(16) + 1, WL_LITTER_CHANGED},
        {".DS_Store", WL_KIB(64), WL_LITTER_LEAVE},
        {".DS_Store", WL_KIB(64) + 1, WL_LITTER_CHANGED},
        {".Trashes/", 0, WL_LITTER_LEAVE},
        {".Trashes/x", 0, WL_LITTER_CHANGED},
        {".fseventsd/", 0, WL_LITTER_LEAVE},
        {".fseventsd/0001", WL_MIB(1), WL_LITTER_LEAVE},
        {".fseventsd/0001", WL_MIB(1) + 1, WL_LITTER_CHANGED},
        {".fseventsd/x/", 0, WL_LITTER_CHANGED},
        {".Spotlight-V100/Store/a", WL_MIB(64), WL_LITTER_LEAVE},
        {".Spotlight-V100/Store/a", WL_MIB(64) + 1, WL_LITTER_CHANGED},
        {"autorun.inf", 10, WL_LITTER_NO},
        {"a.lnk", 10, WL_LITTER_NO},
        {"setup.exe", 10, WL_LITTER_NO},
        {"._gone.exe", 10, WL_LITTER_NO}, /* beside nothing */
        {"desktop.ini.exe", 10, WL_LITTER_NO},
};

static void litter_is_a_closed_list(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(litter) / sizeof(litter[0]); i++) {
		struct wl_items items = {0};
		enum wl_litter verdict = WL_LITTER_NO;
		size_t n = strlen(litter[i].path);
		bool is_folder = litter[i].path[n - 1] == '/';
		assert_int_equal(wl_items_add(&items, litter[i].path, n - is_folder, is_folder,
		                              litter[i].size, 0),
		                 0);
		wl_items_number(&items);
		wl_litter_judge(&items, &verdict);
		if (verdict != litter[i].verdict)
			fail_msg("%s (%llu): %d", litter[i].path,
			         (unsigned long long)litter[i].size, (int)verdict);
		wl_items_clear(&items);
	}
}

static void the_other_half_of_a_file(void **state)
{
	static const uint8_t magic[] = {0x00, 0x05, 0x16, 0x07, 0x00};
	enum wl_litter verdicts[2];
	uint8_t digest[WL_SHA256_BYTES] = {0};
	(void)state;
	struct wl_items items = {0};
	assert_int_equal(wl_items_add(&items, "a/._NAME", 8, false, WL_KIB(64), 0), 0);
	assert_int_equal(wl_items_add(&items, "a/NAME", 6, false, 1, 0), 0);
	wl_items_number(&items);
	wl_litter_judge(&items, verdicts);
	assert_int_equal(verdicts[0], WL_LITTER_LEAVE); /* not read yet */
	wl_item_set_digest(&items.v[0], digest, magic, sizeof(magic));
	wl_litter_judge(&items, verdicts);
	assert_int_equal(verdicts[0], WL_LITTER_LEAVE);
	assert_int_equal(verdicts[1], WL_LITTER_NO);
	wl_item_set_digest(&items.v[0], digest, "MZ..", 4);
	wl_litter_judge(&items, verdicts);
	assert_int_equal(verdicts[0], WL_LITTER_CHANGED);
	wl_item_set_digest(&items.v[0], digest, NULL, 0); /* read, and empty */
	wl_litter_judge(&items, verdicts);
	assert_int_equal(verdicts[0], WL_LITTER_CHANGED);
	wl_item_set_digest(&items.v[0], digest, magic, sizeof(magic));
	items.v[0].size++;
	wl_litter_judge(&items, verdicts);
	assert_int_equal(verdicts[0], WL_LITTER_CHANGED);
	wl_items_clear(&items);
}

static void events_of_macos_are_counted_together(void **state)
{
	(void)state;
	struct wl_items items = {0};
	enum wl_litter verdicts[65];
	char name[32];
	for (unsigned i = 0; i < 65; i++) {
		(void)snprintf(name, sizeof(name), ".fseventsd/%04u", i);
		assert_int_equal(wl_items_add(&items, name, strlen(name), false, 1, 0), 0);
		if (i < 63)
			continue;
		wl_items_number(&items);
		wl_litter_judge(&items, verdicts);
		assert_int_equal(verdicts[0], i == 63 ? WL_LITTER_LEAVE : WL_LITTER_CHANGED);
	}
	wl_items_clear(&items);
}

static void device_profiles(void **state)
{
	static const struct {
		enum wl_names_profile profile;
		const char *path;
		bool good;
	} names[] = {
	        {WL_NAMES_ANY, "d\xC3\xA9j\xC3\xA0.txt", true},
	        {WL_NAMES_DOS_SAFE, "d\xC3\xA9j\xC3\xA0.txt", false},
	        {WL_NAMES_DOS_SAFE, "UP DATE/a+b,(1).tar.gz", true},
	        {WL_NAMES_DOS_SAFE, "a;b", false},
	        {WL_NAMES_HI_SCAN, "UPDATE/SCAN_01-2.HIF", true},
	        {WL_NAMES_HI_SCAN, "update.tar.gz", false},
	        {WL_NAMES_HI_SCAN, "dir.x/file", false},
	        {WL_NAMES_HI_SCAN, ".hidden", false},
	        {WL_NAMES_HI_SCAN, "ends.", false},
	        {WL_NAMES_HI_SCAN, "a b", false},
	        {WL_NAMES_HI_SCAN, "noext", true},
	};
	struct wl_finding finding;
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int r = wl_names_check_device(names[i].profile, names[i].path,
		                              strlen(names[i].path), &finding);
		if (r != (names[i].good ? 0 : -EBADMSG))
			fail_msg("%s: %d", names[i].path, r);
		if (r < 0)
			assert_id(finding.rule, "name.device-rule");
	}
	char path[242];
	memset(path, 'a', sizeof(path));
	path[100] = '/';
	assert_int_equal(wl_names_check_device(WL_NAMES_DOS_SAFE, path, 240, &finding), 0);
	assert_int_equal(wl_names_check_device(WL_NAMES_DOS_SAFE, path, 241, &finding), -EBADMSG);
}

static void names_end_at_their_limits(void **state)
{
	struct wl_finding finding;
	char path[WL_VOLUME_PATH_BYTES_MAX + 1];
	(void)state;
	memset(path, 'a', sizeof(path));
	for (size_t i = 200; i < sizeof(path); i += 200)
		path[i] = '/';
	assert_int_equal(wl_names_check(path, WL_VOLUME_PATH_BYTES_MAX, &finding), 0);
	assert_int_equal(wl_names_check(path, WL_VOLUME_PATH_BYTES_MAX + 1, &finding), -EBADMSG);
	assert_id(finding.rule, "name.too-long");
	assert_int_equal(wl_names_check("", 0, &finding), -EBADMSG);
	assert_id(finding.rule, "name.empty");
	assert_int_equal(wl_names_check("a\0b", 3, &finding), -EBADMSG);
	assert_id(finding.rule, "name.control");
	static const char *const reserved[] = {"con", "Com1.txt", "lpt9", "NUL .x", "a:b",
	                                       "..",  ".",        " a",   "a ",     "CONOUT$"};
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		assert_int_equal(wl_names_check(reserved[i], strlen(reserved[i]), &finding),
		                 -EBADMSG);
		assert_id(finding.rule, "name.reserved");
	}
	static const char *const good[] = {"console", "com",     "com10",
	                                   "a.con",   ".hidden", "d\xC3\xA9j\xC3\xA0"};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(wl_names_check(good[i], strlen(good[i]), &finding), 0);
}

static void case_is_folded(void **state)
{
	static const char *const pairs[][2] = {{"README", "readme"},
	                                       {"\xC3\x89T\xC3\x89", "\xC3\xA9t\xC3\xA9"},
	                                       {"\xCE\xA9", "\xCF\x89"},
	                                       {"\xD0\x96", "\xD0\xB6"},
	                                       {"\xC4\x80", "\xC4\x81"}};
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		assert_int_equal(wl_names_compare_folded(pairs[i][0], strlen(pairs[i][0]),
		                                         pairs[i][1], strlen(pairs[i][1])),
		                 0);
	assert_int_not_equal(wl_names_compare_folded("a", 1, "ab", 2), 0);
	assert_int_not_equal(wl_names_compare_folded("\xFF", 1, "\xFE", 1), 0);
}

static void the_manifest_has_one_line_per_file(void **state)
{
	struct wl_items items = {0};
	struct wl_item_decision decided[3] = {
	        {.verdict = WL_PASS, .rule = WL_RULE_PASS_FOLDER},
	        {.verdict = WL_PASS, .rule = WL_RULE_PASS_UPDATE_COVERED},
	        {.verdict = WL_LEAVE, .rule = WL_RULE_LEAVE_OS_LITTER}};
	struct wl_decision d = {.item = decided, .nitems = 3};
	uint8_t digest[WL_SHA256_BYTES], again[WL_SHA256_BYTES];
	char *text;
	size_t n;
	(void)state;
	help_add(&items, "d/", NULL);
	help_add(&items, "d/\xC3\xA9\n.bin", "abc");
	help_add(&items, "desktop.ini", "x");
	help_number(&items);
	items.v[2].has_sha256 = false;
	assert_int_equal(wl_manifest_compose("STN3-T000042", &items, &d, &text, &n, digest), 0);
	assert_string_equal(text,
	                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  3  "
	                    "STN3-T000042.00001  pass  pass.update-covered  d/%C3%A9%0A.bin\n"
	                    "0000000000000000000000000000000000000000000000000000000000000000  1  "
	                    "STN3-T000042.00002  leave  leave.os-litter  desktop.ini\n");
	assert_int_equal(wl_sha256_of(text, n, again), 0);
	assert_memory_equal(digest, again, sizeof(digest));
	free(text);
	wl_items_clear(&items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(items_are_numbered_by_raw_bytes),
	        cmocka_unit_test(a_set_has_a_limit),
	        cmocka_unit_test(sizes_do_not_wrap_round),
	        cmocka_unit_test(litter_is_a_closed_list),
	        cmocka_unit_test(the_other_half_of_a_file),
	        cmocka_unit_test(events_of_macos_are_counted_together),
	        cmocka_unit_test(device_profiles),
	        cmocka_unit_test(names_end_at_their_limits),
	        cmocka_unit_test(case_is_folded),
	        cmocka_unit_test(the_manifest_has_one_line_per_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
