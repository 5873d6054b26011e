/*
 * Composing a delivery note: the same canonical JSON as entries, with the files that are delivered.
 *
 * Runs in weighlock-ledgerd on durable entries and a manifest whose digest an entry names, so every
 * word in a note is in the ledger already. Written piece by piece, because a note may name 20 000
 * files; nothing is durable here.
 */
#include "daemon/ledger/note_compose.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/text.h"
#include "daemon/ledger/manifest.h"

#define TYPE         "ca.weighlock.delivery-note/1"
#define STATEMENT    "verified-not-altered"
#define PIECE_BYTES  16384U
#define TEXT(e, m)   wl_draft_get_text(&(e)->draft, WL_M_##m)
#define HAS(e, m)    wl_draft_has(&(e)->draft, WL_M_##m)
#define NUMBER(e, m) wl_draft_get_integer(&(e)->draft, WL_M_##m)

struct out {
	int fd, error;
	bool first; /* of the files */
	char buf[PIECE_BYTES];
	size_t n;
};

static void flush(struct out *o)
{
	if (o->error == 0)
		o->error = wl_write_full(o->fd, o->buf, o->n);
	o->n = 0;
}

static void put(struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct out *o, const char *format, ...)
{
	va_list ap;
	int n;

	if (o->n > PIECE_BYTES / 2)
		flush(o);
	va_start(ap, format);
	n = vsnprintf(o->buf + o->n, PIECE_BYTES - o->n, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= PIECE_BYTES - o->n)
		o->error = o->error ? o->error : -EMSGSIZE;
	else
		o->n += (size_t)n;
}

static void put_text(struct out *o, const char *lead, const char *s)
{
	WL_AUTO_FREE char *quoted = NULL;
	size_t at = 0, room = 6 * strlen(s) + 3;
	int r = -ENOMEM;

	quoted = malloc(room);
	if (quoted)
		r = wl_json_text(s, strlen(s), quoted, room, &at);
	if (r < 0)
		o->error = o->error ? o->error : r;
	put(o, "%s", lead);
	for (size_t i = 0; r == 0 && i < at; i += PIECE_BYTES / 4)
		put(o, "%.*s", (int)(PIECE_BYTES / 4), quoted + i);
}

/* The file's path is printable ASCII already: the manifest holds it escaped. */
static int put_file(void *user, const struct wl_manifest_line *line)
{
	struct out *o = user;

	if (line->verdict != WL_PASS)
		return 0;
	put(o, "%s{\"bytes\":%" PRIu64, o->first ? "" : ",", line->bytes);
	put_text(o, ",\"path\":", line->path);
	put(o, ",\"sha256\":\"%s\"}", line->sha256);
	o->first = false;
	return o->error;
}

static int put_files(struct wl_ledger *l, struct out *o, const struct wl_entry *intent,
                     struct wl_finding *f)
{
	WL_AUTO_CLOSE int fd = -1;
	int r = wl_manifest_open(l->dirfd, TEXT(intent, MANIFEST_SHA256), &fd);

	if (r < 0)
		return r;
	put(o, ",\"files\":[");
	o->first = true;
	r = wl_manifest_walk(fd, intent->draft.transfer, put_file, o, f);
	put(o, "]");
	return r;
}

/* Who approved: the actors of the approvals the intent names, in its order. */
static int put_approvers(struct wl_ledger *l, struct out *o, const struct wl_entry *intent)
{
	const char *id;

	put(o, "{\"approved_by\":[");
	for (size_t i = 0; (id = wl_draft_get_element(&intent->draft, WL_M_APPROVALS, i)) != NULL;
	     i++) {
		WL_CLEANUP(wl_entry_clear) struct wl_entry approval = {0};
		uint64_t seq;
		int r = wl_id_number(WL_ID_ENTRY, id, &seq);
		if (r == 0)
			r = wl_ledger_entry(l, seq, &approval);
		if (r < 0)
			return r;
		put_text(o, i ? "," : "", approval.draft.actor);
	}
	put(o, "]");
	return 0;
}

static void put_head(struct out *o, const struct wl_entry *intent,
                     const struct wl_transfer_facts *t, uint64_t size)
{
	put(o, ",\"checkpoint_size\":%" PRIu64, size);
	if (HAS(intent, COMPONENT))
		put_text(o, ",\"component\":", TEXT(intent, COMPONENT));
	put_text(o, ",\"device\":", TEXT(intent, DEVICE));
	put_text(o, ",\"direction\":", t->direction);
}

static void put_tail(struct out *o, const struct wl_ledger *l, const struct wl_entry *intent,
                     const struct wl_transfer_facts *t)
{
	char id[WL_ID_TEXT], when[WL_TIME_TEXT], policy[WL_SHA256_HEX + 1];

	wl_id_entry(l->id.station, intent->seq, id);
	wl_time_format(intent->time, when);
	wl_hex_encode(intent->draft.policy_sha256, WL_SHA256_BYTES, policy);
	put_text(o, ",\"insertion\":", TEXT(intent, DESTINATION_INSERTION));
	put(o, ",\"intent\":\"%s\",\"manifest_sha256\":\"%s\"", id, TEXT(intent, MANIFEST_SHA256));
	put_text(o, ",\"opened_by\":", t->opener);
	put_text(o, ",\"origin\":", l->id.key.name);
	if (intent->draft.has_policy)
		put(o, ",\"policy_sha256\":\"%s\"", policy);
	if (HAS(intent, RELEASE))
		put(o, ",\"release\":%" PRId64, NUMBER(intent, RELEASE));
	put_text(o, ",\"sanitised\":", TEXT(intent, SANITISED));
	put(o, ",\"statement\":\"" STATEMENT "\",\"station\":\"%s\"", l->id.station);
	if (HAS(intent, TICKET))
		put_text(o, ",\"ticket\":", TEXT(intent, TICKET));
	put(o, ",\"time\":\"%s\",\"transfer\":\"%s\",\"type\":\"" TYPE "\"", when,
	    intent->draft.transfer);
	if (HAS(intent, VENDOR_SIGNATURE))
		put_text(o, ",\"vendor_signature\":", TEXT(intent, VENDOR_SIGNATURE));
	if (HAS(intent, VERSION))
		put_text(o, ",\"version\":", TEXT(intent, VERSION));
	put(o, "}");
}

int wl_note_write(struct wl_ledger *l, const struct wl_entry *intent, int fd,
                  struct wl_finding *ret_finding)
{
	struct out o = {.fd = fd};
	struct wl_transfer_facts t;
	int r = wl_facts_transfer(l->facts, intent->draft.transfer, &t);

	if (r <= 0)
		return r < 0 ? r : -EUCLEAN;
	if (strcmp(t.direction, "inbound") != 0) {
		(void)wl_refuse(ret_finding, WL_RULE_NONE, "an %s transfer has no delivery note",
		                t.direction);
		return -EINVAL;
	}
	r = put_approvers(l, &o, intent);
	if (r == 0)
		put_head(&o, intent, &t, wl_store_size(l->store));
	if (r == 0)
		r = put_files(l, &o, intent, ret_finding);
	if (r < 0)
		return r;
	put_tail(&o, l, intent, &t);
	flush(&o);
	return o.error;
}
