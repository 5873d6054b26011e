/* The control socket: connections, their limits, and the calls that come in on them. */
#ifndef WL_BROKER_SERVER_H
#define WL_BROKER_SERVER_H

#include <systemd/sd-event.h>

#include "daemon/broker/call.h"

struct wl_server; /* opaque */

struct wl_server_handlers {
	/* A whole call; it must be answered or marked deferred. */
	void (*dispatch)(void *user, struct wl_call *call);
	/* The client of a deferred call went away. */
	void (*gone)(void *user, uint64_t call_id);
	void *user;
};

/* Takes over listen_fd. setup_gid: the group weighlock-setup, (gid_t)-1 where there is none. */
int wl_server_new(sd_event *event, int listen_fd, gid_t setup_gid,
                  const struct wl_server_handlers *handlers, struct wl_server **ret);
struct wl_server *wl_server_free(struct wl_server *s); /* accepts NULL, returns NULL */

/* The deferred call of this id; NULL where its client is gone. */
struct wl_call *wl_server_call(struct wl_server *s, uint64_t id);

unsigned wl_server_connections(const struct wl_server *s);

/* Queues one frame (for call.c). Drops the connection where too much is unsent. */
void wl_conn_send(struct wl_conn *conn, const json_t *object);
/* The call of this connection is over: the next one may begin (for call.c). */
void wl_conn_call_done(struct wl_conn *conn);
/* Sets the language of what is rendered on this connection. */
void wl_conn_set_language(struct wl_conn *conn, const char *language);

#endif
