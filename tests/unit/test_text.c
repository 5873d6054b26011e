/* Text from outside: UTF-8, the escapes, times, sizes, base64, hexadecimal. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/sha256.h"
#include "daemon/base/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void utf8_is_strict(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		bool valid;
	} cases[] = {
	        {"", 0, true},
	        {"\x7F", 1, true},
	        {"\x00", 1, true},
	        {"\xC2\x80", 2, true},
	        {"\xC1\xBF", 2, false},     /* overlong */
	        {"\xE0\x9F\xBF", 3, false}, /* overlong */
	        {"\xE0\xA0\x80", 3, true},
	        {"\xED\x9F\xBF", 3, true},
	        {"\xED\xA0\x80", 3, false}, /* surrogate */
	        {"\xED\xBF\xBF", 3, false},
	        {"\xEE\x80\x80", 3, true},
	        {"\xF0\x8F\xBF\xBF", 4, false}, /* overlong */
	        {"\xF0\x90\x80\x80", 4, true},
	        {"\xF4\x8F\xBF\xBF", 4, true},
	        {"\xF4\x90\x80\x80", 4, false}, /* beyond U+10FFFF */
	        {"\xF8\x88\x80\x80\x80", 5, false},
	        {"\xFF", 1, false},
	        {"\xC3", 1, false},
	        {"\xC3\x28", 2, false},
	        {"a\xE2\x82", 3, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(wl_utf8_is_valid(cases[i].text, cases[i].n), cases[i].valid);
}

/* Every code point there is, encoded by hand, comes back; every surrogate does not. */
static void every_code_point_comes_back(void **state)
{
	(void)state;
	for (uint32_t cp = 0; cp <= 0x110000; cp++) {
		uint8_t b[4];
		size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4, pos = 0;
		static const uint8_t first[] = {0, 0, 0xC0, 0xE0, 0xF0};
		uint32_t left = cp, back = 0;
		for (size_t i = n - 1; i > 0; i--, left >>= 6)
			b[i] = (uint8_t)(0x80 | (left & 0x3F));
		b[0] = (uint8_t)(first[n] | left);
		bool good = cp <= 0x10FFFF && !(cp >= 0xD800 && cp <= 0xDFFF);
		int r = wl_utf8_next(b, n, &pos, &back);
		if (good ? r != 0 || back != cp || pos != n : r != -EILSEQ || pos != 0)
			fail_msg("U+%04X", cp);
	}
}

static void paths_are_escaped_to_one_spelling(void **state)
{
	static const struct {
		const char *raw;
		size_t n;
		const char *escaped;
	} cases[] = {
	        {"", 0, ""},
	        {"UPDATE/App 1.2_(a)+,=@-x.bin", 28, "UPDATE/App 1.2_(a)+,=@-x.bin"},
	        {"50%", 3, "50%25"},
	        {"\xC3\xA9t\xC3\xA9", 5, "%C3%A9t%C3%A9"},
	        {"a\0b\n", 4, "a%00b%0A"},
	        {"\\:*?\"<>|", 8, "%5C%3A%2A%3F%22%3C%3E%7C"},
	        {"~#&'!;[]{}^`$", 13, "%7E%23%26%27%21%3B%5B%5D%7B%7D%5E%60%24"},
	};
	char buf[200];
	uint8_t back[100];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t need = strlen(cases[i].escaped) + 1;
		assert_int_equal(wl_path_escape(cases[i].raw, cases[i].n, buf, need), 0);
		assert_string_equal(buf, cases[i].escaped);
		assert_int_equal(wl_path_escape(cases[i].raw, cases[i].n, buf, need - 1),
		                 -ENAMETOOLONG);
		assert_int_equal(wl_path_unescape(cases[i].escaped, back, sizeof(back), &n), 0);
		assert_int_equal(n, cases[i].n);
		assert_memory_equal(back, cases[i].raw, n);
	}
}

static void other_spellings_of_paths_are_refused(void **state)
{
	static const char *const bad[] = {"%",   "%4",       "%41", "%c3%a9",
	                                  "%zz", "\xC3\xA9", "a:b", "%2F"};
	uint8_t back[100];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(wl_path_unescape(bad[i], back, sizeof(back), &n), -EINVAL);
	assert_int_equal(wl_path_unescape("abcd", back, 3, &n), -ENAMETOOLONG);
	assert_int_equal(wl_path_unescape("abc", back, 3, &n), 0);
}

static void every_byte_of_a_path_comes_back(void **state)
{
	uint8_t raw[256], back[256];
	char buf[3 * 256 + 1];
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < 256; i++)
		raw[i] = (uint8_t)i;
	assert_int_equal(wl_path_escape(raw, sizeof(raw), buf, sizeof(buf)), 0);
	assert_int_equal(wl_path_unescape(buf, back, sizeof(back), &n), 0);
	assert_int_equal(n, sizeof(raw));
	assert_memory_equal(raw, back, n);
}

static void screens_are_not_steered(void **state)
{
	static const struct {
		const char *raw, *shown;
	} cases[] = {
	        {"plain \xC3\xA9t\xC3\xA9", "plain \xC3\xA9t\xC3\xA9"},
	        {"\x1B[2J", "\\x1B[2J"},
	        {"a\nb\x7F", "a\\x0Ab\\x7F"},
	        {"\xC2\x9B", "\\x9B"},                         /* C1: CSI */
	        {"x\xE2\x80\xAEgpj.exe", "x\\u{202E}gpj.exe"}, /* right-to-left override */
	        {"\xE2\x81\xA6", "\\u{2066}"},
	        {"a\xE2\x80\x8B"
	         "b",
	         "a\\u{200B}b"},
	        {"\xEF\xBB\xBF", "\\u{FEFF}"},
	        {"\xE2\x80\xA8", "\\u{2028}"},
	        {"\xF3\xA0\x81\x81", "\\u{E0041}"}, /* tag letter */
	        {"\xFF\xC3", "\\xFF\\xC3"},
	        {"\xD7\xA9", "\xD7\xA9"}, /* a letter of a right-to-left script stays */
	};
	char buf[100];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		wl_text_escape(cases[i].raw, strlen(cases[i].raw), buf, sizeof(buf));
		assert_string_equal(buf, cases[i].shown);
	}
}

static void long_text_is_cut_at_a_character(void **state)
{
	char buf[8];

	(void)state;
	wl_text_escape("1234567", 7, buf, sizeof(buf));
	assert_string_equal(buf, "1234567");
	wl_text_escape("12345678", 8, buf, sizeof(buf));
	assert_string_equal(buf, "1234\xE2\x80\xA6");
	wl_text_escape("123\xC3\xA9xyz", 8, buf, sizeof(buf));
	assert_string_equal(buf, "123\xE2\x80\xA6");
	wl_text_escape("\x01\x02", 2, buf, 3);
	assert_string_equal(buf, "");
	wl_text_escape("abc", 3, buf, 1);
	assert_string_equal(buf, "");
	for (size_t size = 1; size <= sizeof(buf); size++) {
		wl_text_escape("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 10, buf, size);
		assert_true(strlen(buf) < size);
		assert_true(wl_utf8_is_valid(buf, strlen(buf)));
	}
}

static void times_have_one_form(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = {
	        {"1970-01-01T00:00:00Z", 0},
	        {"2026-11-23T02:53:34Z", 1795402414},
	        {"2000-02-29T23:59:59Z", 951868799},
	        {"1969-12-31T23:59:59Z", -1},
	        {"0000-01-01T00:00:00Z", -62167219200},
	        {"9999-12-31T23:59:59Z", 253402300799},
	        {"2038-01-19T03:14:08Z", 2147483648},
	        {"2100-03-01T00:00:00Z", 4107542400},
	};
	char buf[WL_TIME_TEXT];
	int64_t back = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		wl_time_format(cases[i].seconds, buf);
		assert_string_equal(buf, cases[i].text);
		assert_int_equal(wl_time_parse(cases[i].text, &back), 0);
		assert_int_equal(back, cases[i].seconds);
	}
	wl_time_format(INT64_MAX, buf);
	assert_string_equal(buf, "9999-12-31T23:59:59Z");
	wl_time_format(INT64_MIN, buf);
	assert_string_equal(buf, "0000-01-01T00:00:00Z");
}

static void other_forms_of_times_are_refused(void **state)
{
	static const char *const bad[] = {
	        "",
	        "2026-11-23",
	        "2026-11-23T02:53:34",
	        "2026-11-23t02:53:34z",
	        "2026-11-23T02:53:34+00:00",
	        "2026-11-23T02:53:34Z ",
	        "2026-13-01T00:00:00Z",
	        "2026-00-01T00:00:00Z",
	        "2026-02-29T00:00:00Z",
	        "2100-02-29T00:00:00Z",
	        "2026-04-31T00:00:00Z",
	        "2026-01-00T00:00:00Z",
	        "2026-01-01T24:00:00Z",
	        "2026-01-01T00:60:00Z",
	        "2016-12-31T23:59:60Z",
	        "+026-01-01T00:00:00Z",
	};
	int64_t s = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(wl_time_parse(bad[i], &s), -EINVAL);
}

/* The C library's calendar agrees, day by day over 800 years. */
static void the_calendar_agrees_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t day = -146097; day <= 146097; day += 7) {
		time_t t = (time_t)(day * 86400 + 3661);
		struct tm tm;
		char expected[40], buf[WL_TIME_TEXT];
		assert_non_null(gmtime_r(&t, &tm));
		assert_true(strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
		wl_time_format((int64_t)t, buf);
		assert_string_equal(buf, expected);
	}
}

static void sizes_are_as_on_a_label(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *shown;
	} cases[] = {
	        {0, "0 B"},
	        {999, "999 B"},
	        {1000, "1.0 kB"},
	        {1049, "1.0 kB"},
	        {1050, "1.1 kB"},
	        {58400000, "58.4 MB"},
	        {67108864, "67.1 MB"},
	        {999900, "1.0 MB"},
	        {16008609792, "16.0 GB"},
	        {128000000000, "128 GB"},
	        {2000398934016, "2.0 TB"},
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		wl_size_format(cases[i].bytes, buf, sizeof(buf));
		assert_string_equal(buf, cases[i].shown);
	}
	wl_size_format(UINT64_MAX, buf, sizeof(buf));
	assert_string_equal(buf, "18.4 EB");
	char two[64];
	wl_size_format_less(61200000000, 64000000000, two, sizeof(two));
	assert_string_equal(two, "61.2 GB < 64.0 GB");
	wl_size_format_less(4294967296, 4301234567, two, sizeof(two)); /* both 4.3 GB */
	assert_string_equal(two, "4294967296 B < 4301234567 B");
}

static void base64_has_one_spelling(void **state)
{
	static const struct {
		const char *raw, *text;
	} cases[] = {
	        /* RFC 4648 section 10 */
	        {"", ""},
	        {"f", "Zg=="},
	        {"fo", "Zm8="},
	        {"foo", "Zm9v"},
	        {"foob", "Zm9vYg=="},
	        {"fooba", "Zm9vYmE="},
	        {"foobar", "Zm9vYmFy"},
	};
	static const char *const bad[] = {
	        "Z",    "Zg",   "Zg=",      "Zh==", "Zm9=", "Zm 9v",   "Zm9v\n",
	        "Zm-v", "====", "Zg==Zg==", "=Zg=", "Z===", "Zm9v===="};
	char buf[32];
	uint8_t back[32];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t raw = strlen(cases[i].raw), text = strlen(cases[i].text);
		wl_base64_encode(cases[i].raw, raw, buf);
		assert_string_equal(buf, cases[i].text);
		assert_int_equal(wl_base64_decode(cases[i].text, text, back, raw, &n), 0);
		assert_int_equal(n, raw);
		assert_memory_equal(back, cases[i].raw, raw);
		if (raw > 0)
			assert_int_equal(wl_base64_decode(cases[i].text, text, back, raw - 1, &n),
			                 -EMSGSIZE);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(wl_base64_decode(bad[i], strlen(bad[i]), back, sizeof(back), &n),
		                 -EINVAL);
}

static void hexadecimal_is_lower_case(void **state)
{
	uint8_t back[2];
	char buf[5], digest[65];

	(void)state;
	wl_hex_encode((const uint8_t *)"\x0F\xA5", 2, buf);
	assert_string_equal(buf, "0fa5");
	assert_int_equal(wl_hex_decode("0fa5", back, 2), 0);
	assert_memory_equal(back, "\x0F\xA5", 2);
	assert_int_equal(wl_hex_decode("0FA5", back, 2), -EINVAL);
	assert_int_equal(wl_hex_decode("0fa", back, 2), -EINVAL);
	assert_int_equal(wl_hex_decode("0fa55", back, 2), -EINVAL);
	memset(digest, 'a', 64);
	digest[64] = 0;
	assert_true(wl_hex_is_sha256(digest));
	digest[10] = 'g';
	assert_false(wl_hex_is_sha256(digest));
	assert_false(wl_hex_is_sha256("aa"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(utf8_is_strict),
	        cmocka_unit_test(every_code_point_comes_back),
	        cmocka_unit_test(paths_are_escaped_to_one_spelling),
	        cmocka_unit_test(other_spellings_of_paths_are_refused),
	        cmocka_unit_test(every_byte_of_a_path_comes_back),
	        cmocka_unit_test(screens_are_not_steered),
	        cmocka_unit_test(long_text_is_cut_at_a_character),
	        cmocka_unit_test(times_have_one_form),
	        cmocka_unit_test(other_forms_of_times_are_refused),
	        cmocka_unit_test(the_calendar_agrees_with_the_c_library),
	        cmocka_unit_test(sizes_are_as_on_a_label),
	        cmocka_unit_test(base64_has_one_spelling),
	        cmocka_unit_test(hexadecimal_is_lower_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
