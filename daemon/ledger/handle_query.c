/*
 * Everything the broker asks besides appending: facts, entries, proofs, notes, the station itself.
 *
 * Runs in weighlock-ledgerd. Whatever waits to be committed is committed first, so an answer never
 * says more or less than what is durable. Long answers are made piece by piece as the peer reads.
 */
#include <errno.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/ledger/audit.h"
#include "daemon/ledger/certificate.h"
#include "daemon/ledger/certificate_request.h"
#include "daemon/ledger/document.h"
#include "daemon/ledger/heritage.h"
#include "daemon/ledger/serve.h"

#define PART_BYTES   60000U
#define DOCUMENT_MAX 16384U

#define TEXT(s, tag) wl_message_text(&(s)->in, WL_T_##tag)
#define U64(s, tag)  wl_message_u64(&(s)->in, WL_T_##tag)

static void put_hex(struct wl_message *m, enum wl_tag tag, const char *hex)
{
	uint8_t digest[WL_SHA256_BYTES];

	if (wl_hex_decode(hex, digest, sizeof(digest)) == 0)
		wl_message_put_sha256(m, tag, digest);
}

static int reply_error(struct wl_server *s, struct wl_connection *c, int error,
                       const struct wl_finding *f)
{
	enum wl_rule rule = f && f->rule != WL_RULE_NONE ? f->rule : WL_RULE_NONE;

	if (s->o.ledger->failed)
		rule = WL_RULE_STATION_LEDGER_FAILED;
	(void)wl_connection_send_error(c, s->in.serial, rule, error,
	                               f && f->detail[0] ? f->detail : strerrordesc_np(-error));
	return 0;
}

/* The station has no entry 0 yet, so there is nothing to be asked. */
static int reply_no_keys(struct wl_server *s, struct wl_connection *c)
{
	struct wl_finding f;

	(void)wl_refuse(&f, WL_RULE_STATION_NO_KEYS, "the station is not initialised");
	return reply_error(s, c, -ENOENT, &f);
}

static struct wl_message *start(struct wl_server *s, enum wl_message_id id)
{
	wl_message_start(&s->out, id, s->in.serial);
	return &s->out;
}

static const char *mirror_word(const struct wl_ledger *l)
{
	static const char *const words[] = {[WL_MIRROR_NONE] = "none",
	                                    [WL_MIRROR_GOOD] = "good",
	                                    [WL_MIRROR_FAILED] = "failed"};
	const struct wl_finding *f;

	if (!l->store)
		return words[l->mirror && l->mirror[0] ? WL_MIRROR_GOOD : WL_MIRROR_NONE];
	return words[wl_store_mirror(l->store, &f)];
}

static bool is_unvouched(const struct wl_ledger *l)
{
	struct wl_heritage h = {.unvouched = true};

	return wl_facts_heritage(l->facts, &h) < 0 || h.unvouched;
}

/* The open alarm and the policy authority's key; fields go in the order of their numbers. */
static void put_alarm(struct wl_ledger *l, struct wl_message *m, enum wl_rule *ret_alarm)
{
	char entry[WL_ID_TEXT];
	uint64_t seq = 0;

	if (wl_audit_alarm(l->facts, &seq, ret_alarm) > 0) {
		wl_id_entry(l->id.station, seq, entry);
		wl_message_put_text(m, WL_T_ENTRY, entry);
	}
	put_hex(m, WL_T_SPKI_SHA256, wl_facts_station(l->facts)->authority_spki_sha256);
}

/* How the ledger stands with its auditors. */
static void put_standing(struct wl_ledger *l, struct wl_message *m, enum wl_rule alarm)
{
	struct wl_audit_cosigned last;
	int64_t due, end = wl_certificate_not_after(l);

	if (wl_audit_cosigned(l->facts, &last) > 0) {
		wl_message_put_u64(m, WL_T_COSIGNED_SIZE, last.size);
		wl_message_put_i64(m, WL_T_COSIGNED_AT, last.time);
	}
	if (wl_audit_due(l, &due) > 0)
		wl_message_put_i64(m, WL_T_COSIGNATURE_DUE, due);
	if (end > 0)
		wl_message_put_i64(m, WL_T_CERTIFICATE_NOT_AFTER, end);
	if (alarm != WL_RULE_NONE)
		wl_message_put_text(m, WL_T_ALARM, wl_rule_id(alarm));
	wl_message_put_bool(m, WL_T_RETIRED, wl_audit_retired(l->facts) > 0);
}

static int on_status(struct wl_server *s, struct wl_connection *c)
{
	const struct wl_ledger *l = s->o.ledger;
	bool ready = wl_ledger_is_initialised(l);
	const struct wl_station_facts *t = ready ? wl_facts_station(l->facts) : NULL;
	enum wl_rule fault = wl_ledger_fault(l), alarm = WL_RULE_NONE;
	struct wl_message *m = start(s, WL_MSG_LEDGER_STATUS_REPLY);
	struct wl_clock clock;

	wl_ledger_read_clock(l, &clock);
	if (fault != WL_RULE_NONE)
		wl_message_put_text(m, WL_T_RULE, wl_rule_id(fault));
	wl_message_put_u64(m, WL_T_SIZE, ready ? wl_store_size(l->store) : 0);
	wl_message_put_text(m, WL_T_BOOT, l->boot);
	if (ready) {
		wl_message_put_text(m, WL_T_STATION, l->id.station);
		wl_message_put_text(m, WL_T_ORIGIN, l->id.key.name);
	}
	wl_message_put_bool(m, WL_T_INITIALISED, ready);
	wl_message_put_u64(m, WL_T_NEXT_TRANSFER, t ? t->next_transfer : 1);
	wl_message_put_u64(m, WL_T_NEXT_INSERTION, t ? t->next_insertion : 1);
	wl_message_put_text(m, WL_T_CLOCK, clock.clock);
	wl_message_put_i64(m, WL_T_FLOOR_TIME, clock.floor);
	if (t && t->policy_version > 0) {
		wl_message_put_u64(m, WL_T_POLICY_VERSION, t->policy_version);
		put_hex(m, WL_T_POLICY_SHA256, t->policy_sha256);
	}
	if (t)
		put_alarm(s->o.ledger, m, &alarm);
	wl_message_put_text(m, WL_T_MIRROR, mirror_word(l));
	if (t)
		wl_message_put_bool(m, WL_T_UNVOUCHED, is_unvouched(l));
	if (t)
		put_standing(s->o.ledger, m, alarm);
	return wl_connection_send(c, m);
}

/* One part of an entry, or the end of the list. */
static int next_entry_part(void *server, void *connection)
{
	struct wl_server *s = server;
	struct wl_connection *c = connection;
	struct wl_ledger *l = s->o.ledger;
	struct wl_stream *t = &c->stream;
	const uint8_t *p;
	uint64_t seq = t->at;
	size_t n, part;
	int r = t->left == 0 ? 0 : wl_facts_next_entry(l->facts, t->at, t->transfer, &seq);

	if (r < 0)
		return r;
	if (r == 0 || seq >= wl_store_size(l->store)) {
		wl_message_start(&s->out, WL_MSG_ENTRIES_REPLY, t->serial);
		wl_message_put_u64(&s->out, WL_T_COUNT, t->count);
		t->next = NULL;
		return wl_connection_send(c, &s->out);
	}
	r = wl_store_entry(l->store, seq, &p, &n);
	if (r < 0)
		return r;
	part = n - t->offset < PART_BYTES ? n - t->offset : PART_BYTES;
	wl_message_start(&s->out, WL_MSG_ENTRIES_ENTRY, t->serial);
	wl_message_put_bool(&s->out, WL_T_LAST, t->offset + part == n);
	wl_message_put_u64(&s->out, WL_T_SEQ, seq);
	wl_message_put_bytes(&s->out, WL_T_PART, p + t->offset, part);
	t->at = seq;
	t->offset += part;
	if (t->offset == n) {
		t->at++;
		t->left--;
		t->count++;
		t->offset = 0;
	}
	return wl_connection_send(c, &s->out);
}

static int begin_stream(struct wl_server *s, struct wl_connection *c, int (*next)(void *, void *))
{
	if (!wl_ledger_is_initialised(s->o.ledger))
		return reply_no_keys(s, c);
	c->stream = (struct wl_stream){.next = next, .serial = s->in.serial};
	return 0;
}

static int on_entries(struct wl_server *s, struct wl_connection *c)
{
	int r = begin_stream(s, c, next_entry_part);

	c->stream.at = U64(s, FROM);
	c->stream.left = U64(s, COUNT);
	(void)snprintf(c->stream.transfer, sizeof(c->stream.transfer), "%s", TEXT(s, TRANSFER));
	/* beyond what the index can hold there is nothing */
	if (c->stream.at > INT64_MAX)
		c->stream.left = 0;
	return r;
}

static int next_transfer(void *server, void *connection)
{
	struct wl_server *s = server;
	struct wl_connection *c = connection;
	struct wl_stream *st = &c->stream;
	struct wl_transfer_facts t;
	int r = wl_facts_next_transfer(s->o.ledger->facts, st->at, st->open_only, &t);

	if (r < 0)
		return r;
	if (r == 0) {
		wl_message_start(&s->out, WL_MSG_TRANSFERS_REPLY, st->serial);
		wl_message_put_u64(&s->out, WL_T_COUNT, st->count);
		st->next = NULL;
		return wl_connection_send(c, &s->out);
	}
	wl_message_start(&s->out, WL_MSG_TRANSFERS_ROW, st->serial);
	wl_message_put_text(&s->out, WL_T_TRANSFER, t.id);
	wl_message_put_text(&s->out, WL_T_DIRECTION, t.direction);
	wl_message_put_text(&s->out, WL_T_DEVICE, t.device);
	wl_message_put_text(&s->out, WL_T_STATE, t.state);
	wl_message_put_u64(&s->out, WL_T_FIRST_SEQ, t.first_seq);
	wl_message_put_u64(&s->out, WL_T_LAST_SEQ, t.last_seq);
	st->at = t.first_seq;
	st->count++;
	return wl_connection_send(c, &s->out);
}

static int on_transfers(struct wl_server *s, struct wl_connection *c)
{
	int r = begin_stream(s, c, next_transfer);

	c->stream.open_only = wl_message_bool(&s->in, WL_T_OPEN_ONLY);
	return r;
}

static int on_recall(struct wl_server *s, struct wl_connection *c)
{
	return begin_stream(s, c, wl_recall_next);
}

static int on_floor(struct wl_server *s, struct wl_connection *c)
{
	struct wl_facts *f = s->o.ledger->facts;
	struct wl_message *m = start(s, WL_MSG_FACT_FLOOR_REPLY);
	uint64_t floor, installed;
	int has_floor = wl_facts_floor(f, TEXT(s, DEVICE), TEXT(s, COMPONENT), &floor);
	int has_installed = wl_facts_installed(f, TEXT(s, DEVICE), TEXT(s, COMPONENT), &installed);

	if (has_floor < 0 || has_installed < 0)
		return reply_error(s, c, -EIO, NULL);
	if (has_floor > 0)
		wl_message_put_u64(m, WL_T_RELEASE, floor);
	if (has_installed > 0)
		wl_message_put_u64(m, WL_T_INSTALLED, installed);
	return wl_connection_send(c, m);
}

static int on_ticket(struct wl_server *s, struct wl_connection *c)
{
	struct wl_message *m = start(s, WL_MSG_FACT_TICKET_REPLY);
	char sha256[WL_SHA256_HEX + 1];
	uint64_t uses;
	bool withdrawn;

	if (wl_facts_ticket(s->o.ledger->facts, TEXT(s, DEVICE), TEXT(s, TICKET), TEXT(s, TRANSFER),
	                    sha256, &uses, &withdrawn) < 0)
		return reply_error(s, c, -EIO, NULL);
	if (sha256[0])
		put_hex(m, WL_T_SHA256, sha256);
	wl_message_put_u64(m, WL_T_USES, uses);
	wl_message_put_bool(m, WL_T_WITHDRAWN, withdrawn);
	return wl_connection_send(c, m);
}

static int on_medium(struct wl_server *s, struct wl_connection *c)
{
	struct wl_message *m = start(s, WL_MSG_FACT_MEDIUM_REPLY);
	char head[WL_SHA256_HEX + 1], medium[WL_ID_TEXT], entry[WL_ID_TEXT];
	uint64_t seq;
	int r;

	wl_hex_encode(wl_message_sha256(&s->in, WL_T_HEAD_SHA256), WL_SHA256_BYTES, head);
	r = wl_facts_prepared(s->o.ledger->facts, head, &seq, medium);
	if (r < 0)
		return reply_error(s, c, -EIO, NULL);
	wl_message_put_bool(m, WL_T_PREPARED, r > 0);
	if (r > 0) {
		wl_id_entry(s->o.ledger->id.station, seq, entry);
		wl_message_put_text(m, WL_T_MEDIUM, medium);
		wl_message_put_text(m, WL_T_ENTRY, entry);
	}
	return wl_connection_send(c, m);
}

static int on_prove(struct wl_server *s, struct wl_connection *c)
{
	char proof[DOCUMENT_MAX];
	int n = wl_store_prove(s->o.ledger->store, U64(s, SEQ), proof, sizeof(proof));
	struct wl_message *m;

	if (n < 0)
		return reply_error(s, c, n, NULL);
	m = start(s, WL_MSG_PROVE_REPLY);
	wl_message_put_bytes(m, WL_T_DOCUMENT, proof, (size_t)n);
	return wl_connection_send(c, m);
}

static int on_checkpoint(struct wl_server *s, struct wl_connection *c)
{
	const char *checkpoint = wl_store_checkpoint(s->o.ledger->store);
	struct wl_message *m = start(s, WL_MSG_CHECKPOINT_REPLY);

	wl_message_put_bytes(m, WL_T_DOCUMENT, checkpoint, strlen(checkpoint));
	return wl_connection_send(c, m);
}

static int seal_document(struct wl_server *s, struct wl_connection *c, enum wl_document kind,
                         enum wl_message_id reply)
{
	WL_CLEANUP(wl_note_files_close)
	struct wl_note_files files = {{{.fd = -1}, {.fd = -1}, {.fd = -1}}};
	struct wl_finding f = {.rule = WL_RULE_NONE};
	int r = wl_document_seal(s->o.ledger, kind, TEXT(s, INTENT), &files, &f);

	if (r < 0)
		return reply_error(s, c, r, &f);
	for (unsigned i = 0; r == 0 && i < WL_NOTE_FILES; i++) {
		struct wl_message *m = start(s, WL_MSG_NOTE_FILE);
		wl_message_put_u64(m, WL_T_SIZE, files.file[i].bytes);
		wl_message_put_sha256(m, WL_T_SHA256, files.file[i].sha256);
		wl_message_put_text(m, WL_T_NAME, wl_document_file_name(kind, i));
		m->fd = files.file[i].fd; /* lent: the queue takes its own copy */
		r = wl_connection_send(c, m);
		m->fd = -1;
	}
	if (r < 0)
		return r;
	wl_message_put_sha256(start(s, reply), WL_T_SHA256, files.file[WL_NOTE_JSON].sha256);
	return wl_connection_send(c, &s->out);
}

static int on_note(struct wl_server *s, struct wl_connection *c)
{
	return seal_document(s, c, WL_DOCUMENT_NOTE, WL_MSG_NOTE_SEAL_REPLY);
}

static int on_custody(struct wl_server *s, struct wl_connection *c)
{
	return seal_document(s, c, WL_DOCUMENT_CUSTODY, WL_MSG_CUSTODY_SEAL_REPLY);
}

static int on_station_init(struct wl_server *s, struct wl_connection *c)
{
	struct wl_ledger *l = s->o.ledger;
	int r = wl_station_init(l, TEXT(s, STATION), TEXT(s, ORIGIN), U64(s, UID),
	                        wl_message_sha256(&s->in, WL_T_SPKI_SHA256));
	struct wl_message *m;

	if (r < 0)
		return reply_error(s, c, r, NULL);
	m = start(s, WL_MSG_STATION_INIT_REPLY);
	wl_message_put_text(m, WL_T_FINGERPRINT, l->id.fingerprint);
	wl_message_put_text(m, WL_T_VKEY, l->id.vkey);
	return wl_connection_send(c, m);
}

static int on_station_succeed(struct wl_server *s, struct wl_connection *c)
{
	struct wl_ledger *l = s->o.ledger;
	struct wl_bytes seen = wl_message_bytes(&s->in, WL_T_DOCUMENT);
	struct wl_finding f = {.rule = WL_RULE_NONE};
	struct wl_succession found;
	int r = wl_station_succeed(l, TEXT(s, STATION), TEXT(s, FOLDER), U64(s, UID),
	                           wl_message_sha256(&s->in, WL_T_SPKI_SHA256), seen.p, seen.n,
	                           &found, &f);
	struct wl_message *m;

	if (r < 0)
		return reply_error(s, c, r, &f);
	m = start(s, WL_MSG_STATION_SUCCEED_REPLY);
	wl_message_put_u64(m, WL_T_SIZE, found.size);
	wl_message_put_text(m, WL_T_ORIGIN, found.origin);
	wl_message_put_text(m, WL_T_FINGERPRINT, l->id.fingerprint);
	wl_message_put_text(m, WL_T_OLD_FINGERPRINT, found.old_fingerprint);
	wl_message_put_u64(m, WL_T_MISSING_COUNT, found.missing);
	wl_message_put_text(m, WL_T_COSIGNED_TEXT, found.cosigned_at);
	return wl_connection_send(c, m);
}

static int on_station_confirm(struct wl_server *s, struct wl_connection *c)
{
	struct wl_finding f = {.rule = WL_RULE_NONE};
	uint64_t seq;
	int r = wl_station_confirm(s->o.ledger, U64(s, UID), TEXT(s, FINGERPRINT), &seq, &f);

	if (r < 0)
		return reply_error(s, c, r, &f);
	wl_message_put_u64(start(s, WL_MSG_STATION_CONFIRM_REPLY), WL_T_SEQ, seq);
	return wl_connection_send(c, &s->out);
}

static int on_station_card(struct wl_server *s, struct wl_connection *c)
{
	struct wl_ledger *l = s->o.ledger;
	char checkpoint[WL_CHECKPOINT_MAX];
	uint8_t digest[WL_SHA256_BYTES];
	struct wl_message *m;

	if (!l->certificate || wl_station_first_checkpoint(l, checkpoint, sizeof(checkpoint)) < 0 ||
	    wl_certificate_digest(l->certificate, digest) < 0)
		return reply_no_keys(s, c);
	m = start(s, WL_MSG_STATION_CARD_REPLY);
	wl_message_put_text(m, WL_T_STATION, l->id.station);
	wl_message_put_text(m, WL_T_ORIGIN, l->id.key.name);
	wl_message_put_bytes(m, WL_T_DOCUMENT, checkpoint, strlen(checkpoint));
	wl_message_put_text(m, WL_T_FINGERPRINT, l->id.fingerprint);
	wl_message_put_text(m, WL_T_VKEY, l->id.vkey);
	wl_message_put_sha256(m, WL_T_CERTIFICATE_SHA256, digest);
	return wl_connection_send(c, m);
}

/* early: also asked before entry 0 exists */
static const struct {
	enum wl_message_id id;
	bool early;
	int (*handle)(struct wl_server *s, struct wl_connection *c);
} rows[] = {
        {WL_MSG_LEDGER_STATUS, true, on_status},
        {WL_MSG_STATION_INIT, true, on_station_init},
        {WL_MSG_STATION_CONFIRM, true, on_station_confirm},
        {WL_MSG_STATION_SUCCEED, true, on_station_succeed},
        {WL_MSG_STATION_CARD, false, on_station_card},
        {WL_MSG_ENTRIES, false, on_entries},
        {WL_MSG_TRANSFERS, false, on_transfers},
        {WL_MSG_RECALL, false, on_recall},
        {WL_MSG_FACT_FLOOR, false, on_floor},
        {WL_MSG_FACT_TICKET, false, on_ticket},
        {WL_MSG_FACT_MEDIUM, false, on_medium},
        {WL_MSG_PROVE, false, on_prove},
        {WL_MSG_CHECKPOINT, false, on_checkpoint},
        {WL_MSG_NOTE_SEAL, false, on_note},
        {WL_MSG_CUSTODY_SEAL, false, on_custody},
};

/* Answers that people compare with the files: those are brought up to date before. */
static bool leaves(enum wl_message_id id)
{
	static const enum wl_message_id ids[] = {
	        WL_MSG_LEDGER_STATUS, WL_MSG_STATION_CARD, WL_MSG_PROVE,
	        WL_MSG_CHECKPOINT,    WL_MSG_NOTE_SEAL,    WL_MSG_EXPORT_LIST,
	        WL_MSG_EXPORT_READ,   WL_MSG_COSIGN,       WL_MSG_CUSTODY_SEAL,
	};

	for (size_t i = 0; i < WL_ARRAY_LEN(ids); i++)
		if (ids[i] == id)
			return true;
	return false;
}

int wl_handle_query(struct wl_server *s, struct wl_connection *c)
{
	if (c->stream.next)
		return -EBADMSG; /* one long answer at a time */
	if (leaves(s->in.id))
		wl_server_settle(s);
	else
		wl_server_flush(s);
	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++) {
		if (rows[i].id != s->in.id)
			continue;
		if (!rows[i].early && !wl_ledger_is_initialised(s->o.ledger))
			return reply_no_keys(s, c);
		return rows[i].handle(s, c);
	}
	return wl_handle_audit(s, c);
}
