/*
 * Sending and receiving struct wl_message over SOCK_SEQPACKET; see channel.h.
 *
 * The peer may be hostile: it chooses packets, their number and their descriptors. A packet that
 * was cut, or that brings more than one descriptor, is malformed, and every descriptor it brought
 * is closed. Runs in every process; keeps only the connection and a counter.
 */
#include "daemon/base/channel.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

void wl_channel_init(struct wl_channel *c, int fd, enum wl_peer self, enum wl_peer peer)
{
	*c = (struct wl_channel){.fd = fd, .self = self, .peer = peer, .next_serial = 1};
}

void wl_channel_close(struct wl_channel *c)
{
	wl_cleanup_close(&c->fd);
}

uint32_t wl_channel_serial(struct wl_channel *c)
{
	if (c->next_serial == 0)
		c->next_serial = 1;
	return c->next_serial++;
}

/* One packet at a time, per thread. Not on the stack: a frame of this size is probed page by page,
 * and in a process that was just forked each page so touched is copied. */
static _Thread_local uint8_t packet[WL_MESSAGE_BYTES_MAX];

union one_fd {
	struct cmsghdr head; /* for alignment */
	char bytes[CMSG_SPACE(sizeof(int))];
};

int wl_channel_send(struct wl_channel *c, const struct wl_message *m)
{
	size_t size = 0;
	int r = wl_message_encode(m, packet, &size);

	if (r < 0)
		return r;
	union one_fd control = {.bytes = {0}};
	struct iovec iov = {.iov_base = packet, .iov_len = size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	if (m->fd >= 0) {
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &m->fd, sizeof(int));
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
	}
	while (sendmsg(c->fd, &msg, MSG_NOSIGNAL) < 0) {
		if (errno == ECONNRESET)
			return -EPIPE;
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/* Takes the descriptors out of what arrived: the only one into *ret_fd. Everything else that came
 * is closed, and then the packet is malformed. */
static int collect_fd(struct msghdr *msg, int *ret_fd)
{
	WL_AUTO_CLOSE int fd = -1;
	bool bad = false;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) {
			bad = true;
			continue;
		}
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int one = -1;
			memcpy(&one, CMSG_DATA(h) + i * sizeof(int), sizeof(int));
			if (fd >= 0) {
				(void)close(one);
				bad = true;
			} else {
				fd = one;
			}
		}
	}
	if (bad || (msg->msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return -EBADMSG;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int receive_now(struct wl_channel *c, struct wl_message *m, int flags)
{
	union one_fd control = {.bytes = {0}};
	struct iovec iov = {.iov_base = packet, .iov_len = sizeof(packet)};
	struct msghdr msg = {.msg_iov = &iov,
	                     .msg_iovlen = 1,
	                     .msg_control = control.bytes,
	                     .msg_controllen = CMSG_LEN(sizeof(int))};
	WL_AUTO_CLOSE int fd = -1;
	ssize_t n = recvmsg(c->fd, &msg, MSG_CMSG_CLOEXEC | flags);

	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	if (n == 0 && msg.msg_controllen == 0)
		return -EPIPE;
	int r = collect_fd(&msg, &fd);
	if (r == 0)
		r = wl_message_decode(m, packet, (size_t)n, c->peer, c->self, fd >= 0);
	if (r == 0)
		m->fd = TAKE_FD(fd);
	return r;
}

static int64_t now_ms(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits until something can be received; 0 or -ETIMEDOUT or another negative errno. */
static int wait_readable(int fd, int64_t deadline_ms)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = deadline_ms < 0 ? -1 : deadline_ms - now_ms();
		if (deadline_ms >= 0 && left < 0)
			left = 0;
		int n = poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left);
		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

int wl_channel_receive(struct wl_channel *c, struct wl_message *m, int timeout_ms)
{
	int64_t deadline_ms = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;

	wl_message_clear(m);
	if (timeout_ms == 0) {
		int r;
		do
			r = receive_now(c, m, MSG_DONTWAIT);
		while (r == -EINTR);
		return r;
	}
	for (;;) {
		int r = receive_now(c, m, MSG_DONTWAIT);
		if (r != -EAGAIN && r != -EINTR)
			return r;
		r = wait_readable(c->fd, deadline_ms);
		if (r < 0)
			return r;
	}
}

static int error_reply(const struct wl_message *m, struct wl_finding *ret_error, int *ret_errno)
{
	if (ret_error) {
		ret_error->rule = wl_rule_find(wl_message_text(m, WL_T_RULE));
		(void)snprintf(ret_error->detail, sizeof(ret_error->detail), "%s",
		               wl_message_text(m, WL_T_DETAIL));
	}
	if (ret_errno) {
		uint64_t e = wl_message_u64(m, WL_T_ERRNO);
		*ret_errno = e > 4095 ? EIO : (int)e;
	}
	return -EREMOTEIO;
}

int wl_channel_call(struct wl_channel *c, struct wl_message *m, int timeout_ms,
                    struct wl_finding *ret_error, int *ret_errno)
{
	int64_t deadline_ms = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	const struct wl_message_row *request = wl_message_row(m->id);
	uint32_t serial = m->serial;
	int r = wl_channel_send(c, m);

	if (r < 0)
		return r;
	m->fd = -1; /* was lent for sending */
	for (;;) {
		int64_t left = deadline_ms < 0 ? -1 : deadline_ms - now_ms();
		if (deadline_ms >= 0 && left <= 0)
			return -ETIMEDOUT;
		r = wl_channel_receive(c, m, left > INT32_MAX ? INT32_MAX : (int)left);
		if (r < 0)
			return r;
		const struct wl_message_row *row = wl_message_row(m->id);
		if (row->kind == WL_KIND_EVENT && m->serial == 0)
			continue;
		if (m->serial != serial)
			return -EBADMSG;
		if (row->kind == WL_KIND_ERROR)
			return error_reply(m, ret_error, ret_errno);
		return row->kind == WL_KIND_REPLY && row->type == request->type ? 0 : -EBADMSG;
	}
}

int wl_channel_send_error(struct wl_channel *c, uint32_t serial, enum wl_rule rule, int error,
                          const char *detail)
{
	struct wl_message m WL_UNINITIALISED;
	char text[WL_ERROR_DETAIL_MAX + 1];

	wl_message_init(&m);
	wl_message_start(&m, WL_MSG_ERROR, serial);
	wl_text_escape(detail, strlen(detail), text, sizeof(text));
	wl_message_put_text(&m, WL_T_RULE, wl_rule_id(rule));
	wl_message_put_u64(&m, WL_T_ERRNO, (uint64_t)(error < 0 ? -error : error));
	wl_message_put_text(&m, WL_T_DETAIL, text);
	return wl_channel_send(c, &m);
}
