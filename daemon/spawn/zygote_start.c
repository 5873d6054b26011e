/*
 * Starting the zygote of one worker binary in new namespaces; see spawnd.h.
 *
 * Between clone and exec the child maps its user, lays out its descriptors and nothing else; the
 * binary was opened when spawnd started and is executed by descriptor. What fails is said on the
 * zygote's own channel with the name of the step, and then no job is run.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/spawn/sandbox.h"
#include "daemon/spawn/spawnd.h"

#define CHANNEL_FD       3
#define START_TIMEOUT_MS 10000

/* Tells spawnd which step of the child failed, and ends it. */
static void fail(struct wl_spawnd *d, const char *step, int error) __attribute__((noreturn));
static void fail(struct wl_spawnd *d, const char *step, int error)
{
	struct wl_channel c;
	char detail[WL_ERROR_DETAIL_MAX + 1];

	wl_channel_init(&c, CHANNEL_FD, WL_PEER_WORKER, WL_PEER_SPAWN);
	(void)snprintf(detail, sizeof(detail), "%s: %s", step, strerrordesc_np(-error));
	wl_message_start(&d->message, WL_MSG_ZYGOTE_FAILED, 0);
	wl_message_put_u64(&d->message, WL_T_ERRNO, (uint64_t)-error);
	wl_message_put_text(&d->message, WL_T_DETAIL, detail);
	(void)wl_channel_send(&c, &d->message);
	_exit(EXIT_FAILURE);
}

/* 0 to 2 are /dev/null, 3 the channel, everything else closes at exec. A sanitizer build keeps
 * standard error for its reports. */
static int lay_out_descriptors(const struct wl_spawnd *d, int channel)
{
#ifdef WL_SANITIZERS
	const int last_null = STDOUT_FILENO;
#else
	const int last_null = STDERR_FILENO;
#endif
	if (dup2(channel, CHANNEL_FD) < 0)
		return -errno;
	for (int i = STDIN_FILENO; i <= last_null; i++)
		if (dup2(d->null_fd, i) < 0)
			return -errno;
	return close_range(CHANNEL_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

static void become_worker(struct wl_spawnd *d, const struct wl_zygote_link *z, int channel,
                          uid_t uid, gid_t gid) __attribute__((noreturn));
static void become_worker(struct wl_spawnd *d, const struct wl_zygote_link *z, int channel,
                          uid_t uid, gid_t gid)
{
	/* libraries are bound here once, not by each job anew */
	char name[32], zone[] = "TZ=UTC0", bind_now[] = "LD_BIND_NOW=1";
	char *const argv[] = {name, NULL}, *const env[] = {zone, bind_now, NULL};
	int r = lay_out_descriptors(d, channel);

	if (r < 0)
		fail(d, "descriptors", r);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		fail(d, "death signal", -errno);
	r = wl_sandbox_map_ids(uid, gid);
	if (r < 0)
		fail(d, "user namespace", r);
	(void)snprintf(name, sizeof(name), "%s", z->name);
	(void)syscall(SYS_execveat, z->binary, "", argv, env, AT_EMPTY_PATH);
	fail(d, "executing the worker", -errno);
}

/* The zygote says ready, or what failed; or dies without a word. */
static int await_ready(struct wl_spawnd *d, struct wl_zygote_link *z, struct wl_finding *ret_why)
{
	int r = wl_channel_receive(&z->channel, &d->message, START_TIMEOUT_MS);

	if (r < 0)
		return wl_refuse(ret_why, WL_RULE_STATION_SANDBOX_MISSING, "%s: %s", z->name,
		                 r == -EPIPE ? "it ended before it was locked in"
		                             : strerrordesc_np(-r));
	if (d->message.id != WL_MSG_ZYGOTE_READY)
		return wl_refuse(ret_why, WL_RULE_STATION_SANDBOX_MISSING, "%s: %s", z->name,
		                 wl_message_text(&d->message, WL_T_DETAIL));
	(void)snprintf(z->said, sizeof(z->said), "%s", wl_message_text(&d->message, WL_T_SANDBOX));
	return 0;
}

int wl_zygote_start(struct wl_spawnd *d, struct wl_zygote_link *z, struct wl_finding *ret_why)
{
	int ends[2], pidfd = -1;
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return wl_refuse(ret_why, WL_RULE_STATION_SANDBOX_MISSING, "channel: %s",
		                 strerrordesc_np(errno));
	struct clone_args how = {.flags = (uint64_t)WL_SANDBOX_CLONE_FLAGS | CLONE_PIDFD,
	                         .pidfd = (uint64_t)(uintptr_t)&pidfd,
	                         .exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &how, sizeof(how));
	if (pid == 0)
		become_worker(d, z, ends[1], uid, gid);
	int error = errno;
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return wl_refuse(ret_why, WL_RULE_STATION_SANDBOX_MISSING, "namespaces: %s",
		                 strerrordesc_np(error));
	}
	z->pid = (pid_t)pid;
	z->pidfd = pidfd;
	wl_channel_init(&z->channel, ends[0], WL_PEER_SPAWN, WL_PEER_WORKER);
	int r = await_ready(d, z, ret_why);
	if (r < 0)
		wl_zygote_end(z);
	return r;
}

void wl_zygote_end(struct wl_zygote_link *z)
{
	if (z->pid == 0)
		return;
	(void)syscall(SYS_pidfd_send_signal, z->pidfd, SIGKILL, NULL, 0U);
	while (waitpid(z->pid, NULL, 0) < 0 && errno == EINTR)
		;
	wl_cleanup_close(&z->pidfd);
	wl_channel_close(&z->channel);
	z->pid = 0;
}
