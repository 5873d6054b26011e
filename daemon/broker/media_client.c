/*
 * What is in the ports, as mediad tells it, and the opening and shutting of gates (weighlockd).
 *
 * mediad is the only daemon that touches devices; here its words are copied, nothing of a medium is
 * seen. Where it is missing nothing can be read or written (station.part-missing) and it is looked
 * for again every second. Nothing is stored.
 */
#include "daemon/broker/media_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define BUSY_TRIES    60 /* 12 s: longer than spawnd holds what nobody claims */
#define BUSY_WAIT_MS  200
#define GATE_SHUT_MS  20000U
#define GRANT_TRIES   20
#define GRANT_WAIT_MS 50

struct wl_media {
	struct wl_part part;
	sd_event *event;
	sd_event_source *source;
	struct wl_media_handlers handlers;
};

int wl_media_new(sd_event *event, const char *path, uid_t uid,
                 const struct wl_media_handlers *handlers, struct wl_media **ret)
{
	struct wl_media *m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	wl_part_init(&m->part, "media", path, uid, WL_PEER_MEDIA);
	m->event = sd_event_ref(event);
	m->handlers = *handlers;
	*ret = m;
	return 0;
}

struct wl_media *wl_media_free(struct wl_media *m)
{
	if (!m)
		return NULL;
	sd_event_source_disable_unref(m->source);
	wl_part_drop(&m->part);
	sd_event_unref(m->event);
	free(m);
	return NULL;
}

bool wl_media_is_connected(const struct wl_media *m)
{
	return m->part.connected;
}

/* Hands over what came unasked or in answer to media.list; false for anything else. */
static bool hand_over(struct wl_media *m)
{
	if (m->part.message.id == WL_MSG_MEDIA_SEEN)
		m->handlers.seen(m->handlers.user, &m->part.message);
	else if (m->part.message.id == WL_MSG_MEDIA_GONE)
		m->handlers.gone(m->handlers.user, &m->part.message);
	else
		return false;
	return true;
}

static void lost(struct wl_media *m)
{
	m->source = sd_event_source_disable_unref(m->source);
	wl_part_drop(&m->part);
	m->handlers.connected(m->handlers.user, false);
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	(void)source;
	(void)fd;
	(void)revents;
	struct wl_media *m = user;
	int r = wl_channel_receive(&m->part.channel, &m->part.message, 0);
	if (r == -EAGAIN)
		return 0;
	if (r < 0 || !hand_over(m))
		lost(m);
	return 0;
}

static int send_ports(struct wl_media *m, const struct wl_policy *policy, struct wl_finding *f)
{
	struct wl_message *msg = &m->part.message;
	uint32_t serial = wl_part_start(&m->part, WL_MSG_PORTS_BEGIN);
	wl_message_put_bool(msg, WL_T_TEST, policy->station.mode == WL_MODE_TEST);
	int r = wl_part_send(&m->part, f);
	for (size_t i = 0; i < policy->nports && r == 0; i++) {
		wl_message_start(msg, WL_MSG_PORTS_PORT, serial);
		wl_message_put_text(msg, WL_T_PORT, policy->ports[i].id);
		wl_message_put_text(msg, WL_T_MATCH, policy->ports[i].match);
		wl_message_put_text(msg, WL_T_USE, wl_port_use_name(policy->ports[i].use));
		r = wl_part_send(&m->part, f);
	}
	if (r < 0)
		return r;
	wl_message_start(msg, WL_MSG_PORTS_COMMIT, serial);
	return wl_part_call(&m->part, f);
}

static int list(struct wl_media *m, struct wl_finding *f)
{
	uint32_t serial = wl_part_start(&m->part, WL_MSG_MEDIA_LIST);
	int r = wl_part_send(&m->part, f);
	while (r == 0) {
		r = wl_part_receive(&m->part, serial, f);
		if (r < 0 || m->part.message.id == WL_MSG_MEDIA_LIST_REPLY)
			break;
		if (!hand_over(m))
			return wl_refuse(f, WL_RULE_STATION_PART_MISSING, "media: nonsense");
	}
	return r;
}

int wl_media_sync(struct wl_media *m, const struct wl_policy *policy, struct wl_finding *f)
{
	bool was_connected = m->part.connected;
	/* before: connecting anew closes the descriptor that it watches */
	m->source = sd_event_source_disable_unref(m->source);
	int r = wl_part_connect(&m->part, f);
	if (r < 0) {
		if (was_connected)
			lost(m);
		return r;
	}
	r = send_ports(m, policy, f);
	if (r == 0)
		r = list(m, f);
	if (r == 0)
		r = sd_event_add_io(m->event, &m->source, m->part.channel.fd, EPOLLIN, on_readable,
		                    m);
	if (r < 0) {
		lost(m);
		return r;
	}
	m->handlers.connected(m->handlers.user, true);
	return 0;
}

/* ---- gates ---- */

/* A broker before this one may have died with a gate open: its worker is ended, what no worker
 * claimed is let go of by spawnd, and what was written is flushed, all within seconds. */
int wl_gate_open_read(struct wl_part *media, const char *purpose, const char *port,
                      uint64_t diskseq, struct wl_gate *ret, struct wl_finding *f)
{
	struct wl_message *m = &media->message;
	int r = -EBADMSG;
	for (int i = 0; i < BUSY_TRIES && r < 0; i++) {
		if (i > 0)
			(void)nanosleep(&(struct timespec){.tv_nsec = BUSY_WAIT_MS * 1000000L},
			                NULL);
		(void)wl_part_start(media, WL_MSG_GATE_OPEN);
		wl_message_put_text(m, WL_T_PURPOSE, purpose);
		wl_message_put_text(m, WL_T_PORT, port);
		wl_message_put_u64(m, WL_T_DISKSEQ, diskseq);
		r = wl_part_call(media, f);
		if (r < 0 && f->rule != WL_RULE_STATION_BUSY)
			return r;
	}
	if (r == 0)
		*ret = (struct wl_gate){.gate = wl_message_u64(m, WL_T_GATE),
		                        .bytes = wl_message_u64(m, WL_T_BYTES),
		                        .open = true};
	return r;
}

/* ledgerd sends the grant when the intent is durable, which may be a moment after it told us. */
int wl_gate_open_write(struct wl_part *media, const char *intent, struct wl_gate *ret,
                       struct wl_finding *f)
{
	struct wl_message *m = &media->message;
	int r = -EBADMSG;
	for (int i = 0; i < GRANT_TRIES && r < 0; i++) {
		if (i > 0)
			(void)nanosleep(&(struct timespec){.tv_nsec = GRANT_WAIT_MS * 1000000L},
			                NULL);
		(void)wl_part_start(media, WL_MSG_GATE_WRITE);
		wl_message_put_text(m, WL_T_INTENT, intent);
		r = wl_part_call(media, f);
		if (r < 0 && f->rule != WL_RULE_STATION_NO_GRANT)
			return r;
	}
	if (r == 0)
		*ret = (struct wl_gate){.gate = wl_message_u64(m, WL_T_GATE),
		                        .bytes = wl_message_u64(m, WL_T_BYTES),
		                        .open = true};
	return r;
}

int wl_gate_shut(struct wl_part *media, struct wl_gate *gate, struct wl_finding *f)
{
	if (!gate->open)
		return 0;
	(void)wl_part_start(media, WL_MSG_GATE_SHUT);
	wl_message_put_u64(&media->message, WL_T_GATE, gate->gate);
	wl_message_put_u64(&media->message, WL_T_TIMEOUT_MS, GATE_SHUT_MS);
	int r = wl_part_call(media, f);
	gate->open = r < 0 && f->rule == WL_RULE_STATION_BUSY;
	return r;
}
