/*
 * Jobs: from an order that is complete to the word about its end; see spawnd.h.
 *
 * The process of a job may be hostile; nothing it says comes here. What is known of it is its
 * pidfd, its deadline and its wait status. The employer is told by work.run's reply or by an error
 * that names the rule. A job never outlives its employer, its deadline, its zygote or spawnd.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/spawn/sandbox.h"
#include "daemon/spawn/spawnd.h"

#define RUN_TIMEOUT_MS 10000

static void kill_process(struct wl_running *j)
{
	(void)syscall(SYS_pidfd_send_signal, j->pidfd, SIGKILL, NULL, 0U);
}

static struct wl_running *free_place(struct wl_spawnd *d)
{
	for (size_t i = 0; i < WL_WORKER_JOBS_MAX; i++)
		if (!d->jobs[i].used)
			return &d->jobs[i];
	return NULL;
}

static int send_slots(struct wl_spawnd *d, struct wl_zygote_link *z, const struct wl_order_state *o,
                      uint32_t serial)
{
	for (size_t i = 0; i < WL_SPAWN_SLOTS; i++) {
		if (o->slots[i] < 0)
			continue;
		wl_message_start(&d->message, WL_MSG_ZYGOTE_FD, serial);
		wl_message_put_u64(&d->message, WL_T_SLOT, 3 + i);
		d->message.fd = o->slots[i]; /* lent */
		int r = wl_channel_send(&z->channel, &d->message);
		d->message.fd = -1;
		if (r < 0)
			return r;
	}
	return 0;
}

/* Until the zygote answers this order; ends of other jobs come in between. */
static int await_pidfd(struct wl_spawnd *d, struct wl_zygote_link *z, uint32_t serial,
                       int *ret_pidfd)
{
	for (;;) {
		int r = wl_channel_receive(&z->channel, &d->message, RUN_TIMEOUT_MS);
		if (r < 0)
			return r;
		if (d->message.id == WL_MSG_ZYGOTE_ENDED) {
			wl_jobs_ended(d, &d->message, z);
			continue;
		}
		if (d->message.serial != serial)
			return -EPROTO;
		if (d->message.id == WL_MSG_ERROR)
			return -(int)(wl_message_u64(&d->message, WL_T_ERRNO) & 0xFFF);
		if (d->message.id != WL_MSG_ZYGOTE_RUN_REPLY)
			return -EPROTO;
		*ret_pidfd = TAKE_FD(d->message.fd);
		return 0;
	}
}

static int order(struct wl_spawnd *d, struct wl_zygote_link *z, const struct wl_order_state *o,
                 uint32_t serial, int *ret_pidfd)
{
	int r = send_slots(d, z, o, serial);

	if (r < 0)
		return r;
	wl_message_start(&d->message, WL_MSG_ZYGOTE_RUN, serial);
	wl_message_put_text(&d->message, WL_T_KIND, o->kind->name);
	wl_message_put_u64(&d->message, WL_T_DEADLINE_MS, o->deadline_ms);
	r = wl_channel_send(&z->channel, &d->message);
	return r < 0 ? r : await_pidfd(d, z, serial, ret_pidfd);
}

static int start(struct wl_spawnd *d, struct wl_employer *e, struct wl_finding *why, int *ret_error)
{
	struct wl_order_state *o = &e->order;
	struct wl_running *j = free_place(d);
	struct wl_zygote_link *z = NULL;
	int pidfd = -1;

	*ret_error = 0;
	if (!j)
		return wl_refuse(why, WL_RULE_STATION_BUSY, "%u jobs run", WL_WORKER_JOBS_MAX);
	int r = wl_zygote_get(d, o->kind->binary, &z, why);
	if (r < 0)
		return r;
	if (o->gate) {
		r = wl_gates_take(d, o->gate, o->kind, o->intent, &o->slots[1]);
		if (r < 0) {
			*ret_error = r;
			return wl_refuse(why, WL_RULE_NONE, "gate %llu is not for this work",
			                 (unsigned long long)o->gate);
		}
	}
	uint32_t serial = ++d->next_serial;
	r = order(d, z, o, serial, &pidfd);
	if (r < 0) { /* an order half given cannot be taken back: away with the zygote */
		wl_zygote_end(z);
		wl_jobs_zygote_died(d, z);
		return wl_refuse(why, WL_RULE_STATION_SANDBOX_MISSING, "%s: %s", z->name,
		                 strerrordesc_np(-r));
	}
	int64_t now_us = wl_spawnd_now_us();
	*j = (struct wl_running){.used = true,
	                         .employer = e,
	                         .zygote = z,
	                         .serial = o->serial,
	                         .zygote_serial = serial,
	                         .pidfd = pidfd,
	                         .kind = o->kind,
	                         .started_us = now_us,
	                         .allowed_ms = o->deadline_ms,
	                         .deadline_ms = now_us / 1000 + (int64_t)o->deadline_ms};
	return 0;
}

void wl_job_run(struct wl_spawnd *d, struct wl_employer *e)
{
	struct wl_finding why = {.rule = WL_RULE_NONE};
	uint32_t serial = e->order.serial;
	int error = 0;
	int r = start(d, e, &why, &error);

	wl_order_forget(&e->order);
	if (r < 0) {
		wl_employer_refuse(d, e, serial, &why, error);
		return;
	}
	wl_message_start(&d->message, WL_MSG_WORK_STARTED, serial);
	if (wl_channel_send(&e->channel, &d->message) < 0)
		wl_employer_drop(d, e);
}

/* What a wait status means for the employer: 0, or -EBADMSG and why. */
static int judge(const struct wl_running *j, int status, struct wl_finding *why)
{
	if (j->late)
		return wl_refuse(why, WL_RULE_STATION_WORKER_LATE, "%s, stopped after %llu ms",
		                 j->kind->name, (unsigned long long)j->allowed_ms);
	if (WIFEXITED(status)) {
		int code = WEXITSTATUS(status);
		if (code == 0 || code == WL_WORKER_EXIT_FAULT)
			return 0;
		if (code == WL_WORKER_EXIT_SANDBOX)
			return wl_refuse(why, WL_RULE_STATION_SANDBOX_MISSING,
			                 "%s: its last locks failed", j->kind->name);
		return wl_refuse(why, WL_RULE_STATION_WORKER_DIED, "%s, exit status %d",
		                 j->kind->name, code);
	}
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	if (sig == SIGXCPU)
		return wl_refuse(why, WL_RULE_STATION_WORKER_LATE,
		                 "%s, its processor time was used up", j->kind->name);
	if (sig == SIGSYS)
		return wl_refuse(why, WL_RULE_STATION_WORKER_DIED,
		                 "%s, killed for a forbidden system call", j->kind->name);
	return wl_refuse(why, WL_RULE_STATION_WORKER_DIED, "%s, signal %d (%s)", j->kind->name, sig,
	                 sigdescr_np(sig) ? sigdescr_np(sig) : "none");
}

static void end_job(struct wl_spawnd *d, struct wl_running *j, int status, uint64_t cpu_us,
                    uint64_t max_rss_bytes)
{
	struct wl_running was = *j;
	struct wl_finding why = {.rule = WL_RULE_NONE, .detail = "ended by its employer"};

	wl_cleanup_close(&j->pidfd);
	j->used = false;
	if (!was.employer)
		return;
	if (was.killed) {
		wl_employer_refuse(d, was.employer, was.serial, &why, -ECANCELED);
		return;
	}
	if (judge(&was, status, &why) < 0) {
		wl_employer_refuse(d, was.employer, was.serial, &why, 0);
		return;
	}
	wl_message_start(&d->message, WL_MSG_WORK_RUN_REPLY, was.serial);
	wl_message_put_u64(&d->message, WL_T_CPU_US, cpu_us);
	wl_message_put_u64(&d->message, WL_T_WALL_US,
	                   (uint64_t)(wl_spawnd_now_us() - was.started_us));
	wl_message_put_u64(&d->message, WL_T_MAX_RSS_BYTES, max_rss_bytes);
	if (wl_channel_send(&was.employer->channel, &d->message) < 0)
		wl_employer_drop(d, was.employer);
}

void wl_jobs_ended(struct wl_spawnd *d, const struct wl_message *m, struct wl_zygote_link *z)
{
	for (size_t i = 0; i < WL_WORKER_JOBS_MAX; i++)
		if (d->jobs[i].used && d->jobs[i].zygote == z &&
		    d->jobs[i].zygote_serial == m->serial) {
			end_job(d, &d->jobs[i], (int)wl_message_i64(m, WL_T_INTEGER),
			        wl_message_u64(m, WL_T_CPU_US),
			        wl_message_u64(m, WL_T_MAX_RSS_BYTES));
			return;
		}
}

void wl_jobs_zygote_died(struct wl_spawnd *d, struct wl_zygote_link *z)
{
	for (size_t i = 0; i < WL_WORKER_JOBS_MAX; i++)
		if (d->jobs[i].used && d->jobs[i].zygote == z)
			end_job(d, &d->jobs[i], SIGKILL, 0, 0);
}

void wl_jobs_kill(struct wl_spawnd *d, struct wl_employer *e, uint32_t serial)
{
	for (size_t i = 0; i < WL_WORKER_JOBS_MAX; i++) {
		struct wl_running *j = &d->jobs[i];
		if (!j->used || j->employer != e || (serial != 0 && j->serial != serial))
			continue;
		j->killed = true;
		if (serial == 0)
			j->employer = NULL;
		kill_process(j);
	}
}

void wl_jobs_check_deadlines(struct wl_spawnd *d, int64_t now_ms)
{
	for (size_t i = 0; i < WL_WORKER_JOBS_MAX; i++) {
		struct wl_running *j = &d->jobs[i];
		if (j->used && !j->late && !j->killed && now_ms >= j->deadline_ms) {
			j->late = true;
			kill_process(j);
		}
	}
}

int64_t wl_jobs_next_deadline(const struct wl_spawnd *d)
{
	int64_t next = -1;

	for (size_t i = 0; i < WL_WORKER_JOBS_MAX; i++) {
		const struct wl_running *j = &d->jobs[i];
		if (j->used && !j->late && !j->killed && (next < 0 || j->deadline_ms < next))
			next = j->deadline_ms;
	}
	return next;
}
