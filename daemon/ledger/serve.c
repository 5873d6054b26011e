/*
 * The loop of weighlock-ledgerd: connections of the broker, groups of appends, the end.
 *
 * Only the broker's user is let in (SO_PEERCRED). A peer that breaks the protocol loses its
 * connection; what it had committed stays. When the disk fails, everybody waiting is told so and
 * the loop ends: no write is ever tried again as if the first had worked.
 */
#include "daemon/ledger/serve.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon.h"
#include "daemon/ledger/grant.h"

#define GROUP_WAIT_MS 100 /* the longest a group stays open for more */
#define SETTLE_IDLE_MS                                                                             \
	30 /* nothing was committed for so long: the files are brought up to date                  \
	    */
#define SETTLE_LAG_MS    1000 /* the longest they lag behind while entries keep coming */
#define MESSAGES_AT_ONCE 64   /* of one connection, before the others have their turn */

static int64_t now_ms(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void answer(struct wl_server *s, const struct wl_waiting *w)
{
	struct wl_finding f = {.rule = WL_RULE_NONE};
	int r = w->grant ? wl_grant_send(s->o.ledger, w->seq, s->o.grant_path, s->o.media_uid, &f)
	                 : 0;

	if (w->ended[0] && wl_grant_end(w->ended, s->o.grant_path, s->o.media_uid, &f) < 0)
		wl_log_info("%s", f.detail); /* no mediad: no grant either */
	if (r < 0)
		wl_log_error("entry %llu: %s", (unsigned long long)w->seq, f.detail);
	if (!w->connection)
		return;
	if (r < 0) {
		(void)wl_connection_send_error(w->connection, w->serial, f.rule, r, f.detail);
		return;
	}
	wl_message_start(&s->out, WL_MSG_APPEND_COMMIT_REPLY, w->serial);
	wl_message_put_i64(&s->out, WL_T_TIME, w->time);
	wl_message_put_u64(&s->out, WL_T_SEQ, w->seq);
	(void)wl_connection_send(w->connection, &s->out);
}

/* Whoever waited for the mirror too is told that it failed: their entries stand, unacknowledged. */
static void refuse_all(struct wl_server *s, enum wl_rule rule, int error, const char *detail)
{
	for (size_t i = 0; i < s->waits; i++)
		if (s->waiting[i].connection)
			(void)wl_connection_send_error(s->waiting[i].connection,
			                               s->waiting[i].serial, rule, error, detail);
}

void wl_server_flush(struct wl_server *s)
{
	struct wl_ledger *l = s->o.ledger;
	bool settled = wl_ledger_is_settled(l);
	const char *detail;
	enum wl_rule before = wl_ledger_disk_fault(l, &detail), after;
	int r = wl_ledger_commit(l);

	after = wl_ledger_disk_fault(l, &detail);
	if (!wl_ledger_is_settled(l)) {
		s->committed_ms = now_ms();
		if (settled)
			s->unsettled_since_ms = s->committed_ms;
	}
	if (r < 0)
		refuse_all(s, WL_RULE_STATION_LEDGER_FAILED, r, "the ledger could not be written");
	else if (after == WL_RULE_STATION_MIRROR_FAILED && before != after)
		refuse_all(s, after, -EIO, detail);
	else
		for (size_t i = 0; i < s->waits; i++)
			answer(s, &s->waiting[i]);
	s->waits = 0;
	s->flush = false;
}

/* What became of the disks is an entry of its own, once each time it changes. */
static void look_at_disks(struct wl_server *s)
{
	const char *detail;
	enum wl_rule now = wl_ledger_disk_fault(s->o.ledger, &detail);

	if (now == s->disk_fault)
		return;
	s->disk_fault = now;
	if (now == WL_RULE_NONE) {
		wl_log_notice("the disks of the ledger are well again");
		return;
	}
	wl_log_error("%s: %s", wl_rule_id(now), detail[0] ? detail : "the ledger's disk");
	if (wl_ledger_say_fault(s->o.ledger) < 0)
		wl_log_error("and that could not be written to the ledger");
}

/* Of the index only the journal speaks: nothing is lost with it, and no entry waits for it. */
static void look_at_index(struct wl_server *s)
{
	const struct wl_facts *f = s->o.ledger->facts;
	bool now = f && wl_facts_is_in_memory(f);

	if (now && !s->index_in_memory)
		wl_log_warning("the ledger's index cannot be written: it is kept in memory until "
		               "the next start");
	s->index_in_memory = now;
}

void wl_server_settle(struct wl_server *s)
{
	wl_server_flush(s);
	(void)wl_ledger_settle(s->o.ledger); /* a failure has ended the loop's work: turn() */
}

static void handle(struct wl_server *s, struct wl_connection *c)
{
	int r = wl_handle_append(s, c);

	if (r == -ENOTSUP)
		r = wl_handle_query(s, c);
	if (r < 0)
		c->dead = true;
	wl_message_clear(&s->in);
}

static void read_connection(struct wl_server *s, struct wl_connection *c)
{
	for (int i = 0; i < MESSAGES_AT_ONCE && !c->dead && !s->o.ledger->failed; i++) {
		size_t before = s->waits;
		int r = wl_channel_receive(&c->channel, &s->in, 0);
		if (r == -EAGAIN || r == -ETIMEDOUT)
			return;
		if (r < 0) {
			if (r == -EBADMSG)
				wl_log_warning("the broker sent a malformed message");
			c->dead = true;
			return;
		}
		handle(s, c);
		if (before == 0 && s->waits > 0)
			s->group_since_ms = now_ms();
	}
}

static void write_connection(struct wl_server *s, struct wl_connection *c)
{
	if (wl_connection_flush(c) < 0)
		return;
	while (c->stream.next && !c->first && !c->dead)
		if (c->stream.next(s, c) < 0)
			c->dead = true;
}

static void accept_connection(struct wl_server *s)
{
	WL_AUTO_CLOSE int fd = -1;
	pid_t pid;
	uid_t uid;
	gid_t gid;

	if (wl_accept(s->o.listen_fd, &fd, &pid, &uid, &gid) < 0)
		return;
	if (uid != s->o.broker_uid) {
		wl_log_warning("uid %u may not speak to the ledger", (unsigned)uid);
		return;
	}
	if (s->connections == WL_CONNECTIONS_MAX) {
		wl_log_warning("too many connections");
		return;
	}
	s->connection[s->connections] = wl_connection_new(TAKE_FD(fd));
	if (s->connection[s->connections])
		s->connections++;
}

static void sweep(struct wl_server *s)
{
	for (size_t i = 0; i < s->connections;) {
		struct wl_connection *c = s->connection[i];
		if (!c->dead) {
			i++;
			continue;
		}
		for (size_t w = 0; w < s->waits; w++)
			if (s->waiting[w].connection == c)
				s->waiting[w].connection = NULL;
		wl_connection_free(c);
		s->connection[i] = s->connection[--s->connections];
	}
}

/* Until a group has waited long enough; -1 where none waits. */
static int group_wait_ms(const struct wl_server *s)
{
	int64_t left;

	if (s->waits == 0)
		return -1;
	left = s->group_since_ms + GROUP_WAIT_MS - now_ms();
	return left < 0 ? 0 : (int)left;
}

/* Until the files have lagged behind long enough; -1 where they do not. */
static int settle_wait_ms(const struct wl_server *s)
{
	int64_t at, left;

	if (wl_ledger_is_settled(s->o.ledger))
		return -1;
	at = s->committed_ms + SETTLE_IDLE_MS;
	if (at > s->unsettled_since_ms + SETTLE_LAG_MS)
		at = s->unsettled_since_ms + SETTLE_LAG_MS;
	left = at - now_ms();
	return left < 0 ? 0 : (int)left;
}

static int wait_ms(const struct wl_server *s)
{
	int group = group_wait_ms(s), settle = settle_wait_ms(s);

	if (group < 0 || settle < 0)
		return group < 0 ? settle : group;
	return group < settle ? group : settle;
}

/* One round: 0 to go on, 1 to end. */
static int turn(struct wl_server *s)
{
	struct pollfd p[2 + WL_CONNECTIONS_MAX] = {
	        {.fd = s->o.stop_fd, .events = POLLIN},
	        {.fd = s->o.listen_fd, .events = POLLIN},
	};
	size_t n = s->connections;

	for (size_t i = 0; i < n; i++) {
		bool more = s->connection[i]->first || s->connection[i]->stream.next;
		p[2 + i] = (struct pollfd){.fd = s->connection[i]->channel.fd,
		                           .events = (short)(POLLIN | (more ? POLLOUT : 0))};
	}
	if (poll(p, (nfds_t)(2 + n), wl_daemon_wait_ms(wait_ms(s))) < 0 && errno != EINTR)
		return -errno;
	for (size_t i = 0; i < n; i++) {
		if (p[2 + i].revents & (POLLIN | POLLHUP | POLLERR))
			read_connection(s, s->connection[i]);
		if (!s->connection[i]->dead)
			write_connection(s, s->connection[i]);
	}
	if (s->flush || group_wait_ms(s) == 0)
		wl_server_flush(s);
	if (settle_wait_ms(s) == 0)
		wl_server_settle(s);
	if (s->waits == 0)
		look_at_disks(s);
	look_at_index(s);
	sweep(s);
	if (p[1].revents & POLLIN)
		accept_connection(s);
	if (s->o.ledger->failed)
		return -EIO;
	return p[0].revents & POLLIN ? 1 : 0;
}

int wl_serve(const struct wl_serve_options *o)
{
	WL_AUTO_FREE struct wl_server *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->o = *o;
	wl_message_init(&s->in);
	wl_message_init(&s->out);
	do {
		r = turn(s);
	} while (r == 0);
	wl_server_settle(s);
	while (s->connections > 0)
		wl_connection_free(s->connection[--s->connections]);
	wl_message_clear(&s->in);
	wl_message_clear(&s->out);
	return r < 0 ? r : 0;
}
