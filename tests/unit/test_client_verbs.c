/* The table of verbs: every row is whole, no two answer to the same words, none does without help.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/verb.h"

static void test_rows(void **state)
{
	(void)state;
	enum wl_group group = WL_GROUP_FIRST;
	for (const struct wl_verb *v = wl_verbs; v->name; v++) {
		char synopsis[1024];
		assert_non_null(v->french);
		assert_non_null(v->run);
		assert_true(strlen(v->help) > 5);
		assert_true(v->help[strlen(v->help) - 1] != '.');
		assert_true(v->who != 0);
		assert_true(v->group >= group && v->group < WL_GROUP_MAX);
		group = v->group;
		for (const struct wl_option *o = v->options; o->name; o++) {
			assert_true(strlen(o->help) > 2);
			/* an option of its own must not hide a common one */
			for (const struct wl_option *c = wl_common_options; c->name; c++)
				assert_string_not_equal(o->name, c->name);
			if (o->flags & WL_OPT_NEEDED)
				assert_non_null(o->value);
		}
		wl_verb_synopsis(v, synopsis, sizeof(synopsis));
		assert_true(strlen(synopsis) < sizeof(synopsis) - 1);
	}
}

static void test_no_two_alike(void **state)
{
	(void)state;
	for (const struct wl_verb *v = wl_verbs; v->name; v++) {
		for (const struct wl_verb *w = v + 1; w->name; w++) {
			if (!strcmp(v->name, w->name)) {
				/* two words, of one French name */
				assert_string_equal(v->french, w->french);
				assert_string_not_equal(v->action, w->action);
			} else {
				assert_string_not_equal(v->french, w->name);
				assert_string_not_equal(v->french, w->french);
			}
		}
	}
}

static void test_find(void **state)
{
	size_t words;
	bool known;

	(void)state;
	const struct wl_verb *v = wl_verb_find("recevoir", NULL, &words, &known);
	assert_non_null(v);
	assert_string_equal(v->name, "receive");
	assert_int_equal(words, 1);
	v = wl_verb_find("autorisation", "list", &words, &known);
	assert_non_null(v);
	assert_string_equal(v->action, "list");
	assert_int_equal(words, 2);
	assert_null(wl_verb_find("ticket", NULL, &words, &known));
	assert_true(known);
	assert_null(wl_verb_find("ticket", "eat", &words, &known));
	assert_true(known);
	v = wl_verb_find("exporter", NULL, &words, &known);
	assert_non_null(v);
	assert_string_equal(v->name, "export");
	assert_null(wl_verb_find("eat", NULL, &words, &known));
	assert_false(known);
}

static void test_nearest(void **state)
{
	(void)state;
	assert_string_equal(wl_verb_nearest("recieve"), "receive");
	assert_string_equal(wl_verb_nearest("approve"), "approve");
	assert_null(wl_verb_nearest("xyzzy"));
}

static void test_who(void **state)
{
	(void)state;
	for (unsigned bit = 1; bit <= WL_WHO_DEVELOPER; bit <<= 1) {
		assert_non_null(wl_who_name(bit));
		assert_int_equal(wl_who_find(wl_who_name(bit)), bit);
	}
	assert_int_equal(wl_who_find("nobody"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_rows), cmocka_unit_test(test_no_two_alike),
	        cmocka_unit_test(test_find), cmocka_unit_test(test_nearest),
	        cmocka_unit_test(test_who),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
