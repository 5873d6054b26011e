/*
 * append.begin … append.commit: collecting a draft, staging it, answering when it is durable.
 *
 * Runs in weighlock-ledgerd on what the broker sends, which the codec has already held against its
 * table. A mistake inside a sequence is remembered and answered at its commit; parts out of order
 * end the connection.
 */
#include <errno.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/ledger/serve.h"

static void note_error(struct wl_appending *a, int error, const char *what, const char *name)
{
	if (error == 0 || a->error != 0)
		return;
	a->error = error;
	(void)wl_refuse(&a->finding, WL_RULE_NONE, "%s %.40s", what, name);
}

static void forget(struct wl_appending *a)
{
	wl_draft_clear(&a->draft);
	wl_cleanup_close(&a->manifest_fd);
	*a = (struct wl_appending){.manifest_fd = -1};
}

static int on_begin(struct wl_server *s, struct wl_connection *c)
{
	const struct wl_message *m = &s->in;
	struct wl_appending *a = &c->append;
	struct wl_bytes nonce = wl_message_bytes(m, WL_T_NONCE);

	if (a->open)
		return -EBADMSG;
	forget(a);
	a->open = true;
	a->serial = m->serial;
	a->draft.event = wl_event_find(wl_message_text(m, WL_T_EVENT));
	if (a->draft.event == WL_E_NONE)
		note_error(a, -EINVAL, "no event", wl_message_text(m, WL_T_EVENT));
	if (nonce.n != sizeof(a->draft.nonce))
		note_error(a, -EINVAL, "a nonce has", "16 bytes");
	else
		memcpy(a->draft.nonce, nonce.p, sizeof(a->draft.nonce));
	(void)snprintf(a->draft.actor, sizeof(a->draft.actor), "%s",
	               wl_message_text(m, WL_T_ACTOR));
	(void)snprintf(a->draft.transfer, sizeof(a->draft.transfer), "%s",
	               wl_message_text(m, WL_T_TRANSFER));
	a->draft.uid = wl_message_u64(m, WL_T_UID);
	a->draft.has_policy = wl_message_has(m, WL_T_POLICY_SHA256);
	if (a->draft.has_policy)
		memcpy(a->draft.policy_sha256, wl_message_sha256(m, WL_T_POLICY_SHA256),
		       sizeof(a->draft.policy_sha256));
	return 0;
}

/* One member; the message's own number says which kind. */
static int add_member(struct wl_appending *a, const struct wl_message *m, enum wl_member member)
{
	switch (m->id) {
	case WL_MSG_APPEND_TEXT:
		return wl_draft_text(&a->draft, member, wl_message_text(m, WL_T_TEXT));
	case WL_MSG_APPEND_INTEGER:
		return wl_draft_integer(&a->draft, member, wl_message_i64(m, WL_T_INTEGER));
	case WL_MSG_APPEND_FLAG:
		return wl_draft_flag(&a->draft, member, wl_message_bool(m, WL_T_FLAG));
	case WL_MSG_APPEND_ELEMENT:
		return wl_draft_element(&a->draft, member, wl_message_text(m, WL_T_TEXT));
	default:
		return wl_draft_empty(&a->draft, member);
	}
}

static int on_member(struct wl_server *s, struct wl_connection *c)
{
	const char *name = wl_message_text(&s->in, WL_T_MEMBER);
	enum wl_member member = wl_event_member_find(c->append.draft.event, name);

	if (c->append.error == 0)
		note_error(&c->append, member ? add_member(&c->append, &s->in, member) : -EINVAL,
		           "the event takes no such member or value:", name);
	return 0;
}

static int on_manifest(struct wl_server *s, struct wl_connection *c)
{
	if (c->append.manifest_fd >= 0)
		return -EBADMSG;
	c->append.manifest_fd = TAKE_FD(s->in.fd);
	return 0;
}

static bool needs_grant(enum wl_event event)
{
	return event == WL_E_RELEASE_INTENT || event == WL_E_WIPE_INTENT;
}

/* An end before anything was written: the others come after the grant was used. */
static bool voids_grant(enum wl_event event)
{
	return event == WL_E_RELEASE_FAILED || event == WL_E_RELEASE_UNKNOWN ||
	       event == WL_E_WIPE_FAILED;
}

/* Stages the draft; a full group is committed first. */
static int stage(struct wl_server *s, struct wl_appending *a, struct wl_waiting *w)
{
	bool known = false;
	int r = a->error;

	for (int attempt = 0; r == 0 && attempt < 2; attempt++) {
		r = wl_ledger_append(s->o.ledger, &a->draft, a->manifest_fd, &w->seq, &w->time,
		                     &known, &a->finding);
		if (r != -ENOSPC)
			break;
		wl_server_flush(s);
		r = attempt == 0 ? 0 : r;
	}
	/* a grant is given once: an intent said again has had its own */
	w->grant = r == 0 && !known && needs_grant(a->draft.event);
	if (r == 0 && voids_grant(a->draft.event))
		(void)snprintf(w->ended, sizeof(w->ended), "%s",
		               wl_draft_get_text(&a->draft, WL_M_INTENT));
	return r;
}

static int on_commit(struct wl_server *s, struct wl_connection *c)
{
	struct wl_waiting w = {.connection = c, .serial = s->in.serial};
	struct wl_appending *a = &c->append;
	bool last = wl_message_bool(&s->in, WL_T_LAST);
	int r;

	if (s->waits == WL_GROUP_MAX)
		wl_server_flush(s);
	r = stage(s, a, &w);
	if (r < 0)
		(void)wl_connection_send_error(
		        c, w.serial,
		        s->o.ledger->failed ? WL_RULE_STATION_LEDGER_FAILED : a->finding.rule, r,
		        a->finding.detail[0] ? a->finding.detail : strerrordesc_np(-r));
	else
		s->waiting[s->waits++] = w;
	forget(a);
	s->flush = s->flush || last;
	return 0;
}

static const struct {
	enum wl_message_id id;
	int (*handle)(struct wl_server *s, struct wl_connection *c);
} rows[] = {
        {WL_MSG_APPEND_BEGIN, on_begin},       {WL_MSG_APPEND_TEXT, on_member},
        {WL_MSG_APPEND_INTEGER, on_member},    {WL_MSG_APPEND_FLAG, on_member},
        {WL_MSG_APPEND_ELEMENT, on_member},    {WL_MSG_APPEND_EMPTY, on_member},
        {WL_MSG_APPEND_MANIFEST, on_manifest}, {WL_MSG_APPEND_COMMIT, on_commit},
};

/* -ENOTSUP where the message is none of an append. */
int wl_handle_append(struct wl_server *s, struct wl_connection *c)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++) {
		if (rows[i].id != s->in.id)
			continue;
		if (s->in.id != WL_MSG_APPEND_BEGIN &&
		    (!c->append.open || c->append.serial != s->in.serial))
			return -EBADMSG;
		return rows[i].handle(s, c);
	}
	return c->append.open ? -EBADMSG : -ENOTSUP;
}
