/* Disclosures of a case: which entries count, whose names stand there, and that nothing typed can
 * become part of the page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "client/disclosures.h"
#include "client/say.h"

#define EVIL "<script>alert(1)</script>&\"'\xe2\x80\xae"

static const char *const entries[] = {
        "{\"seq\":1,\"station\":\"STN3\",\"time\":\"2026-11-23T01:00:00Z\",\"event\":\"transfer."
        "opened\","
        "\"actor\":\"invest-1\",\"transfer\":\"STN3-T000001\",\"data\":{\"direction\":\"outbound\","
        "\"case\":\"C1\",\"authority\":\"ca-107-5-a\",\"authority_reference\":\"letter\","
        "\"requester\":\"<script>alert(1)</script>&\\\"'\\u202e\",\"device\":\"x-0042\"}}",
        "{\"seq\":2,\"station\":\"STN3\",\"time\":\"2026-11-23T01:00:00Z\",\"event\":\"transfer."
        "opened\","
        "\"actor\":\"invest-1\",\"transfer\":\"STN3-T000002\",\"data\":{\"direction\":\"outbound\","
        "\"case\":\"C2\"}}",
        "{\"seq\":3,\"station\":\"STN3\",\"time\":\"2026-11-23T01:10:00Z\",\"event\":"
        "\"transfer.approved\",\"actor\":\"appr-1\",\"transfer\":\"STN3-T000001\",\"data\":{}}",
        "{\"seq\":4,\"station\":\"STN3\",\"time\":\"2026-11-23T02:00:00Z\",\"event\":\"release."
        "intent\","
        "\"actor\":\"invest-2\",\"transfer\":\"STN3-T000001\",\"data\":{\"output\":\"scrubbed\","
        "\"files\":25,\"medium\":\"M-0032\",\"approvals\":[\"STN3#3\"]}}",
        "{\"seq\":5,\"station\":\"STN3\",\"time\":\"2026-11-23T02:00:00Z\",\"event\":\"release."
        "intent\","
        "\"actor\":\"invest-2\",\"transfer\":\"STN3-T000002\",\"data\":{\"output\":\"scrubbed\","
        "\"files\":1,\"approvals\":[]}}",
        "{\"seq\":6,\"station\":\"STN3\",\"time\":\"2026-11-23T02:01:00Z\",\"event\":\"release."
        "written\","
        "\"actor\":\"station\",\"transfer\":\"STN3-T000001\",\"data\":{\"intent\":\"STN3#4\"}}",
        "{\"seq\":7,\"station\":\"STN3\",\"time\":\"2026-11-23T02:02:00Z\",\"event\":\"release."
        "done\","
        "\"actor\":\"station\",\"transfer\":\"STN3-T000001\",\"data\":{\"intent\":\"STN3#4\"}}",
        "{\"seq\":8,\"station\":\"STN3\",\"time\":\"2026-11-24T02:00:00Z\",\"event\":\"release."
        "intent\","
        "\"actor\":\"invest-2\",\"transfer\":\"STN3-T000001\",\"data\":{\"output\":\"evidence\","
        "\"files\":27,\"medium\":\"M-0033\",\"approvals\":[\"STN3#3\"]}}",
        "{\"seq\":9,\"station\":\"STN3\",\"time\":\"2026-11-24T02:02:00Z\",\"event\":\"release."
        "unknown\","
        "\"actor\":\"station\",\"transfer\":\"STN3-T000001\",\"data\":{\"intent\":\"STN3#8\"}}",
        "{\"seq\":10,\"station\":\"STN3\",\"time\":\"2026-11-25T02:02:00Z\",\"event\":"
        "\"transfer.acknowledged\",\"actor\":\"invest-1\",\"transfer\":\"STN3-T000001\",\"data\":{"
        "\"output\":\"scrubbed\"}}",
};

static void play(struct wl_disclosures *d, const char *case_id, int64_t from, int64_t to)
{
	assert_int_equal(wl_disclosures_begin(d, case_id, from, to), 0);
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		json_t *entry = json_loads(entries[i], JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(entry);
		wl_disclosures_add(d, entry);
		json_decref(entry);
	}
}

static void what_counts(void **state)
{
	struct wl_disclosures d;

	(void)state;
	play(&d, "C1", 0, INT64_MAX);
	assert_int_equal(json_array_size(d.rows), 2);
	const json_t *one = json_array_get(d.rows, 0), *two = json_array_get(d.rows, 1);
	assert_string_equal(wl_member_text(one, "intent"), "STN3#4");
	assert_string_equal(wl_member_text(one, "state"), "done");
	assert_string_equal(wl_member_text(one, "opened_by"), "invest-1");
	assert_string_equal(wl_member_text(one, "released_by"), "invest-2");
	assert_string_equal(wl_member_text(one, "authority_reference"), "letter");
	assert_string_equal(wl_member_text(one, "acknowledged"), "2026-11-25T02:02:00Z");
	assert_string_equal(
	        json_string_value(json_array_get(json_object_get(one, "approved_by"), 0)),
	        "appr-1");
	assert_int_equal(wl_member_integer(one, "files"), 25);
	assert_string_equal(wl_member_text(two, "state"), "unknown");
	assert_string_equal(wl_member_text(two, "output"), "evidence");
	assert_null(json_object_get(two, "acknowledged")); /* the other output's bag was */
	wl_disclosures_clear(&d);
	play(&d, "C1", 1795402414, INT64_MAX); /* 2026-11-23T02:53:34Z */
	assert_int_equal(json_array_size(d.rows), 1);
	wl_disclosures_clear(&d);
	play(&d, "C1", 0, 1795402414);
	assert_int_equal(json_array_size(d.rows), 1);
	wl_disclosures_clear(&d);
	play(&d, "C", 0, INT64_MAX);
	assert_int_equal(json_array_size(d.rows), 0);
	wl_disclosures_clear(&d);
}

static void nothing_typed_is_page(void **state)
{
	struct wl_disclosures d;
	char *page = NULL;
	size_t n = 0;
	FILE *out;

	(void)state;
	play(&d, "C1", 0, INT64_MAX);
	d.case_id = EVIL;
	out = open_memstream(&page, &n);
	assert_non_null(out);
	wl_disclosures_page(out, &d, "STN3", true, 0);
	assert_int_equal(fclose(out), 0);
	assert_null(strstr(page, "<script"));
	assert_null(strstr(page, "\xe2\x80\xae"));
	assert_non_null(strstr(page, "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;"));
	assert_non_null(strstr(page, "appr-1"));
	assert_non_null(strstr(page, "lang=\"en\""));
	assert_non_null(strstr(page, "ESSAI"));
	assert_null(strstr(page, "://"));
	free(page);
	wl_disclosures_clear(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_counts),
	        cmocka_unit_test(nothing_typed_is_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
