/*
 * Descriptors of media in spawnd: to whom they go, how often, and when they are closed. The test
 * plays mediad on a socket pair; what it sends is what the real one sends.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/spawn/spawnd.h"

static struct wl_spawnd d;
static struct wl_channel media;
static struct wl_message message = {.fd = -1};

static int make_link(void **state)
{
	int ends[2];

	(void)state;
	memset(&d, 0, sizeof(d));
	wl_message_init(&d.message);
	for (size_t i = 0; i < WL_SPAWN_GATES_MAX; i++)
		d.gates[i].fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	wl_channel_init(&d.gate_link, ends[0], WL_PEER_SPAWN, WL_PEER_MEDIA);
	wl_channel_init(&media, ends[1], WL_PEER_MEDIA, WL_PEER_SPAWN);
	return 0;
}

static int close_link(void **state)
{
	(void)state;
	wl_channel_close(&media); /* and with it everything held goes */
	if (d.gate_link.fd >= 0)
		wl_gates_readable(&d);
	for (size_t i = 0; i < WL_SPAWN_GATES_MAX; i++)
		if (d.gates[i].fd >= 0)
			return -1;
	return d.gate_link.fd >= 0;
}

/* 0 where spawnd took it, else its error. */
static int hand_over(uint64_t gate, int flags, uint64_t access, const char *intent)
{
	int fd = open("/dev/null", flags | O_CLOEXEC), error = 0;

	wl_message_start(&message, WL_MSG_GATE_FD, 1);
	wl_message_put_u64(&message, WL_T_GATE, gate);
	if (intent)
		wl_message_put_text(&message, WL_T_INTENT, intent);
	wl_message_put_text(&message, WL_T_PURPOSE, "read");
	wl_message_put_u64(&message, WL_T_ACCESS, access);
	message.fd = fd;
	assert_int_equal(wl_channel_send(&media, &message), 0);
	message.fd = -1;
	(void)close(fd);
	wl_gates_readable(&d);
	assert_int_equal(wl_channel_receive(&media, &message, 1000), 0);
	if (message.id == WL_MSG_GATE_FD_REPLY)
		return 0;
	assert_int_equal(message.id, WL_MSG_ERROR);
	error = (int)wl_message_u64(&message, WL_T_ERRNO);
	return -error;
}

static int take(uint64_t gate, const char *kind, const char *intent)
{
	int fd = -1;
	int r = wl_gates_take(&d, gate, wl_kind_find(kind), intent, &fd);

	assert_int_equal(fd >= 0, r == 0);
	if (fd >= 0)
		(void)close(fd);
	return r;
}

static void each_goes_only_to_its_kinds(void **state)
{
	static const struct {
		const char *kind, *intent;
		bool reads, writes;
	} cases[] = {
	        {"read-medium", "", true, false},
	        {"digest", "", true, false},
	        {"signature", "", false, false},
	        {"unpack", "", false, false},
	        {"check", "", false, false},
	        {"self-test", "", false, false},
	        {"build-volume", "", false, false},
	        {"build-volume", "STN3#81", false, true},
	        {"build-volume", "STN3#82", false, false},
	        {"digest", "STN3#81", true, false},
	        {"read-medium", "STN3#81", true, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(hand_over(10 + i, O_RDONLY, 0, NULL), 0);
		assert_int_equal(take(10 + i, cases[i].kind, cases[i].intent),
		                 cases[i].reads ? 0 : -EPERM);
		assert_int_equal(hand_over(30 + i, O_RDWR, 1, "STN3#81"), 0);
		assert_int_equal(take(30 + i, cases[i].kind, cases[i].intent),
		                 cases[i].writes ? 0 : -EPERM);
	}
}

static void nobody_gets_one_twice(void **state)
{
	(void)state;
	assert_int_equal(hand_over(5, O_RDWR, 1, "STN3#81"), 0);
	assert_int_equal(take(5, "build-volume", "STN3#81"), 0);
	assert_int_equal(take(5, "build-volume", "STN3#81"), -ENOENT);
	/* who asks wrongly does not get it by asking again */
	assert_int_equal(hand_over(6, O_RDWR, 1, "STN3#81"), 0);
	assert_int_equal(take(6, "build-volume", "STN3#99"), -EPERM);
	assert_int_equal(take(6, "build-volume", "STN3#81"), -ENOENT);
	assert_int_equal(take(0, "digest", ""), -ENOENT);
}

static void what_does_not_agree_is_not_taken(void **state)
{
	(void)state;
	assert_int_equal(hand_over(0, O_RDONLY, 0, NULL), -EINVAL);
	assert_int_equal(hand_over(1, O_RDONLY, 1, "STN3#81"), -EINVAL);
	assert_int_equal(hand_over(1, O_RDWR, 0, NULL), -EINVAL);
	assert_int_equal(hand_over(1, O_WRONLY, 0, NULL), -EINVAL);
	assert_int_equal(hand_over(1, O_RDWR, 1, NULL), -EINVAL);
	assert_int_equal(hand_over(1, O_RDONLY, 2, NULL), -EINVAL);
	assert_int_equal(hand_over(1, O_RDONLY, 0, NULL), 0);
	assert_int_equal(hand_over(1, O_RDONLY, 0, NULL), -EINVAL); /* the number is taken */
	for (uint64_t gate = 2; gate <= WL_SPAWN_GATES_MAX; gate++)
		assert_int_equal(hand_over(gate, O_RDONLY, 0, NULL), 0);
	assert_int_equal(hand_over(100, O_RDONLY, 0, NULL), -EBUSY);
}

static void what_nobody_claims_is_closed(void **state)
{
	int64_t now_ms = wl_spawnd_now_ms();

	(void)state;
	assert_int_equal(hand_over(5, O_RDONLY, 0, NULL), 0);
	wl_gates_expire(&d, now_ms + WL_SPAWN_GATE_HELD_MS - 1000);
	assert_true(d.gates[0].fd >= 0);
	wl_gates_expire(&d, now_ms + WL_SPAWN_GATE_HELD_MS + 5000);
	assert_true(d.gates[0].fd < 0);
	assert_int_equal(take(5, "digest", ""), -ENOENT);
	assert_int_equal(hand_over(6, O_RDONLY, 0, NULL), 0);
	assert_true(wl_gates_drop(&d, 6));
	assert_false(wl_gates_drop(&d, 6));
	assert_false(wl_gates_drop(&d, 0));
	assert_int_equal(take(6, "digest", ""), -ENOENT);
}

static void another_mediad_begins_anew(void **state)
{
	(void)state;
	assert_int_equal(hand_over(5, O_RDONLY, 0, NULL), 0);
	wl_channel_close(&media);
	wl_gates_readable(&d);
	assert_true(d.gate_link.fd < 0);
	assert_int_equal(take(5, "digest", ""), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(each_goes_only_to_its_kinds, make_link, close_link),
	        cmocka_unit_test_setup_teardown(nobody_gets_one_twice, make_link, close_link),
	        cmocka_unit_test_setup_teardown(what_does_not_agree_is_not_taken, make_link,
	                                        close_link),
	        cmocka_unit_test_setup_teardown(what_nobody_claims_is_closed, make_link,
	                                        close_link),
	        cmocka_unit_test_setup_teardown(another_mediad_begins_anew, make_link, close_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
