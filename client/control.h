/*
 * The wire to the station: varlink frames (INTERFACES 9) over a stream socket, one call at a time.
 *
 * Knows frames and nothing of their meaning; see station.h for calls as verbs make them.
 */
#ifndef WL_CLIENT_CONTROL_H
#define WL_CLIENT_CONTROL_H

#include <jansson.h>
#include <stdbool.h>

struct wl_control; /* opaque */

struct wl_reply {
	json_t *parameters; /* never NULL after success; an object */
	char error[64];     /* "" or the error's name without its interface ("Refused") */
	bool continues;
};

/* Connects. 0 or negative errno (-ENOENT, -ECONNREFUSED: no station; -EACCES: not for you). */
int wl_control_open(const char *socket_path, struct wl_control **ret);
/* Over a connected descriptor (taken over also on failure); for tests. */
int wl_control_from_fd(int fd, struct wl_control **ret);
struct wl_control *wl_control_free(struct wl_control *c); /* accepts NULL */

/* Sends one call of ca.weighlock.Station. `parameters` may be NULL and stays the caller's.
 * -EMSGSIZE where the frame would be larger than the interface allows; -EPIPE. */
int wl_control_send(struct wl_control *c, const char *method, const json_t *parameters, bool more);

/* The next frame; timeout_ms < 0 waits for ever. 0; -ETIMEDOUT; -EINTR (a signal came); -EPIPE
 * where the station closed; -EPROTO for a frame that is none (the connection is then useless). */
int wl_control_receive(struct wl_control *c, int timeout_ms, struct wl_reply *ret);
void wl_reply_clear(struct wl_reply *r);

#endif
