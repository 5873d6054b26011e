/* The parser of options: what it takes, what it refuses and with which word. No process, no file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/options.h"
#include "daemon/base/cleanup.h"

static const struct wl_option common[] = {{"json", 0, NULL, 0, ""}, {NULL, 0, NULL, 0, NULL}};
static const struct wl_option own[] = {
        {"output", 'o', "F", WL_OPT_NEEDED, ""},
        {"accept", 0, "RULE", WL_OPT_REPEAT, ""},
        {"all", 'a', NULL, 0, ""},
        {NULL, 0, NULL, 0, NULL},
};
static const struct wl_operand operands[] = {
        {"N", true, false, ""}, {"PATH", false, true, ""}, {NULL, false, false, NULL}};
static const struct wl_operand one_operand[] = {{"N", true, false, ""}, {NULL, false, false, NULL}};

#define WORDS_MAX 6

static void test_faults(void **state)
{
	static const struct {
		const char *words[WORDS_MAX];
		enum wl_args_fault fault;
		const char *word;
	} cases[] = {
	        {{"42", "-o", "x", NULL}, WL_ARGS_OK, NULL},
	        {{"--output=x", "--json", "42", NULL}, WL_ARGS_OK, NULL},
	        {{"-ox", "42", NULL}, WL_ARGS_OK, NULL},
	        {{"--outpu", "x", NULL}, WL_ARGS_UNKNOWN, "--outpu"},
	        {{"-z", NULL}, WL_ARGS_UNKNOWN, "-z"},
	        {{"--output", NULL}, WL_ARGS_VALUE, "--output"},
	        {{"--all=yes", NULL}, WL_ARGS_VALUE, "--all=yes"},
	        {{"--output", "x", "--output", "y", NULL}, WL_ARGS_TWICE, "--output"},
	        {{"--accept", "x", "--accept", "y", NULL}, WL_ARGS_OK, NULL},
	        {{"--all", "--all", NULL}, WL_ARGS_OK, NULL},
	        {{"1", "2", NULL}, WL_ARGS_SURPLUS, "2"},
	        {{"--", "--all", NULL}, WL_ARGS_OK, NULL},
	        {{"-", NULL}, WL_ARGS_OK, NULL},
	};
	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		char text[WORDS_MAX][32];
		char *argv[WORDS_MAX];
		int argc = 0;
		struct wl_args *a = NULL;
		const char *word = NULL;
		for (; cases[i].words[argc]; argc++) {
			(void)snprintf(text[argc], sizeof(text[argc]), "%s", cases[i].words[argc]);
			argv[argc] = text[argc];
		}
		assert_int_equal(wl_args_read(argc, argv, common, own, one_operand, &a, &word),
		                 cases[i].fault);
		if (cases[i].word && cases[i].fault != WL_ARGS_VALUE)
			assert_string_equal(word, cases[i].word);
		wl_args_free(a);
	}
}

static void test_values(void **state)
{
	char w[][16] = {"--accept", "a.b", "7", "--accept=c.d", "p1", "-o", "out", "p2"};
	char *argv[WL_ARRAY_LEN(w)];
	struct wl_args *a = NULL;
	const char *word;

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(w); i++)
		argv[i] = w[i];
	assert_int_equal(wl_args_read((int)WL_ARRAY_LEN(w), argv, common, own, operands, &a, &word),
	                 WL_ARGS_OK);
	assert_string_equal(wl_args_nth(a, "accept", 0), "a.b");
	assert_string_equal(wl_args_nth(a, "accept", 1), "c.d");
	assert_null(wl_args_nth(a, "accept", 2));
	assert_string_equal(wl_args_value(a, "accept"), "c.d");
	assert_string_equal(wl_args_value(a, "output"), "out");
	assert_false(wl_args_given(a, "all"));
	assert_int_equal(wl_args_operands(a), 3);
	assert_string_equal(wl_args_operand(a, 2), "p2");
	assert_null(wl_args_operand(a, 3));
	wl_args_free(a);
}

static void test_missing(void **state)
{
	struct wl_args *a = NULL;
	const char *word;
	char text[64];

	(void)state;
	assert_int_equal(wl_args_read(0, NULL, common, own, operands, &a, &word), WL_ARGS_OK);
	assert_true(wl_args_missing(a, 0, text, sizeof(text)));
	assert_string_equal(text, "N");
	assert_true(wl_args_missing(a, 1, text, sizeof(text)));
	assert_string_equal(text, "--output F");
	assert_false(wl_args_missing(a, 2, text, sizeof(text)));
	wl_args_free(a);
}

static void test_synopsis(void **state)
{
	static const char *const expected[] = {"-o F", "[--accept RULE]...", "[-a]"};
	char text[64];

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(expected); i++) {
		wl_option_synopsis(&own[i], text, sizeof(text));
		assert_string_equal(text, expected[i]);
	}
	wl_operand_synopsis(&operands[1], text, sizeof(text));
	assert_string_equal(text, "[PATH]...");
}

static void test_distance(void **state)
{
	(void)state;
	assert_int_equal(wl_word_distance("status", "status"), 0);
	assert_int_equal(wl_word_distance("stauts", "status"), 1); /* two letters swapped */
	assert_int_equal(wl_word_distance("stats", "status"), 1);
	assert_int_equal(wl_word_distance("", "abc"), 3);
	assert_true(wl_word_distance("status",
	                             "this-word-is-much-longer-than-any-verb-could-ever-be") > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_faults),   cmocka_unit_test(test_values),
	        cmocka_unit_test(test_missing),  cmocka_unit_test(test_synopsis),
	        cmocka_unit_test(test_distance),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
