/*
 * Reading the ledger back and asking it for facts (weighlockd).
 *
 * What comes is what ledgerd rendered from durable entries; an entry arrives in parts of at most
 * 60,000 bytes and is at most 65,535 long. Nothing is stored here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/broker/ledger_client.h"
#include "daemon/broker/ledger_private.h"

static int nonsense(struct wl_ledger *l, struct wl_finding *f)
{
	wl_part_drop(&l->part);
	return wl_refuse(f, WL_RULE_STATION_PART_MISSING, "ledger: an answer that does not belong");
}

/* One part of an entry; calls back when the entry is whole. */
static int take_part(const struct wl_message *m, char *text, size_t *used, bool *wanted,
                     wl_ledger_entry_cb cb, void *user)
{
	struct wl_bytes part = wl_message_bytes(m, WL_T_PART);
	if (part.n > WL_ENTRY_BYTES_MAX - *used)
		return -EBADMSG;
	memcpy(text + *used, part.p, part.n);
	*used += part.n;
	if (!wl_message_bool(m, WL_T_LAST))
		return 0;
	text[*used] = '\0';
	if (*wanted)
		*wanted = cb(user, wl_message_u64(m, WL_T_SEQ), text, *used);
	*used = 0;
	return 0;
}

int wl_ledger_entries(struct wl_ledger *l, const char *transfer, uint64_t from, uint64_t count,
                      wl_ledger_entry_cb cb, void *user, struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;
	WL_AUTO_FREE char *text = malloc(WL_ENTRY_BYTES_MAX + 1);
	size_t used = 0;
	bool wanted = true;
	if (!text)
		return -ENOMEM;
	uint32_t serial = wl_part_start(&l->part, WL_MSG_ENTRIES);
	wl_message_put_u64(m, WL_T_COUNT, count);
	if (transfer)
		wl_message_put_text(m, WL_T_TRANSFER, transfer);
	wl_message_put_u64(m, WL_T_FROM, from);
	int r = wl_part_send(&l->part, f);
	while (r == 0) {
		r = wl_part_receive(&l->part, serial, f);
		if (r < 0 || m->id == WL_MSG_ENTRIES_REPLY)
			break;
		if (m->id != WL_MSG_ENTRIES_ENTRY ||
		    take_part(m, text, &used, &wanted, cb, user) < 0)
			return nonsense(l, f);
	}
	return r;
}

int wl_ledger_transfers(struct wl_ledger *l, bool open_only, wl_ledger_transfer_cb cb, void *user,
                        struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;
	uint32_t serial = wl_part_start(&l->part, WL_MSG_TRANSFERS);
	wl_message_put_bool(m, WL_T_OPEN_ONLY, open_only);
	int r = wl_part_send(&l->part, f);
	while (r == 0) {
		r = wl_part_receive(&l->part, serial, f);
		if (r < 0 || m->id == WL_MSG_TRANSFERS_REPLY)
			break;
		if (m->id != WL_MSG_TRANSFERS_ROW)
			return nonsense(l, f);
		cb(user, wl_message_text(m, WL_T_TRANSFER), wl_message_u64(m, WL_T_FIRST_SEQ));
	}
	return r;
}

static int take_recalled(const struct wl_message *m, const struct wl_recall *to, void *user)
{
	switch ((unsigned)m->id) {
	case WL_MSG_RECALL_MEDIUM:
		to->medium(user, wl_message_text(m, WL_T_MEDIUM), wl_message_bool(m, WL_T_SUSPECT),
		           wl_message_bool(m, WL_T_OURS));
		return 0;
	case WL_MSG_RECALL_INSERTION:
		to->insertion(user, wl_message_text(m, WL_T_INSERTION),
		              wl_message_text(m, WL_T_PORT), wl_message_u64(m, WL_T_DISKSEQ));
		return 0;
	case WL_MSG_RECALL_PROPOSAL:
		to->proposal(user, wl_message_u64(m, WL_T_POLICY_VERSION),
		             wl_message_sha256(m, WL_T_SHA256), wl_message_text(m, WL_T_ACTOR),
		             (uid_t)wl_message_u64(m, WL_T_UID));
		return 0;
	case WL_MSG_RECALL_VISIT:
		to->visit(user, wl_message_text(m, WL_T_VISIT), wl_message_u64(m, WL_T_OPENED_SEQ),
		          wl_message_u64(m, WL_T_CONFIRMED_SEQ),
		          wl_message_u64(m, WL_T_CLOSED_SEQ));
		return 0;
	default:
		return -EBADMSG;
	}
}

int wl_ledger_recall(struct wl_ledger *l, const struct wl_recall *to, void *user,
                     struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;
	uint32_t serial = wl_part_start(&l->part, WL_MSG_RECALL);
	int r = wl_part_send(&l->part, f);
	while (r == 0) {
		r = wl_part_receive(&l->part, serial, f);
		if (r < 0 || m->id == WL_MSG_RECALL_REPLY)
			break;
		if (take_recalled(m, to, user) < 0)
			return nonsense(l, f);
	}
	return r;
}

int wl_ledger_floor(struct wl_ledger *l, const char *device, const char *component,
                    struct wl_ledger_floor *ret, struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;
	(void)wl_part_start(&l->part, WL_MSG_FACT_FLOOR);
	wl_message_put_text(m, WL_T_DEVICE, device);
	wl_message_put_text(m, WL_T_COMPONENT, component);
	int r = wl_part_call(&l->part, f);
	if (r == 0)
		*ret = (struct wl_ledger_floor){
		        .has_release = wl_message_has(m, WL_T_RELEASE),
		        .has_installed = wl_message_has(m, WL_T_INSTALLED),
		        .release = wl_message_u64(m, WL_T_RELEASE),
		        .installed = wl_message_u64(m, WL_T_INSTALLED),
		};
	return r;
}

int wl_ledger_ticket(struct wl_ledger *l, const char *device, const char *ticket,
                     struct wl_ledger_ticket *ret, struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;
	(void)wl_part_start(&l->part, WL_MSG_FACT_TICKET);
	wl_message_put_text(m, WL_T_DEVICE, device);
	wl_message_put_text(m, WL_T_TICKET, ticket);
	int r = wl_part_call(&l->part, f);
	if (r < 0)
		return r;
	*ret = (struct wl_ledger_ticket){.known = wl_message_has(m, WL_T_SHA256),
	                                 .withdrawn = wl_message_bool(m, WL_T_WITHDRAWN),
	                                 .uses = wl_message_u64(m, WL_T_USES)};
	if (ret->known)
		memcpy(ret->sha256, wl_message_sha256(m, WL_T_SHA256), sizeof(ret->sha256));
	return 0;
}

int wl_ledger_medium(struct wl_ledger *l, const uint8_t head_sha256[32], bool *ret_prepared,
                     char ret_medium[WL_ID_TEXT], struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;
	(void)wl_part_start(&l->part, WL_MSG_FACT_MEDIUM);
	wl_message_put_sha256(m, WL_T_HEAD_SHA256, head_sha256);
	int r = wl_part_call(&l->part, f);
	if (r < 0)
		return r;
	*ret_prepared = wl_message_bool(m, WL_T_PREPARED);
	(void)snprintf(ret_medium, WL_ID_TEXT, "%s", wl_message_text(m, WL_T_MEDIUM));
	return 0;
}

/* A request whose answer is one text. */
static int call_text(struct wl_ledger *l, char **ret, struct wl_finding *f)
{
	int r = wl_part_call(&l->part, f);
	if (r < 0)
		return r;
	struct wl_bytes document = wl_message_bytes(&l->part.message, WL_T_DOCUMENT);
	*ret = strndup((const char *)document.p, document.n);
	return *ret ? 0 : -ENOMEM;
}

int wl_ledger_checkpoint(struct wl_ledger *l, char **ret, struct wl_finding *f)
{
	(void)wl_part_start(&l->part, WL_MSG_CHECKPOINT);
	return call_text(l, ret, f);
}

int wl_ledger_prove(struct wl_ledger *l, uint64_t seq, char **ret, struct wl_finding *f)
{
	(void)wl_part_start(&l->part, WL_MSG_PROVE);
	wl_message_put_u64(&l->part.message, WL_T_SEQ, seq);
	return call_text(l, ret, f);
}

void wl_note_clear(struct wl_note *note)
{
	for (unsigned i = 0; i < note->n; i++)
		wl_cleanup_close(&note->file[i].fd);
	note->n = 0;
}

/* Asks for a document of an intent: its files, then the reply. */
static int ask_document(struct wl_ledger *l, enum wl_message_id ask, enum wl_message_id reply,
                        const char *intent, struct wl_note *ret, struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;
	uint32_t serial = wl_part_start(&l->part, ask);
	*ret = (struct wl_note){0};
	wl_message_put_text(m, WL_T_INTENT, intent);
	int r = wl_part_send(&l->part, f);
	while (r == 0) {
		r = wl_part_receive(&l->part, serial, f);
		if (r < 0)
			break;
		if (m->id == reply) {
			memcpy(ret->sha256, wl_message_sha256(m, WL_T_SHA256), sizeof(ret->sha256));
			return 0;
		}
		if (m->id != WL_MSG_NOTE_FILE || ret->n == WL_NOTE_FILES_MAX) {
			r = nonsense(l, f);
			break;
		}
		struct wl_note_file *file = &ret->file[ret->n++];
		file->bytes = wl_message_u64(m, WL_T_SIZE);
		file->fd = TAKE_FD(m->fd);
		memcpy(file->sha256, wl_message_sha256(m, WL_T_SHA256), sizeof(file->sha256));
		(void)snprintf(file->name, sizeof(file->name), "%s", wl_message_text(m, WL_T_NAME));
	}
	wl_note_clear(ret);
	return r;
}

int wl_ledger_note(struct wl_ledger *l, const char *intent, struct wl_note *ret,
                   struct wl_finding *f)
{
	return ask_document(l, WL_MSG_NOTE_SEAL, WL_MSG_NOTE_SEAL_REPLY, intent, ret, f);
}

int wl_ledger_custody(struct wl_ledger *l, const char *intent, struct wl_note *ret,
                      struct wl_finding *f)
{
	return ask_document(l, WL_MSG_CUSTODY_SEAL, WL_MSG_CUSTODY_SEAL_REPLY, intent, ret, f);
}
