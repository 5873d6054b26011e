/* Laying text out: wrapping, isolating names, grouping long lists, progress, numbers with units. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/duration.h"
#include "client/i18n.h"
#include "client/progress.h"
#include "client/render.h"
#include "daemon/base/cleanup.h"

static char *captured;
static size_t captured_n;

static FILE *capture(void)
{
	free(captured);
	captured = NULL;
	return open_memstream(&captured, &captured_n);
}

static void test_wrap(void **state)
{
	static const struct {
		const char *text;
		int indent, columns;
		const char *expected;
	} cases[] = {
	        {"one two three", 0, 0, "one two three\n"},
	        {"one two three", 0, 8, "one two\nthree\n"},
	        {"one two three", 2, 7, "  one\n  two\n  three\n"},
	        {"a-word-longer-than-the-line x", 0, 10, "a-word-longer-than-the-line\nx\n"},
	        {"one\ntwo", 1, 0, " one\n two\n"},
	        {"\xc3\xa9\xc3\xa9\xc3\xa9 x", 0, 5, "\xc3\xa9\xc3\xa9\xc3\xa9 x\n"},
	        {"", 0, 10, "\n"},
	};
	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		FILE *out = capture();
		wl_render_wrap(out, cases[i].text, cases[i].indent, cases[i].columns);
		(void)fclose(out);
		assert_string_equal(captured, cases[i].expected);
	}
}

static void test_name(void **state)
{
	char text[WL_NAME_SHOWN];

	(void)state;
	wl_render_name("KINGSTON DT", text, sizeof(text));
	assert_string_equal(text, "\"KINGSTON DT\"");
	/* not plain: between isolates */
	wl_render_name("\xd7\x90\xd7\x91", text, sizeof(text));
	assert_string_equal(text, "\"\xe2\x81\xa8\xd7\x90\xd7\x91\xe2\x81\xa9\"");
	/* a right-to-left override and an escape sequence cannot reach the screen */
	wl_render_name("a\xe2\x80\xae"
	               "b\033[2J",
	               text, sizeof(text));
	assert_null(strstr(text, "\xe2\x80\xae"));
	assert_null(strchr(text, '\033'));
}

static void fill(struct wl_list_line *lines, char (*text)[16], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "file-%02zu", i);
		lines[i] = (struct wl_list_line){i % 2 ? "b.rule" : "a.rule", text[i]};
	}
}

static void test_list(void **state)
{
	struct wl_list_line lines[WL_LIST_WHOLE + 1];
	char text[WL_LIST_WHOLE + 1][16];

	(void)state;
	fill(lines, text, WL_LIST_WHOLE + 1);
	FILE *out = capture();
	wl_render_list(out, lines, WL_LIST_WHOLE, 0, 0);
	(void)fclose(out);
	assert_non_null(strstr(captured, "file-19\n"));
	assert_null(strstr(captured, "a.rule"));

	out = capture();
	wl_render_list(out, lines, WL_LIST_WHOLE + 1, 0, 0);
	(void)fclose(out);
	assert_non_null(strstr(captured, "a.rule: 11\n    file-00\n    file-02\n    file-04\n"
	                                 "    ... and 8 more\n"));
	assert_non_null(strstr(captured, "b.rule: 10\n"));
	assert_null(strstr(captured, "file-06"));
}

static void test_progress(void **state)
{
	static const struct {
		uint64_t done, total, ms;
		const char *expected;
	} cases[] = {
	        {0, 0, 0, "Reading"},
	        {5000000, 0, 1000, "Reading 5.0 MB"},
	        {0, 64000000, 0, "Reading 0 B of 64.0 MB"},
	        {32000000, 64000000, 1000, "Reading 32.0 MB of 64.0 MB, 32.0 MB/s, 0:01 left"},
	        {64000000, 64000000, 2000, "Reading 64.0 MB of 64.0 MB, 32.0 MB/s, 0:00 left"},
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		wl_progress_text("Reading", cases[i].done, cases[i].total, cases[i].ms, text,
		                 sizeof(text));
		assert_string_equal(text, cases[i].expected);
	}
	wl_progress_text_files("Sealing, files:", 0, 0, 0, text, sizeof(text));
	assert_string_equal(text, "Sealing, files:");
	wl_progress_text_files("Sealing, files:", 1, 54, 100, text, sizeof(text));
	assert_string_equal(text, "Sealing, files: 1 of 54");
	wl_progress_text_files("Sealing, files:", 12, 54, 12000, text, sizeof(text));
	assert_string_equal(text, "Sealing, files: 12 of 54, 0:42 left");
	wl_render_duration(3909, text, sizeof(text));
	assert_string_equal(text, "1:05:09");
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: refused */
	} durations[] = {{"8h", 28800}, {"8 h", 28800}, {"30min", 1800},
	                 {"90s", 90},   {"2d", 172800}, {"8", 28800},
	                 {"8m", -1},    {"", -1},       {"-1h", -1},
	                 {"h", -1},     {"8hh", -1},    {"9007199254740991d", -1}};
	static const struct {
		const char *text;
		uint64_t bytes; /* 0: refused */
	} sizes[] = {{"64M", 67108864}, {"64 MiB", 67108864}, {"1G", 1073741824},
	             {"512", 512},      {"64m", 0},           {"64MB", 0},
	             {"x", 0}};
	int64_t s;
	uint64_t n;
	int day;

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(durations); i++) {
		int r = wl_duration_parse(durations[i].text, &s);
		assert_int_equal(r, durations[i].seconds < 0 ? -EINVAL : 0);
		if (r == 0)
			assert_int_equal(s, durations[i].seconds);
	}
	for (size_t i = 0; i < WL_ARRAY_LEN(sizes); i++) {
		int r = wl_bytes_parse(sizes[i].text, &n);
		assert_int_equal(r, sizes[i].bytes ? 0 : -EINVAL);
		if (r == 0)
			assert_int_equal(n, sizes[i].bytes);
	}
	assert_int_equal(wl_date_parse("2026-12-01", &s, &day), 0);
	assert_int_equal(s, 1796083200);
	assert_int_equal(day, 1);
	assert_int_equal(wl_date_parse("2026-12-01T00:00:01Z", &s, &day), 0);
	assert_int_equal(s, 1796083201);
	assert_int_equal(day, 0);
	assert_int_equal(wl_date_parse("2026-13-01", &s, NULL), -EINVAL);
	assert_int_equal(wl_number_parse("9007199254740991", &n), 0);
	assert_int_equal(wl_number_parse("9007199254740992", &n), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_wrap),    cmocka_unit_test(test_name),
	        cmocka_unit_test(test_list),    cmocka_unit_test(test_progress),
	        cmocka_unit_test(test_numbers),
	};
	wl_language_begin("en");
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(captured);
	return failed;
}
