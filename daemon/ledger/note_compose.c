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
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "daemon/ledger/json_out.h"
#include "daemon/ledger/manifest.h"

#define TYPE         "ca.weighlock.delivery-note/1"
#define STATEMENT    "verified-not-altered"
#define TEXT(e, m)   wl_draft_get_text(&(e)->draft, WL_M_##m)
#define HAS(e, m)    wl_draft_has(&(e)->draft, WL_M_##m)
#define NUMBER(e, m) wl_draft_get_integer(&(e)->draft, WL_M_##m)

/* The file's path is printable ASCII already: the manifest holds it escaped. */
static int put_file(void *user, const struct wl_manifest_line *line)
{
	struct wl_out *o = user;

	if (line->verdict != WL_PASS)
		return 0;
	wl_out_put(o, "%s{\"bytes\":%" PRIu64, o->first ? "" : ",", line->bytes);
	wl_out_text(o, ",\"path\":", line->path);
	wl_out_put(o, ",\"sha256\":\"%s\"}", line->sha256);
	o->first = false;
	return o->error;
}

static int put_files(struct wl_ledger *l, struct wl_out *o, const struct wl_entry *intent,
                     struct wl_finding *f)
{
	WL_AUTO_CLOSE int fd = -1;
	int r = wl_manifest_open(l->dirfd, TEXT(intent, MANIFEST_SHA256), &fd);

	if (r < 0)
		return r;
	wl_out_put(o, ",\"files\":[");
	o->first = true;
	r = wl_manifest_walk(fd, intent->draft.transfer, put_file, o, f);
	wl_out_put(o, "]");
	return r;
}

static void put_head(struct wl_out *o, const struct wl_ledger *l, const struct wl_entry *intent,
                     const struct wl_transfer_facts *t, uint64_t size)
{
	wl_out_certificate_expired(o, l, intent);
	wl_out_put(o, ",\"checkpoint_size\":%" PRIu64, size);
	if (HAS(intent, COMPONENT))
		wl_out_text(o, ",\"component\":", TEXT(intent, COMPONENT));
	wl_out_text(o, ",\"device\":", TEXT(intent, DEVICE));
	wl_out_text(o, ",\"direction\":", t->direction);
}

static void put_tail(struct wl_out *o, const struct wl_ledger *l, const struct wl_entry *intent,
                     const struct wl_transfer_facts *t)
{
	char id[WL_ID_TEXT], when[WL_TIME_TEXT], policy[WL_SHA256_HEX + 1];

	wl_id_entry(l->id.station, intent->seq, id);
	wl_time_format(intent->time, when);
	wl_hex_encode(intent->draft.policy_sha256, WL_SHA256_BYTES, policy);
	wl_out_text(o, ",\"insertion\":", TEXT(intent, DESTINATION_INSERTION));
	wl_out_put(o, ",\"intent\":\"%s\",\"manifest_sha256\":\"%s\"", id,
	           TEXT(intent, MANIFEST_SHA256));
	wl_out_text(o, ",\"opened_by\":", t->opener);
	wl_out_text(o, ",\"origin\":", l->id.key.name);
	if (intent->draft.has_policy)
		wl_out_put(o, ",\"policy_sha256\":\"%s\"", policy);
	if (HAS(intent, RELEASE))
		wl_out_put(o, ",\"release\":%" PRId64, NUMBER(intent, RELEASE));
	wl_out_text(o, ",\"sanitised\":", TEXT(intent, SANITISED));
	wl_out_put(o, ",\"statement\":\"" STATEMENT "\",\"station\":\"%s\"", l->id.station);
	if (HAS(intent, TICKET))
		wl_out_text(o, ",\"ticket\":", TEXT(intent, TICKET));
	wl_out_put(o, ",\"time\":\"%s\",\"transfer\":\"%s\",\"type\":\"" TYPE "\"", when,
	           intent->draft.transfer);
	if (HAS(intent, VENDOR_SIGNATURE))
		wl_out_text(o, ",\"vendor_signature\":", TEXT(intent, VENDOR_SIGNATURE));
	if (HAS(intent, VERSION))
		wl_out_text(o, ",\"version\":", TEXT(intent, VERSION));
	wl_out_put(o, "}");
}

int wl_note_write(struct wl_ledger *l, const struct wl_entry *intent, int fd,
                  struct wl_finding *ret_finding)
{
	struct wl_out o = {.fd = fd};
	struct wl_transfer_facts t;
	int r = wl_facts_transfer(l->facts, intent->draft.transfer, &t);

	if (r <= 0)
		return r < 0 ? r : -EUCLEAN;
	if (strcmp(t.direction, "inbound") != 0) {
		(void)wl_refuse(ret_finding, WL_RULE_NONE, "an %s transfer has no delivery note",
		                t.direction);
		return -EINVAL;
	}
	r = wl_out_approvers(l, &o, intent);
	if (r == 0)
		put_head(&o, l, intent, &t, wl_store_size(l->store));
	if (r == 0)
		r = put_files(l, &o, intent, ret_finding);
	if (r < 0)
		return r;
	put_tail(&o, l, intent, &t);
	wl_out_flush(&o);
	return o.error;
}
