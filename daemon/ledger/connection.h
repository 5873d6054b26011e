/*
 * One connection of the broker: what it is saying, and what it still has to be told.
 *
 * Answers are queued where the socket is full, so that a slow reader holds up nobody; a peer that
 * lets too much pile up is dropped.
 */
#ifndef WL_LEDGER_CONNECTION_H
#define WL_LEDGER_CONNECTION_H

#include "daemon/base/channel.h"
#include "daemon/ledger/entry_draft.h"

#define WL_QUEUE_PACKETS_MAX 8192U
#define WL_QUEUE_BYTES_MAX   (8U << 20)

struct wl_packet; /* one encoded answer */

/* An append being said: begin … commit share a serial. */
struct wl_appending {
	bool open;
	uint32_t serial;
	struct wl_draft draft;
	int manifest_fd;
	int error; /* the first thing wrong; answered at the commit */
	struct wl_finding finding;
};

/* An answer that is a sequence, made as the peer reads it. */
struct wl_stream {
	int (*next)(void *server, void *connection); /* NULL: none */
	uint32_t serial;
	uint64_t at, left, count;
	size_t offset;
	bool open_only;
	unsigned part; /* of an answer in several parts */
	int level;     /* export.list: which tiles, and from which entry on */
	uint64_t first, size;
	char checkpoint[1024]; /* the checkpoint of that size */
	char transfer[WL_ID_TEXT];
};

struct wl_connection {
	struct wl_channel channel;
	struct wl_packet *first, *last;
	size_t packets, bytes;
	struct wl_appending append;
	struct wl_stream stream;
	bool dead; /* to be closed */
};

struct wl_connection *wl_connection_new(int fd); /* takes fd over; NULL without memory */
struct wl_connection *wl_connection_free(struct wl_connection *c);

/* Sends *m now or queues it. Any error marks the connection dead. */
int wl_connection_send(struct wl_connection *c, const struct wl_message *m);
int wl_connection_send_error(struct wl_connection *c, uint32_t serial, enum wl_rule rule, int error,
                             const char *detail);
/* Sends what is queued; -EAGAIN where some is left. */
int wl_connection_flush(struct wl_connection *c);

#endif
