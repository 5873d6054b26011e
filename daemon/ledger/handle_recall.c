/*
 * What a broker that starts asks first: which media are suspect or ours, which insertions of this
 * boot have not ended, which proposed policies wait for a second administrator, which visits there
 * are.
 *
 * Runs in weighlock-ledgerd. All of it is in the index, so it does not matter how long ago it was
 * written down. One row for each time the peer can take one; nothing is changed.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/ledger/serve.h"

/* Each: 1 and the next row in s->out, 0 where there is none, negative errno. */

static int next_medium(struct wl_server *s, struct wl_stream *st)
{
	struct wl_medium_facts m;
	int r = wl_facts_next_medium(s->o.ledger->facts, st->transfer, &m);

	if (r <= 0)
		return r;
	(void)snprintf(st->transfer, sizeof(st->transfer), "%s", m.medium);
	wl_message_start(&s->out, WL_MSG_RECALL_MEDIUM, st->serial);
	wl_message_put_bool(&s->out, WL_T_SUSPECT, m.suspect);
	wl_message_put_text(&s->out, WL_T_MEDIUM, m.medium);
	wl_message_put_bool(&s->out, WL_T_OURS, m.ours);
	return 1;
}

static int next_insertion(struct wl_server *s, struct wl_stream *st)
{
	struct wl_ledger *l = s->o.ledger;
	struct wl_insertion_facts in;
	char id[WL_ID_TEXT];
	int r;

	do
		r = wl_facts_next_insertion(l->facts, st->at, &st->at, id, &in);
	while (r > 0 && strcmp(in.boot, l->boot) != 0);
	if (r <= 0)
		return r;
	wl_message_start(&s->out, WL_MSG_RECALL_INSERTION, st->serial);
	wl_message_put_text(&s->out, WL_T_PORT, in.port);
	wl_message_put_u64(&s->out, WL_T_DISKSEQ, in.diskseq);
	wl_message_put_text(&s->out, WL_T_INSERTION, id);
	return 1;
}

static int next_proposal(struct wl_server *s, struct wl_stream *st)
{
	struct wl_proposal_facts p;
	uint8_t digest[WL_SHA256_BYTES];
	int r = wl_facts_next_proposal(s->o.ledger->facts, st->at, &p);

	if (r > 0)
		r = wl_hex_decode(p.sha256, digest, sizeof(digest)) < 0 ? -EUCLEAN : 1;
	if (r <= 0)
		return r;
	st->at = p.seq;
	wl_message_start(&s->out, WL_MSG_RECALL_PROPOSAL, st->serial);
	wl_message_put_sha256(&s->out, WL_T_SHA256, digest);
	wl_message_put_u64(&s->out, WL_T_POLICY_VERSION, p.version);
	wl_message_put_text(&s->out, WL_T_ACTOR, p.actor);
	wl_message_put_u64(&s->out, WL_T_UID, p.uid);
	return 1;
}

static int next_visit(struct wl_server *s, struct wl_stream *st)
{
	struct wl_visit_facts v;
	int r = wl_facts_next_visit(s->o.ledger->facts, st->at, &v);

	if (r <= 0)
		return r;
	st->at = v.opened;
	wl_message_start(&s->out, WL_MSG_RECALL_VISIT, st->serial);
	wl_message_put_text(&s->out, WL_T_VISIT, v.id);
	wl_message_put_u64(&s->out, WL_T_OPENED_SEQ, v.opened);
	wl_message_put_u64(&s->out, WL_T_CONFIRMED_SEQ, v.confirmed);
	wl_message_put_u64(&s->out, WL_T_CLOSED_SEQ, v.closed);
	return 1;
}

static int (*const parts[])(struct wl_server *s, struct wl_stream *st) = {
        next_medium,
        next_insertion,
        next_proposal,
        next_visit,
};

int wl_recall_next(void *server, void *connection)
{
	struct wl_server *s = server;
	struct wl_connection *c = connection;
	struct wl_stream *st = &c->stream;

	for (; st->part < WL_ARRAY_LEN(parts); st->part++, st->at = 0) {
		int r = parts[st->part](s, st);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		st->count++;
		return wl_connection_send(c, &s->out);
	}
	wl_message_start(&s->out, WL_MSG_RECALL_REPLY, st->serial);
	wl_message_put_u64(&s->out, WL_T_COUNT, st->count);
	st->next = NULL;
	return wl_connection_send(c, &s->out);
}
