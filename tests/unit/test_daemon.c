/*
 * What every daemon does at start: each case hardens a child of its own, because there is no way
 * back, and asks the kernel whether it holds.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <cap-ng.h>
#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/daemon.h"

static const enum wl_daemon all[] = {WL_DAEMON_BROKER, WL_DAEMON_MEDIA, WL_DAEMON_SPAWN,
                                     WL_DAEMON_LEDGER};

/* Runs `look` in a hardened child; 0 where everything was as it should be, else what it returned.
 */
static int in_child(enum wl_daemon which, int (*look)(enum wl_daemon which))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		const char *step = NULL;
		if (wl_daemon_harden(which, &step) < 0) {
			(void)fprintf(stderr, "%s failed\n", step);
			_exit(99);
		}
		_exit(look(which));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

/* 0 where the socket fails with EAFNOSUPPORT, as opposed to being made or failing otherwise. */
static int family_is_denied(int family, int type, int protocol)
{
	int fd = socket(family, type, protocol);

	return fd >= 0 || errno != EAFNOSUPPORT;
}

static int look_at_sockets(enum wl_daemon which)
{
	static const int families[] = {AF_INET,  AF_INET6, AF_PACKET, AF_BLUETOOTH,
	                               AF_VSOCK, AF_ALG,   AF_KEY,    AF_TIPC};
	int fds[2];

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (family_is_denied(families[i], SOCK_RAW, 0))
			return 1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) < 0 || socket(AF_UNIX, SOCK_STREAM, 0) < 0)
		return 2;
	if (socketpair(AF_INET, SOCK_STREAM, 0, fds) == 0 || errno != EAFNOSUPPORT)
		return 3;
	if (family_is_denied(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE))
		return 4;
	int uevents = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
	return (uevents >= 0) == (which == WL_DAEMON_MEDIA) ? 0 : 5;
}

static void only_local_sockets(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(in_child(all[i], look_at_sockets), 0);
}

static int denied(long result)
{
	return result == -1 && errno == EPERM;
}

static int look_at_calls(enum wl_daemon which)
{
	static char *const none[] = {NULL};

	if (!denied(syscall(SYS_execve, "/nonexistent", none, none)))
		return 1;
	if (!denied(syscall(SYS_mount, NULL, NULL, NULL, 0, NULL)) && which != WL_DAEMON_SPAWN)
		return 2;
	if (!denied(syscall(SYS_bpf, 0, NULL, 0)) ||
	    !denied(syscall(SYS_io_uring_setup, 1, NULL)) ||
	    !denied(syscall(SYS_init_module, NULL, 0, "")) ||
	    !denied(syscall(SYS_clock_settime, 0, NULL)) || !denied(syscall(SYS_unshare, 0)) ||
	    !denied(syscall(SYS_setns, -1, 0)))
		return 3;
#ifndef WL_SANITIZERS
	if (!denied(syscall(SYS_ptrace, PTRACE_PEEKDATA, 0, NULL, NULL)))
		return 4;
#endif
	return 0;
}

static void denied_calls_fail(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(in_child(all[i], look_at_calls), 0);
}

static int look_at_privileges(enum wl_daemon which)
{
	struct rlimit core;
	mode_t mask = umask(0);

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 1;
#ifndef WL_SANITIZERS
	if (prctl(PR_GET_DUMPABLE) != 0)
		return 2;
#endif
	if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_cur != 0 || core.rlim_max != 0)
		return 3;
	if (mask != 0027)
		return 4;
	if (capng_get_caps_process() < 0)
		return 5;
	for (unsigned cap = 0; cap <= CAP_LAST_CAP; cap++) {
		int expected = geteuid() == 0 && which == WL_DAEMON_MEDIA && cap == CAP_SYS_ADMIN;
		if (capng_have_capability(CAPNG_EFFECTIVE, cap) != expected ||
		    capng_have_capability(CAPNG_PERMITTED, cap) != expected ||
		    capng_have_capability(CAPNG_INHERITABLE, cap) != 0)
			return 6;
		if (geteuid() == 0 && capng_have_capability(CAPNG_BOUNDING_SET, cap) != expected)
			return 7;
	}
	return signal(SIGPIPE, SIG_DFL) == SIG_IGN ? 0 : 8;
}

static void nothing_is_kept_that_is_not_needed(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		if (geteuid() != 0 && all[i] == WL_DAEMON_MEDIA)
			continue; /* it is root's, and keeps what an ordinary user never had */
		assert_int_equal(in_child(all[i], look_at_privileges), 0);
	}
}

static void options_are_read_by_the_table(void **state)
{
	const char *dir = NULL;
	bool flag = false;
	const struct wl_daemon_option options[] = {
	        {"state", "DIR", "", &dir, NULL},
	        {"offline", NULL, "", NULL, &flag},
	};
	char name[] = "x", state_[] = "--state", value[] = "/s", joined[] = "--state=/t",
	     offline[] = "--offline", bad[] = "--stat", extra[] = "word", none[] = "--offline=1",
	     empty[] = "--", version[] = "--version";
	char *good[] = {name, state_, value, offline, NULL};
	char *again[] = {name, joined, NULL};
	char *bads[][3] = {{name, bad, NULL},
	                   {name, extra, NULL},
	                   {name, none, NULL},
	                   {name, state_, NULL},
	                   {name, empty, NULL}};
	char *asked[] = {name, version, NULL};

	(void)state;
	assert_int_equal(wl_daemon_options(4, good, "x", "", options, 2), -1);
	assert_string_equal(dir, "/s");
	assert_true(flag);
	assert_int_equal(wl_daemon_options(2, again, "x", "", options, 2), -1);
	assert_string_equal(dir, "/t");
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(wl_daemon_options(2, bads[i], "x", "", options, 2), 2);
	assert_int_equal(wl_daemon_options(2, asked, "x", "", options, 2), 0);
}

static void users_are_found_by_name(void **state)
{
	uid_t uid = 9;
	gid_t gid = 9;

	(void)state;
	assert_int_equal(wl_daemon_user("root", &uid, &gid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(gid, 0);
	assert_int_equal(wl_daemon_user("no such user", &uid, NULL), -ENOENT);
}

/* What came from outside cannot end a line of the log or steer a screen. */
static void the_log_is_one_line(void **state)
{
	int pipe_fds[2], saved = dup(STDERR_FILENO);
	char line[256] = "";

	(void)state;
	assert_int_equal(pipe(pipe_fds), 0);
	assert_true(dup2(pipe_fds[1], STDERR_FILENO) >= 0);
	wl_log_warning("name %s", "a\n<1>b\x1B[2J");
	(void)fflush(stderr);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	(void)close(pipe_fds[1]);
	assert_true(read(pipe_fds[0], line, sizeof(line) - 1) > 0);
	assert_string_equal(line, "<4>name a\\x0A<1>b\\x1B[2J\n");
	(void)close(pipe_fds[0]);
	(void)close(saved);
}

/* A watchdog of two seconds: hardened as every daemon is, the loop says once that it turns, and
 * never waits longer than half of it. Without one it waits as it likes and nothing is said. */
static int look_at_watchdog(enum wl_daemon which)
{
	char pid[16], said[64];
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
	                             (size_t)snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1,
	                                              "weighlock-test-%d", (int)getpid()));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	(void)which;
	if (wl_daemon_wait_ms(-1) != -1 || wl_daemon_wait_ms(70000) != 70000)
		return 1;
	at.sun_path[0] = '@'; /* as sd_notify(3) is told of an abstract name */
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (setenv("NOTIFY_SOCKET", at.sun_path, 1) < 0 || setenv("WATCHDOG_PID", pid, 1) < 0 ||
	    setenv("WATCHDOG_USEC", "2000000", 1) < 0)
		return 2;
	at.sun_path[0] = 0;
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) < 0)
		return 3;
	if (wl_daemon_wait_ms(-1) != 1000 || wl_daemon_wait_ms(70000) != 1000 ||
	    wl_daemon_wait_ms(20) != 20)
		return 4;
	ssize_t n = recv(fd, said, sizeof(said), 0);
	if (n != (ssize_t)strlen("WATCHDOG=1") || memcmp(said, "WATCHDOG=1", (size_t)n) != 0)
		return 5;
	return recv(fd, said, sizeof(said), 0) < 0 ? 0 : 6;
}

static void the_watchdog_hears_of_the_loop(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_int_equal(in_child(all[i], look_at_watchdog), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(only_local_sockets),
	        cmocka_unit_test(denied_calls_fail),
	        cmocka_unit_test(nothing_is_kept_that_is_not_needed),
	        cmocka_unit_test(options_are_read_by_the_table),
	        cmocka_unit_test(users_are_found_by_name),
	        cmocka_unit_test(the_log_is_one_line),
	        cmocka_unit_test(the_watchdog_hears_of_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
