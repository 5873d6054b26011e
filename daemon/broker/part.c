/*
 * Connections to the other daemons (weighlockd).
 *
 * Whoever took over one of them can answer nonsense, late or never: then the connection is dropped,
 * the caller gets station.part-missing, and the next request connects anew. A daemon that was
 * restarted is simply found again. Nothing is stored.
 */
#include "daemon/broker/part.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/base/daemon.h"

#define PART_TIMEOUT_MS 30000
/* of work that grows with the ledger: a second or less for ten thousand entries. This thread serves
 * nobody else meanwhile, and a ledgerd that was taken over may let it wait, so it has an end. */
#define PART_LONG_MS (10 * 60 * 1000)

void wl_part_init(struct wl_part *p, const char *name, const char *path, uid_t uid,
                  enum wl_peer peer)
{
	*p = (struct wl_part){.name = name, .uid = uid, .peer = peer};
	p->channel.fd = -1;
	(void)snprintf(p->path, sizeof(p->path), "%s", path);
	wl_message_init(&p->message);
}

void wl_part_drop(struct wl_part *p)
{
	wl_message_clear(&p->message);
	if (p->connected)
		wl_channel_close(&p->channel);
	p->connected = false;
}

static int missing(struct wl_part *p, int error, struct wl_finding *ret_finding)
{
	wl_part_drop(p);
	return wl_refuse(ret_finding, WL_RULE_STATION_PART_MISSING, "%s: %s", p->name,
	                 strerror(-error));
}

/* Whether the other end has gone since it was last talked to. Asked before a request is begun:
 * then nothing of it was sent, and it may go to whoever listens there now. */
static bool is_dead(const struct wl_part *p)
{
	struct pollfd end = {.fd = p->channel.fd, .events = POLLRDHUP};
	return poll(&end, 1, 0) > 0;
}

int wl_part_connect(struct wl_part *p, struct wl_finding *ret_finding)
{
	if (p->connected && is_dead(p))
		wl_part_drop(p);
	if (p->connected)
		return 0;
	int r = wl_channel_connect(&p->channel, p->path, p->uid, WL_PEER_BROKER, p->peer);
	p->error = r;
	if (r < 0)
		return missing(p, r, ret_finding);
	p->connected = true;
	return 0;
}

uint32_t wl_part_start(struct wl_part *p, enum wl_message_id id)
{
	struct wl_finding ignored;
	uint32_t serial = wl_part_connect(p, &ignored) == 0 ? wl_channel_serial(&p->channel) : 0;
	wl_message_start(&p->message, id, serial);
	return serial;
}

int wl_part_call(struct wl_part *p, struct wl_finding *ret_finding)
{
	int error = 0;
	struct wl_finding finding = {0};
	if (!p->connected || p->message.serial == 0)
		return missing(p, p->error ? p->error : -ENOTCONN, ret_finding);
	int r = wl_channel_call(&p->channel, &p->message, PART_TIMEOUT_MS, &finding, &error);
	if (r == 0)
		return 0;
	if (r != -EREMOTEIO)
		return missing(p, r, ret_finding);
	if (finding.rule == WL_RULE_NONE)
		return wl_refuse(ret_finding, WL_RULE_STATION_PART_MISSING, "%s: %s", p->name,
		                 finding.detail[0] ? finding.detail : strerror(error));
	*ret_finding = finding;
	return -EBADMSG;
}

int wl_part_send(struct wl_part *p, struct wl_finding *ret_finding)
{
	if (!p->connected || p->message.serial == 0)
		return missing(p, p->error ? p->error : -ENOTCONN, ret_finding);
	int r = wl_channel_send(&p->channel, &p->message);
	p->message.fd = -1; /* lent, never owned */
	return r < 0 ? missing(p, r, ret_finding) : 0;
}

static int64_t now_ms(void)
{
	struct timespec t = {0};
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until there is something to be read. The watchdog hears of it: this wait has an end. */
static int await(const struct wl_part *p, int64_t deadline_ms)
{
	struct pollfd end = {.fd = p->channel.fd, .events = POLLIN};
	for (;;) {
		int64_t left = deadline_ms - now_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		int r = poll(&end, 1, wl_daemon_wait_ms((int)left));
		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
	}
}

int wl_part_call_long(struct wl_part *p, struct wl_finding *ret_finding)
{
	uint32_t serial = p->message.serial;
	int r = wl_part_send(p, ret_finding);
	if (r < 0)
		return r;
	r = await(p, now_ms() + PART_LONG_MS);
	return r < 0 ? missing(p, r, ret_finding) : wl_part_receive(p, serial, ret_finding);
}

int wl_part_receive_of(struct wl_part *p, uint32_t first, uint32_t n,
                       struct wl_finding *ret_finding)
{
	for (;;) {
		if (!p->connected)
			return missing(p, p->error ? p->error : -ENOTCONN, ret_finding);
		int r = wl_channel_receive(&p->channel, &p->message, PART_TIMEOUT_MS);
		if (r < 0)
			return missing(p, r, ret_finding);
		const struct wl_message_row *row = wl_message_row(p->message.id);
		if (row->kind == WL_KIND_EVENT && p->message.serial == 0)
			continue;
		if (p->message.serial - first >= n)
			return missing(p, -EPROTO, ret_finding);
		if (row->kind != WL_KIND_ERROR)
			return 0;
		enum wl_rule rule = wl_rule_find(wl_message_text(&p->message, WL_T_RULE));
		return wl_refuse(ret_finding, rule ? rule : WL_RULE_STATION_PART_MISSING, "%s",
		                 wl_message_text(&p->message, WL_T_DETAIL));
	}
}

int wl_part_receive(struct wl_part *p, uint32_t serial, struct wl_finding *ret_finding)
{
	return wl_part_receive_of(p, serial, 1, ret_finding);
}
