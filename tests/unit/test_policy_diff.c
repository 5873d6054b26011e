/* What two policies say otherwise, and a policy's text under another version. */
#include "tests/unit/policy_help.h"

#include <errno.h>

#include "daemon/base/cleanup.h"
#include "policy/diff.h"
#include "policy/explain.h"

static char said[4000];

static int note(void *user, const struct wl_policy_change *c)
{
	size_t used = strlen(said);

	(void)user;
	(void)snprintf(said + used, sizeof(said) - used, "%c %s|%s|%s|%u\n", "?+-~"[c->kind],
	               c -> key, c -> before, c -> after, c -> line);
	return 0;
}

/* What is told of two texts. */
static const char *diff(const char *a, const char *b)
{
	struct wl_policy_errors errors = {0};
	bool second = false;

	said[0] = 0;
	assert_int_equal(wl_policy_diff(a, strlen(a), b, strlen(b), note, NULL, &errors, &second),
	                 0);
	return said;
}

static void tells_key_by_key(void **state)
{
	(void)state;
	assert_string_equal(diff("version: 6\npeople: {a: {roles: [technician]}}\n",
	                         "version: 7\npeople: {a: {roles: [technician, approver]}}\n"),
	                    "~ version|6|7|1\n+ people.a.roles||approver|2\n");
	assert_string_equal(diff("a: {x: 1, y: 2}\n", "a: {y: 2}\nb: {k: [1, {v: w}]}\n"),
	                    "- a.x|1||1\n+ b||{k: [1, {v: w}]}|2\n");
	assert_string_equal(diff("a: [x, y]\n", "a: [z]\n"), "- a|x||1\n- a|y||1\n+ a||z|1\n");
	assert_string_equal(diff("a: [x]\n", "a: {x: 1}\n"), "~ a|[x]|{x: 1}|1\n");
	/* an element that is said twice, and an order, are differences too */
	assert_string_equal(diff("a: [x, y]\n", "a: [y, x]\n"), "~ a|[x, y]|[y, x]|1\n");
	assert_string_equal(diff("a: [x]\n", "a: [x, x]\n"), "~ a|[x]|[x, x]|1\n");
}

static void layout_does_not_count(void **state)
{
	(void)state;
	assert_string_equal(diff("a: {x: 1, y: [p, q]}\nb: c\n",
	                         "# words\nb: \"c\"\na:\n  y:\n    - p\n    - q\n  x: 1\n"),
	                    "");
}

static int stop(void *user, const struct wl_policy_change *c)
{
	(void)c;
	++*(int *)user;
	return -EINTR;
}

static void stops_where_told(void **state)
{
	struct wl_policy_errors errors = {0};
	bool second = false;
	int calls = 0;

	(void)state;
	assert_int_equal(wl_policy_diff("a: 1\nb: 1\n", 10, "a: 2\nb: 2\n", 10, stop, &calls,
	                                &errors, &second),
	                 -EINTR);
	assert_int_equal(calls, 1);
}

static void says_which_is_none(void **state)
{
	struct wl_policy_errors errors = {0};
	bool second = false;

	(void)state;
	assert_int_equal(wl_policy_diff("a: 1\n", 5, "a: *b\n", 6, note, NULL, &errors, &second),
	                 -EBADMSG);
	assert_true(second && errors.n == 1);
	assert_string_equal(wl_rule_id(errors.v[0].rule), "policy.syntax");
	assert_int_equal(wl_policy_diff("a: [\n", 5, "a: 1\n", 5, note, NULL, &errors, &second),
	                 -EBADMSG);
	assert_false(second);
}

/* The golden policy under another number: nothing else changes, and it reads as a policy. */
static void reissues(void **state)
{
	static const uint64_t versions[] = {1, 8, 999999999};
	size_t n = 0;
	WL_AUTO_FREE char *text = help_read("policy_golden.yaml", &n);

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(versions); i++) {
		WL_AUTO_FREE char *again = NULL;
		WL_CLEANUP(wl_policy_cleanup) struct wl_policy *p = NULL;
		struct wl_policy_errors errors = {0};
		char line[80];
		size_t m = 0;
		assert_int_equal(wl_policy_reissue(text, n, versions[i], &again, &m, &errors), 0);
		assert_int_equal(strlen(again), m);
		assert_int_equal(wl_policy_read(again, m, &p, &errors), 0);
		assert_int_equal(p->version, versions[i]);
		(void)snprintf(line, sizeof(line), "~ version|");
		assert_int_equal(strncmp(diff(text, again), line, strlen(line)), 0);
		assert_null(strchr(strchr(said, '\n') + 1, '\n'));
	}
}

static void reissues_nothing_else(void **state)
{
	static const struct {
		const char *text;
		int r;
	} rows[] = {
	        {"version: \"6\"\n", -EINVAL},
	        {"a: {version: 6}\n", -EINVAL},
	        {"version: [6]\n", -EINVAL},
	        {"- version\n", -EBADMSG},
	        {"version: six\n", -EINVAL},
	        {"version: 6: 7\n", -EBADMSG},
	        {"\xC3\xA9: 1\nversion: 6\n", 0},
	        {"{\xC3\xA9: 1, version: 6}\n", -EINVAL},
	        {"version: 6", 0},
	};

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++) {
		WL_AUTO_FREE char *out = NULL;
		struct wl_policy_errors errors = {0};
		size_t n = 0;
		int r = wl_policy_reissue(rows[i].text, strlen(rows[i].text), 12, &out, &n,
		                          &errors);
		if (r != rows[i].r)
			fail_msg("%s: %d", rows[i].text, r);
		if (r == 0)
			assert_non_null(strstr(out, "version: 12"));
	}
}

static int note_said(void *user, const struct wl_policy_said *s)
{
	size_t used = strlen(said);

	(void)user;
	(void)snprintf(said + used, sizeof(said) - used, "%c %s=%s@%u\n", "?oun*"[s->part],
	               s -> key, s -> value, s -> line);
	return 0;
}

static const char explained[] = "people:\n"
                                "  p: {roles: [approver]}\n"
                                "trust:\n"
                                "  t: {role: vendor, person: p}\n"
                                "vendors:\n"
                                "  v: {anchors: [t, gone]}\n"
                                "devices:\n"
                                "  d: {vendor: v, model: v}\n"
                                "outbound: {recipients: [t]}\n"
                                "approvals: {valid: 8 h}\n"
                                "conflicts: [[a, p]]\n";

static int explain(const char *word, const char **kind, char nearest[64])
{
	struct wl_policy_errors errors = {0};

	said[0] = 0;
	return wl_policy_explain(explained, sizeof(explained) - 1, word, note_said, NULL, kind,
	                         nearest, &errors);
}

/* What a name refers to is followed as far as it goes, and where it stands is found. */
static void explains(void **state)
{
	const char *kind = "";
	char nearest[64];

	(void)state;
	assert_int_equal(explain("d", &kind, nearest), 0);
	assert_string_equal(kind, "devices");
	assert_string_equal(said, "o devices.d.vendor=v@8\no devices.d.model=v@8\n"
	                          "u vendors.v.anchors=[t, gone]@6\n"
	                          "u trust.t.role=vendor@4\nu trust.t.person=p@4\n"
	                          "u people.p.roles=[approver]@2\n"
	                          "* outbound.recipients=[t]@9\n* approvals.valid=8 h@10\n");
	assert_int_equal(explain("t", &kind, nearest), 0);
	assert_string_equal(kind, "trust");
	assert_string_equal(said, "o trust.t.role=vendor@4\no trust.t.person=p@4\n"
	                          "u people.p.roles=[approver]@2\n"
	                          "n vendors.v.anchors=[t, gone]@6\nn outbound.recipients=[t]@9\n");
	assert_int_equal(explain("p", &kind, nearest), 0);
	assert_string_equal(said, "o people.p.roles=[approver]@2\nn trust.t.person=p@4\n"
	                          "n conflicts=[[a, p]]@11\n* conflicts=[[a, p]]@11\n"
	                          "* approvals.valid=8 h@10\n");
	assert_int_equal(explain("zzz", &kind, nearest), -ENOENT);
	assert_string_equal(said, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(tells_key_by_key), cmocka_unit_test(layout_does_not_count),
	        cmocka_unit_test(stops_where_told), cmocka_unit_test(says_which_is_none),
	        cmocka_unit_test(reissues),         cmocka_unit_test(reissues_nothing_else),
	        cmocka_unit_test(explains),         cmocka_unit_test(explains),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
