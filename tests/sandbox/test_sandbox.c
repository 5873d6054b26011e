/*
 * The sandbox from inside and from outside, with the real weighlock-spawnd offline.
 *
 * Each probe of the kind self-test must end in death and in the rule that says so; a worker for
 * tests looks around or misbehaves; and the kernel is asked what a waiting worker is locked into.
 * Where this machine cannot make the sandbox the program is skipped and says why.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/base/fdio.h"
#include "daemon/base/work.h"

#define SPAWND       "daemon/spawn/weighlock-spawnd"
#define REAL_WORKERS "daemon/worker"
#define TEST_WORKERS "tests/sandbox/workers"
#define SKIPPED      77

static struct wl_spawn *spawn;
static struct wl_finding why;
static struct wl_message message = {.fd = -1};

static int start(const char *workers)
{
	if (setenv("WEIGHLOCK_WORKERS", workers, 1) < 0)
		return -errno;
	return wl_spawn_start(SPAWND, &spawn);
}

static int start_real(void **state)
{
	(void)state;
	return start(REAL_WORKERS);
}

static int start_test(void **state)
{
	(void)state;
	return start(TEST_WORKERS);
}

static int stop(void **state)
{
	(void)state;
	spawn = wl_spawn_free(spawn);
	return 0;
}

static int begin(const char *name, uint64_t deadline_ms, int input_fd, struct wl_job *j)
{
	const struct wl_job_order order = {
	        .kind = "self-test", .deadline_ms = deadline_ms, .input_fd = input_fd};
	int r = wl_job_start(spawn, &order, j, &why);

	if (r < 0)
		return r;
	wl_message_start(&message, WL_MSG_SELF_TEST, 0);
	wl_message_put_text(&message, WL_T_NAME, name);
	return wl_job_send(j, &message);
}

/* Runs one act to its end; its last words are in `said`. */
static int act(const char *name, uint64_t deadline_ms, int input_fd, char said[256])
{
	struct wl_job j = {0};
	int r = begin(name, deadline_ms, input_fd, &j);

	said[0] = 0;
	while (r == 0) {
		r = wl_job_receive(&j, &message, &why, NULL, NULL);
		if (r < 0 || message.id == WL_MSG_WORK_DONE)
			break;
		(void)snprintf(said, 256, "%s", wl_message_text(&message, WL_T_DETAIL));
	}
	if (r == 0)
		r = wl_job_finish(&j, &why);
	wl_job_kill(&j);
	return r;
}

static void the_sandbox_says_what_it_is(void **state)
{
	char said[256] = "";

	(void)state;
	assert_int_equal(wl_spawn_status(spawn, said, sizeof(said), &why), 0);
	assert_non_null(strstr(said, "landlock"));
	assert_non_null(strstr(said, "seccomp"));
	assert_non_null(strstr(said, "userns"));
}

static void every_probe_dies(void **state)
{
	static const char *const probes[] = {
	        "socket", "unix-socket", "open",  "old-open",    "stat-path", "exec",
	        "ptrace", "fork",        "kill",  "map-code",    "make-code", "mount",
	        "ioctl",  "namespace",   "fcntl", "raise-limit",
	};
	char said[256];

	(void)state;
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		int r = act(probes[i], 10000, -1, said);
		if (r != -EBADMSG || why.rule != WL_RULE_STATION_WORKER_DIED || said[0])
			fail_msg("%s: %d %s %s", probes[i], r, wl_rule_id(why.rule), said);
		assert_non_null(strstr(why.detail, "forbidden system call"));
	}
}

static void who_outlives_the_deadline_is_stopped(void **state)
{
	static const char *const probes[] = {"late", "spin"};
	char said[256];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(act(probes[i], 200, -1, said), -EBADMSG);
		assert_int_equal(why.rule, WL_RULE_STATION_WORKER_LATE);
	}
}

static void an_unknown_probe_is_a_fault(void **state)
{
	char said[256];

	(void)state;
	assert_int_equal(act("no-such-probe", 10000, -1, said), -EIO);
	assert_int_equal(why.rule, WL_RULE_NONE);
}

static void an_unknown_kind_is_not_run(void **state)
{
	const struct wl_job_order order = {.kind = "nothing", .deadline_ms = 1000, .input_fd = -1};
	struct wl_job j = {0};

	(void)state;
	assert_int_equal(wl_job_start(spawn, &order, &j, &why), -EINVAL);
}

static void a_worker_that_is_not_installed_is_named(void **state)
{
	const struct wl_job_order order = {.kind = "unpack", .deadline_ms = 1000, .input_fd = -1};
	struct wl_job j = {0};

	(void)state; /* the folder of the tests holds worker-tool only */
	assert_int_equal(wl_job_start(spawn, &order, &j, &why), -EBADMSG);
	assert_int_equal(why.rule, WL_RULE_STATION_PART_MISSING);
	assert_non_null(strstr(why.detail, "worker-archive"));
}

/* A program that is not there, or ends at once, is a part that is missing. */
static void a_missing_spawnd_is_named(void **state)
{
	static const char *const programs[] = {"/nonexistent/weighlock-spawnd", "/bin/true"};
	const struct wl_job_order order = {.kind = "digest", .deadline_ms = 1000, .input_fd = -1};
	struct wl_job j = {0};
	char said[256];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(wl_spawn_start(programs[i], &spawn), 0);
		assert_int_equal(wl_spawn_status(spawn, said, sizeof(said), &why), -EBADMSG);
		assert_int_equal(why.rule, WL_RULE_STATION_PART_MISSING);
		assert_int_equal(wl_job_start(spawn, &order, &j, &why), -EBADMSG);
		assert_int_equal(why.rule, WL_RULE_STATION_PART_MISSING);
		spawn = wl_spawn_free(spawn);
	}
}

static void an_offline_gate_does_not_exist(void **state)
{
	const struct wl_job_order order = {
	        .kind = "self-test", .deadline_ms = 1000, .input_fd = -1, .gate = 7};
	struct wl_job j = {0};

	(void)state;
	assert_int_equal(wl_job_start(spawn, &order, &j, &why), -ENOENT);
	assert_int_equal(wl_spawn_drop(spawn, 7), -ENOENT);
}

static int file_saying(const char *words)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(wl_pwrite_full(fd, words, strlen(words), 0), 0);
	return fd;
}

static void only_its_own_descriptors_are_there(void **state)
{
	char said[256];
	int fd = file_saying("one");

	(void)state;
	/* 3 control, 4 input, 5 and 6 the empty device */
	assert_int_equal(act("descriptors", 10000, fd, said), 0);
	assert_string_equal(said, "3s 4f 5c 6c");
	assert_int_equal(act("descriptors", 10000, -1, said), 0);
	assert_string_equal(said, "3s 4c 5c 6c");
	(void)close(fd);
}

static void another_item_is_out_of_sight(void **state)
{
	struct wl_job first = {0};
	char said[256];
	int one = file_saying("one"), two = file_saying("two");

	(void)state;
	assert_int_equal(begin("wait", 10000, one, &first), 0);
	assert_int_equal(wl_job_receive(&first, &message, &why, NULL, NULL), 0);
	assert_int_equal(act("descriptors", 10000, two, said), 0);
	assert_string_equal(said, "3s 4f 5c 6c");
	assert_int_equal(act("read-input", 10000, two, said), 0);
	assert_string_equal(said, "two");
	wl_job_kill(&first);
	(void)close(one);
	(void)close(two);
}

static void the_environment_is_empty(void **state)
{
	char said[256];

	(void)state;
	assert_int_equal(setenv("SECRET", "of the caller", 1), 0);
	assert_int_equal(act("environment", 10000, -1, said), 0);
	assert_string_equal(said, "empty");
}

static void nothing_can_be_written(void **state)
{
	char said[256], c = 0;
	int fd = file_saying("x");

	(void)state;
	assert_int_equal(act("write-beyond", 10000, -1, said), 0);
	assert_string_equal(said, "nothing there");
#ifndef WL_SANITIZERS /* whose reports need files */
	int r = act("write-input", 10000, fd, said);
	assert_int_equal(r, -EBADMSG);
	assert_int_equal(why.rule, WL_RULE_STATION_WORKER_DIED);
	assert_int_equal(pread(fd, &c, 1, 0), 1);
	assert_int_equal(c, 'x');
	assert_int_equal(act("memory", 20000, -1, said), -ENOMEM);
#else
	(void)c;
#endif
	(void)close(fd);
}

static void misbehaviour_has_its_rule(void **state)
{
	static const struct {
		const char *act;
		int result;
		enum wl_rule rule;
	} cases[] = {
	        {"babble", -EBADMSG, WL_RULE_STATION_WORKER_LIED},
	        {"impersonate", -EBADMSG, WL_RULE_STATION_WORKER_LIED},
	        {"leave", -EBADMSG, WL_RULE_STATION_WORKER_DIED},
	        {"leave-politely", -EBADMSG, WL_RULE_STATION_WORKER_DIED},
	        {"pretend-sandbox", -EBADMSG, WL_RULE_STATION_SANDBOX_MISSING},
	        {"fall", -EBADMSG, WL_RULE_STATION_WORKER_DIED},
	        {"fault", -ENOSPC, WL_RULE_NONE},
	};
	char said[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r = act(cases[i].act, 10000, -1, said);
		if (r != cases[i].result || why.rule != cases[i].rule)
			fail_msg("%s: %d %s (%s)", cases[i].act, r, wl_rule_id(why.rule),
			         why.detail);
	}
	/* and none of it hurt the next one */
	assert_int_equal(act("environment", 10000, -1, said), 0);
}

static void jobs_run_side_by_side(void **state)
{
	struct wl_job jobs[WL_WORKER_JOBS_MAX] = {{0}}, extra = {0};

	(void)state;
	for (size_t i = 0; i < WL_WORKER_JOBS_MAX; i++) {
		assert_int_equal(begin("wait", 20000, -1, &jobs[i]), 0);
		assert_int_equal(wl_job_receive(&jobs[i], &message, &why, NULL, NULL), 0);
	}
	assert_int_equal(begin("wait", 20000, -1, &extra), -EBADMSG);
	assert_int_equal(why.rule, WL_RULE_STATION_BUSY);
	for (size_t i = 0; i < WL_WORKER_JOBS_MAX; i++) {
		size_t at = (i * 7) % WL_WORKER_JOBS_MAX; /* in another order */
		wl_message_start(&message, WL_MSG_WORK_END, 0);
		assert_int_equal(wl_job_send(&jobs[at], &message), 0);
		assert_int_equal(wl_job_receive(&jobs[at], &message, &why, NULL, NULL), 0);
		assert_int_equal(message.id, WL_MSG_WORK_DONE);
		assert_int_equal(wl_job_finish(&jobs[at], &why), 0);
	}
}

static void an_employer_that_goes_away_takes_its_jobs_along(void **state)
{
	struct wl_job j = {0};

	(void)state;
	assert_int_equal(begin("wait", 60000, -1, &j), 0);
	assert_int_equal(wl_job_receive(&j, &message, &why, NULL, NULL), 0);
	spawn = wl_spawn_free(spawn); /* waits until spawnd has ended */
	assert_int_equal(wl_channel_receive(&j.control, &message, 5000), -EPIPE);
	wl_channel_close(&j.control);
}

/* ---- from outside ---- */

/* The value of `key` in /proc/PID/status. */
static bool status_of(pid_t pid, const char *key, char value[128])
{
	char path[64], line[256];
	bool found = false;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f)) {
		size_t n = strlen(key);
		found = strncmp(line, key, n) == 0 && line[n] == ':';
		if (found)
			(void)snprintf(value, 128, "%s", line + n + 2);
	}
	if (f)
		(void)fclose(f);
	value[strcspn(value, "\n")] = 0;
	return found;
}

static pid_t parent_of(pid_t pid)
{
	char value[128] = "0";

	return status_of(pid, "PPid", value) ? (pid_t)atoi(value) : 0;
}

/* A descendant of ours by so many generations: 1 spawnd, 2 its zygote, 3 the job. */
static pid_t descendant(int generations)
{
	DIR *dir = opendir("/proc");
	struct dirent *e = NULL;
	pid_t found = 0;

	while (dir && !found && (e = readdir(dir))) {
		pid_t pid = (pid_t)atoi(e->d_name), up = pid;
		if (pid <= 0)
			continue;
		for (int i = 0; up > 1 && i < generations; i++)
			up = parent_of(up);
		if (up == getpid() && pid != getpid())
			found = pid;
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

static void expect(pid_t pid, const char *key, const char *expected)
{
	char value[128] = "";

	assert_true(status_of(pid, key, value));
	if (strcmp(value, expected) != 0)
		fail_msg("%s is \"%s\", not \"%s\"", key, value, expected);
}

static void the_kernel_agrees(void **state)
{
	static const char *const none = "0000000000000000";
	struct wl_job j = {0};
	char path[64], line[256] = "", more[256] = "", value[128] = "";

	(void)state;
	assert_int_equal(begin("wait", 60000, -1, &j), 0);
	assert_int_equal(wl_job_receive(&j, &message, &why, NULL, NULL), 0);
	pid_t pid = descendant(3);
	assert_true(pid > 0);
	expect(pid, "CapEff", none);
	expect(pid, "CapPrm", none);
	expect(pid, "CapInh", none);
	expect(pid, "CapBnd", none);
	expect(pid, "CapAmb", none);
	expect(pid, "NoNewPrivs", "1");
	expect(pid, "Seccomp", "2");
	assert_true(status_of(pid, "Seccomp_filters", value));
	assert_true(atoi(value) >= 3); /* spawnd's own, the zygote's, the job's */
	assert_true(status_of(pid, "NSpid", value));
	assert_non_null(strchr(value, '\t')); /* in a namespace of its own */
	assert_true(status_of(pid, "Uid", value));
	assert_true(atoi(value) != 0 || getuid() == 0); /* never more than the caller */
	if (getuid() == 0)
		assert_true(atoi(value) != 0); /* called by root it is nobody */
	(void)snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)pid);
	FILE *f = fopen(path, "re");
	if (f) { /* one mount: empty, read-only */
		assert_non_null(fgets(line, sizeof(line), f));
		assert_null(fgets(more, sizeof(more), f));
		assert_non_null(strstr(line, " / / ro,"));
		assert_non_null(strstr(line, "tmpfs"));
		(void)fclose(f);
	}
	wl_job_kill(&j);
}

/* 0: it can be made here; else SKIPPED or 1, after saying why. */
static int can_be_made(void)
{
	char said[256];

	if (start(REAL_WORKERS) < 0)
		return 1;
	int r = wl_spawn_status(spawn, said, sizeof(said), &why);
	spawn = wl_spawn_free(spawn);
	if (r == 0)
		return 0;
	(void)fprintf(stderr, "skipped: the sandbox cannot be made here: %s\n", why.detail);
	return SKIPPED;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(the_sandbox_says_what_it_is, start_real, stop),
	        cmocka_unit_test_setup_teardown(every_probe_dies, start_real, stop),
	        cmocka_unit_test_setup_teardown(who_outlives_the_deadline_is_stopped, start_real,
	                                        stop),
	        cmocka_unit_test_setup_teardown(an_unknown_probe_is_a_fault, start_real, stop),
	        cmocka_unit_test_setup_teardown(an_unknown_kind_is_not_run, start_real, stop),
	        cmocka_unit_test_setup_teardown(a_worker_that_is_not_installed_is_named, start_test,
	                                        stop),
	        cmocka_unit_test(a_missing_spawnd_is_named),
	        cmocka_unit_test_setup_teardown(an_offline_gate_does_not_exist, start_real, stop),
	        cmocka_unit_test_setup_teardown(only_its_own_descriptors_are_there, start_test,
	                                        stop),
	        cmocka_unit_test_setup_teardown(another_item_is_out_of_sight, start_test, stop),
	        cmocka_unit_test_setup_teardown(the_environment_is_empty, start_test, stop),
	        cmocka_unit_test_setup_teardown(nothing_can_be_written, start_test, stop),
	        cmocka_unit_test_setup_teardown(misbehaviour_has_its_rule, start_test, stop),
	        cmocka_unit_test_setup_teardown(jobs_run_side_by_side, start_test, stop),
	        cmocka_unit_test_setup_teardown(an_employer_that_goes_away_takes_its_jobs_along,
	                                        start_test, stop),
	        cmocka_unit_test_setup_teardown(the_kernel_agrees, start_test, stop),
	};
	int r = can_be_made();

	return r ? r : cmocka_run_group_tests(tests, NULL, NULL);
}
