/* Disclosures of a case and the report of a station: which entries count, whose names stand there,
 * what is overdue, and that nothing typed can become part of the page. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "client/disclosures.h"
#include "client/say.h"
#include "client/station_report.h"

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

#define S(seq, event, actor, data)                                                                 \
	"{\"actor\":\"" actor "\",\"data\":{" data "},\"event\":\"" event "\",\"seq\":" #seq       \
	",\"station\":\"STN3\",\"time\":\"2026-11-23T01:00:00Z\"}"

static const char *const station_entries[] = {
        S(1, "call.denied", "uid:9", "\"method\":\"Release\",\"rule\":\"person.unknown\""),
        S(2, "call.denied", "uid:9", "\"method\":\"Release\",\"rule\":\"person.unknown\""),
        S(3, "release.intent", "tech-1", "\"medium\":\"<script>\",\"output\":\"delivery\""),
        S(4, "release.failed", "station", "\"intent\":\"STN3#3\",\"rule\":\"medium.pulled\""),
        S(5, "transfer.refused", "station", "\"rule\":\"signature.bad\""),
        S(6, "item.decided", "station", "\"rule\":\"signature.bad\",\"verdict\":\"refuse\""),
        S(7, "item.decided", "station", "\"rule\":\"pass.update-covered\",\"verdict\":\"pass\""),
        S(8, "station.fault", "station", "\"part\":\"vault\",\"rule\":\"station.fault\""),
        S(9, "medium.seen", "station", "\"medium\":\"M-1\""),
};

static void what_a_station_did(void **state)
{
	struct wl_station_report r;
	char *page = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(wl_station_report_begin(&r, 0, INT64_MAX - 1), 0);
	for (size_t i = 0; i < sizeof(station_entries) / sizeof(station_entries[0]); i++)
		assert_int_equal(wl_station_report_add(&r, station_entries[i]), 0);
	assert_int_equal(wl_station_report_add(&r, "{"), -EBADMSG);
	assert_int_equal(wl_member_integer(json_object_get(r.report, "denied"),
	                                   "uid:9 Release person.unknown"),
	                 2);
	assert_int_equal(wl_member_integer(json_object_get(r.report, "refusals"), "signature.bad"),
	                 2);
	assert_int_equal(json_object_size(json_object_get(r.report, "refusals")), 1);
	assert_int_equal(json_array_size(json_object_get(r.report, "alarms")), 2);
	const json_t *people = json_object_get(r.report, "people");
	assert_int_equal(json_object_size(people), 2); /* the station is none */
	const json_t *release = json_array_get(json_object_get(r.report, "releases"), 0);
	assert_string_equal(wl_member_text(release, "state"), "failed");
	FILE *out = open_memstream(&page, &n);
	assert_non_null(out);
	wl_station_page(out, &r, "STN3", false, 0);
	assert_int_equal(fclose(out), 0);
	assert_null(strstr(page, "<script"));
	assert_non_null(strstr(page, "&lt;script&gt;"));
	free(page);
	wl_station_report_clear(&r);
}

/* What is overdue on the day `now`, where the ledger was exported on 23 November 2026. */
static void check_overdue(const char *due, bool exported, int64_t now, const char *want)
{
	struct wl_station_report r;
	json_t *status = json_pack("{s:{s:i}}", "ledger", "entries", 9);
	char got[200] = "";

	if (due)
		(void)json_object_set_new(json_object_get(status, "ledger"), "cosignature_due",
		                          json_string(due));
	assert_int_equal(wl_station_report_begin(&r, 0, 1), 0);
	if (exported)
		assert_int_equal(
		        wl_station_report_audit(&r, S(7, "ledger.exported", "audit-1", "")), 0);
	wl_station_report_standing(&r, status, now);
	const json_t *list = json_object_get(r.report, "overdue");
	for (size_t i = 0; i < json_array_size(list); i++)
		(void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s ",
		               json_string_value(json_array_get(list, i)));
	assert_string_equal(got, want);
	json_decref(status);
	wl_station_report_clear(&r);
}

static void what_is_overdue(void **state)
{
	const int64_t day = 86400, at = 1795395600; /* 2026-11-23T01:00:00Z */

	(void)state;
	check_overdue("2026-11-24T00:00:00Z", true, at, "");
	check_overdue("2026-11-22T00:00:00Z", true, at, "cosignature-old ");
	check_overdue(NULL, false, at, "never-exported nobody-countersigns ");
	check_overdue("2030-01-01T00:00:00Z", true, at + 100 * day, "");
	check_overdue("2030-01-01T00:00:00Z", true, at + 100 * day + 1, "export-old ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_counts),
	        cmocka_unit_test(nothing_typed_is_page),
	        cmocka_unit_test(what_a_station_did),
	        cmocka_unit_test(what_is_overdue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
