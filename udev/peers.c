/*
 * Connections to mediad's three sockets.
 *
 * Runs in weighlock-mediad. Who is at the other end is read from the kernel (SO_PEERCRED) and must
 * be the one uid of that socket; what they send may be anything, and whatever messages.def does not
 * allow ends the connection. Everything is non-blocking: a peer that does not take what it is sent
 * is closed, so a slow one makes nobody wait. Nothing is kept on disk.
 */
#include <errno.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon.h"
#include "udev/media.h"

#define MESSAGES_AT_ONCE 16

static const struct {
	const char *name;
	enum wl_peer peer;
	unsigned max; /* connections at a time */
} doors[WL_DOOR_MAX] = {
        [WL_DOOR_MEDIA] = {"media", WL_PEER_BROKER, WL_MEDIA_BROKER_CONNECTIONS_MAX},
        [WL_DOOR_GATE] = {"gate", WL_PEER_SPAWN, 1},
        [WL_DOOR_GRANT] = {"grant", WL_PEER_LEDGER, WL_MEDIA_LEDGER_CONNECTIONS_MAX},
};

static unsigned count_peers(const struct wl_media *m, enum wl_media_door door)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WL_MEDIA_PEERS; i++)
		n += m->peer[i].used && m->peer[i].door == door;
	return n;
}

struct wl_media_peer *wl_media_spawn(struct wl_media *m)
{
	for (unsigned i = 0; i < WL_MEDIA_PEERS; i++)
		if (m->peer[i].used && m->peer[i].door == WL_DOOR_GATE)
			return &m->peer[i];
	return NULL;
}

static struct wl_media_peer *find_room(struct wl_media *m, enum wl_media_door door)
{
	/* a spawnd that was started anew takes the place of the one that is gone or going */
	struct wl_media_peer *former = door == WL_DOOR_GATE ? wl_media_spawn(m) : NULL;
	if (former)
		wl_media_drop(m, former);
	if (count_peers(m, door) >= doors[door].max)
		return NULL;
	for (unsigned i = 0; i < WL_MEDIA_PEERS; i++)
		if (!m->peer[i].used)
			return &m->peer[i];
	return NULL;
}

void wl_media_accept(struct wl_media *m, enum wl_media_door door)
{
	WL_AUTO_CLOSE int fd = -1;
	pid_t pid = 0;
	uid_t uid = 0;

	if (wl_accept(m->listen_fd[door], &fd, &pid, &uid, NULL) < 0)
		return;
	if (uid != m->uid[door]) {
		wl_log_warning("%s: uid %u (process %d) is not let in", doors[door].name,
		               (unsigned)uid, (int)pid);
		return;
	}
	struct wl_media_peer *peer = find_room(m, door);
	if (!peer) {
		wl_log_warning("%s: too many connections", doors[door].name);
		return;
	}
	*peer = (struct wl_media_peer){.used = true, .door = door};
	wl_channel_init(&peer->channel, TAKE_FD(fd), WL_PEER_MEDIA, doors[door].peer);
}

void wl_media_drop(struct wl_media *m, struct wl_media_peer *peer)
{
	if (!peer->used)
		return;
	peer->used = false;
	wl_channel_close(&peer->channel);
	wl_gate_peer_gone(m, peer);
}

void wl_media_receive(struct wl_media *m, struct wl_media_peer *peer)
{
	for (int i = 0; i < MESSAGES_AT_ONCE && peer->used; i++) {
		int r = wl_channel_receive(&peer->channel, &m->in, 0);
		if (r == -EAGAIN)
			return;
		if (r == 0)
			r = wl_media_handle(m, peer);
		wl_message_clear(&m->in);
		if (r == -EBADMSG)
			wl_log_warning("%s: malformed message, closed", doors[peer->door].name);
		if (r < 0)
			wl_media_drop(m, peer);
	}
}

void wl_media_send(struct wl_media *m, struct wl_media_peer *peer)
{
	int r = wl_channel_send(&peer->channel, &m->out);

	if (r == 0)
		return;
	wl_log_warning("%s: a message could not be sent (%s), closed", doors[peer->door].name,
	               strerrorname_np(-r));
	wl_media_drop(m, peer);
}

void wl_media_send_error(struct wl_media *m, struct wl_media_peer *peer, uint32_t serial,
                         const struct wl_finding *finding, int error)
{
	wl_log_notice("refused (%s): %s", wl_rule_id(finding->rule), finding->detail);
	if (wl_channel_send_error(&peer->channel, serial, finding->rule, error, finding->detail) <
	    0)
		wl_media_drop(m, peer);
}
