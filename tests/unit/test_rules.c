/* The table of rules: form of the ids, order of the stages, sentences, and their rendering. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/finding.h"
#include "daemon/base/rules.h"

#define ID_MAX 40

static void ids_have_their_form_and_are_unique(void **state)
{
	regex_t form;

	(void)state;
	assert_int_equal(
	        regcomp(&form, "^[a-z]+\\.[a-z0-9]+(-[a-z0-9]+)*$", REG_EXTENDED | REG_NOSUB), 0);
	for (unsigned i = WL_RULE_NONE + 1; i < WL_RULE_MAX; i++) {
		const char *id = wl_rule_id((enum wl_rule)i);
		assert_int_equal(regexec(&form, id, 0, NULL, 0), 0);
		assert_true(strlen(id) <= ID_MAX);
		assert_int_equal(wl_rule_find(id), i); /* the first of that name is this one */
	}
	regfree(&form);
	assert_int_equal(wl_rule_find("no.such-rule"), WL_RULE_NONE);
	assert_int_equal(wl_rule_find(""), WL_RULE_NONE);
}

static void stages_ascend(void **state)
{
	int before = 0;

	(void)state;
	for (unsigned i = WL_RULE_NONE + 1; i < WL_RULE_MAX; i++) {
		int stage = wl_rule_row((enum wl_rule)i)->stage;
		assert_in_range(stage, 0, 15);
		if (stage == 0)
			continue;
		assert_true(stage >= before);
		before = stage;
	}
}

static bool in_area(const char *id, const char *area)
{
	return strncmp(id, area, strlen(area)) == 0;
}

/* INTERFACES 3: pass from pass.*, leave from leave.*, hold from transfer.*, all else refuses; the
 * stage of a rule is that of its area. */
static void verdicts_and_stages_follow_the_area(void **state)
{
	static const struct {
		const char *area;
		enum wl_verdict verdict;
		int stage;
	} areas[] = {
	        {"pass.", WL_PASS, 0},           {"leave.", WL_LEAVE, 0},
	        {"station.", WL_REFUSE, 1},      {"person.", WL_REFUSE, 2},
	        {"medium.", WL_REFUSE, 3},       {"volume.", WL_REFUSE, 4},
	        {"name.", WL_REFUSE, 5},         {"ticket.", WL_REFUSE, 6},
	        {"signature.", WL_REFUSE, 7},    {"update.", WL_REFUSE, 8},
	        {"archive.", WL_REFUSE, 9},      {"image.", WL_REFUSE, 10},
	        {"export.", WL_REFUSE, 11},      {"approval.", WL_REFUSE, 12},
	        {"destination.", WL_REFUSE, 13}, {"bag.", WL_REFUSE, 14},
	        {"transfer.", WL_HOLD, 15},      {"policy.", WL_REFUSE, 0},
	        {"visit.", WL_REFUSE, 2},
	};

	(void)state;
	for (unsigned i = WL_RULE_NONE + 1; i < WL_RULE_MAX; i++) {
		const struct wl_rule_row *row = wl_rule_row((enum wl_rule)i);
		size_t at = 0, n = sizeof(areas) / sizeof(areas[0]);
		while (at < n && !in_area(row->id, areas[at].area))
			at++;
		assert_true(at < n);
		assert_int_equal(row->verdict, areas[at].verdict);
		assert_int_equal(row->stage, areas[at].stage);
	}
}

/* Every {place} of a text is in the list at the head of rules.def. */
static void check_places(const char *text)
{
	static const char *const places[] = {"{file}",   "{detail}",   "{port}",     "{device}",
	                                     "{vendor}", "{ticket}",   "{transfer}", "{medium}",
	                                     "{person}", "{component}"};

	for (const char *at = strchr(text, '{'); at; at = strchr(at + 1, '{')) {
		bool known = false;
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
			known = known || strncmp(at, places[i], strlen(places[i])) == 0;
		if (!known)
			fail_msg("unknown place in: %s", text);
	}
}

static void every_rule_speaks(void **state)
{
	(void)state;
	for (unsigned i = WL_RULE_NONE + 1; i < WL_RULE_MAX; i++) {
		const struct wl_rule_row *row = wl_rule_row((enum wl_rule)i);
		size_t sentence = strlen(row->sentence), remedy = strlen(row->remedy);
		assert_true(sentence > 20 && row->sentence[sentence - 1] == '.');
		assert_true(remedy > 10 && row->remedy[remedy - 1] == '.');
		assert_in_range(row->whom, WL_WHOM_NOBODY, WL_WHOM_MAX - 1);
		if (row->verdict == WL_REFUSE || row->verdict == WL_HOLD)
			assert_int_not_equal(row->whom, WL_WHOM_NOBODY);
		check_places(row->sentence);
		check_places(row->remedy);
	}
}

static void nothing_has_an_empty_row(void **state)
{
	(void)state;
	assert_string_equal(wl_rule_id(WL_RULE_NONE), "");
	assert_string_equal(wl_rule_row(WL_RULE_MAX)->id, "");
	assert_string_equal(wl_verdict_name(WL_VERDICT_NONE), "");
	assert_string_equal(wl_verdict_name(WL_VERDICT_MAX), "");
	assert_string_equal(wl_verdict_name(WL_LEAVE), "leave");
}

static void places_are_filled(void **state)
{
	static const struct wl_rule_arg args[] = {{"file", "A.BIN"}, {"detail", "{port} at 7"}};
	static const struct {
		const char *text, *expected;
	} cases[] = {
	        {"", ""},
	        {"no place", "no place"},
	        {"{file}", "A.BIN"},
	        {"The file {file}: {detail}.", "The file A.BIN: {port} at 7."},
	        {"{port} is unknown", "\xe2\x80\xa6 is unknown"},
	        {"open { and {file", "open { and {file"},
	        {"{{file}}", "{A.BIN}"},
	        {"{}", "{}"},
	};
	char buf[100];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = wl_rule_render(cases[i].text, args, 2, buf, sizeof(buf));
		assert_string_equal(buf, cases[i].expected);
		assert_int_equal(n, strlen(cases[i].expected));
	}
	assert_int_equal(wl_rule_render("The file {file}", args, 2, buf, 10), 14);
	assert_string_equal(buf, "The file ");
	assert_int_equal(wl_rule_render("abc", NULL, 0, NULL, 0), 3);
}

static void a_finding_is_cut_to_its_room(void **state)
{
	struct wl_finding f;

	(void)state;
	/* a worker's detail may steer a terminal without any C0: CSI as U+009B, DEL, bidi */
	assert_int_equal(wl_refuse_claimed(&f, WL_RULE_VOLUME_NONE,
	                                   "\xC2\x9B"
	                                   "2J\x7F\xE2\x80\xAE \\x1B \xC3\xA9"),
	                 -EBADMSG);
	assert_int_equal(f.rule, WL_RULE_VOLUME_NONE);
	assert_string_equal(f.detail, "\\x9B2J\\x7F\\u{202E} \\x1B \xC3\xA9");
	assert_int_equal(wl_refuse(&f, WL_RULE_VOLUME_NONE, "%300s", "x"), -EBADMSG);
	assert_int_equal(f.rule, WL_RULE_VOLUME_NONE);
	assert_int_equal(strlen(f.detail), WL_DETAIL_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(ids_have_their_form_and_are_unique),
	        cmocka_unit_test(stages_ascend),
	        cmocka_unit_test(verdicts_and_stages_follow_the_area),
	        cmocka_unit_test(every_rule_speaks),
	        cmocka_unit_test(nothing_has_an_empty_row),
	        cmocka_unit_test(places_are_filled),
	        cmocka_unit_test(a_finding_is_cut_to_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
