/* What a path says by a device's pattern, lists of scans, windows across the scanner's clock. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/text.h"
#include "policy/scans.h"

#define PATTERN "{date}/{scan}_{view}.*"

static int64_t at(const char *text)
{
	int64_t t = 0;
	assert_int_equal(wl_time_parse(text, &t), 0);
	return t;
}

static bool matches(const char *pattern, const char *path, struct wl_scan *scan)
{
	return wl_scan_match(pattern, path, strlen(path), scan);
}

static void patterns_are_checked(void **state)
{
	static const char *const good[] = {PATTERN, "{scan}.*", "A/*/{scan}-{date}T{time}.png"};
	static const char *const bad[] = {"",
	                                  "*.png",           /* no scan */
	                                  "{scan}{view}.*",  /* nothing between */
	                                  "{scan}*",         /* nothing between */
	                                  "{scan}/{scan}",   /* twice */
	                                  "{time}/{scan}.*", /* a time of no day */
	                                  "{serial}/{scan}.*",
	                                  "{scan"};
	char longest[WL_SCAN_PATTERN_BYTES_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(wl_scan_pattern_check(good[i]), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(wl_scan_pattern_check(bad[i]), -EINVAL);
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "{scan}.", 7);
	longest[WL_SCAN_PATTERN_BYTES_MAX] = '\0';
	assert_int_equal(wl_scan_pattern_check(longest), 0);
	longest[WL_SCAN_PATTERN_BYTES_MAX] = 'x';
	longest[WL_SCAN_PATTERN_BYTES_MAX + 1] = '\0';
	assert_int_equal(wl_scan_pattern_check(longest), -EINVAL);
}

static void paths_say_scan_view_and_time(void **state)
{
	struct wl_scan scan;

	(void)state;
	assert_true(matches(PATTERN, "20261116/118820_A.png", &scan));
	assert_string_equal(scan.id, "118820");
	assert_string_equal(scan.view, "A");
	assert_true(scan.has_time);
	assert_int_equal(scan.from, at("2026-11-16T00:00:00Z"));
	assert_int_equal(scan.to - scan.from, 86400);
	assert_true(matches("{scan}-{date}t{time}.PNG", "a-7-2026-11-16T11-31-55.png", &scan));
	assert_string_equal(scan.id, "a-7");
	assert_int_equal(scan.from, at("2026-11-16T11:31:55Z"));
	assert_int_equal(scan.to - scan.from, 1);
	assert_true(matches("*/{scan}_{date}_{time}.*", "x/7_20261116_1131.tif", &scan));
	assert_int_equal(scan.to - scan.from, 60);
}

static void other_paths_do_not_match(void **state)
{
	static const char *const paths[] = {
	        "20261116/sub/118820_A.png", /* a place stays within a folder */
	        "118820_A.png",
	        "20261116/118820.png",
	        "20261131/118820_A.png", /* no such day */
	        "20261116/_A.png",
	        "20261116/118 820_A.png",
	        "20261116/123456789012345678901234567890123_A.png", /* 33 letters */
	};
	struct wl_scan scan;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_false(matches(PATTERN, paths[i], &scan));
	assert_true(matches(PATTERN, "20261116/12345678901234567890123456789012_A.png", &scan));
	assert_false(wl_scan_match(PATTERN, "20261116/1\0_A.png", 17, &scan));
	assert_false(matches("{scan}_{date}_{time}.*", "1_20261116_2460.tif", &scan));
}

/* A path made to go wrong as late and as often as possible is judged at once. */
static void hostile_paths_cost_little(void **state)
{
	char path[1025];
	struct wl_scan scan;

	(void)state;
	memset(path, '_', sizeof(path));
	memset(path, 'a', 900);
	path[1024] = '\0';
	assert_false(matches("*a*a*a*a*a*_{scan}!", path, &scan));
}

static void lists_name_scans(void **state)
{
	struct wl_scan_list list = {0};

	(void)state;
	assert_int_equal(wl_scan_list_add(&list, "118820..118846,118850"), 0);
	assert_int_equal(wl_scan_list_add(&list, "a-7"), 0);
	assert_int_equal(wl_scan_list_count(&list), 29);
	assert_true(wl_scan_list_has(&list, "118820"));
	assert_true(wl_scan_list_has(&list, "118846"));
	assert_true(wl_scan_list_has(&list, "0118850"));
	assert_true(wl_scan_list_has(&list, "a-7"));
	assert_false(wl_scan_list_has(&list, "118819"));
	assert_false(wl_scan_list_has(&list, "118847"));
	assert_false(wl_scan_list_has(&list, "118820a"));
	assert_false(wl_scan_list_has(&list, ""));
}

static void bad_lists_are_refused(void **state)
{
	static const char *const bad[] = {
	        "", ",", "1,", "1,,2", "5..4", "a..b", "1..2..3", "1 2", "../../etc/passwd", "*"};
	struct wl_scan_list list = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct wl_scan_list one = {0};
		assert_int_equal(wl_scan_list_add(&one, bad[i]), -EINVAL);
	}
	assert_int_equal(wl_scan_list_add(&list, "1..20000"), 0);
	assert_int_equal(wl_scan_list_add(&list, "20001"), -E2BIG);
	list = (struct wl_scan_list){0};
	assert_int_equal(wl_scan_list_add(&list, "1..20001"), -E2BIG);
	for (unsigned i = 0; i < WL_SCAN_RANGES_MAX; i++)
		assert_int_equal(wl_scan_list_add(&list, "7"), 0);
	assert_int_equal(wl_scan_list_add(&list, "7"), -E2BIG);
}

/* An id, and the id that a path says, of as many bytes as may be, and of one more. */
static void ids_are_bounded(void **state)
{
	char id[WL_SCAN_ID_BYTES_MAX + 2], path[WL_SCAN_ID_BYTES_MAX + 8];
	struct wl_scan_list list = {0};
	struct wl_scan scan;

	(void)state;
	for (unsigned n = WL_SCAN_ID_BYTES_MAX; n <= WL_SCAN_ID_BYTES_MAX + 1; n++) {
		bool fits = n == WL_SCAN_ID_BYTES_MAX;
		memset(id, 'x', n);
		id[n] = '\0';
		(void)snprintf(path, sizeof(path), "%s.png", id);
		assert_int_equal(wl_scan_list_add(&list, id), fits ? 0 : -EINVAL);
		assert_int_equal(matches("{scan}.png", path, &scan), fits);
	}
}

struct told {
	char text[200];
};

static bool found(void *user, const char *id)
{
	(void)user;
	return strcmp(id, "3") == 0 || strcmp(id, "5") == 0 || strcmp(id, "6") == 0;
}

static void missing(void *user, const char *ids)
{
	struct told *t = user;
	(void)snprintf(t->text + strlen(t->text), sizeof(t->text) - strlen(t->text), "%s ", ids);
}

static void what_is_missing_is_told_in_runs(void **state)
{
	struct wl_scan_list list = {0};
	struct told t = {""};

	(void)state;
	assert_int_equal(wl_scan_list_add(&list, "1..9,x-1,3"), 0);
	wl_scan_list_missing(&list, found, missing, &t);
	assert_string_equal(t.text, "1..2 4 7..9 x-1 ");
}

/* The scanner is five hours and four minutes behind: its 18:56 of the 15th is the 16th, 00:00. */
static void windows_reach_across_the_clock(void **state)
{
	struct wl_selection s = {.has_window = true, .offset_s = -(5 * 3600 + 4 * 60)};
	struct wl_scan scan = {.has_time = true};

	(void)state;
	s.from = at("2026-11-16T00:00:00Z");
	s.to = at("2026-11-16T23:59:59Z");
	scan.from = at("2026-11-15T18:56:00Z");
	scan.to = scan.from + 60;
	assert_true(wl_selection_has(&s, &scan));
	scan.from -= 60;
	scan.to -= 60;
	assert_false(wl_selection_has(&s, &scan));
	scan.from = at("2026-11-16T18:55:00Z");
	scan.to = scan.from + 60;
	assert_true(wl_selection_has(&s, &scan));
	scan.from += 60;
	scan.to += 60;
	assert_false(wl_selection_has(&s, &scan));
	scan.has_time = false; /* nobody knows when: not asked for */
	scan.from = at("2026-11-16T12:00:00Z");
	assert_false(wl_selection_has(&s, &scan));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(patterns_are_checked),
	        cmocka_unit_test(paths_say_scan_view_and_time),
	        cmocka_unit_test(other_paths_do_not_match),
	        cmocka_unit_test(hostile_paths_cost_little),
	        cmocka_unit_test(lists_name_scans),
	        cmocka_unit_test(bad_lists_are_refused),
	        cmocka_unit_test(ids_are_bounded),
	        cmocka_unit_test(what_is_missing_is_told_in_runs),
	        cmocka_unit_test(windows_reach_across_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
