/*
 * Connections and their queues of answers.
 *
 * Runs in weighlock-ledgerd; the peer is the broker (checked by its uid), which may be compromised:
 * it can be slow, stop reading or send nonsense, and then loses its connection. Nothing here is
 * durable.
 */
#include "daemon/ledger/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/base/cleanup.h"

struct wl_packet {
	struct wl_packet *next;
	int fd; /* to be passed along, or -1 */
	size_t n;
	uint8_t p[];
};

struct wl_connection *wl_connection_new(int fd)
{
	struct wl_connection *c = calloc(1, sizeof(*c));

	if (!c) {
		(void)close(fd);
		return NULL;
	}
	wl_channel_init(&c->channel, fd, WL_PEER_LEDGER, WL_PEER_BROKER);
	c->append.manifest_fd = -1;
	return c;
}

static void drop_first(struct wl_connection *c)
{
	struct wl_packet *p = c->first;

	c->first = p->next;
	if (!c->first)
		c->last = NULL;
	c->packets--;
	c->bytes -= p->n;
	wl_cleanup_close(&p->fd);
	free(p);
}

struct wl_connection *wl_connection_free(struct wl_connection *c)
{
	if (!c)
		return NULL;
	while (c->first)
		drop_first(c);
	wl_draft_clear(&c->append.draft);
	wl_cleanup_close(&c->append.manifest_fd);
	wl_channel_close(&c->channel);
	free(c);
	return NULL;
}

union one_fd {
	struct cmsghdr head; /* for alignment */
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int send_packet(int socket_fd, const struct wl_packet *p)
{
	union one_fd control = {.bytes = {0}};
	struct iovec iov = {.iov_len = p->n};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	memcpy(&iov.iov_base, &(const uint8_t *){p->p}, sizeof(iov.iov_base));
	if (p->fd >= 0) {
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &p->fd, sizeof(int));
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
	}
	while (sendmsg(socket_fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int wl_connection_flush(struct wl_connection *c)
{
	while (c->first) {
		int r = send_packet(c->channel.fd, c->first);
		if (r < 0) {
			c->dead = c->dead || r != -EAGAIN;
			return r;
		}
		drop_first(c);
	}
	return 0;
}

/* An encoded copy, with its own descriptor; NULL without memory or descriptors. */
static struct wl_packet *packet_new(const uint8_t *buf, size_t n, int fd)
{
	struct wl_packet *p = malloc(sizeof(*p) + n);

	if (!p)
		return NULL;
	*p = (struct wl_packet){.fd = -1, .n = n};
	memcpy(p->p, buf, n);
	if (fd < 0)
		return p;
	p->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (p->fd >= 0)
		return p;
	free(p);
	return NULL;
}

static int queue(struct wl_connection *c, const struct wl_message *m)
{
	uint8_t buf[WL_MESSAGE_BYTES_MAX];
	struct wl_packet *p;
	size_t n = 0;
	int r = wl_message_encode(m, buf, &n);

	if (r < 0)
		return r;
	if (c->packets >= WL_QUEUE_PACKETS_MAX || c->bytes + n > WL_QUEUE_BYTES_MAX)
		return -ENOBUFS;
	p = packet_new(buf, n, m->fd);
	if (!p)
		return -ENOMEM;
	c->packets++;
	c->bytes += n;
	if (c->last)
		c->last->next = p;
	else
		c->first = p;
	c->last = p;
	return 0;
}

int wl_connection_send(struct wl_connection *c, const struct wl_message *m)
{
	int r;

	if (c->dead)
		return -EPIPE;
	r = queue(c, m);
	if (r < 0) {
		c->dead = true;
		return r;
	}
	r = wl_connection_flush(c);
	return r == -EAGAIN ? 0 : r;
}

int wl_connection_send_error(struct wl_connection *c, uint32_t serial, enum wl_rule rule, int error,
                             const char *detail)
{
	static struct wl_message m = {.fd = -1};
	char text[WL_ERROR_DETAIL_MAX + 1];

	(void)snprintf(text, sizeof(text), "%s", detail);
	wl_message_start(&m, WL_MSG_ERROR, serial);
	wl_message_put_text(&m, WL_T_RULE, wl_rule_id(rule));
	wl_message_put_u64(&m, WL_T_ERRNO, (uint64_t)(error < 0 ? -error : error));
	wl_message_put_text(&m, WL_T_DETAIL, text);
	return wl_connection_send(c, &m);
}
