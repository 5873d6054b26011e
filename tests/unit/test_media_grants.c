/* Grants: taken once, used once, not for long. Pure; the time is given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/base/cleanup.h"
#include "udev/grants.h"

#define BOOT "0123456789abcdef0123456789abcdef"

static const struct wl_grant good = {.kind = "release",
                                     .intent = "STN3#81",
                                     .port = "b1",
                                     .diskseq = 12,
                                     .insertion = "STN3-I000312",
                                     .boot = BOOT};

static int add(struct wl_grants *t, const struct wl_grant *g, int64_t now_s, enum wl_rule *ret)
{
	struct wl_finding finding = {.rule = WL_RULE_NONE};
	int r = wl_grants_add(t, g, now_s, &finding);

	*ret = finding.rule;
	return r;
}

static int find(struct wl_grants *t, const char *intent, int64_t now_s, enum wl_rule *ret)
{
	struct wl_finding finding = {.rule = WL_RULE_NONE};
	struct wl_grant g;
	int r = wl_grants_find(t, intent, now_s, &g, &finding);

	*ret = finding.rule;
	if (r == 0)
		assert_string_equal(g.intent, intent);
	return r;
}

static void test_used_once(void **state)
{
	struct wl_grants t = {.boot = BOOT};
	enum wl_rule rule;

	(void)state;
	assert_int_equal(find(&t, "STN3#81", 0, &rule), -EBADMSG);
	assert_int_equal(rule, WL_RULE_STATION_NO_GRANT);
	assert_int_equal(add(&t, &good, 1000, &rule), 0);
	assert_int_equal(find(&t, "STN3#81", 1000, &rule), 0);
	assert_int_equal(find(&t, "STN3#81", 1000, &rule), 0); /* looking does not use it up */
	wl_grants_spend(&t, "STN3#81");
	assert_int_equal(find(&t, "STN3#81", 1000, &rule), -EBADMSG);
	assert_int_equal(rule, WL_RULE_STATION_NO_GRANT);
	assert_int_equal(add(&t, &good, 1000, &rule), -EBADMSG);
	assert_int_equal(rule, WL_RULE_STATION_NO_GRANT);
	wl_grants_spend(&t, "STN3#82"); /* never there: nothing happens */
	assert_int_equal(t.n, 0);
}

/* WL_GRANT_SECONDS_MAX and one more */
static void test_not_for_long(void **state)
{
	struct wl_grants t = {.boot = BOOT};
	enum wl_rule rule;

	(void)state;
	assert_int_equal(add(&t, &good, 1000, &rule), 0);
	assert_int_equal(add(&t, &good, 1000 + 60, &rule), 0); /* again: prolongs nothing */
	assert_int_equal(t.n, 1);
	assert_int_equal(find(&t, "STN3#81", 1000 + (int64_t)WL_GRANT_SECONDS_MAX, &rule), 0);
	assert_int_equal(find(&t, "STN3#81", 1001 + (int64_t)WL_GRANT_SECONDS_MAX, &rule),
	                 -EBADMSG);
	assert_int_equal(rule, WL_RULE_STATION_NO_GRANT);
}

/* WL_GRANTS_MAX and one more; what is out of date makes room. */
static void test_number_of_grants(void **state)
{
	struct wl_grants t = {.boot = BOOT};
	struct wl_grant g = good;
	enum wl_rule rule;

	(void)state;
	for (unsigned i = 0; i <= WL_GRANTS_MAX; i++) {
		(void)snprintf(g.intent, sizeof(g.intent), "STN3#%u", 100 + i);
		assert_int_equal(add(&t, &g, 1000, &rule), i < WL_GRANTS_MAX ? 0 : -EBADMSG);
	}
	assert_int_equal(rule, WL_RULE_STATION_BUSY);
	assert_int_equal(add(&t, &g, 1001 + (int64_t)WL_GRANT_SECONDS_MAX, &rule), 0);
	assert_int_equal(t.n, 1);
}

static void test_words(void **state)
{
	struct wl_grant cases[7];

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++)
		cases[i] = good;
	(void)snprintf(cases[0].kind, sizeof(cases[0].kind), "copy");
	(void)snprintf(cases[1].intent, sizeof(cases[1].intent), "81");
	(void)snprintf(cases[2].port, sizeof(cases[2].port), "B1");
	(void)snprintf(cases[3].insertion, sizeof(cases[3].insertion), "STN3-T000312");
	cases[4].boot[31] = '0';
	cases[5].boot[0] = '\0';
	cases[6].kind[0] = '\0';
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		struct wl_grants t = {.boot = BOOT};
		enum wl_rule rule;
		assert_int_equal(add(&t, &cases[i], 1000, &rule), -EBADMSG);
		assert_int_equal(rule, WL_RULE_STATION_NO_GRANT);
		assert_int_equal(t.n, 0);
	}
}

static void test_one_intent_one_grant(void **state)
{
	struct wl_grants t = {.boot = BOOT};
	struct wl_grant other = good;
	enum wl_rule rule;

	(void)state;
	assert_int_equal(add(&t, &good, 1000, &rule), 0);
	other.diskseq++;
	assert_int_equal(add(&t, &other, 1000, &rule), -EBADMSG);
	assert_int_equal(rule, WL_RULE_STATION_NO_GRANT);
	other = good;
	(void)snprintf(other.kind, sizeof(other.kind), "wipe");
	assert_int_equal(add(&t, &other, 1000, &rule), -EBADMSG);
	assert_int_equal(t.grant[0].diskseq, 12);
}

/* What was not used dies with the insertion it was for, and nobody can grant it again. */
static void test_dies_with_its_medium(void **state)
{
	struct wl_grants t = {.boot = BOOT};
	struct wl_grant other = good;
	enum wl_rule rule;

	(void)state;
	(void)snprintf(other.intent, sizeof(other.intent), "STN3#82");
	other.diskseq++;
	assert_int_equal(add(&t, &good, 1000, &rule), 0);
	assert_int_equal(add(&t, &other, 1000, &rule), 0);
	wl_grants_medium_gone(&t, good.diskseq);
	assert_int_equal(find(&t, "STN3#81", 1000, &rule), -EBADMSG);
	assert_int_equal(rule, WL_RULE_STATION_NO_GRANT);
	assert_int_equal(add(&t, &good, 1000, &rule), -EBADMSG);
	assert_int_equal(find(&t, "STN3#82", 1000, &rule), 0);
}

/* The ledger's key was changed and entries are counted from 0 again; a stay of a medium never is.
 */
static void test_another_ledger(void **state)
{
	struct wl_grants t = {.boot = BOOT};
	struct wl_grant later = good;
	enum wl_rule rule;

	(void)state;
	assert_int_equal(add(&t, &good, 100, &rule), 0);
	wl_grants_spend(&t, good.intent);
	(void)snprintf(later.insertion, sizeof(later.insertion), "STN3-I000313");
	later.diskseq++;
	assert_int_equal(add(&t, &good, 101, &rule), -EBADMSG);
	assert_int_equal(rule, WL_RULE_STATION_NO_GRANT);
	assert_int_equal(add(&t, &later, 101, &rule), 0);
	assert_int_equal(find(&t, later.intent, 101, &rule), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_used_once),
	        cmocka_unit_test(test_not_for_long),
	        cmocka_unit_test(test_number_of_grants),
	        cmocka_unit_test(test_words),
	        cmocka_unit_test(test_one_intent_one_grant),
	        cmocka_unit_test(test_dies_with_its_medium),
	        cmocka_unit_test(test_another_ledger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
