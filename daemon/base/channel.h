/*
 * A channel: one end of an AF_UNIX SOCK_SEQPACKET connection that carries struct wl_message.
 *
 * Knows which peer it is and which it talks to, so that direction is checked on every packet. A
 * malformed packet, MSG_TRUNC or MSG_CTRUNC is -EBADMSG and the caller closes: the peer is treated
 * as crashed. Received descriptors are CLOEXEC and belong to the message.
 */
#ifndef WL_BASE_CHANNEL_H
#define WL_BASE_CHANNEL_H

#include <stdint.h>
#include <sys/types.h>

#include "daemon/base/finding.h"
#include "daemon/base/message.h"

struct wl_channel {
	int fd;
	enum wl_peer self, peer;
	uint32_t next_serial;
};

/* Takes over `fd`. */
void wl_channel_init(struct wl_channel *c, int fd, enum wl_peer self, enum wl_peer peer);
void wl_channel_close(struct wl_channel *c);      /* also as WL_CLEANUP(wl_channel_close) */
uint32_t wl_channel_serial(struct wl_channel *c); /* a fresh one, never 0 */

/* Sends *m with m->fd where the row has one (m->fd stays the caller's). Blocks unless the socket
 * is non-blocking: then -EAGAIN. -EPIPE where the peer is gone. Never raises SIGPIPE. */
int wl_channel_send(struct wl_channel *c, const struct wl_message *m);

/* Receives one message. timeout_ms < 0: for ever. 0, -ETIMEDOUT, -EPIPE (orderly end), -EBADMSG,
 * -EAGAIN (non-blocking socket, nothing there, timeout_ms 0). */
int wl_channel_receive(struct wl_channel *c, struct wl_message *m, int timeout_ms);

/* Sends a request already built in *m (m->fd, lent for it, is -1 afterwards) and waits for its
 * reply (same serial; events with serial 0 are dropped). The reply is in *m. An ERROR reply:
 * -EREMOTEIO, rule and detail in *ret_error (rule WL_RULE_NONE where it named none), errno in
 * *ret_errno unless NULL. */
int wl_channel_call(struct wl_channel *c, struct wl_message *m, int timeout_ms,
                    struct wl_finding *ret_error, int *ret_errno);

/* Sends an ERROR in answer to `serial`. */
int wl_channel_send_error(struct wl_channel *c, uint32_t serial, enum wl_rule rule, int error,
                          const char *detail);

/* Connects to a listening socket at `path` and requires that the listener runs as `uid`
 * (SO_PEERCRED; (uid_t)-1: any). -ECONNREFUSED, -ENOENT, -EPERM. */
int wl_channel_connect(struct wl_channel *c, const char *path, uid_t uid, enum wl_peer self,
                       enum wl_peer peer);

/* Makes a listening socket (mode 0660 by umask 0117), or takes the one of LISTEN_FDS whose name is
 * `name`. type: SOCK_SEQPACKET or SOCK_STREAM. Removes a stale socket first. The
 * listening descriptor does not block: poll it. 0 or negative errno. */
int wl_listen(const char *path, const char *name, int type, int *ret_fd);

/* Accepts one connection and the credentials of its peer; non-blocking and CLOEXEC. */
int wl_accept(int listen_fd, int *ret_fd, pid_t *ret_pid, uid_t *ret_uid, gid_t *ret_gid);

#endif
