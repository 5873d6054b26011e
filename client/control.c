/*
 * Frames to and from the station. The station is not hostile, but what it tells comes partly from
 * media: sizes are bounded and the JSON reader is strict. Runs in the client, as the person's own
 * account; a cut of power or connection changes nothing at the station by itself.
 */
#include "client/control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"

#define INTERFACE "ca.weighlock.Station."

struct wl_control {
	int fd;
	size_t used; /* bytes in frame, of which some may belong to the next one */
	char frame[WL_CONTROL_FRAME_BYTES_MAX];
};

int wl_control_from_fd(int fd, struct wl_control **ret)
{
	struct wl_control *c = calloc(1, sizeof(*c));
	if (!c) {
		(void)close(fd);
		return -ENOMEM;
	}
	c->fd = fd;
	*ret = c;
	return 0;
}

int wl_control_open(const char *socket_path, struct wl_control **ret)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	WL_AUTO_CLOSE int fd = -1;

	if (strlen(socket_path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return wl_control_from_fd(TAKE_FD(fd), ret);
}

struct wl_control *wl_control_free(struct wl_control *c)
{
	if (c) {
		wl_cleanup_close(&c->fd);
		free(c);
	}
	return NULL;
}

static int send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		p += sent;
		n -= (size_t)sent;
	}
	return 0;
}

int wl_control_send(struct wl_control *c, const char *method, const json_t *parameters, bool more)
{
	WL_AUTO_FREE char *name = NULL;
	if (asprintf(&name, INTERFACE "%s", method) < 0) {
		name = NULL;
		return -ENOMEM;
	}
	json_t *call = json_pack("{s:s, s:o}", "method", name, "parameters",
	                         parameters ? json_deep_copy(parameters) : json_object());
	if (call && more)
		(void)json_object_set_new(call, "more", json_true());
	WL_AUTO_FREE char *text = call ? json_dumps(call, JSON_COMPACT) : NULL;
	json_decref(call);
	if (!text)
		return -ENOMEM;
	size_t n = strlen(text) + 1; /* the frame ends with its NUL */
	if (n > WL_CONTROL_FRAME_BYTES_MAX)
		return -EMSGSIZE;
	return send_all(c->fd, text, n);
}

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads until a NUL stands in the buffer. */
static int fill(struct wl_control *c, int timeout_ms, size_t *ret_n)
{
	int64_t until = now_ms() + timeout_ms;

	for (;;) {
		const char *end = memchr(c->frame, 0, c->used);
		if (end) {
			*ret_n = (size_t)(end - c->frame);
			return 0;
		}
		if (c->used == sizeof(c->frame))
			return -EPROTO;
		struct pollfd p = {.fd = c->fd, .events = POLLIN};
		int64_t left = timeout_ms < 0 ? -1 : until - now_ms();
		int r = poll(&p, 1, timeout_ms < 0 ? -1 : (left > 0 ? (int)left : 0));
		if (r < 0)
			return -errno;
		if (r == 0)
			return -ETIMEDOUT;
		ssize_t got = recv(c->fd, c->frame + c->used, sizeof(c->frame) - c->used, 0);
		if (got < 0)
			return errno == ECONNRESET ? -EPIPE : -errno;
		if (got == 0)
			return -EPIPE;
		c->used += (size_t)got;
	}
}

static int take_apart(json_t *frame, struct wl_reply *ret)
{
	const json_t *error = json_object_get(frame, "error");
	json_t *parameters = json_object_get(frame, "parameters");

	if (!json_is_object(frame) || (error && !json_is_string(error)) ||
	    (parameters && !json_is_object(parameters)))
		return -EPROTO;
	const char *name = error ? json_string_value(error) : "";
	const char *dot = strrchr(name, '.');
	if (strlen(dot ? dot + 1 : name) >= sizeof(ret->error))
		return -EPROTO;
	*ret = (struct wl_reply){
	        .parameters = parameters ? json_incref(parameters) : json_object(),
	        .continues = json_is_true(json_object_get(frame, "continues")),
	};
	(void)snprintf(ret->error, sizeof(ret->error), "%s", dot ? dot + 1 : name);
	return ret->parameters ? 0 : -ENOMEM;
}

int wl_control_receive(struct wl_control *c, int timeout_ms, struct wl_reply *ret)
{
	size_t n = 0;
	int r = fill(c, timeout_ms, &n);
	if (r < 0)
		return r;
	json_t *frame = json_loadb(c->frame, n, JSON_REJECT_DUPLICATES, NULL);
	c->used -= n + 1;
	memmove(c->frame, c->frame + n + 1, c->used);
	if (!frame)
		return -EPROTO;
	r = take_apart(frame, ret);
	json_decref(frame);
	return r;
}

void wl_reply_clear(struct wl_reply *r)
{
	json_decref(r->parameters);
	r->parameters = NULL;
}
