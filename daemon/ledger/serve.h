/* Answering the broker: one loop, one thread. */
#ifndef WL_LEDGER_SERVE_H
#define WL_LEDGER_SERVE_H

#include "daemon/ledger/connection.h"
#include "daemon/ledger/ledger.h"

#define WL_CONNECTIONS_MAX 64U
#define WL_GROUP_MAX       1024U /* appends waiting for one commit */

struct wl_serve_options {
	struct wl_ledger *ledger; /* stays the caller's */
	int listen_fd, stop_fd;   /* stop_fd: readable when it is time to end */
	uid_t broker_uid, media_uid;
	const char *grant_path;
};

/* An append that is staged and not yet answered. */
struct wl_waiting {
	struct wl_connection *connection; /* NULL: it went away */
	uint32_t serial;
	uint64_t seq;
	int64_t time;
	bool grant;             /* mediad has to be told before the broker is */
	char ended[WL_ID_TEXT]; /* the intent whose grant, if it was not used, is void now; or "" */
};

struct wl_server {
	struct wl_serve_options o;
	struct wl_connection *connection[WL_CONNECTIONS_MAX];
	size_t connections;
	struct wl_waiting waiting[WL_GROUP_MAX];
	size_t waits;
	int64_t group_since_ms;                   /* when the first of them was staged */
	bool flush;                               /* a group was ended */
	enum wl_rule disk_fault;                  /* as it was last said */
	bool index_in_memory;                     /* likewise */
	int64_t unsettled_since_ms, committed_ms; /* the files lag behind since; the last commit */
	struct wl_message in, out;
};

/* Runs until stop_fd is readable (0) or the disk fails (-EIO). */
int wl_serve(const struct wl_serve_options *o);

/* Commits the group and answers everybody who waits for it; also before anything that reads. */
void wl_server_flush(struct wl_server *s);
/* And brings the files up to date: before anything is given out that others compare with them. */
void wl_server_settle(struct wl_server *s);

/* handle_append.c and handle_query.c: what one message asks. Below 0: the peer is dropped. */
int wl_handle_append(struct wl_server *s, struct wl_connection *c);
int wl_handle_query(struct wl_server *s, struct wl_connection *c);
/* handle_recall.c: the next row of the answer to `recall`, for wl_stream. */
int wl_recall_next(void *server, void *connection);
/* handle_audit.c: what auditors and the station's certificate need. -ENOTSUP: none of these. */
int wl_handle_audit(struct wl_server *s, struct wl_connection *c);

#endif
