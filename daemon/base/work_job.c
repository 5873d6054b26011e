/*
 * One job from its order to its end; see work.h.
 *
 * The worker behind job.control may be hostile (a parser that was taken over): it can say anything
 * the table allows in any order, stay silent until its deadline, or die. Each of these ends the job
 * and refuses what it was about. Runs in broker threads and in the client.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/work_parts.h"

#define CONTROL_SLOT 3
#define INPUT_SLOT   4
#define OUTPUT_SLOT  5

static int send_fd(struct wl_spawn *s, uint32_t serial, uint64_t slot, int fd)
{
	wl_message_start(&s->message, WL_MSG_WORK_FD, serial);
	wl_message_put_u64(&s->message, WL_T_SLOT, slot);
	s->message.fd = fd; /* lent */
	int r = wl_channel_send(&s->channel, &s->message);
	s->message.fd = -1;
	return r;
}

static int send_order(struct wl_spawn *s, uint32_t serial, const struct wl_job_order *o,
                      int worker_end)
{
	wl_message_start(&s->message, WL_MSG_WORK_BEGIN, serial);
	wl_message_put_text(&s->message, WL_T_KIND, o->kind);
	wl_message_put_u64(&s->message, WL_T_DEADLINE_MS, o->deadline_ms);
	if (o->gate)
		wl_message_put_u64(&s->message, WL_T_GATE, o->gate);
	if (o->intent)
		wl_message_put_text(&s->message, WL_T_INTENT, o->intent);
	int r = wl_channel_send(&s->channel, &s->message);
	if (r == 0)
		r = send_fd(s, serial, CONTROL_SLOT, worker_end);
	if (r == 0 && !o->gate && o->input_fd >= 0)
		r = send_fd(s, serial, INPUT_SLOT, o->input_fd);
	if (r == 0 && o->output_fd > 0)
		r = send_fd(s, serial, OUTPUT_SLOT, o->output_fd);
	if (r < 0)
		return r;
	wl_message_start(&s->message, WL_MSG_WORK_RUN, serial);
	return wl_channel_send(&s->channel, &s->message);
}

/* The end of a job as its employer sees it; the record is freed. */
static int end_of(struct wl_record *r, struct wl_finding *ret_finding)
{
	int e = r->error;

	*ret_finding = r->finding;
	r->serial = 0;
	return e;
}

static int spawnd_gone(struct wl_finding *ret_finding, int error)
{
	return wl_refuse(ret_finding, WL_RULE_STATION_PART_MISSING, "weighlock-spawnd: %s",
	                 strerrordesc_np(-error));
}

int wl_job_start(struct wl_spawn *s, const struct wl_job_order *order, struct wl_job *ret_job,
                 struct wl_finding *ret_finding)
{
	int ends[2];
	struct wl_record *r = wl_spawn_record(s);

	ret_finding->rule = WL_RULE_NONE;
	ret_finding->detail[0] = 0;
	if (!r)
		return -EBUSY;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		r->serial = 0;
		return -errno;
	}
	WL_AUTO_CLOSE int ours = ends[0];
	int e = send_order(s, r->serial, order, ends[1]);
	(void)close(ends[1]);
	if (e == 0)
		e = wl_spawn_wait(s, r, false, WL_SPAWN_TIMEOUT_MS);
	if (e < 0) {
		r->forgotten = true;
		return spawnd_gone(ret_finding, e);
	}
	if (!r->started)
		return end_of(r, ret_finding);
	ret_job->spawn = s;
	ret_job->serial = r->serial;
	wl_channel_init(&ret_job->control, TAKE_FD(ours), WL_PEER_BROKER, WL_PEER_WORKER);
	return 0;
}

/* A worker that is gone has perhaps said why; whoever receives next hears it. */
static int send_or_ended(struct wl_job *j, const struct wl_message *m)
{
	int r = j->spawn ? wl_channel_send(&j->control, m) : -ESRCH;

	return r == -EPIPE ? 0 : r;
}

int wl_job_send(struct wl_job *j, struct wl_message *m)
{
	return send_or_ended(j, m);
}

int wl_job_next(struct wl_job *j, uint64_t item, enum wl_role role, uint64_t size, int fd,
                const uint8_t *sha256)
{
	struct wl_message *m = j->spawn ? &j->spawn->message : NULL;

	if (!m)
		return -ESRCH; /* the job is over */
	wl_message_start(m, WL_MSG_WORK_NEXT, 0);
	wl_message_put_u64(m, WL_T_ITEM, item);
	wl_message_put_u64(m, WL_T_ROLE, (uint64_t)role);
	wl_message_put_u64(m, WL_T_SIZE, size);
	if (sha256)
		wl_message_put_sha256(m, WL_T_SHA256, sha256);
	m->fd = fd; /* lent */
	int r = send_or_ended(j, m);
	m->fd = -1;
	return r;
}

/* The machine failed the worker, it says. Only a few of its words matter to the employer. */
static int fault(const struct wl_message *m, struct wl_finding *ret_finding)
{
	static const int known[] = {ENOSPC, ENOMEM, ENODEV, EFBIG, ETIMEDOUT};
	uint64_t e = wl_message_u64(m, WL_T_ERRNO);

	(void)wl_refuse_claimed(ret_finding, WL_RULE_NONE, wl_message_text(m, WL_T_DETAIL));
	for (size_t i = 0; i < WL_ARRAY_LEN(known); i++)
		if (e == (uint64_t)known[i])
			return -known[i];
	return -EIO;
}

/* The worker closed its channel without a last word: spawnd knows why. */
static int silent_end(struct wl_job *j, struct wl_finding *ret_finding)
{
	int r = wl_job_finish(j, ret_finding);

	if (r < 0 && r != -EIO)
		return r;
	return wl_refuse(ret_finding, WL_RULE_STATION_WORKER_DIED, "it ended before its work did");
}

int wl_job_receive(struct wl_job *j, struct wl_message *m, struct wl_finding *ret_finding,
                   void (*progress)(void *user, uint64_t done, uint64_t total), void *user)
{
	if (!j->spawn)
		return -EPIPE;
	for (;;) {
		int r = wl_channel_receive(&j->control, m, -1);
		if (r == -EPIPE)
			return silent_end(j, ret_finding);
		if (r == -EBADMSG) {
			wl_job_kill(j);
			return wl_refuse(ret_finding, WL_RULE_STATION_WORKER_LIED,
			                 "it sent a message that does not exist");
		}
		if (r < 0)
			return r;
		if (m->id == WL_MSG_WORK_FAULT)
			return fault(m, ret_finding);
		if (m->id != WL_MSG_WORK_PROGRESS)
			return 0;
		if (progress)
			progress(user, wl_message_u64(m, WL_T_DONE), wl_message_u64(m, WL_T_TOTAL));
	}
}

int wl_job_finish(struct wl_job *j, struct wl_finding *ret_finding)
{
	struct wl_spawn *s = j->spawn;
	struct wl_record *r = s ? wl_spawn_find(s, j->serial) : NULL;

	if (!r)
		return -EPIPE;
	wl_channel_close(&j->control);
	j->spawn = NULL;
	int e = wl_spawn_wait(s, r, true, -1); /* spawnd keeps the deadline */
	if (e < 0) {
		r->forgotten = true;
		return spawnd_gone(ret_finding, e);
	}
	return end_of(r, ret_finding);
}

void wl_job_kill(struct wl_job *j)
{
	struct wl_spawn *s = j->spawn;
	struct wl_record *r = s ? wl_spawn_find(s, j->serial) : NULL;

	if (!s)
		return;
	wl_channel_close(&j->control);
	j->spawn = NULL;
	if (!r)
		return;
	wl_message_start(&s->message, WL_MSG_WORK_KILL, j->serial);
	int e = wl_channel_send(&s->channel, &s->message);
	if (e == 0)
		e = wl_spawn_wait(s, r, true, WL_SPAWN_TIMEOUT_MS);
	if (e < 0)
		r->forgotten = true;
	else
		r->serial = 0;
}
