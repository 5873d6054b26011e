/* A connection to one of the other daemons, made when it is needed and again when it was lost. */
#ifndef WL_BROKER_PART_H
#define WL_BROKER_PART_H

#include <stdbool.h>

#include "daemon/base/channel.h"
#include "daemon/base/paths.h"

struct wl_part {
	const char *name; /* "ledger", "media", "spawn": as station.part-missing names it */
	char path[WL_PATH_TEXT];
	uid_t uid;
	enum wl_peer peer;
	bool connected;
	int error; /* of the last try to connect */
	struct wl_channel channel;
	struct wl_message message; /* the one being sent or received */
};

/* 0; the object is large: keep it on the heap. */
void wl_part_init(struct wl_part *p, const char *name, const char *path, uid_t uid,
                  enum wl_peer peer);
/* Connects where it is not, or where the other end has gone: 0, or -EBADMSG with
 * station.part-missing. */
int wl_part_connect(struct wl_part *p, struct wl_finding *ret_finding);
void wl_part_drop(struct wl_part *p);

/* Starts building a request in p->message with a fresh serial, which it returns (0 where the part
 * is missing; sending then fails with the finding of connect). Connects as wl_part_connect does. A
 * part that dies later than this fails the request: what it may have carried out is never asked for
 * again here. */
uint32_t wl_part_start(struct wl_part *p, enum wl_message_id id);

/*
 * Sends p->message and waits for the reply, left in p->message. 0; -EBADMSG with the part's own
 * rule, or station.part-missing where it is gone, late or talks nonsense: the connection is then
 * dropped.
 */
int wl_part_call(struct wl_part *p, struct wl_finding *ret_finding);
/* The same for what takes as long as the part's ledger is long: ten minutes instead of half a
 * minute, during which the service manager's watchdog is told that this daemon waits. For the
 * thread of the loop alone: only there wl_daemon_wait_ms may be called. */
int wl_part_call_long(struct wl_part *p, struct wl_finding *ret_finding);
/* Only sends; same errors. */
int wl_part_send(struct wl_part *p, struct wl_finding *ret_finding);
/* The next message with this serial (events with serial 0 are skipped). 0, or as wl_part_call. */
int wl_part_receive(struct wl_part *p, uint32_t serial, struct wl_finding *ret_finding);
/* The next message with one of the n serials from `first` on. */
int wl_part_receive_of(struct wl_part *p, uint32_t first, uint32_t n,
                       struct wl_finding *ret_finding);

#endif
