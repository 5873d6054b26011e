/* Frames of the control interface: cutting, limits at N and N+1, what is refused; rates of
 * accounts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/base/cleanup.h"
#include "daemon/broker/frame.h"
#include "daemon/broker/rate.h"

static struct wl_frames frames;

static void put(const void *p, size_t n)
{
	assert_true(n <= sizeof(frames.data) - frames.used);
	memcpy(frames.data + frames.used, p, n);
	frames.used += n;
}

static int take(void)
{
	json_t *o = NULL;
	int r = wl_frames_take(&frames, &o);
	json_decref(o);
	return r;
}

static void test_two_frames_and_a_half(void **state)
{
	(void)state;
	frames.used = 0;
	put("{\"a\":1}\0{\"b\":2}\0{\"c\"", 20);
	assert_int_equal(take(), 1);
	assert_int_equal(take(), 1);
	assert_int_equal(take(), 0);
	assert_int_equal(frames.used, 4);
}

static void test_what_is_no_call(void **state)
{
	(void)state;
	static const char *const bad[] = {
	        "",      "[]",      "1", "{\"a\":1,\"a\":2}", "{\"a\"", "{\"a\":\"\xff\"}",
	        "{} {}", "nonsense"};
	for (size_t i = 0; i < WL_ARRAY_LEN(bad); i++) {
		frames.used = 0;
		put(bad[i], strlen(bad[i]) + 1);
		assert_int_equal(take(), -EBADMSG);
		assert_int_equal(frames.used, 0);
	}
}

/* An object holding arrays: depth in all. */
static int nested(unsigned depth)
{
	char text[64] = "{\"a\":";
	size_t n = strlen(text);
	for (unsigned i = 1; i < depth; i++)
		text[n++] = '[';
	for (unsigned i = 1; i < depth; i++)
		text[n++] = ']';
	text[n++] = '}';
	if (depth == 1) {
		strcpy(text, "{}");
		n = 2;
	}
	text[n++] = '\0';
	frames.used = 0;
	put(text, n);
	return take();
}

static void test_nesting_limit(void **state)
{
	(void)state;
	assert_int_equal(nested(WL_CONTROL_NESTING_MAX), 1);
	assert_int_equal(nested(WL_CONTROL_NESTING_MAX + 1), -EBADMSG);
	/* brackets inside of strings are none */
	frames.used = 0;
	static const char quoted[] = "{\"a\":\"[[[[[[[[[[\\\"[[\"}";
	put(quoted, sizeof(quoted));
	assert_int_equal(take(), 1);
}

/* A frame of exactly `size` bytes with its NUL. */
static int sized(size_t size)
{
	frames.used = 0;
	size_t text = size - 1 - strlen("{\"a\":\"\"}");
	put("{\"a\":\"", 6);
	memset(frames.data + frames.used, 'x', text);
	frames.used += text;
	put("\"}", 2);
	if (frames.used < sizeof(frames.data))
		put("", 1);
	return take();
}

static void test_frame_limit(void **state)
{
	(void)state;
	assert_int_equal(sized(WL_CONTROL_FRAME_BYTES_MAX), 1);
	assert_int_equal(sized(WL_CONTROL_FRAME_BYTES_MAX + 1), -EMSGSIZE);
}

static void test_render_limit(void **state)
{
	(void)state;
	WL_AUTO_FREE char *text = calloc(1, WL_CONTROL_FRAME_BYTES_MAX);
	WL_AUTO_FREE char *frame = NULL;
	size_t size = 0, most = WL_CONTROL_FRAME_BYTES_MAX - 1 - strlen("{\"a\":\"\"}");
	memset(text, 'x', most);
	json_t *o = json_pack("{s:s}", "a", text);
	assert_int_equal(wl_frame_render(o, &frame, &size), 0);
	assert_int_equal(size, WL_CONTROL_FRAME_BYTES_MAX);
	assert_int_equal(frame[size - 1], 0);
	json_decref(o);
	text[most] = 'x';
	o = json_pack("{s:s}", "a", text);
	assert_int_equal(wl_frame_render(o, &frame, &size), -EMSGSIZE);
	json_decref(o);
}

/* ---- rates ---- */

static struct wl_rates rates;

static void test_connections_of_one(void **state)
{
	(void)state;
	memset(&rates, 0, sizeof(rates));
	for (unsigned i = 0; i < WL_CONTROL_CONNECTIONS_PER_UID_MAX; i++)
		assert_true(wl_rate_connect(&rates, 1000, 1));
	assert_false(wl_rate_connect(&rates, 1000, 1));
	assert_true(wl_rate_connect(&rates, 1001, 1));
	wl_rate_disconnect(&rates, 1000);
	assert_true(wl_rate_connect(&rates, 1000, 1));
}

static void test_connections_of_all(void **state)
{
	(void)state;
	unsigned n = 0;
	memset(&rates, 0, sizeof(rates));
	for (uid_t uid = 1; uid <= WL_RATE_UIDS_MAX; uid++)
		for (unsigned i = 0; i < 4; i++)
			n += wl_rate_connect(&rates, uid, 1);
	assert_int_equal(n, WL_CONTROL_CONNECTIONS_MAX);
}

static void test_calls(void **state)
{
	(void)state;
	uint64_t now = 5000000;
	memset(&rates, 0, sizeof(rates));
	assert_true(wl_rate_connect(&rates, 7, now));
	assert_true(wl_rate_connect(&rates, 8, now));
	for (unsigned i = 0; i < WL_CONTROL_CALLS_PER_SECOND_MAX; i++)
		assert_int_equal(wl_rate_call(&rates, 7, now), WL_RATE_YES);
	assert_int_equal(wl_rate_call(&rates, 7, now), WL_RATE_NO);
	assert_int_equal(wl_rate_call(&rates, 8, now), WL_RATE_YES); /* only its own allowance */
	now += 1000000 / WL_CONTROL_CALLS_PER_SECOND_MAX;
	assert_int_equal(wl_rate_call(&rates, 7, now), WL_RATE_YES);
	for (unsigned i = 0; i < WL_CONTROL_CALLS_PER_SECOND_MAX; i++)
		assert_int_equal(wl_rate_call(&rates, 7, now), WL_RATE_NO);
	assert_int_equal(wl_rate_call(&rates, 7, now), WL_RATE_CLOSE);
	assert_int_equal(wl_rate_call(&rates, 9, now), WL_RATE_CLOSE); /* never connected */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_two_frames_and_a_half),
	        cmocka_unit_test(test_what_is_no_call),
	        cmocka_unit_test(test_nesting_limit),
	        cmocka_unit_test(test_frame_limit),
	        cmocka_unit_test(test_render_limit),
	        cmocka_unit_test(test_connections_of_one),
	        cmocka_unit_test(test_connections_of_all),
	        cmocka_unit_test(test_calls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
