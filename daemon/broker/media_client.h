/*
 * The broker's side of mediad: what is in the ports (main thread), and gates (work thread).
 */
#ifndef WL_BROKER_MEDIA_CLIENT_H
#define WL_BROKER_MEDIA_CLIENT_H

#include <systemd/sd-event.h>

#include "daemon/broker/part.h"
#include "daemon/broker/ports.h"

struct wl_media; /* opaque: the main thread's connection */

struct wl_media_handlers {
	void (*seen)(void *user, const struct wl_message *m);
	void (*gone)(void *user, const struct wl_message *m);
	/* The connection came or went. */
	void (*connected)(void *user, bool yes);
	void *user;
};

int wl_media_new(sd_event *event, const char *path, uid_t uid,
                 const struct wl_media_handlers *handlers, struct wl_media **ret);
struct wl_media *wl_media_free(struct wl_media *m); /* accepts NULL, returns NULL */
bool wl_media_is_connected(const struct wl_media *m);

/*
 * Connects where it is not, tells mediad the ports of this policy and asks for all that is in them
 * (through `seen`). 0, or -EBADMSG with station.part-missing.
 */
int wl_media_sync(struct wl_media *m, const struct wl_policy *policy, struct wl_finding *f);

/* ---- gates: on a connection of one's own (struct wl_part to mediad) ---- */

struct wl_gate {
	uint64_t gate, bytes;
	bool open;
};

/* Opens for reading; spawnd has the descriptor when it returns 0. -EBADMSG: mediad's rule. */
int wl_gate_open_read(struct wl_part *media, const char *purpose, const char *port,
                      uint64_t diskseq, struct wl_gate *ret, struct wl_finding *f);
/* Opens for writing on the grant of `intent`, which ledgerd may be sending just now. */
int wl_gate_open_write(struct wl_part *media, const char *intent, struct wl_gate *ret,
                       struct wl_finding *f);
/* Shuts it: 0 when nobody holds the medium any more. Safe on a gate that is not open. */
int wl_gate_shut(struct wl_part *media, struct wl_gate *gate, struct wl_finding *f);

#endif
