/*
 * The zygote: takes orders from spawnd, forks, and says how each job ended; see frame.h.
 *
 * Nothing hostile is read here. The descriptors of a job lie in this process only between their
 * messages and the fork, one job at a time, so no job inherits another's. Runs in the sandbox,
 * under the wider of the two filters.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/spawn/sandbox.h"
#include "daemon/worker/frame.h"

static struct wl_message message = {.fd = -1};

static void close_slots(struct wl_zygote *z)
{
	for (size_t i = 0; i < WL_ZYGOTE_SLOTS; i++)
		wl_cleanup_close(&z->slots[i]);
}

static int take_slot(struct wl_zygote *z)
{
	uint64_t slot = wl_message_u64(&message, WL_T_SLOT);

	if (slot < WL_WORKER_CONTROL_FD || slot > WL_WORKER_AUX_FD)
		return -EBADMSG;
	wl_cleanup_close(&z->slots[slot - WL_WORKER_CONTROL_FD]);
	z->slots[slot - WL_WORKER_CONTROL_FD] = TAKE_FD(message.fd);
	return 0;
}

static int find_kind(const char *name, size_t *ret)
{
	for (size_t i = 0; wl_work_kinds[i].name; i++)
		if (strcmp(wl_work_kinds[i].name, name) == 0) {
			*ret = i;
			return 0;
		}
	return -ENOENT;
}

static int free_place(const struct wl_zygote *z, size_t *ret)
{
	for (size_t i = 0; i < WL_WORKER_JOBS_MAX; i++)
		if (z->jobs[i].pid == 0) {
			*ret = i;
			return 0;
		}
	return -EAGAIN;
}

/* Forks the job ordered by the message; its place is filled and its pidfd is the answer. */
static int start_job(struct wl_zygote *z)
{
	size_t kind = 0, place = 0;
	uint64_t deadline_ms = wl_message_u64(&message, WL_T_DEADLINE_MS);
	int r = find_kind(wl_message_text(&message, WL_T_KIND), &kind);

	if (r == 0)
		r = free_place(z, &place);
	if (r == 0 && z->slots[0] < 0)
		r = -EINVAL;
	if (r < 0)
		return r;
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		wl_job_main(&wl_work_kinds[kind], z->filters[kind], z->slots, deadline_ms);
	int pidfd = pidfd_open(pid, 0);
	if (pidfd < 0)
		_exit(EXIT_FAILURE); /* takes the job along: it must not run unwatched */
	z->jobs[place].pid = pid;
	z->jobs[place].pidfd = pidfd;
	z->jobs[place].serial = message.serial;
	return pidfd;
}

static int run(struct wl_zygote *z)
{
	uint32_t serial = message.serial;
	int pidfd = start_job(z);

	close_slots(z);
	if (pidfd < 0)
		return wl_channel_send_error(&z->channel, serial, WL_RULE_NONE, pidfd,
		                             "the job could not be started");
	wl_message_start(&message, WL_MSG_ZYGOTE_RUN_REPLY, serial);
	message.fd = pidfd; /* lent for sending */
	int r = wl_channel_send(&z->channel, &message);
	message.fd = -1;
	return r;
}

static int obey(struct wl_zygote *z)
{
	int r = wl_channel_receive(&z->channel, &message, 0);

	if (r < 0)
		return r == -EAGAIN ? 0 : r;
	switch ((unsigned)message.id) {
	case WL_MSG_ZYGOTE_FD:
		return take_slot(z);
	case WL_MSG_ZYGOTE_RUN:
		return run(z);
	default:
		return -EBADMSG;
	}
}

static int report_end(struct wl_zygote *z, size_t place)
{
	struct rusage used = {0};
	int status = 0;

	if (wait4(z->jobs[place].pid, &status, WNOHANG, &used) != z->jobs[place].pid)
		return 0;
	uint64_t cpu_us = (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000U +
	                  (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
	wl_message_start(&message, WL_MSG_ZYGOTE_ENDED, z->jobs[place].serial);
	wl_message_put_u64(&message, WL_T_CPU_US, cpu_us);
	wl_message_put_u64(&message, WL_T_MAX_RSS_BYTES, (uint64_t)used.ru_maxrss * 1024U);
	wl_message_put_i64(&message, WL_T_INTEGER, status);
	z->jobs[place].pid = 0;
	wl_cleanup_close(&z->jobs[place].pidfd);
	return wl_channel_send(&z->channel, &message);
}

void wl_zygote_serve(struct wl_zygote *z)
{
	struct pollfd polls[1 + WL_WORKER_JOBS_MAX];
	int r = 0;

	memset(z->slots, 0xFF, sizeof(z->slots)); /* -1 */
	for (size_t i = 0; i < WL_WORKER_JOBS_MAX; i++)
		z->jobs[i].pidfd = -1;
	while (r >= 0) {
		polls[0] = (struct pollfd){.fd = z->channel.fd, .events = POLLIN};
		for (size_t i = 0; i < WL_WORKER_JOBS_MAX; i++)
			polls[i + 1] = (struct pollfd){.fd = z->jobs[i].pidfd, .events = POLLIN};
		if (poll(polls, WL_ARRAY_LEN(polls), -1) < 0)
			continue;
		for (size_t i = 0; r >= 0 && i < WL_WORKER_JOBS_MAX; i++)
			if (polls[i + 1].revents)
				r = report_end(z, i);
		if (r >= 0 && polls[0].revents)
			r = obey(z);
	}
}
