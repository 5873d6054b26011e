/*
 * The control socket (weighlockd): connections, limits, one call at a time on each.
 *
 * The attacker is any local account that may connect: it sends what it likes as slowly as it likes,
 * never reads its answers, or connects over and over. Everything here is non-blocking, each
 * connection has one input buffer of one frame and a bounded output buffer, and an account only
 * spends its own allowance (rate.h). Nothing is kept on disk; after a lost power clients reconnect.
 */
#include "daemon/broker/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "daemon/base/channel.h"
#include "daemon/base/cleanup.h"
#include "daemon/broker/frame.h"
#include "daemon/broker/rate.h"

struct wl_conn {
	struct wl_server *server;
	struct wl_conn *next;
	sd_event_source *source;
	int fd;
	bool dead;    /* dropped; freed by reap() */
	bool ended;   /* the client sends no more */
	bool closing; /* close once the output is sent */
	char *out;
	size_t out_used, out_capacity;
	struct wl_call call;
	bool calling;
	struct wl_frames in;
};

struct wl_server {
	sd_event *event;
	sd_event_source *listener, *reaper;
	int listen_fd;
	gid_t setup_gid;
	uint64_t last_id;
	struct wl_conn *conns;
	struct wl_rates rates;
	struct wl_server_handlers handlers;
};

static void serve(struct wl_conn *conn);

static uint64_t now_us(struct wl_server *s)
{
	uint64_t now = 0;
	(void)sd_event_now(s->event, CLOCK_MONOTONIC, &now);
	return now;
}

/* Ends a connection. The object lives on until the event loop is back in reap(). */
static void conn_drop(struct wl_conn *conn)
{
	struct wl_server *s = conn->server;
	if (conn->dead)
		return;
	conn->dead = true;
	conn->source = sd_event_source_disable_unref(conn->source);
	wl_cleanup_close(&conn->fd);
	wl_rate_disconnect(&s->rates, conn->call.caller.uid);
	if (conn->calling && conn->call.deferred && s->handlers.gone)
		s->handlers.gone(s->handlers.user, conn->call.id);
	(void)sd_event_source_set_enabled(s->reaper, SD_EVENT_ONESHOT);
}

static void conn_free(struct wl_conn *conn)
{
	json_decref(conn->call.parameters);
	free(conn->out);
	free(conn);
}

static int reap(sd_event_source *source, void *user)
{
	(void)source;
	struct wl_server *s = user;
	for (struct wl_conn **at = &s->conns; *at;) {
		struct wl_conn *conn = *at;
		if (conn->dead) {
			*at = conn->next;
			conn_free(conn);
		} else {
			at = &conn->next;
		}
	}
	return 0;
}

/* Which events matter now: reading stops while a call is carried out and while output waits. */
static void conn_watch(struct wl_conn *conn)
{
	if (conn->dead)
		return;
	uint32_t events = 0;
	if (!conn->ended && !conn->closing && !conn->calling &&
	    conn->in.used < sizeof(conn->in.data))
		events |= EPOLLIN;
	if (conn->out_used > 0)
		events |= EPOLLOUT;
	(void)sd_event_source_set_io_events(conn->source, events);
}

static void conn_flush(struct wl_conn *conn)
{
	size_t sent = 0;
	while (sent < conn->out_used) {
		ssize_t n = send(conn->fd, conn->out + sent, conn->out_used - sent,
		                 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			conn_drop(conn);
			return;
		}
		sent += (size_t)n;
	}
	conn->out_used -= sent;
	if (conn->out_used > 0)
		memmove(conn->out, conn->out + sent, conn->out_used);
	else
		wl_cleanup_free(&conn->out);
	if (!conn->out)
		conn->out_capacity = 0;
	if (conn->out_used == 0 && (conn->closing || (conn->ended && !conn->calling)))
		conn_drop(conn);
}

static int conn_reserve(struct wl_conn *conn, size_t more)
{
	size_t need = conn->out_used + more;
	if (need > WL_CONTROL_UNSENT_BYTES_MAX)
		return -EMSGSIZE;
	if (need <= conn->out_capacity)
		return 0;
	char *grown = realloc(conn->out, need);
	if (!grown)
		return -ENOMEM;
	conn->out = grown;
	conn->out_capacity = need;
	return 0;
}

void wl_conn_send(struct wl_conn *conn, const json_t *object)
{
	WL_AUTO_FREE char *frame = NULL;
	size_t size = 0;
	if (conn->dead)
		return;
	if (wl_frame_render(object, &frame, &size) < 0 || conn_reserve(conn, size) < 0) {
		conn_drop(conn);
		return;
	}
	memcpy(conn->out + conn->out_used, frame, size);
	conn->out_used += size;
	conn_flush(conn);
	conn_watch(conn);
}

void wl_conn_set_language(struct wl_conn *conn, const char *language)
{
	(void)snprintf(conn->call.language, sizeof(conn->call.language), "%s", language);
}

static void call_begin(struct wl_conn *conn, json_t *message)
{
	struct wl_call *c = &conn->call;
	json_decref(c->parameters);
	c->parameters = json_object_get(message, "parameters");
	c->parameters = c->parameters ? json_incref(c->parameters) : json_object();
	c->id = ++conn->server->last_id;
	c->more = json_is_true(json_object_get(message, "more"));
	c->oneway = json_is_true(json_object_get(message, "oneway"));
	c->upgrade = json_is_true(json_object_get(message, "upgrade"));
	c->deferred = c->answered = false;
	conn->calling = true;
}

void wl_conn_call_done(struct wl_conn *conn)
{
	bool was_deferred = conn->call.deferred;
	conn->calling = false;
	if (conn->dead)
		return;
	if (was_deferred) /* in a handler's own time: what was sent meanwhile is read now */
		serve(conn);
}

/* Members a call may have, each of its kind; false: not a varlink call. */
static bool message_is_call(json_t *message)
{
	const char *name;
	json_t *value;
	json_object_foreach(message, name, value)
	{
		bool flag = !strcmp(name, "more") || !strcmp(name, "oneway") ||
		            !strcmp(name, "upgrade");
		bool ok = flag ? json_is_boolean(value)
		               : (!strcmp(name, "method") && json_is_string(value)) ||
		                          (!strcmp(name, "parameters") && json_is_object(value));
		if (!ok)
			return false;
	}
	return json_object_get(message, "method") != NULL;
}

static void handle(struct wl_conn *conn, json_t *message)
{
	struct wl_server *s = conn->server;
	enum wl_rate_answer rate = wl_rate_call(&s->rates, conn->call.caller.uid, now_us(s));
	if (rate == WL_RATE_CLOSE || !message_is_call(message)) {
		conn_drop(conn);
		return;
	}
	call_begin(conn, message);
	if (rate == WL_RATE_NO) {
		wl_call_too_much(&conn->call, "calls_per_second", WL_CONTROL_CALLS_PER_SECOND_MAX);
		return;
	}
	conn->call.method = json_string_value(json_object_get(message, "method"));
	s->handlers.dispatch(s->handlers.user, &conn->call);
	if (!conn->call.answered && !conn->call.deferred)
		wl_call_unavailable(&conn->call, WL_RULE_STATION_PART_MISSING, NULL);
	if (!conn->call.deferred)
		conn->call.method = "";
}

/* Carries out the whole calls that lie in the input. */
static void serve(struct wl_conn *conn)
{
	while (!conn->dead && !conn->calling && !conn->closing && conn->out_used == 0) {
		json_t *message = NULL;
		int r = wl_frames_take(&conn->in, &message);
		if (r == 0)
			break;
		if (r == -EMSGSIZE) {
			conn->closing = true;
			conn->call.answered = false;
			wl_call_too_much(&conn->call, "frame_bytes", WL_CONTROL_FRAME_BYTES_MAX);
		} else if (r < 0) {
			conn_drop(conn);
		} else {
			handle(conn, message);
			json_decref(message);
		}
	}
	if (!conn->dead && conn->ended && !conn->calling && conn->out_used == 0)
		conn_drop(conn);
	conn_watch(conn);
}

static void conn_fill(struct wl_conn *conn)
{
	struct wl_frames *in = &conn->in;
	ssize_t n = recv(conn->fd, in->data + in->used, sizeof(in->data) - in->used, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		conn_drop(conn);
		return;
	}
	if (n == 0)
		conn->ended = true;
	in->used += (size_t)n;
}

static int on_conn(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	(void)source;
	(void)fd;
	struct wl_conn *conn = user;
	if (revents & (EPOLLHUP | EPOLLERR)) {
		conn_drop(conn);
		return 0;
	}
	if (revents & EPOLLOUT)
		conn_flush(conn);
	if (!conn->dead && (revents & EPOLLIN))
		conn_fill(conn);
	if (!conn->dead)
		serve(conn);
	return 0;
}

/* Whether the kernel counts the peer among the members of `gid`. */
static bool peer_in_group(int fd, gid_t own, gid_t gid)
{
	gid_t groups[1024];
	socklen_t size = sizeof(groups);
	if (gid == (gid_t)-1)
		return false;
	if (own == gid)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (size_t i = 0; i < size / sizeof(gid_t); i++)
		if (groups[i] == gid)
			return true;
	return false;
}

static int on_listen(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	(void)source;
	(void)revents;
	struct wl_server *s = user;
	WL_AUTO_CLOSE int peer = -1;
	pid_t pid;
	uid_t uid;
	gid_t gid;
	if (wl_accept(fd, &peer, &pid, &uid, &gid) < 0)
		return 0; /* it went away again, or descriptors are short: the next one may do */
	if (!wl_rate_connect(&s->rates, uid, now_us(s)))
		return 0;
	struct wl_conn *conn = calloc(1, sizeof(*conn));
	if (!conn) {
		wl_rate_disconnect(&s->rates, uid);
		return 0;
	}
	conn->server = s;
	conn->fd = TAKE_FD(peer);
	conn->call.conn = conn;
	conn->call.caller.uid = uid;
	conn->call.caller.setup_group = peer_in_group(conn->fd, gid, s->setup_gid);
	wl_conn_set_language(conn, "en");
	conn->next = s->conns;
	s->conns = conn;
	if (sd_event_add_io(s->event, &conn->source, conn->fd, EPOLLIN, on_conn, conn) < 0)
		conn_drop(conn);
	return 0;
}

int wl_server_new(sd_event *event, int listen_fd, gid_t setup_gid,
                  const struct wl_server_handlers *handlers, struct wl_server **ret)
{
	struct wl_server *s = calloc(1, sizeof(*s));
	if (!s) {
		wl_cleanup_close(&listen_fd);
		return -ENOMEM;
	}
	s->event = sd_event_ref(event);
	s->listen_fd = listen_fd;
	s->setup_gid = setup_gid;
	s->handlers = *handlers;
	int r = sd_event_add_io(event, &s->listener, listen_fd, EPOLLIN, on_listen, s);
	if (r >= 0)
		r = sd_event_add_defer(event, &s->reaper, reap, s);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->reaper, SD_EVENT_OFF);
	if (r < 0) {
		wl_server_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

struct wl_server *wl_server_free(struct wl_server *s)
{
	if (!s)
		return NULL;
	s->handlers.gone = NULL;
	for (struct wl_conn *conn = s->conns; conn; conn = conn->next)
		conn_drop(conn);
	(void)reap(NULL, s);
	sd_event_source_disable_unref(s->listener);
	sd_event_source_disable_unref(s->reaper);
	wl_cleanup_close(&s->listen_fd);
	sd_event_unref(s->event);
	free(s);
	return NULL;
}

struct wl_call *wl_server_call(struct wl_server *s, uint64_t id)
{
	for (struct wl_conn *conn = s->conns; conn; conn = conn->next)
		if (!conn->dead && conn->calling && conn->call.id == id)
			return &conn->call;
	return NULL;
}

unsigned wl_server_connections(const struct wl_server *s)
{
	return s->rates.connections;
}
