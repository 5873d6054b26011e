/*
 * weighlock-spawnd as at a station, with the real daemon: who may give orders, and how descriptors
 * of media reach workers. Runs as root only, which plays mediad and the broker; spawnd is nobody.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/fdio.h"
#include "daemon/base/paths.h"
#include "daemon/base/sha256.h"
#include "daemon/base/work.h"

#define SKIPPED 77
#define NOBODY  65534U

static char state_dir[] = "/tmp/weighlock-test-XXXXXX";
static char spawn_path[WL_PATH_TEXT], gate_path[WL_PATH_TEXT];
static int gate_listener = -1;
static pid_t daemon_pid;
static struct wl_channel media;
static struct wl_message message = {.fd = -1};
static struct wl_finding why;

static void make_folders(const char *path)
{
	char part[WL_PATH_TEXT];

	for (const char *at = strchr(path + strlen(state_dir) + 1, '/'); at;
	     at = strchr(at + 1, '/')) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(at - path), path);
		(void)mkdir(part, 0777);
		(void)chmod(part, 0777); /* a test's folder, not a station's */
	}
}

static void start_daemon(void)
{
	daemon_pid = fork();
	if (daemon_pid != 0)
		return;
	if (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
		_exit(1);
	(void)execl("daemon/spawn/weighlock-spawnd", "weighlock-spawnd", "--state", state_dir,
	            "--workers", "daemon/worker", "--broker-user", "root", (char *)NULL);
	_exit(1);
}

static struct wl_spawn *connect_broker(void)
{
	struct wl_spawn *s = NULL;

	for (int i = 0; i < 500; i++) {
		if (wl_spawn_connect(spawn_path, NOBODY, &s) == 0)
			return s;
		(void)poll(NULL, 0, 10);
	}
	return NULL;
}

static void accept_spawnd(void)
{
	struct pollfd p = {.fd = gate_listener, .events = POLLIN};
	uid_t uid = 0;
	int fd = -1;

	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(wl_accept(gate_listener, &fd, NULL, &uid, NULL), 0);
	assert_int_equal(uid, NOBODY);
	wl_channel_init(&media, fd, WL_PEER_MEDIA, WL_PEER_SPAWN);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(state_dir) || chmod(state_dir, 0777) < 0 ||
	    wl_path(WL_PATH_SPAWN_SOCKET, state_dir, spawn_path, sizeof(spawn_path)) < 0 ||
	    wl_path(WL_PATH_GATE_SOCKET, state_dir, gate_path, sizeof(gate_path)) < 0)
		return -1;
	make_folders(spawn_path);
	make_folders(gate_path);
	if (wl_listen(gate_path, "gate", SOCK_SEQPACKET, &gate_listener) < 0 ||
	    chmod(gate_path, 0666) < 0)
		return -1;
	start_daemon();
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	(void)kill(daemon_pid, SIGTERM);
	(void)waitpid(daemon_pid, NULL, 0);
	wl_channel_close(&media);
	(void)close(gate_listener);
	(void)snprintf(command, sizeof(command), "rm -r %s", state_dir);
	return system(command);
}

static void hand_over(uint64_t gate, int fd, uint64_t access, const char *intent)
{
	wl_message_start(&message, WL_MSG_GATE_FD, 1);
	wl_message_put_u64(&message, WL_T_GATE, gate);
	if (intent)
		wl_message_put_text(&message, WL_T_INTENT, intent);
	wl_message_put_text(&message, WL_T_PURPOSE, "check");
	wl_message_put_u64(&message, WL_T_ACCESS, access);
	message.fd = fd;
	assert_int_equal(wl_channel_send(&media, &message), 0);
	message.fd = -1;
	assert_int_equal(wl_channel_receive(&media, &message, 5000), 0);
	assert_int_equal(message.id, WL_MSG_GATE_FD_REPLY);
}

static void a_medium_reaches_a_worker_once(void **state)
{
	struct wl_spawn *s = connect_broker();
	struct wl_job job = {0};
	struct wl_job_order order = {
	        .kind = "digest", .deadline_ms = 10000, .gate = 7, .input_fd = -1};
	uint8_t expected[32];
	char path[] = "/tmp/weighlock-test-medium-XXXXXX";
	int rw = mkstemp(path), medium = open(path, O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_non_null(s);
	assert_int_equal(wl_pwrite_full(rw, "a medium", 8, 0), 0);
	accept_spawnd();
	hand_over(7, medium, 0, NULL);
	assert_int_equal(wl_job_start(s, &order, &job, &why), 0);
	wl_message_start(&message, WL_MSG_DIGEST_RAW, 0);
	wl_message_put_u64(&message, WL_T_ITEM, 1);
	wl_message_put_u64(&message, WL_T_SIZE, 8);
	assert_int_equal(wl_job_send(&job, &message), 0);
	assert_int_equal(wl_job_receive(&job, &message, &why, NULL, NULL), 0);
	assert_int_equal(wl_sha256_of("a medium", 8, expected), 0);
	assert_memory_equal(wl_message_sha256(&message, WL_T_SHA256), expected, 32);
	wl_job_kill(&job);
	assert_int_equal(wl_job_start(s, &order, &job, &why), -ENOENT);
	/* a writable one does not go to a kind that reads, whatever intent is named */
	hand_over(8, rw, 1, "STN3#81");
	order.gate = 8;
	order.intent = "STN3#81";
	assert_int_equal(wl_job_start(s, &order, &job, &why), -EPERM);
	/* nor to build-volume under another intent */
	hand_over(9, rw, 1, "STN3#81");
	order.gate = 9;
	order.kind = "build-volume";
	order.intent = "STN3#80";
	assert_int_equal(wl_job_start(s, &order, &job, &why), -EPERM);
	hand_over(10, rw, 1, "STN3#81");
	assert_int_equal(wl_spawn_drop(s, 10), 0);
	assert_int_equal(wl_spawn_drop(s, 10), -ENOENT);
	(void)wl_spawn_free(s);
	(void)close(rw);
	(void)close(medium);
	(void)unlink(path);
}

/* Another user is cut off before it can say anything, though it may enter the folder. */
static void only_the_broker_is_heard(void **state)
{
	struct wl_spawn *s = connect_broker();
	pid_t pid = fork();
	int status = -1;

	(void)state;
	assert_non_null(s);
	if (pid == 0) {
		struct wl_spawn *stranger = NULL;
		char said[256];
		(void)chmod(spawn_path, 0666);
		if (setgid(12345) < 0 || setuid(12345) < 0 ||
		    wl_spawn_connect(spawn_path, NOBODY, &stranger) < 0)
			_exit(1);
		_exit(wl_spawn_status(stranger, said, sizeof(said), &why) == 0 ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	char said[256];
	assert_int_equal(wl_spawn_status(s, said, sizeof(said), &why), 0);
	(void)wl_spawn_free(s);
}

static void mediad_may_come_back(void **state)
{
	struct wl_spawn *s = connect_broker();
	struct wl_job job = {0};
	struct wl_job_order order = {
	        .kind = "digest", .deadline_ms = 10000, .gate = 20, .input_fd = -1};
	int medium = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_non_null(s);
	hand_over(20, medium, 0, NULL);
	wl_channel_close(&media);
	accept_spawnd();
	assert_int_equal(wl_job_start(s, &order, &job, &why), -ENOENT); /* closed with mediad */
	hand_over(20, medium, 0, NULL);
	assert_int_equal(wl_job_start(s, &order, &job, &why), 0);
	wl_job_kill(&job);
	(void)wl_spawn_free(s);
	(void)close(medium);
}

/* A malformed packet ends the connection and the jobs of it, and nothing else. */
static void noise_ends_one_connection(void **state)
{
	struct wl_channel c = {.fd = -1};
	struct wl_spawn *s = connect_broker();
	char said[256];

	(void)state;
	assert_non_null(s);
	assert_int_equal(wl_channel_connect(&c, spawn_path, NOBODY, WL_PEER_BROKER, WL_PEER_SPAWN),
	                 0);
	assert_int_equal(send(c.fd, "noise", 5, MSG_NOSIGNAL), 5);
	assert_int_equal(wl_channel_receive(&c, &message, 5000), -EPIPE);
	wl_channel_close(&c);
	assert_int_equal(wl_spawn_status(s, said, sizeof(said), &why), 0);
	(void)wl_spawn_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_medium_reaches_a_worker_once),
	        cmocka_unit_test(mediad_may_come_back),
	        cmocka_unit_test(only_the_broker_is_heard),
	        cmocka_unit_test(noise_ends_one_connection),
	};

	if (getuid() != 0) {
		(void)fprintf(stderr,
		              "skipped: it plays mediad and the broker, which takes root\n");
		return SKIPPED;
	}
	/* nobody must be able to execute the daemon: a build below a closed folder cannot be tried
	 */
	pid_t pid = fork();
	int status = -1;
	if (pid == 0)
		_exit(setuid(NOBODY) < 0 || access("daemon/spawn/weighlock-spawnd", X_OK) < 0);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		(void)fprintf(stderr, "skipped: others cannot enter the folder of this build\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
