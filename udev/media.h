/*
 * The state of weighlock-mediad, for its own files only.
 *
 * One thread runs the loop and owns all of this; the device thread has nothing but its mailbox.
 */
#ifndef WL_UDEV_MEDIA_H
#define WL_UDEV_MEDIA_H

#include "daemon/base/channel.h"
#include "udev/device_thread.h"
#include "udev/grants.h"
#include "udev/insertions.h"
#include "udev/watch.h"

/* one spawnd, and whoever else */
#define WL_MEDIA_PEERS (WL_MEDIA_BROKER_CONNECTIONS_MAX + WL_MEDIA_LEDGER_CONNECTIONS_MAX + 1U)

/* The three sockets; each takes connections of one uid only. */
enum wl_media_door { WL_DOOR_MEDIA = 0, WL_DOOR_GATE, WL_DOOR_GRANT, WL_DOOR_MAX };

struct wl_media_peer {
	bool used;
	enum wl_media_door door;
	struct wl_channel channel;
	bool wants_events; /* has said its ports or asked for the list */
	/* ports.begin … ports.commit */
	bool staging;
	uint32_t staging_serial;
	struct wl_ports staged;
	struct wl_finding staged_finding; /* rule NONE: nothing wrong so far */
};

enum wl_gate_state {
	WL_GATE_NONE = 0,
	WL_GATE_OPENING,  /* the device thread opens it */
	WL_GATE_HANDING,  /* spawnd has been sent the descriptor */
	WL_GATE_OPEN,     /* whoever has it works */
	WL_GATE_SHUTTING, /* the device thread waits for them to let go */
};

/* The one gate of the station (DESIGN 3.5). */
struct wl_gate {
	enum wl_gate_state state;
	uint64_t number; /* of this gate, or of the next one */
	struct wl_device_pass pass;
	char purpose[17];
	char intent[WL_ID_TEXT];        /* "" for a read gate */
	struct wl_media_peer *asker;    /* NULL: nobody waits for an answer */
	struct wl_media_peer *owner;    /* NULL: opened by a connection that is gone */
	uint32_t serial;                /* of the asker's request */
	uint32_t spawn_serial;          /* of ours to spawnd */
	int64_t due_ms;                 /* handing: answer due; ownerless: next attempt to shut */
	uint64_t last_shut;             /* number of the last gate that was shut; 0: none */
	struct wl_finding last_finding; /* and how that ended; rule NONE: well */
};

struct wl_media {
	int listen_fd[WL_DOOR_MAX];
	uid_t uid[WL_DOOR_MAX];
	struct wl_media_peer peer[WL_MEDIA_PEERS];
	struct wl_watch *watch;
	struct wl_insertions insertions;
	struct wl_ports ports;
	struct wl_grants grants;
	struct wl_gate gate;
	struct wl_device_thread *thread;
	struct wl_message in, out;
};

/* ---- peers.c ---- */

/* Takes what waits at a door, if its uid is the right one. */
void wl_media_accept(struct wl_media *m, enum wl_media_door door);
/* Handles what a peer has sent, at most a fair share; closes it where it misbehaves or is gone. */
void wl_media_receive(struct wl_media *m, struct wl_media_peer *peer);
/* Sends m->out; a peer that cannot take it now is closed: nobody makes the others wait. */
void wl_media_send(struct wl_media *m, struct wl_media_peer *peer);
void wl_media_send_error(struct wl_media *m, struct wl_media_peer *peer, uint32_t serial,
                         const struct wl_finding *finding, int error);
void wl_media_drop(struct wl_media *m, struct wl_media_peer *peer);
/* spawnd's connection; NULL where there is none. */
struct wl_media_peer *wl_media_spawn(struct wl_media *m);

/* ---- handlers.c ---- */

/* -EBADMSG: the message does not belong here, and the peer is closed. */
int wl_media_handle(struct wl_media *m, struct wl_media_peer *peer);
/* wl_insertion_change: tells everybody who wants to know. */
void wl_media_tell(void *media, const struct wl_insertion *insertion, bool gone);
struct wl_watched wl_media_watched(struct wl_media *m);

/* ---- gate.c ---- */

void wl_gate_open(struct wl_media *m, struct wl_media_peer *asker);  /* gate.open in m->in */
void wl_gate_write(struct wl_media *m, struct wl_media_peer *asker); /* gate.write in m->in */
void wl_gate_shut(struct wl_media *m, struct wl_media_peer *asker);  /* gate.shut in m->in */
int wl_gate_handed(struct wl_media *m, struct wl_media_peer *spawn); /* spawnd's answer in m->in */
void wl_gate_job_done(struct wl_media *m); /* the thread has ended a job */
void wl_gate_peer_gone(struct wl_media *m, const struct wl_media_peer *peer);
void wl_gate_tick(struct wl_media *m);         /* something is due */
int wl_gate_wait_ms(const struct wl_media *m); /* until then; -1: nothing is */

/* CLOCK_BOOTTIME. */
int64_t wl_media_now_ms(void);

/* ---- confine.c ---- */

/* The folders that are left, for this thread and those it starts; after the sockets are there. 0,
 * -ENOSYS where the kernel has no Landlock, or negative errno. */
int wl_media_restrict_files(void);
/* The system calls that are left, for every thread; after wl_daemon_harden. 0 or negative errno. */
int wl_media_filter(void);

#endif
