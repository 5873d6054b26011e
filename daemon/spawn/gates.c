/*
 * Descriptors of media: they come from mediad and each goes to one worker, once; see spawnd.h.
 *
 * A readable one goes only to kinds that read media, a writable one only to kinds that write them
 * and only for the intent it was granted for. What nobody claims in five seconds is closed, because
 * an open description keeps its gate open. mediad is root's; who listens there is read from the
 * kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon.h"
#include "daemon/spawn/spawnd.h"

#define RETRY_MS  1000
#define MEDIA_UID 0

static void release(struct wl_held_gate *g)
{
	wl_cleanup_close(&g->fd);
	g->gate = 0;
	g->intent[0] = 0;
}

void wl_gates_drop_all(struct wl_spawnd *d)
{
	for (size_t i = 0; i < WL_SPAWN_GATES_MAX; i++)
		release(&d->gates[i]);
}

static struct wl_held_gate *find(struct wl_spawnd *d, uint64_t gate)
{
	for (size_t i = 0; i < WL_SPAWN_GATES_MAX; i++)
		if (d->gates[i].gate == gate)
			return &d->gates[i];
	return NULL;
}

void wl_gates_connect(struct wl_spawnd *d, int64_t now_ms)
{
	if (!d->gate_path || d->gate_link.fd >= 0 || now_ms < d->gate_retry_ms)
		return;
	d->gate_retry_ms = now_ms + RETRY_MS;
	if (wl_channel_connect(&d->gate_link, d->gate_path, MEDIA_UID, WL_PEER_SPAWN,
	                       WL_PEER_MEDIA) == 0)
		wl_log_info("connected to weighlock-mediad");
}

/* Whether the descriptor is what mediad says it is. */
static bool access_agrees(int fd, enum wl_gate_use use)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return false;
	return use == WL_GATE_READ ? (flags & O_ACCMODE) == O_RDONLY
	                           : (flags & O_ACCMODE) != O_RDONLY;
}

static int hold(struct wl_spawnd *d)
{
	struct wl_message *m = &d->message;
	uint64_t gate = wl_message_u64(m, WL_T_GATE), access = wl_message_u64(m, WL_T_ACCESS);
	enum wl_gate_use use = access == 0 ? WL_GATE_READ : WL_GATE_WRITE;
	struct wl_held_gate *g = find(d, 0);

	if (gate == 0 || access > 1 || find(d, gate) || !access_agrees(m->fd, use) ||
	    (use == WL_GATE_WRITE && !wl_message_has(m, WL_T_INTENT)))
		return -EINVAL;
	if (!g)
		return -EBUSY;
	g->gate = gate;
	g->fd = TAKE_FD(m->fd);
	g->use = use;
	(void)snprintf(g->intent, sizeof(g->intent), "%s", wl_message_text(m, WL_T_INTENT));
	g->until_ms = wl_spawnd_now_ms() + WL_SPAWN_GATE_HELD_MS;
	return 0;
}

void wl_gates_readable(struct wl_spawnd *d)
{
	int r = wl_channel_receive(&d->gate_link, &d->message, 0);
	uint32_t serial = d->message.serial;

	if (r == -EAGAIN)
		return;
	if (r == 0 && d->message.id != WL_MSG_GATE_FD)
		r = -EBADMSG;
	if (r == 0) {
		r = hold(d);
		if (r < 0) {
			r = wl_channel_send_error(&d->gate_link, serial, WL_RULE_NONE, r,
			                          "the descriptor was not taken");
		} else {
			wl_message_start(&d->message, WL_MSG_GATE_FD_REPLY, serial);
			r = wl_channel_send(&d->gate_link, &d->message);
		}
	}
	if (r < 0) { /* another mediad numbers its gates anew */
		wl_channel_close(&d->gate_link);
		wl_gates_drop_all(d);
		wl_log_warning("lost weighlock-mediad: %s", strerrordesc_np(-r));
	}
}

void wl_gates_expire(struct wl_spawnd *d, int64_t now_ms)
{
	for (size_t i = 0; i < WL_SPAWN_GATES_MAX; i++)
		if (d->gates[i].gate != 0 && now_ms >= d->gates[i].until_ms)
			release(&d->gates[i]);
}

bool wl_gates_drop(struct wl_spawnd *d, uint64_t gate)
{
	struct wl_held_gate *g = gate ? find(d, gate) : NULL;

	if (g)
		release(g);
	return g != NULL;
}

int wl_gates_take(struct wl_spawnd *d, uint64_t gate, const struct wl_kind_row *kind,
                  const char *intent, int *ret_fd)
{
	struct wl_held_gate *g = gate ? find(d, gate) : NULL; /* 0 marks a free place */

	if (!g)
		return -ENOENT;
	bool allowed = g->use == kind->gate;
	if (allowed && g->use == WL_GATE_WRITE)
		allowed = intent[0] && strcmp(intent, g->intent) == 0;
	if (allowed)
		*ret_fd = TAKE_FD(g->fd);
	release(g); /* given or misasked for: it is not given again */
	return allowed ? 0 : -EPERM;
}
