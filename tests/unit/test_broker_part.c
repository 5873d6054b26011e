/*
 * The broker's connection to another daemon that dies and comes back: found dead before a request
 * is begun, and never asked twice for what it may have carried out.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/broker/part.h"

static char folder[] = "/tmp/wlpartXXXXXX", path[64];
static int listen_fd = -1;
static struct wl_part part;
static struct wl_channel other = {.fd = -1};
static struct wl_message in;

static int begin(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/socket", folder);
	wl_message_init(&in);
	wl_part_init(&part, "media", path, getuid(), WL_PEER_MEDIA);
	return wl_listen(path, "media", SOCK_SEQPACKET, &listen_fd);
}

static int end(void **state)
{
	(void)state;
	wl_part_drop(&part);
	wl_channel_close(&other);
	wl_cleanup_close(&listen_fd);
	(void)unlink(path);
	return rmdir(folder);
}

/* The other daemon takes the next connection; -EAGAIN where there is none. */
static int take_connection(void)
{
	pid_t pid;
	uid_t uid;
	gid_t gid;
	int fd = -1, r = wl_accept(listen_fd, &fd, &pid, &uid, &gid);
	if (r == 0)
		wl_channel_init(&other, fd, WL_PEER_MEDIA, WL_PEER_BROKER);
	return r;
}

/* A request arrives at whoever took the connection. */
static void assert_request_arrives(uint32_t serial)
{
	assert_int_equal(wl_channel_receive(&other, &in, 1000), 0);
	assert_int_equal(in.id, WL_MSG_MEDIA_LIST);
	assert_int_equal(in.serial, serial);
}

static void one_that_came_back_is_found(void **state)
{
	struct wl_finding f = {0};
	(void)state;
	uint32_t serial = wl_part_start(&part, WL_MSG_MEDIA_LIST);
	assert_int_equal(wl_part_send(&part, &f), 0);
	assert_int_equal(take_connection(), 0);
	assert_request_arrives(serial);
	for (int restarts = 0; restarts < 3; restarts++) {
		wl_channel_close(&other);
		serial = wl_part_start(&part, WL_MSG_MEDIA_LIST);
		assert_int_not_equal(serial, 0);
		assert_int_equal(wl_part_send(&part, &f), 0);
		assert_int_equal(take_connection(), 0);
		assert_request_arrives(serial);
	}
}

static void one_that_lives_keeps_its_connection(void **state)
{
	struct wl_finding f = {0};
	(void)state;
	for (int requests = 0; requests < 3; requests++) {
		uint32_t serial = wl_part_start(&part, WL_MSG_MEDIA_LIST);
		assert_int_equal(wl_part_send(&part, &f), 0);
		assert_request_arrives(serial);
	}
	assert_int_equal(take_connection(), -EAGAIN);
}

static void what_was_begun_is_not_asked_for_again(void **state)
{
	struct wl_finding f = {0};
	(void)state;
	assert_int_not_equal(wl_part_start(&part, WL_MSG_MEDIA_LIST), 0);
	wl_channel_close(&other);
	assert_int_equal(wl_part_call(&part, &f), -EBADMSG);
	assert_int_equal(f.rule, WL_RULE_STATION_PART_MISSING);
	assert_false(part.connected);
	assert_int_equal(take_connection(), -EAGAIN);
}

/* The other daemon in a process of its own, which answers `id` late, or dies instead. */
static void answer_late(enum wl_message_id id)
{
	struct wl_message out;

	if (wl_channel_receive(&other, &in, 5000) < 0)
		_exit(1);
	(void)usleep(300000);
	if (id == 0)
		_exit(0);
	if (id == WL_MSG_ERROR)
		_exit(wl_channel_send_error(&other, in.serial, WL_RULE_STATION_BUSY, 0, "no") < 0);
	wl_message_init(&out);
	wl_message_start(&out, id, in.serial);
	wl_message_put_u64(&out, WL_T_COUNT, 0);
	wl_message_put_u64(&out, WL_T_OVERRUNS, 0);
	_exit(wl_channel_send(&other, &out) < 0);
}

static int call_long(enum wl_message_id id, struct wl_finding *f)
{
	wl_part_drop(&part);
	wl_channel_close(&other);
	assert_int_not_equal(wl_part_start(&part, WL_MSG_MEDIA_LIST), 0);
	assert_int_equal(take_connection(), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		answer_late(id);
	wl_channel_close(&other);
	int r = wl_part_call_long(&part, f);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return r;
}

/* Work that takes long: its answer is waited for, its refusal is the other's, its death is said. */
static void what_takes_long_is_waited_for(void **state)
{
	struct wl_finding f = {0};
	(void)state;
	assert_int_equal(call_long(WL_MSG_MEDIA_LIST_REPLY, &f), 0);
	assert_int_equal(part.message.id, WL_MSG_MEDIA_LIST_REPLY);
	assert_int_equal(call_long(WL_MSG_ERROR, &f), -EBADMSG);
	assert_int_equal(f.rule, WL_RULE_STATION_BUSY);
	assert_int_equal(call_long(0, &f), -EBADMSG);
	assert_int_equal(f.rule, WL_RULE_STATION_PART_MISSING);
	assert_false(part.connected);
}

static void one_that_is_gone_is_said(void **state)
{
	struct wl_finding f = {0};
	(void)state;
	wl_cleanup_close(&listen_fd);
	assert_int_equal(wl_part_start(&part, WL_MSG_MEDIA_LIST), 0);
	assert_int_equal(wl_part_call(&part, &f), -EBADMSG);
	assert_int_equal(f.rule, WL_RULE_STATION_PART_MISSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(one_that_came_back_is_found),
	        cmocka_unit_test(one_that_lives_keeps_its_connection),
	        cmocka_unit_test(what_was_begun_is_not_asked_for_again),
	        cmocka_unit_test(what_takes_long_is_waited_for),
	        cmocka_unit_test(one_that_is_gone_is_said),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
