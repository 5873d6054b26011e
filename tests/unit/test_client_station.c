/* Frames, errors and their exit statuses, against a station that is one end of a socket pair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/resolve.h"
#include "client/say.h"
#include "client/station.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"

struct both {
	struct wl_control *control;
	int station; /* the other end */
};

static int open_both(void **state)
{
	struct both *b = calloc(1, sizeof(*b));
	int ends[2], size = 1 << 20;

	assert_non_null(b);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	assert_int_equal(wl_control_from_fd(ends[0], &b->control), 0);
	b->station = ends[1];
	*state = b;
	return 0;
}

static int close_both(void **state)
{
	struct both *b = *state;
	wl_control_free(b->control);
	if (b->station >= 0)
		(void)close(b->station);
	free(b);
	return 0;
}

static void station_says(const struct both *b, const char *text, size_t n)
{
	assert_int_equal(write(b->station, text, n), (ssize_t)n);
}

static void test_frames(void **state)
{
	struct both *b = *state;
	struct wl_reply reply;
	static const char two[] = "{\"parameters\":{\"a\":1},\"continues\":true}\0{}";

	station_says(b, two, sizeof(two)); /* both with their NUL */
	assert_int_equal(wl_control_receive(b->control, 1000, &reply), 0);
	assert_true(reply.continues);
	assert_int_equal(wl_member_integer(reply.parameters, "a"), 1);
	wl_reply_clear(&reply);
	assert_int_equal(wl_control_receive(b->control, 1000, &reply), 0);
	assert_false(reply.continues);
	assert_int_equal(json_object_size(reply.parameters), 0);
	wl_reply_clear(&reply);

	station_says(b, "{\"err", 5); /* half a frame is waited for */
	assert_int_equal(wl_control_receive(b->control, 20, &reply), -ETIMEDOUT);
	station_says(b, "or\":\"x.y.NoSuch\"}", 18);
	assert_int_equal(wl_control_receive(b->control, 1000, &reply), 0);
	assert_string_equal(reply.error, "NoSuch");
	wl_reply_clear(&reply);

	(void)close(b->station);
	b->station = -1;
	assert_int_equal(wl_control_receive(b->control, 1000, &reply), -EPIPE);
}

static void test_bad_frames(void **state)
{
	static const char *const frames[] = {
	        "no json",
	        "[1]",
	        "{\"a\":1,\"a\":2}",
	        "{\"error\":5}",
	        "{\"parameters\":[]}",
	        "{\"error\":\"x.This-name-is-much-longer-than-any-error-of-any-interface-could-be-"
	        "in-"
	        "earnest\"}",
	        "",
	};
	struct both *b = *state;
	struct wl_reply reply;

	for (size_t i = 0; i < WL_ARRAY_LEN(frames); i++) {
		station_says(b, frames[i], strlen(frames[i]) + 1);
		assert_int_equal(wl_control_receive(b->control, 1000, &reply), -EPROTO);
	}
}

/* A frame of exactly the limit with its NUL is taken; a byte more is not. */
static void test_frame_limit(void **state)
{
	struct both *b = *state;
	struct wl_reply reply;
	size_t n = WL_CONTROL_FRAME_BYTES_MAX;
	char *frame = malloc(n + 1);

	assert_non_null(frame);
	memset(frame, ' ', n + 1);
	memcpy(frame, "{}", 2);
	frame[n - 1] = 0;
	station_says(b, frame, n);
	assert_int_equal(wl_control_receive(b->control, 1000, &reply), 0);
	wl_reply_clear(&reply);
	frame[n - 1] = ' ';
	frame[n] = 0;
	station_says(b, frame, n + 1);
	assert_int_equal(wl_control_receive(b->control, 1000, &reply), -EPROTO);
	free(frame);
}

static void test_call_limit(void **state)
{
	struct both *b = *state;
	char *text = malloc(WL_CONTROL_FRAME_BYTES_MAX + 1);

	assert_non_null(text);
	memset(text, 'x', WL_CONTROL_FRAME_BYTES_MAX);
	text[WL_CONTROL_FRAME_BYTES_MAX] = 0;
	json_t *p = json_pack("{s:s}", "words", text);
	assert_int_equal(wl_control_send(b->control, "Reject", p, false), -EMSGSIZE);
	json_decref(p);
	free(text);

	p = json_pack("{s:s}", "transfer", "STN3-T000042");
	assert_int_equal(wl_control_send(b->control, "Watch", p, true), 0);
	json_decref(p);
	char got[300];
	ssize_t n = read(b->station, got, sizeof(got));
	assert_true(n > 1);
	assert_int_equal(got[n - 1], 0);
	json_t *call = json_loads(got, 0, NULL);
	assert_string_equal(wl_member_text(call, "method"), "ca.weighlock.Station.Watch");
	assert_true(json_is_true(json_object_get(call, "more")));
	json_decref(call);
}

/* INTERFACES 9: each error and the exit status it becomes. */
static void test_statuses(void **state)
{
	static const struct {
		const char *frame;
		int status;
	} cases[] = {
	        {"{\"error\":\"ca.weighlock.Station.Refused\",\"parameters\":{\"rule\":"
	         "\"approval.same-person\",\"rules\":[\"approval.same-person\"],\"reason\":\"x\"}}",
	         WL_EXIT_REFUSED},
	        {"{\"error\":\"ca.weighlock.Station.NotPermitted\",\"parameters\":{\"method\":"
	         "\"Approve\",\"role\":\"approver\"}}",
	         WL_EXIT_REFUSED},
	        {"{\"error\":\"ca.weighlock.Station.WrongState\",\"parameters\":{\"transfer\":"
	         "\"STN3-T000001\",\"state\":\"opened\",\"expected\":[\"approved\"]}}",
	         WL_EXIT_USAGE},
	        {"{\"error\":\"ca.weighlock.Station.NoSuch\",\"parameters\":{\"kind\":\"transfer\","
	         "\"id\":\"STN3-T000009\"}}",
	         WL_EXIT_USAGE},
	        {"{\"error\":\"ca.weighlock.Station.BadArgument\",\"parameters\":{\"parameter\":"
	         "\"device\",\"expected\":\"a device\"}}",
	         WL_EXIT_USAGE},
	        {"{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{"
	         "\"parameter\":"
	         "\"device\"}}",
	         WL_EXIT_USAGE},
	        {"{\"error\":\"ca.weighlock.Station.Unavailable\",\"parameters\":{\"rule\":"
	         "\"station.ledger-failed\",\"reason\":\"x\"}}",
	         WL_EXIT_FAULT},
	        {"{\"error\":\"ca.weighlock.Station.TooMuch\",\"parameters\":{\"limit\":\"calls\","
	         "\"value\":20}}",
	         WL_EXIT_FAULT},
	        {"{\"error\":\"org.varlink.service.MethodNotImplemented\",\"parameters\":{"
	         "\"method\":"
	         "\"OpenOutbound\"}}",
	         WL_EXIT_FAULT},
	        {"{\"error\":\"ca.weighlock.Station.Unheard\"}", WL_EXIT_FAULT},
	        {"{\"parameters\":{\"entry\":\"STN3#4\"}}", WL_EXIT_DONE},
	};
	struct both *b = *state;
	struct wl_cli cli = {.people = stderr, .verb = wl_verbs, .control = b->control};

	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		json_t *answer = NULL;
		station_says(b, cases[i].frame, strlen(cases[i].frame) + 1);
		assert_int_equal(wl_station_call(&cli, "GetStatus", NULL, &answer),
		                 cases[i].status);
		if (cases[i].status == WL_EXIT_DONE)
			assert_string_equal(wl_member_text(answer, "entry"), "STN3#4");
		json_decref(answer);
	}
	/* the station goes away: 3, and the connection is not used again */
	(void)shutdown(b->station, SHUT_RDWR);
	json_t *answer = NULL;
	assert_int_equal(wl_station_call(&cli, "GetStatus", NULL, &answer), WL_EXIT_FAULT);
	assert_null(cli.control);
	b->control = NULL;
}

static void test_words(void **state)
{
	static const struct {
		const char *word;
		enum wl_resolution kind;
		const char *id;
	} cases[] = {
	        {"STN3-T000042", WL_RESOLVE_FULL, "STN3-T000042"},
	        {"stn3-t000042", WL_RESOLVE_FULL, "STN3-T000042"},
	        {"42", WL_RESOLVE_NUMBER, NULL},
	        {"000042", WL_RESOLVE_NUMBER, NULL},
	        {"last", WL_RESOLVE_LAST, NULL},
	        {"dernier", WL_RESOLVE_LAST, NULL},
	        {"1000000", WL_RESOLVE_NOT_A_NAME, NULL},
	        {"-1", WL_RESOLVE_NOT_A_NAME, NULL},
	        {"4x", WL_RESOLVE_NOT_A_NAME, NULL},
	        {"", WL_RESOLVE_NOT_A_NAME, NULL},
	        {"STN3-T00042", WL_RESOLVE_NOT_A_NAME, NULL},
	        {"STN3-I000042", WL_RESOLVE_NOT_A_NAME, NULL},
	        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", WL_RESOLVE_NOT_A_NAME, NULL},
	};
	char id[WL_ID_TEXT];

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		assert_int_equal(wl_resolve_word(cases[i].word, id), cases[i].kind);
		if (cases[i].id)
			assert_string_equal(id, cases[i].id);
	}
}

static void test_last(void **state)
{
	char id[WL_ID_TEXT];
	json_t *list = json_loads("[{\"transfer\":\"STN3-T000002\",\"opened_by\":\"tech-1\"},"
	                          "{\"transfer\":\"STN3-T000009\",\"opened_by\":\"tech-2\"},"
	                          "{\"transfer\":\"STN3-T000005\",\"opened_by\":\"tech-1\"}]",
	                          0, NULL);

	(void)state;
	assert_true(wl_resolve_last(list, "tech-1", id));
	assert_string_equal(id, "STN3-T000005");
	assert_true(wl_resolve_last(list, "appr-1", id)); /* none of mine: the newest */
	assert_string_equal(id, "STN3-T000009");
	assert_true(wl_resolve_last(list, "", id));
	assert_string_equal(id, "STN3-T000009");
	json_array_clear(list);
	assert_false(wl_resolve_last(list, "tech-1", id));
	json_decref(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_frames, open_both, close_both),
	        cmocka_unit_test_setup_teardown(test_bad_frames, open_both, close_both),
	        cmocka_unit_test_setup_teardown(test_frame_limit, open_both, close_both),
	        cmocka_unit_test_setup_teardown(test_call_limit, open_both, close_both),
	        cmocka_unit_test_setup_teardown(test_statuses, open_both, close_both),
	        cmocka_unit_test(test_words),
	        cmocka_unit_test(test_last),
	};
	wl_language_begin("en");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
