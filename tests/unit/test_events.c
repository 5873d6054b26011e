/* The table of ledger events: names, members, and that the permanent ones are there. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <regex.h>
#include <string.h>

#include "daemon/base/events.h"

static void names_have_their_form_and_are_unique(void **state)
{
	regex_t event, member;

	(void)state;
	assert_int_equal(regcomp(&event, "^[a-z]+\\.[a-z]+(-[a-z]+)*$", REG_EXTENDED | REG_NOSUB),
	                 0);
	assert_int_equal(regcomp(&member, "^[a-z]+[0-9]*(_[a-z0-9]+)*$", REG_EXTENDED | REG_NOSUB),
	                 0);
	for (unsigned i = WL_E_NONE + 1; i < WL_E_MAX; i++) {
		const char *name = wl_event_row((enum wl_event)i)->name;
		assert_int_equal(regexec(&event, name, 0, NULL, 0), 0);
		assert_true(strlen(name) <= 32);
		assert_int_equal(wl_event_find(name), i);
		const struct wl_event_member *m = wl_event_row((enum wl_event)i)->members;
		for (unsigned k = 0; k < WL_EVENT_MEMBERS_MAX && m[k].member; k++)
			assert_int_equal(
			        wl_event_member_find((enum wl_event)i, wl_member_name(m[k].member)),
			        m[k].member);
	}
	for (unsigned i = WL_M_NONE + 1; i < WL_M_MAX; i++) {
		const char *name = wl_member_name((enum wl_member)i);
		assert_int_equal(regexec(&member, name, 0, NULL, 0), 0);
		assert_true(strlen(name) <= 40);
		assert_int_equal(wl_member_find(name), i);
		assert_in_range(wl_member_type((enum wl_member)i), WL_MEMBER_TEXT, WL_MEMBER_LIST);
	}
	regfree(&event);
	regfree(&member);
}

static void rows_end_and_say_nothing_twice(void **state)
{
	(void)state;
	for (unsigned i = WL_E_NONE + 1; i < WL_E_MAX; i++) {
		const struct wl_event_row *row = wl_event_row((enum wl_event)i);
		size_t n = 0;
		while (n < WL_EVENT_MEMBERS_MAX && row->members[n].member != WL_M_NONE)
			n++;
		assert_true(n >= 1 && n < WL_EVENT_MEMBERS_MAX);
		for (size_t a = 0; a < n; a++)
			for (size_t b = a + 1; b < n; b++)
				assert_int_not_equal(row->members[a].member,
				                     row->members[b].member);
	}
}

static void the_permanent_events_are_there(void **state)
{
	static const char *const names[] = {
	        "station.start",         "station.init",       "policy.loaded",
	        "ticket.added",          "medium.seen",        "medium.prepared",
	        "transfer.opened",       "gate.opened",        "gate.shut",
	        "item.decided",          "transfer.inspected", "transfer.approved",
	        "approval.voided",       "release.intent",     "release.written",
	        "release.done",          "release.failed",     "release.unknown",
	        "transfer.outcome",      "wipe.intent",        "transfer.preserved",
	        "transfer.acknowledged",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_not_equal(wl_event_find(names[i]), WL_E_NONE);
}

static void strangers_are_nothing(void **state)
{
	(void)state;
	assert_null(wl_event_row(WL_E_NONE));
	assert_null(wl_event_row(WL_E_MAX));
	assert_int_equal(wl_event_find("transfer.forgotten"), WL_E_NONE);
	assert_string_equal(wl_member_name(WL_M_NONE), "");
	assert_string_equal(wl_member_name(WL_M_MAX), "");
	assert_int_equal(wl_member_find("seq"), WL_M_NONE); /* of the envelope, not of an event */
	/* a member there is, but not of this event, and an event there is not */
	assert_int_equal(wl_event_member_find(WL_E_STATION_START, "diskseq"), WL_M_NONE);
	assert_int_equal(wl_event_member_find(WL_E_NONE, "diskseq"), WL_M_NONE);
	assert_int_equal(wl_member_type(WL_M_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names_have_their_form_and_are_unique),
	        cmocka_unit_test(rows_end_and_say_nothing_twice),
	        cmocka_unit_test(the_permanent_events_are_there),
	        cmocka_unit_test(strangers_are_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
