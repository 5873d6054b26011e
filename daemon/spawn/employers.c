/*
 * Whoever orders work: the broker's threads at the station, the client offline; see spawnd.h.
 *
 * The peer's user was checked by the kernel's word when it connected; its messages are held to the
 * table, and anything out of order ends the connection and every job of it. An employer names
 * descriptors of media only by number and never gets one.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon.h"
#include "daemon/spawn/spawnd.h"

#define AT_ONCE 32 /* messages of one employer before the others have their turn */

void wl_order_forget(struct wl_order_state *o)
{
	for (size_t i = 0; i < WL_SPAWN_SLOTS; i++)
		wl_cleanup_close(&o->slots[i]);
	o->serial = 0;
	o->kind = NULL;
	o->gate = 0;
	o->intent[0] = 0;
}

struct wl_employer *wl_employer_add(struct wl_spawnd *d, int fd)
{
	for (size_t i = 0; i < WL_SPAWN_EMPLOYERS_MAX; i++)
		if (d->employers[i].channel.fd < 0) {
			wl_channel_init(&d->employers[i].channel, fd, WL_PEER_SPAWN,
			                WL_PEER_BROKER);
			return &d->employers[i];
		}
	return NULL;
}

void wl_employer_accept(struct wl_spawnd *d)
{
	WL_AUTO_CLOSE int fd = -1;
	uid_t uid = 0;

	if (wl_accept(d->listen_fd, &fd, NULL, &uid, NULL) < 0)
		return;
	if (uid != d->broker_uid) {
		wl_log_warning("refused a connection of user %u", (unsigned)uid);
		return;
	}
	if (wl_employer_add(d, fd))
		(void)TAKE_FD(fd);
	else
		wl_log_warning("refused a connection: %u are open", WL_SPAWN_EMPLOYERS_MAX);
}

void wl_employer_drop(struct wl_spawnd *d, struct wl_employer *e)
{
	wl_jobs_kill(d, e, 0);
	wl_order_forget(&e->order);
	/* descriptors of media stay: the next employer may be on its way to claim one, and what
	 * nobody claims is let go of by the clock (gates.c) */
	wl_channel_close(&e->channel);
}

void wl_employer_refuse(struct wl_spawnd *d, struct wl_employer *e, uint32_t serial,
                        const struct wl_finding *why, int error)
{
	if (why->rule != WL_RULE_NONE && !d->offline) /* offline the employer says it itself */
		wl_log_warning("refused: %s (%s)", wl_rule_id(why->rule), why->detail);
	if (e->channel.fd >= 0 &&
	    wl_channel_send_error(&e->channel, serial, why->rule, error, why->detail) < 0)
		wl_employer_drop(d, e);
}

static int begin(struct wl_spawnd *d, struct wl_employer *e)
{
	const struct wl_message *m = &d->message;
	struct wl_order_state *o = &e->order;

	if (o->serial != 0 || m->serial == 0)
		return -EBADMSG;
	o->serial = m->serial;
	o->kind = wl_kind_find(wl_message_text(m, WL_T_KIND));
	o->deadline_ms = wl_message_u64(m, WL_T_DEADLINE_MS);
	if (o->deadline_ms > WL_SPAWN_DEADLINE_MAX_MS)
		o->deadline_ms = WL_SPAWN_DEADLINE_MAX_MS;
	o->gate = wl_message_u64(m, WL_T_GATE);
	(void)snprintf(o->intent, sizeof(o->intent), "%s", wl_message_text(m, WL_T_INTENT));
	return 0;
}

static int take_fd(struct wl_spawnd *d, struct wl_employer *e)
{
	uint64_t slot = wl_message_u64(&d->message, WL_T_SLOT);
	struct wl_order_state *o = &e->order;

	if (o->serial == 0 || d->message.serial != o->serial || slot < 3 ||
	    slot >= 3 + WL_SPAWN_SLOTS || o->slots[slot - 3] >= 0)
		return -EBADMSG;
	o->slots[slot - 3] = TAKE_FD(d->message.fd);
	return 0;
}

static int run(struct wl_spawnd *d, struct wl_employer *e)
{
	struct wl_order_state *o = &e->order;
	struct wl_finding why = {.rule = WL_RULE_NONE, .detail = "the order is not complete"};

	if (o->serial == 0 || d->message.serial != o->serial)
		return -EBADMSG;
	if (o->kind && o->slots[0] >= 0 && !(o->gate && o->slots[1] >= 0)) {
		wl_job_run(d, e);
		return 0;
	}
	uint32_t serial = o->serial;
	wl_order_forget(o);
	wl_employer_refuse(d, e, serial, &why, -EINVAL);
	return 0;
}

static int kill_job(struct wl_spawnd *d, struct wl_employer *e)
{
	if (d->message.serial == 0)
		return -EBADMSG;
	wl_jobs_kill(d, e, d->message.serial);
	return 0;
}

static int drop_gate(struct wl_spawnd *d, struct wl_employer *e)
{
	uint32_t serial = d->message.serial;
	struct wl_finding why = {.rule = WL_RULE_NONE, .detail = "no such gate is held"};

	if (!wl_gates_drop(d, wl_message_u64(&d->message, WL_T_GATE))) {
		wl_employer_refuse(d, e, serial, &why, -ENOENT);
		return 0;
	}
	wl_message_start(&d->message, WL_MSG_WORK_DROP_REPLY, serial);
	return wl_channel_send(&e->channel, &d->message);
}

/* What the sandbox is here: said by a worker that is really in it. */
static int status(struct wl_spawnd *d, struct wl_employer *e)
{
	struct wl_finding why = {.rule = WL_RULE_NONE};
	struct wl_zygote_link *z = NULL;
	uint32_t serial = d->message.serial;

	if (wl_zygote_get(d, "worker-tool", &z, &why) < 0) {
		wl_employer_refuse(d, e, serial, &why, 0);
		return 0;
	}
	wl_message_start(&d->message, WL_MSG_SPAWN_STATUS_REPLY, serial);
	wl_message_put_text(&d->message, WL_T_SANDBOX, z->said);
	return wl_channel_send(&e->channel, &d->message);
}

static const struct {
	enum wl_message_id id;
	int (*handle)(struct wl_spawnd *d, struct wl_employer *e);
} requests[] = {
        {WL_MSG_WORK_BEGIN, begin},   {WL_MSG_WORK_FD, take_fd},     {WL_MSG_WORK_RUN, run},
        {WL_MSG_WORK_KILL, kill_job}, {WL_MSG_WORK_DROP, drop_gate}, {WL_MSG_SPAWN_STATUS, status},
};

static int handle(struct wl_spawnd *d, struct wl_employer *e)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(requests); i++)
		if (requests[i].id == d->message.id)
			return requests[i].handle(d, e);
	return -EBADMSG;
}

void wl_employer_readable(struct wl_spawnd *d, struct wl_employer *e)
{
	for (unsigned i = 0; i < AT_ONCE && e->channel.fd >= 0; i++) {
		int r = wl_channel_receive(&e->channel, &d->message, 0);
		if (r == -EAGAIN)
			return;
		if (r == 0)
			r = handle(d, e);
		if (r < 0) {
			if (r != -EPIPE)
				wl_log_warning("an employer was cut off: %s", strerrordesc_np(-r));
			wl_employer_drop(d, e);
		}
	}
}
