/*
 * What the broker asks for auditors and for the station's certificate.
 *
 * Runs in weighlock-ledgerd. The broker passes on what workers read from media; nothing of it is
 * believed (audit.c, certificate_request.c). Long answers are made piece by piece as the peer
 * reads. What is waiting was committed before this is called.
 */
#include <errno.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/ledger/audit.h"
#include "daemon/ledger/certificate_request.h"
#include "daemon/ledger/export.h"
#include "daemon/ledger/rotate.h"
#include "daemon/ledger/serve.h"

#define DOCUMENT_MAX 16384U

#define TEXT(s, tag) wl_message_text(&(s)->in, WL_T_##tag)
#define U64(s, tag)  wl_message_u64(&(s)->in, WL_T_##tag)

static int reply_error(struct wl_server *s, struct wl_connection *c, int error,
                       const struct wl_finding *f)
{
	enum wl_rule rule = s->o.ledger->failed ? WL_RULE_STATION_LEDGER_FAILED
	                    : f                 ? f->rule
	                                        : WL_RULE_NONE;

	(void)wl_connection_send_error(c, s->in.serial, rule, error,
	                               f && f->detail[0] ? f->detail : strerrordesc_np(-error));
	return 0;
}

static struct wl_message *start(struct wl_server *s, enum wl_message_id id)
{
	wl_message_start(&s->out, id, s->in.serial);
	return &s->out;
}

/* ---- export ---- */

static int end_list(struct wl_server *s, struct wl_connection *c)
{
	struct wl_stream *t = &c->stream;
	const char *checkpoint = t->checkpoint;

	wl_message_start(&s->out, WL_MSG_EXPORT_LIST_REPLY, t->serial);
	wl_message_put_u64(&s->out, WL_T_SIZE, t->size);
	wl_message_put_u64(&s->out, WL_T_COUNT, t->count);
	wl_message_put_bytes(&s->out, WL_T_DOCUMENT, checkpoint, strlen(checkpoint));
	wl_message_put_u64(&s->out, WL_T_FIRST, t->first);
	t->next = NULL;
	return wl_connection_send(c, &s->out);
}

static int next_file(void *server, void *connection)
{
	struct wl_server *s = server;
	struct wl_connection *c = connection;
	struct wl_stream *t = &c->stream;
	struct wl_export_at at = {
	        .size = t->size, .first = t->first, .level = t->level, .n = t->at, .part = t->part};
	char path[WL_EXPORT_PATH];
	uint64_t bytes;
	int r = wl_export_next(s->o.ledger, &at, path, &bytes);

	if (r < 0)
		return r;
	if (r == 0)
		return end_list(s, c);
	t->level = at.level;
	t->at = at.n;
	t->part = at.part;
	t->count++;
	wl_message_start(&s->out, WL_MSG_EXPORT_FILE, t->serial);
	wl_message_put_u64(&s->out, WL_T_SIZE, bytes);
	wl_message_put_bytes(&s->out, WL_T_PATH, path, strlen(path));
	return wl_connection_send(c, &s->out);
}

static int on_export_list(struct wl_server *s, struct wl_connection *c)
{
	struct wl_ledger *l = s->o.ledger;
	struct wl_stream t = {.next = next_file, .serial = s->in.serial};
	int r = wl_export_first(l, wl_message_bool(&s->in, WL_T_FULL), &t.first);

	if (r < 0)
		return reply_error(s, c, r, NULL);
	t.size = wl_store_size(l->store);
	(void)snprintf(t.checkpoint, sizeof(t.checkpoint), "%s", wl_store_checkpoint(l->store));
	c->stream = t;
	return 0;
}

static int on_export_read(struct wl_server *s, struct wl_connection *c)
{
	WL_AUTO_CLOSE int fd = -1;
	struct wl_bytes path = wl_message_bytes(&s->in, WL_T_PATH);
	char text[WL_EXPORT_PATH + 1];
	uint8_t sha256[WL_SHA256_BYTES];
	uint64_t bytes = 0;
	struct wl_message *m;
	int r;

	(void)snprintf(text, sizeof(text), "%.*s", (int)path.n, (const char *)path.p);
	r = wl_export_open(s->o.ledger, U64(s, SIZE), text, &fd, &bytes);
	if (r == 0)
		r = wl_sha256_of_fd(fd, sha256, &bytes);
	if (r < 0)
		return reply_error(s, c, r, NULL);
	m = start(s, WL_MSG_EXPORT_READ_REPLY);
	wl_message_put_u64(m, WL_T_SIZE, bytes);
	wl_message_put_sha256(m, WL_T_SHA256, sha256);
	m->fd = fd; /* lent: the queue takes its own copy */
	r = wl_connection_send(c, m);
	m->fd = -1;
	return r;
}

/* ---- checkpoints and cosignatures ---- */

/* The claim as the message has it; false where the signature is none of Ed25519. */
static bool take_claim(struct wl_server *s, struct wl_claimed_checkpoint *ret)
{
	struct wl_bytes signature = wl_message_bytes(&s->in, WL_T_SIGNATURE);

	*ret = (struct wl_claimed_checkpoint){.origin = TEXT(s, ORIGIN),
	                                      .size = U64(s, SIZE),
	                                      .root = wl_message_sha256(&s->in, WL_T_ROOT_SHA256),
	                                      .signature = signature.p};
	return signature.n == WL_ED25519_SIGNED;
}

static int on_compare(struct wl_server *s, struct wl_connection *c)
{
	struct wl_claimed_checkpoint claim;
	const char *state = "";
	int r;

	if (!take_claim(s, &claim))
		return -EBADMSG;
	r = wl_audit_compare(s->o.ledger, &claim, TEXT(s, INSERTION), &state);
	if (r < 0)
		return reply_error(s, c, r, NULL);
	wl_message_put_text(start(s, WL_MSG_CHECKPOINT_COMPARE_REPLY), WL_T_STATE, state);
	return wl_connection_send(c, &s->out);
}

static int on_cosign(struct wl_server *s, struct wl_connection *c)
{
	struct wl_bytes id = wl_message_bytes(&s->in, WL_T_KEY_ID);
	struct wl_finding f = {.rule = WL_RULE_NONE};
	struct wl_claimed_cosignature claim = {.name = TEXT(s, NAME),
	                                       .key_id = id.p,
	                                       .time = wl_message_i64(&s->in, WL_T_TIME),
	                                       .actor = TEXT(s, ACTOR),
	                                       .uid = U64(s, UID)};
	uint64_t seq = 0;
	int r;

	if (!take_claim(s, &claim.checkpoint) || id.n != WL_COSIGNER_ID_BYTES)
		return -EBADMSG;
	r = wl_audit_cosign(s->o.ledger, &claim, &seq, &f);
	if (r < 0)
		return reply_error(s, c, r, &f);
	wl_message_put_u64(start(s, WL_MSG_COSIGN_REPLY), WL_T_SEQ, seq);
	return wl_connection_send(c, &s->out);
}

static int on_cosigned(struct wl_server *s, struct wl_connection *c)
{
	char note[DOCUMENT_MAX] = "", pem[WL_CERTIFICATE_TEXT] = "";
	struct wl_message *m;
	int r = wl_audit_cosigned_note(s->o.ledger, note, sizeof(note));

	if (r < 0)
		return reply_error(s, c, r, NULL);
	(void)wl_certificate_pem(s->o.ledger, pem, sizeof(pem));
	m = start(s, WL_MSG_COSIGNED_REPLY);
	wl_message_put_bytes(m, WL_T_PART, note, strlen(note));
	wl_message_put_bytes(m, WL_T_DOCUMENT, pem, strlen(pem));
	return wl_connection_send(c, m);
}

/* ---- the certificate ---- */

static int on_csr(struct wl_server *s, struct wl_connection *c)
{
	char pem[WL_CERTIFICATE_TEXT];
	int r = wl_certificate_request(s->o.ledger, pem, sizeof(pem));

	if (r < 0)
		return reply_error(s, c, r, NULL);
	wl_message_put_bytes(start(s, WL_MSG_STATION_CSR_REPLY), WL_T_DOCUMENT, pem, strlen(pem));
	return wl_connection_send(c, &s->out);
}

static int on_cert(struct wl_server *s, struct wl_connection *c)
{
	struct wl_bytes der = wl_message_bytes(&s->in, WL_T_DOCUMENT);
	struct wl_finding f = {.rule = WL_RULE_NONE};
	uint64_t seq = 0;
	int r = wl_certificate_install(s->o.ledger, der.p, der.n, TEXT(s, ACTOR), U64(s, UID), &seq,
	                               &f);

	if (r < 0)
		return reply_error(s, c, r, &f);
	wl_message_put_u64(start(s, WL_MSG_STATION_CERT_REPLY), WL_T_SEQ, seq);
	return wl_connection_send(c, &s->out);
}

static int on_rotate(struct wl_server *s, struct wl_connection *c)
{
	struct wl_rotate_ask ask = {.actor = TEXT(s, ACTOR),
	                            .proposed_by = TEXT(s, PROPOSED_BY),
	                            .words = TEXT(s, TEXT),
	                            .uid = U64(s, UID),
	                            .only_asks = wl_message_bool(&s->in, WL_T_FLAG)};
	struct wl_finding f = {.rule = WL_RULE_NONE};
	struct wl_rotated done;
	struct wl_message *m;
	int r = wl_rotate(s->o.ledger, &ask, &done, &f);

	if (r < 0)
		return reply_error(s, c, r, &f);
	m = start(s, WL_MSG_KEY_ROTATE_REPLY);
	wl_message_put_text(m, WL_T_ORIGIN, s->o.ledger->id.key.name);
	wl_message_put_u64(m, WL_T_SEQ, done.seq);
	wl_message_put_text(m, WL_T_FINGERPRINT, s->o.ledger->id.fingerprint);
	wl_message_put_text(m, WL_T_OLD_FINGERPRINT, done.old_fingerprint);
	wl_message_put_text(m, WL_T_OLD_ORIGIN, done.old_origin);
	return wl_connection_send(c, m);
}

static const struct {
	enum wl_message_id id;
	int (*handle)(struct wl_server *s, struct wl_connection *c);
} rows[] = {
        {WL_MSG_EXPORT_LIST, on_export_list},    {WL_MSG_EXPORT_READ, on_export_read},
        {WL_MSG_CHECKPOINT_COMPARE, on_compare}, {WL_MSG_COSIGN, on_cosign},
        {WL_MSG_COSIGNED, on_cosigned},          {WL_MSG_STATION_CSR, on_csr},
        {WL_MSG_STATION_CERT, on_cert},          {WL_MSG_KEY_ROTATE, on_rotate},
};

int wl_handle_audit(struct wl_server *s, struct wl_connection *c)
{
	struct wl_finding f;

	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++) {
		if (rows[i].id != s->in.id)
			continue;
		if (wl_ledger_is_initialised(s->o.ledger))
			return rows[i].handle(s, c);
		(void)wl_refuse(&f, WL_RULE_STATION_NO_KEYS, "the station is not initialised");
		return reply_error(s, c, -ENOENT, &f);
	}
	return -EBADMSG;
}
