/*
 * A sandbox of which any step fails is no sandbox: nothing is run, and the step is named.
 *
 * Each case starts the real weighlock-spawnd under a filter that makes one system call fail, as it
 * would on a kernel that lacks it or a machine that forbids it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/work.h"

#define SKIPPED 77
#define WRONG   1

struct failing {
	const char *step; /* what the refusal must name */
	int call;
	int argument; /* -1: every call, else fails where argument 0 is this */
	int error;
};

static const struct failing cases[] = {
        {"namespaces", SCMP_SYS(clone3), -1, EPERM},
        {"empty root", SCMP_SYS(mount), -1, EPERM},
        {"empty root", SCMP_SYS(pivot_root), -1, EINVAL},
        {"empty root", SCMP_SYS(umount2), -1, EPERM},
        {"landlock", SCMP_SYS(landlock_create_ruleset), -1, ENOSYS},
        {"landlock", SCMP_SYS(landlock_restrict_self), -1, EPERM},
};

/* In a child: 0 where the status is refused and names the step. */
static int look(const struct failing *c)
{
	struct wl_spawn *s = NULL;
	struct wl_finding why = {.rule = WL_RULE_NONE};
	struct wl_job job = {0};
	const struct wl_job_order order = {.kind = "digest", .deadline_ms = 1000, .input_fd = -1};
	char said[256];
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	struct scmp_arg_cmp same = {0, SCMP_CMP_EQ, (scmp_datum_t)c->argument, 0};

	if (!ctx || setenv("WEIGHLOCK_WORKERS", "daemon/worker", 1) < 0 ||
	    seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO((uint32_t)c->error), c->call,
	                           c->argument < 0 ? 0 : 1, &same) < 0)
		return WRONG;
	if (seccomp_load(ctx) < 0 || wl_spawn_start("daemon/spawn/weighlock-spawnd", &s) < 0)
		return WRONG;
	int status = wl_spawn_status(s, said, sizeof(said), &why);
	int r = WRONG;
	if (status == -EBADMSG && why.rule == WL_RULE_STATION_SANDBOX_MISSING &&
	    strstr(why.detail, c->step)) {
		status = wl_job_start(s, &order, &job, &why);
		if (status == -EBADMSG && why.rule == WL_RULE_STATION_SANDBOX_MISSING)
			r = 0;
	}
	if (r)
		(void)fprintf(stderr, "%s: %d %s %s\n", c->step, status, wl_rule_id(why.rule),
		              why.detail);
	(void)wl_spawn_free(s);
	return r;
}

static void any_failing_step_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status = -1;
		pid_t pid = fork();
		if (pid == 0)
			_exit(look(&cases[i]));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			fail_msg("with a failing call %d (%s) work was not refused", cases[i].call,
			         cases[i].step);
	}
}

/* The same without any filter: else the cases above would prove nothing. */
static int can_be_made(void)
{
	struct wl_spawn *s = NULL;
	struct wl_finding why;
	char said[256];

	if (setenv("WEIGHLOCK_WORKERS", "daemon/worker", 1) < 0 ||
	    wl_spawn_start("daemon/spawn/weighlock-spawnd", &s) < 0)
		return WRONG;
	int r = wl_spawn_status(s, said, sizeof(said), &why);
	(void)wl_spawn_free(s);
	if (r == 0)
		return 0;
	(void)fprintf(stderr, "skipped: the sandbox cannot be made here: %s\n", why.detail);
	return SKIPPED;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(any_failing_step_refuses),
	};
	int r = can_be_made();

	return r ? r : cmocka_run_group_tests(tests, NULL, NULL);
}
