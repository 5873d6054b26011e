/* Channels: descriptors, cut and foreign packets, waiting, calls, and who is on the other side. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/channel.h"

static struct wl_channel broker, spawn;
static struct wl_message out = {.fd = -1}, in = {.fd = -1};

static int make_pair(void **state)
{
	int ends[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	wl_channel_init(&broker, ends[0], WL_PEER_BROKER, WL_PEER_SPAWN);
	wl_channel_init(&spawn, ends[1], WL_PEER_SPAWN, WL_PEER_BROKER);
	return 0;
}

static int close_pair(void **state)
{
	(void)state;
	wl_message_clear(&in);
	wl_message_clear(&out);
	wl_channel_close(&broker);
	wl_channel_close(&spawn);
	return 0;
}

static size_t open_descriptors(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			n++;
	return n;
}

static void a_descriptor_goes_along(void **state)
{
	int fd = memfd_create("x", MFD_CLOEXEC);
	char c = 0;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "!", 1, 0), 1);
	wl_message_start(&out, WL_MSG_WORK_FD, 9);
	wl_message_put_u64(&out, WL_T_SLOT, 4);
	out.fd = fd;
	assert_int_equal(wl_channel_send(&broker, &out), 0);
	out.fd = -1;
	assert_int_equal(wl_channel_receive(&spawn, &in, 1000), 0);
	assert_int_equal(in.id, WL_MSG_WORK_FD);
	assert_int_equal(in.serial, 9);
	assert_true(in.fd >= 0 && in.fd != fd);
	assert_int_equal(fcntl(in.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(pread(in.fd, &c, 1, 0), 1);
	assert_int_equal(c, '!');
	(void)close(fd);
}

static void a_message_that_is_kept_too_long_closes_its_descriptor(void **state)
{
	size_t before = open_descriptors();

	(void)state;
	wl_message_start(&out, WL_MSG_WORK_FD, 9);
	wl_message_put_u64(&out, WL_T_SLOT, 4);
	out.fd = STDIN_FILENO;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(wl_channel_send(&broker, &out), 0);
		assert_int_equal(wl_channel_receive(&spawn, &in, 1000), 0);
	}
	out.fd = -1;
	assert_int_equal(open_descriptors(), before + 1);
	wl_message_clear(&in);
	assert_int_equal(open_descriptors(), before);
}

/* A hand-made packet with n descriptors. */
static void send_raw(const void *p, size_t size, size_t n)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(4 * sizeof(int))];
	} control = {.room = {0}};
	int fds[4] = {0, 0, 0, 0};
	uint8_t copy[512];
	struct iovec iov = {copy, size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	memcpy(copy, p, size);
	if (n > 0) {
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, n * sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
	}
	assert_int_equal(sendmsg(broker.fd, &msg, 0), (ssize_t)size);
}

static void wrong_numbers_of_descriptors_are_refused_and_closed(void **state)
{
	static const struct {
		enum wl_message_id id;
		size_t fds;
		int expected;
	} cases[] = {
	        {WL_MSG_WORK_FD, 1, 0},         {WL_MSG_WORK_FD, 0, -EBADMSG},
	        {WL_MSG_WORK_FD, 2, -EBADMSG},  {WL_MSG_WORK_FD, 4, -EBADMSG},
	        {WL_MSG_WORK_RUN, 0, 0},        {WL_MSG_WORK_RUN, 1, -EBADMSG},
	        {WL_MSG_WORK_RUN, 3, -EBADMSG},
	};
	static uint8_t packet[WL_MESSAGE_BYTES_MAX];
	size_t size = 0, before = open_descriptors();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		wl_message_start(&out, cases[i].id, 1);
		if (cases[i].id == WL_MSG_WORK_FD) {
			wl_message_put_u64(&out, WL_T_SLOT, 3);
			out.fd = 0;
		}
		assert_int_equal(wl_message_encode(&out, packet, &size), 0);
		out.fd = -1;
		send_raw(packet, size, cases[i].fds);
		assert_int_equal(wl_channel_receive(&spawn, &in, 1000), cases[i].expected);
		wl_message_clear(&in);
		assert_int_equal(open_descriptors(), before);
	}
}

static void a_packet_that_is_too_long_is_refused(void **state)
{
	static uint8_t packet[WL_MESSAGE_BYTES_MAX + 1] = "WL";

	(void)state;
	assert_int_equal(send(broker.fd, packet, sizeof(packet), 0), (ssize_t)sizeof(packet));
	assert_int_equal(wl_channel_receive(&spawn, &in, 1000), -EBADMSG);
}

static void noise_and_the_wrong_direction_are_refused(void **state)
{
	(void)state;
	send_raw("hello", 5, 0);
	assert_int_equal(wl_channel_receive(&spawn, &in, 1000), -EBADMSG);
	wl_message_start(&out, WL_MSG_WORK_DROP_REPLY, 1); /* only spawnd says this */
	assert_int_equal(wl_channel_send(&broker, &out), 0);
	assert_int_equal(wl_channel_receive(&spawn, &in, 1000), -EBADMSG);
}

static void waiting_ends(void **state)
{
	(void)state;
	assert_int_equal(wl_channel_receive(&spawn, &in, 0), -EAGAIN);
	assert_int_equal(wl_channel_receive(&spawn, &in, 20), -ETIMEDOUT);
	wl_channel_close(&broker);
	assert_int_equal(wl_channel_receive(&spawn, &in, 1000), -EPIPE);
	assert_int_equal(wl_channel_receive(&spawn, &in, 0), -EPIPE);
	wl_message_start(&out, WL_MSG_WORK_DROP_REPLY, 1);
	assert_int_equal(wl_channel_send(&spawn, &out), -EPIPE);
}

static void a_call_takes_its_own_reply(void **state)
{
	(void)state;
	wl_message_start(&in, WL_MSG_WORK_STARTED, 0); /* an event of nobody's: dropped */
	assert_int_equal(wl_channel_send(&spawn, &in), 0);
	wl_message_start(&in, WL_MSG_WORK_DROP_REPLY, 5);
	assert_int_equal(wl_channel_send(&spawn, &in), 0);
	wl_message_start(&out, WL_MSG_WORK_DROP, 5);
	wl_message_put_u64(&out, WL_T_GATE, 1);
	assert_int_equal(wl_channel_call(&broker, &out, 1000, NULL, NULL), 0);
	assert_int_equal(out.id, WL_MSG_WORK_DROP_REPLY);
}

static void a_call_refuses_other_replies(void **state)
{
	static const struct {
		enum wl_message_id id;
		uint32_t serial;
	} cases[] = {{WL_MSG_WORK_DROP_REPLY, 6}, {WL_MSG_WORK_STARTED, 5}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		wl_message_start(&in, cases[i].id, cases[i].serial);
		assert_int_equal(wl_channel_send(&spawn, &in), 0);
		wl_message_start(&out, WL_MSG_WORK_DROP, 5);
		wl_message_put_u64(&out, WL_T_GATE, 1);
		assert_int_equal(wl_channel_call(&broker, &out, 1000, NULL, NULL), -EBADMSG);
	}
	wl_message_start(&out, WL_MSG_WORK_DROP, 5);
	wl_message_put_u64(&out, WL_T_GATE, 1);
	assert_int_equal(wl_channel_call(&broker, &out, 20, NULL, NULL), -ETIMEDOUT);
}

static void an_error_says_rule_number_and_words(void **state)
{
	struct wl_finding why = {.rule = WL_RULE_NONE};
	int error = 0;

	(void)state;
	assert_int_equal(wl_channel_send_error(&spawn, 5, WL_RULE_STATION_BUSY, -EBUSY, "bad\x01"),
	                 0);
	wl_message_start(&out, WL_MSG_WORK_DROP, 5);
	wl_message_put_u64(&out, WL_T_GATE, 1);
	assert_int_equal(wl_channel_call(&broker, &out, 1000, &why, &error), -EREMOTEIO);
	assert_int_equal(why.rule, WL_RULE_STATION_BUSY);
	assert_string_equal(why.detail, "bad\\x01");
	assert_int_equal(error, EBUSY);
}

static void serials_are_never_0(void **state)
{
	(void)state;
	broker.next_serial = UINT32_MAX;
	assert_int_equal(wl_channel_serial(&broker), UINT32_MAX);
	assert_int_equal(wl_channel_serial(&broker), 1);
}

static void listeners_know_who_connects(void **state)
{
	char folder[] = "/tmp/weighlock-test-XXXXXX", path[64];
	struct wl_channel c = {.fd = -1};
	struct stat st;
	int listener = -1, fd = -1;
	pid_t pid = 0;
	uid_t uid = 0;
	gid_t gid = 0;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/socket", folder);
	assert_int_equal(wl_channel_connect(&c, path, (uid_t)-1, WL_PEER_BROKER, WL_PEER_SPAWN),
	                 -ENOENT);
	assert_int_equal(wl_listen(path, "none", SOCK_SEQPACKET, &listener), 0);
	(void)close(listener); /* leaves a stale socket, which is replaced */
	assert_int_equal(wl_channel_connect(&c, path, (uid_t)-1, WL_PEER_BROKER, WL_PEER_SPAWN),
	                 -ECONNREFUSED);
	assert_int_equal(wl_listen(path, "none", SOCK_SEQPACKET, &listener), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(wl_accept(listener, &fd, &pid, &uid, &gid), -EAGAIN);
	assert_int_equal(wl_channel_connect(&c, path, getuid() + 1, WL_PEER_BROKER, WL_PEER_SPAWN),
	                 -EPERM);
	assert_int_equal(wl_accept(listener, &fd, NULL, NULL, NULL), 0);
	(void)close(fd);
	assert_int_equal(wl_channel_connect(&c, path, getuid(), WL_PEER_BROKER, WL_PEER_SPAWN), 0);
	assert_int_equal(wl_accept(listener, &fd, &pid, &uid, &gid), 0);
	assert_int_equal(pid, getpid());
	assert_int_equal(uid, getuid());
	assert_int_equal(gid, getgid());
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	(void)close(fd);
	wl_channel_close(&c);
	(void)close(listener);
	assert_int_equal(unlink(path), 0);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	(void)close(fd);
	assert_int_equal(wl_listen(path, "none", SOCK_SEQPACKET, &listener), -EEXIST);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* A socket on which another process listens, as the service manager does. */
static int listened_by_another(const struct sockaddr_un *at, socklen_t size)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0), status = -1;

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)at, size), 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(listen(fd, 5) == 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return fd;
}

/* Whom somebody who connects there is shown by the kernel. */
static pid_t peer_of(const struct sockaddr_un *at, socklen_t size)
{
	struct ucred who = {0};
	socklen_t n = sizeof(who);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)at, size), 0);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n), 0);
	(void)close(fd);
	return who.pid;
}

static void a_socket_from_systemd_is_taken_by_name(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
	                             (size_t)snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1,
	                                              "weighlock-channel-%d", (int)getpid()));
	char pid[20];
	int made, fd = -1;

	(void)state;
	/* the second descriptor of two, as sd_listen_fds(3) passes them from 3 on */
	made = listened_by_another(&at, size);
	assert_int_not_equal(peer_of(&at, size), getpid());
	assert_int_equal(dup2(made, 4), 4);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_int_equal(setenv("LISTEN_PID", pid, 1), 0);
	assert_int_equal(setenv("LISTEN_FDS", "2", 1), 0);
	assert_int_equal(setenv("LISTEN_FDNAMES", "control:spawn", 1), 0);
	assert_int_equal(wl_listen("/nonexistent/socket", "spawn", SOCK_SEQPACKET, &fd), 0);
	assert_int_equal(fd, 4);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	/* the other end asks the kernel whose socket this is: ours, not the service manager's */
	assert_int_equal(peer_of(&at, size), getpid());
	assert_int_equal(wl_listen("/nonexistent/socket", "spaw", SOCK_SEQPACKET, &fd), -ENOENT);
	assert_int_equal(setenv("LISTEN_PID", "1", 1), 0);
	assert_int_equal(wl_listen("/nonexistent/socket", "spawn", SOCK_SEQPACKET, &fd), -ENOENT);
	(void)unsetenv("LISTEN_PID");
	(void)close(4);
	if (made != 4)
		(void)close(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(a_descriptor_goes_along, make_pair, close_pair),
	        cmocka_unit_test_setup_teardown(
	                a_message_that_is_kept_too_long_closes_its_descriptor, make_pair,
	                close_pair),
	        cmocka_unit_test_setup_teardown(wrong_numbers_of_descriptors_are_refused_and_closed,
	                                        make_pair, close_pair),
	        cmocka_unit_test_setup_teardown(a_packet_that_is_too_long_is_refused, make_pair,
	                                        close_pair),
	        cmocka_unit_test_setup_teardown(noise_and_the_wrong_direction_are_refused,
	                                        make_pair, close_pair),
	        cmocka_unit_test_setup_teardown(waiting_ends, make_pair, close_pair),
	        cmocka_unit_test_setup_teardown(a_call_takes_its_own_reply, make_pair, close_pair),
	        cmocka_unit_test_setup_teardown(a_call_refuses_other_replies, make_pair,
	                                        close_pair),
	        cmocka_unit_test_setup_teardown(an_error_says_rule_number_and_words, make_pair,
	                                        close_pair),
	        cmocka_unit_test_setup_teardown(serials_are_never_0, make_pair, close_pair),
	        cmocka_unit_test(listeners_know_who_connects),
	        cmocka_unit_test(a_socket_from_systemd_is_taken_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
