/*
 * The loop of weighlock-spawnd: waits for employers, zygotes, mediad and the clock; see spawnd.h.
 *
 * Every source is served a bounded piece at a time. Nothing durable is kept: after a restart no job
 * runs and no gate is held.
 */
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon.h"
#include "daemon/spawn/spawnd.h"

#define IDLE_MS 1000 /* how long at most until held gates and the link to mediad are looked at */

enum {
	POLL_LISTEN = 0,
	POLL_GATE,
	POLL_ZYGOTES,
	POLL_EMPLOYERS = POLL_ZYGOTES + WL_BINARIES,
	POLL_MAX = POLL_EMPLOYERS + WL_SPAWN_EMPLOYERS_MAX,
};

int64_t wl_spawnd_now_us(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void gather(const struct wl_spawnd *d, struct pollfd polls[POLL_MAX])
{
	polls[POLL_LISTEN].fd = d->listen_fd;
	polls[POLL_GATE].fd = d->gate_link.fd;
	for (size_t i = 0; i < WL_BINARIES; i++)
		polls[POLL_ZYGOTES + i].fd = d->zygotes[i].channel.fd;
	for (size_t i = 0; i < WL_SPAWN_EMPLOYERS_MAX; i++)
		polls[POLL_EMPLOYERS + i].fd = d->employers[i].channel.fd;
	for (size_t i = 0; i < POLL_MAX; i++) {
		polls[i].events = POLLIN;
		polls[i].revents = 0;
	}
}

static int wait_ms(const struct wl_spawnd *d, int64_t now_ms)
{
	int64_t next = wl_jobs_next_deadline(d);

	if (next < 0)
		return d->offline ? -1 : IDLE_MS;
	next -= now_ms;
	if (next < 0)
		return 0;
	return next > IDLE_MS ? IDLE_MS : (int)next;
}

/* A descriptor may have been closed, and its number used again, by an earlier source of the same
 * round; serving is harmless then, because every receive here does not wait. */
static void serve(struct wl_spawnd *d, const struct pollfd polls[POLL_MAX])
{
	for (size_t i = 0; i < WL_BINARIES; i++)
		if (polls[POLL_ZYGOTES + i].revents && d->zygotes[i].channel.fd >= 0)
			wl_zygote_readable(d, &d->zygotes[i]);
	for (size_t i = 0; i < WL_SPAWN_EMPLOYERS_MAX; i++)
		if (polls[POLL_EMPLOYERS + i].revents && d->employers[i].channel.fd >= 0)
			wl_employer_readable(d, &d->employers[i]);
	if (polls[POLL_GATE].revents && d->gate_link.fd >= 0)
		wl_gates_readable(d);
	if (polls[POLL_LISTEN].revents)
		wl_employer_accept(d);
}

void wl_spawnd_loop(struct wl_spawnd *d)
{
	struct pollfd polls[POLL_MAX];

	while (!d->offline || d->employers[0].channel.fd >= 0) {
		int64_t now_ms = wl_spawnd_now_ms();
		wl_jobs_check_deadlines(d, now_ms);
		wl_gates_expire(d, now_ms);
		wl_gates_connect(d, now_ms);
		gather(d, polls);
		if (poll(polls, POLL_MAX, wl_daemon_wait_ms(wait_ms(d, now_ms))) > 0)
			serve(d, polls);
	}
}
