/* Custody of a transfer: what the entries say and no more, gaps first, and that nothing typed can
 * become part of the page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>

#include "client/custody.h"
#include "client/say.h"

#define E(seq, time, event, actor, data)                                                           \
	"{\"actor\":\"" actor "\",\"clock\":\"rtc\",\"data\":{" data "},\"event\":\"" event        \
	"\",\"seq\":" #seq ",\"station\":\"STN3\",\"time\":\"2026-11-23T" time "Z\","              \
	"\"transfer\":\"STN3-T000001\"}"
#define EVIL "<script>alert(1)</script>&\\\"'\\u202e"

static const char *const own[] = {
        E(10, "01:00:00", "transfer.opened", "invest-1",
          "\"case\":\"C1\",\"device\":\"x-0042\",\"direction\":\"outbound\",\"requester\":\"" EVIL
          "\",\"scanner_clock_offset_s\":-240,\"scans\":[\"118820\"]"),
        E(11, "01:01:00", "gate.opened", "station",
          "\"gate\":\"a\",\"insertion\":\"STN3-I000001\",\"port\":\"a1\""),
        E(12, "01:02:00", "item.decided", "station",
          "\"item\":\"STN3-T000001.00001\",\"output\":\"scrubbed\",\"output_name\":\"old.png\","
          "\"path\":\"OLD.IMG\",\"verdict\":\"pass\""),
        E(12, "01:02:30", "transfer.inspected", "station", "\"output\":\"scrubbed\""),
        E(12, "01:02:40", "item.decided", "station",
          "\"item\":\"STN3-T000001.00001\",\"output\":\"scrubbed\",\"output_name\":\"b.png\","
          "\"path\":\"A.IMG\",\"verdict\":\"pass\""),
        E(13, "01:03:00", "item.decided", "station",
          "\"item\":\"STN3-T000001.00001\",\"output\":\"scrubbed\",\"output_name\":\"a.png\","
          "\"output_sha256\":\"aa\",\"path\":\"A.IMG\",\"source_sha256\":\"bb\",\"transforms\":["
          "\"exif-removed\"],\"masks\":[\"0,0,9,9\"],\"verdict\":\"pass\""),
        E(14, "01:03:01", "item.decided", "station",
          "\"item\":\"STN3-T000001.00001\",\"output\":\"evidence\",\"output_name\":\"a\","
          "\"path\":\"A.IMG\",\"verdict\":\"pass\""),
        E(15, "01:04:00", "transfer.approved", "appr-1", "\"accepted\":[\"transfer.incomplete\"]"),
        E(16, "01:05:00", "approval.voided", "station",
          "\"approvals\":[\"STN3#15\"],\"rule\":\"approval.expired\""),
        E(17, "01:06:00", "transfer.approved", "appr-2", ""),
        E(20, "02:00:00", "release.intent", "invest-1",
          "\"destination_insertion\":\"STN3-I000002\",\"medium\":\"M-0032\",\"output\":"
          "\"scrubbed\""),
        E(22, "02:01:00", "release.unknown", "station", "\"intent\":\"STN3#20\""),
        E(23, "02:10:00", "release.intent", "invest-2",
          "\"destination_insertion\":\"STN3-I000003\",\"medium\":\"M-0033\",\"output\":"
          "\"scrubbed\""),
        E(24, "02:11:00", "release.written", "station",
          "\"bag_sha256\":\"cc\",\"intent\":\"STN3#23\",\"readback\":\"equal\""),
        E(25, "02:12:00", "release.done", "station", "\"intent\":\"STN3#23\""),
        E(26, "02:13:00", "release.intent", "invest-2",
          "\"destination_insertion\":\"STN3-I000004\",\"medium\":\"M-0034\",\"output\":"
          "\"evidence\""),
        E(27, "02:14:00", "release.done", "station", "\"intent\":\"STN3#26\""),
        E(30, "05:00:00", "transfer.acknowledged", "invest-1",
          "\"by\":\"lab\",\"output\":\"scrubbed\",\"received_at\":\"2026-11-23T04:59:00Z\""),
};
static const char *const around[] = {
        E(1, "00:00:00", "station.start", "station", "\"version\":\"0.9\""),
        E(2, "00:10:00", "station.stop", "station", ""),
        E(3, "00:20:00", "station.start", "station", "\"version\":\"1.0\""),
        E(18, "01:10:00", "station.fault", "station",
          "\"part\":\"vault\",\"rule\":\"station.fault\""),
        E(21, "02:00:30", "station.start", "station", "\"version\":\"1.1\""),
        E(40, "06:00:00", "station.start", "station", "\"version\":\"1.2\""),
        E(9, "00:59:00", "medium.seen", "station",
          "\"insertion\":\"STN3-I000001\",\"medium\":\"M-0001\""),
        E(8, "00:58:00", "medium.seen", "station",
          "\"insertion\":\"STN3-I000009\",\"medium\":\"M-0009\""),
        E(28, "02:20:00", "medium.gone", "station", "\"insertion\":\"STN3-I000003\""),
        E(50, "07:00:00", "clock.set", "admin-1", "\"old\":\"a\",\"new\":\"b\""),
};

static void play(struct wl_custody *c)
{
	assert_int_equal(wl_custody_begin(c), 0);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		assert_int_equal(wl_custody_own(c, own[i]), 0);
	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++)
		assert_int_equal(wl_custody_around(c, around[i]), 0);
	assert_int_equal(wl_custody_finish(c), 0);
}

static const json_t *row(const struct wl_custody *c, const char *list, size_t i)
{
	return json_array_get(json_object_get(c->report, list), i);
}

static size_t rows(const struct wl_custody *c, const char *list)
{
	return json_array_size(json_object_get(c->report, list));
}

static void gaps_are_named(void **state)
{
	static const char *const want[][4] = {
	        {"release-interrupted", "STN3#20", "STN3#22", "M-0032"},
	        {"stop-unseen", "", "STN3#21", ""},
	        {"brought", "", "STN3#9", "M-0001"},
	        {"carried", "STN3#28", "STN3#30", "M-0033"},
	        {"not-acknowledged", "STN3#27", "", "M-0034"},
	};
	struct wl_custody c;

	(void)state;
	play(&c);
	assert_int_equal(rows(&c, "gaps"), 5);
	for (size_t i = 0; i < 5; i++) {
		const json_t *gap = row(&c, "gaps", i);
		assert_string_equal(wl_member_text(gap, "kind"), want[i][0]);
		assert_string_equal(wl_member_text(gap, "from_entry"), want[i][1]);
		assert_string_equal(wl_member_text(gap, "to_entry"), want[i][2]);
		assert_string_equal(wl_member_text(gap, "medium"), want[i][3]);
	}
	wl_custody_clear(&c);
}

static void the_station_meanwhile(void **state)
{
	struct wl_custody c;

	(void)state;
	play(&c);
	assert_int_equal(rows(&c, "faults"), 1); /* the clock was set after it */
	assert_string_equal(wl_member_text(row(&c, "faults", 0), "part"), "vault");
	assert_int_equal(rows(&c, "starts"), 2); /* in force when it began, and the one during it */
	assert_string_equal(wl_member_text(row(&c, "starts", 0), "version"), "1.0");
	assert_string_equal(wl_member_text(row(&c, "starts", 1), "version"), "1.1");
	wl_custody_clear(&c);
}

static void what_happened(void **state)
{
	struct wl_custody c;

	(void)state;
	play(&c);
	/* the first decision was begun anew; two pictures of one item, in its own order */
	assert_int_equal(rows(&c, "items"), 3);
	assert_string_equal(wl_member_text(row(&c, "items", 0), "path"), "A.IMG");
	assert_string_equal(wl_member_text(row(&c, "items", 0), "output_name"), "b.png");
	assert_string_equal(wl_member_text(row(&c, "items", 1), "output_name"), "a.png");
	assert_string_equal(wl_member_text(row(&c, "items", 2), "output"), "evidence");
	assert_string_equal(wl_member_text(row(&c, "approvals", 0), "voided"), "approval.expired");
	assert_string_equal(wl_member_text(row(&c, "approvals", 1), "voided"), "");
	assert_int_equal(rows(&c, "releases"), 3);
	assert_string_equal(wl_member_text(row(&c, "releases", 0), "state"), "unknown");
	assert_string_equal(wl_member_text(row(&c, "releases", 1), "readback"), "equal");
	assert_string_equal(wl_member_text(row(&c, "releases", 1), "bag_sha256"), "cc");
	assert_string_equal(wl_member_text(row(&c, "releases", 1), "entry"), "STN3#23");
	assert_string_equal(
	        wl_member_text(json_object_get(row(&c, "releases", 1), "arrival"), "by"), "lab");
	assert_null(json_object_get(row(&c, "releases", 2), "arrival"));
	/* the entry the station's receipt is of */
	assert_string_equal(wl_member_text(c.proved, "text"), own[15]);
	wl_custody_clear(&c);
}

static void no_such_transfer(void **state)
{
	struct wl_custody c;

	(void)state;
	assert_int_equal(wl_custody_begin(&c), 0);
	assert_int_equal(wl_custody_finish(&c), -ENOENT);
	assert_int_equal(wl_custody_own(&c, "["), -EBADMSG);
	assert_int_equal(wl_custody_around(&c, "[]"), -EBADMSG);
	wl_custody_clear(&c);
}

static char *page_of(const struct wl_custody *c)
{
	const struct wl_custody_papers papers = {.station = "STN3",
	                                         .origin = "stations.example/stn3",
	                                         .vkey = "stations.example/stn3+00000000+AAAA",
	                                         .fingerprint = "7c31",
	                                         .certificate_sha256 = "dd",
	                                         .certificate_expired = "2027-01-01",
	                                         .checkpoint = "o\n1\nr\n\n\xe2\x80\x94 o sig\n",
	                                         .cosigned = "<cosigned>",
	                                         .receipt =
	                                                 "c2sp.org/tlog-proof@v1\n\x1b\xe2\x80\xae",
	                                         .test = true};
	char *page = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&page, &n);

	assert_non_null(out);
	wl_custody_page(out, c, &papers);
	assert_int_equal(fclose(out), 0);
	return page;
}

static void nothing_typed_is_page(void **state)
{
	struct wl_custody c;

	(void)state;
	play(&c);
	char *page = page_of(&c);
	assert_null(strstr(page, "<script"));
	assert_null(strstr(page, "\xe2\x80\xae"));
	assert_null(strstr(page, "\x1b"));
	assert_null(strstr(page, "://"));
	assert_null(strstr(page, "<cosigned>"));
	assert_non_null(strstr(page, "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;"));
	assert_non_null(strstr(page, "\xe2\x80\x94 o sig"));
	assert_non_null(strstr(page, "ESSAI"));
	assert_non_null(strstr(page, "exif-removed"));
	assert_non_null(strstr(page, "0,0,9,9"));
	assert_non_null(strstr(page, "-240 s"));
	const char *gaps = strstr(page, "Lacunes"), *integrity = strstr(page, "Intégrité");
	const char *steps = strstr(page, "Étapes");
	assert_true(gaps && integrity && steps && gaps < integrity && integrity < steps);
	free(page);
	wl_custody_clear(&c);
}

static void nothing_wrong_is_said(void **state)
{
	struct wl_custody c;

	(void)state;
	assert_int_equal(wl_custody_begin(&c), 0);
	assert_int_equal(wl_custody_own(&c, own[0]), 0);
	assert_int_equal(wl_custody_around(&c, around[2]), 0);
	assert_int_equal(wl_custody_finish(&c), 0);
	char *page = page_of(&c);
	assert_int_equal(rows(&c, "gaps"), 0);
	assert_non_null(strstr(page, "no fault of the station"));
	assert_null(strstr(page, "Whether it affected"));
	free(page);
	wl_custody_clear(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(gaps_are_named),        cmocka_unit_test(the_station_meanwhile),
	        cmocka_unit_test(what_happened),         cmocka_unit_test(no_such_transfer),
	        cmocka_unit_test(nothing_typed_is_page), cmocka_unit_test(nothing_wrong_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
