/*
 * Composing a custody record: who let which pictures out, by whose word, and what each was made
 * from.
 *
 * Runs in weighlock-ledgerd on durable entries and the manifest the intent names. The broker may be
 * compromised, so it supplies nothing here: a line of the manifest without its own item.decided,
 * and a transfer that lacks case, authority, requester or TIP state, give no record. Of `scrubbed`
 * nothing of a source is written, whatever the entries hold. Nothing is durable here.
 */
#include "daemon/ledger/custody_compose.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/ledger/custody_items.h"
#include "daemon/ledger/json_out.h"

#define TYPE       "ca.weighlock.custody/1"
#define TOOL       "weighlock"
#define OPENED     "transfer.opened"
#define TEXT(e, m) wl_draft_get_text(&(e)->draft, WL_M_##m)
#define HAS(e, m)  wl_draft_has(&(e)->draft, WL_M_##m)

struct record {
	struct wl_ledger *l;
	const struct wl_entry *intent;
	struct wl_entry opened; /* the transfer's first entry */
	struct wl_transfer_facts transfer;
	struct wl_custody_items items;
	bool evidence;
	struct wl_out *out;
};

static int lacks(struct wl_finding *f, const struct record *r, const char *what)
{
	(void)wl_refuse(f, WL_RULE_NONE, "%s: no entry says %s", r->intent->draft.transfer, what);
	return -EINVAL;
}

/* ---- what must be there ---- */

static int check_intent(struct record *r, struct wl_finding *f)
{
	const char *output = TEXT(r->intent, OUTPUT);
	int found = wl_facts_transfer(r->l->facts, r->intent->draft.transfer, &r->transfer);

	if (found <= 0)
		return found < 0 ? found : -EUCLEAN;
	r->evidence = strcmp(output, "evidence") == 0;
	if (strcmp(r->transfer.direction, "outbound") != 0 ||
	    (!r->evidence && strcmp(output, "scrubbed") != 0)) {
		(void)wl_refuse(f, WL_RULE_NONE,
		                "output %.32s of an %s transfer has no custody record", output,
		                r->transfer.direction);
		return -EINVAL;
	}
	return 0;
}

static int load_opened(struct record *r, struct wl_finding *f)
{
	static const struct {
		enum wl_member member;
		const char *what;
	} needed[] = {
	        {WL_M_CASE, "its case"},
	        {WL_M_AUTHORITY, "its authority"},
	        {WL_M_REQUESTER, "its requester"},
	        {WL_M_TIP_STATE, "the TIP state of its pictures"},
	};
	int e = wl_ledger_entry(r->l, r->transfer.first_seq, &r->opened);

	if (e < 0)
		return e;
	if (r->opened.draft.event != WL_E_TRANSFER_OPENED)
		return -EUCLEAN;
	for (size_t i = 0; i < WL_ARRAY_LEN(needed); i++)
		if (!wl_draft_has(&r->opened.draft, needed[i].member))
			return lacks(f, r, needed[i].what);
	return 0;
}

/* The start of the station this intent was made under. */
static int load_start(struct record *r, struct wl_entry *ret, struct wl_finding *f)
{
	for (uint64_t seq = r->intent->seq; seq-- > 0;) {
		wl_entry_clear(ret);
		int e = wl_ledger_entry(r->l, seq, ret);
		if (e < 0 || ret->draft.event == WL_E_STATION_START)
			return e;
	}
	return lacks(f, r, "which version wrote it");
}

/* ---- the pieces, members in ascending order ---- */

static void put_number(struct wl_out *o, const char *lead, const struct wl_entry *e,
                       enum wl_member m)
{
	if (wl_draft_has(&e->draft, m))
		wl_out_put(o, "%s%" PRId64, lead, wl_draft_get_integer(&e->draft, m));
}

static void put_optional(struct wl_out *o, const char *lead, const struct wl_entry *e,
                         enum wl_member m)
{
	if (wl_draft_has(&e->draft, m))
		wl_out_text(o, lead, wl_draft_get_text(&e->draft, m));
}

static void put_item(struct record *r, const struct wl_entry *e)
{
	struct wl_out *o = r->out;

	wl_out_put(o, "%s{", o->first ? "" : ",");
	o->first = false;
	if (HAS(e, BITS))
		put_number(o, "\"bits\":", e, WL_M_BITS);
	put_number(o, HAS(e, BITS) ? ",\"bytes\":" : "\"bytes\":", e, WL_M_OUTPUT_BYTES);
	put_number(o, ",\"channels\":", e, WL_M_CHANNELS);
	put_number(o, ",\"height\":", e, WL_M_HEIGHT);
	wl_out_text(o, ",\"item\":", TEXT(e, ITEM));
	wl_out_list(o, ",\"masks\":", &e->draft, WL_M_MASKS);
	wl_out_text(o, ",\"output\":", TEXT(e, OUTPUT_NAME));
	wl_out_text(o, ",\"output_sha256\":", TEXT(e, OUTPUT_SHA256));
	put_optional(o, ",\"samples_sha256\":", e, WL_M_SAMPLES_SHA256);
	put_number(o, ",\"sealed_bytes\":", e, WL_M_SEALED_BYTES);
	put_optional(o, ",\"sealed_sha256\":", e, WL_M_SEALED_SHA256);
	if (r->evidence) {
		put_number(o, ",\"source_bytes\":", e, WL_M_BYTES);
		wl_out_text(o, ",\"source_path\":", TEXT(e, PATH));
		wl_out_text(o, ",\"source_sha256\":", TEXT(e, SOURCE_SHA256));
	}
	put_optional(o, ",\"tip_state\":", e, WL_M_TIP_STATE);
	wl_out_list(o, ",\"transforms\":", &e->draft, WL_M_TRANSFORMS);
	put_number(o, ",\"width\":", e, WL_M_WIDTH);
	wl_out_put(o, "}");
}

static int put_items(struct record *r)
{
	wl_out_put(r->out, ",\"items\":[");
	r->out->first = true;
	for (size_t i = 0; i < r->items.n; i++) {
		WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
		int error = wl_ledger_entry(r->l, r->items.v[i].seq, &e);
		if (error < 0)
			return error;
		put_item(r, &e);
		if (r->out->error < 0)
			return r->out->error;
	}
	wl_out_put(r->out, "]");
	return 0;
}

/* "decode libpng 1.6.39" as the inspection has it: the word of the worker that did it, so it may be
 * anything; what has another form is left out. */
static void put_tool(struct wl_out *o, const char *said)
{
	const char *name = strchr(said, ' '), *version = name ? strchr(name + 1, ' ') : NULL;
	char words[2][WL_TOOL_TEXT];

	if (!version || (size_t)(version - said) >= sizeof(words[0]))
		return;
	(void)snprintf(words[0], sizeof(words[0]), "%.*s", (int)(version - name - 1), name + 1);
	(void)snprintf(words[1], sizeof(words[1]), "%.*s", (int)(name - said), said);
	wl_out_text(o, ",{\"name\":", words[0]);
	wl_out_text(o, ",\"version\":", version + 1);
	wl_out_text(o, ",\"work\":", words[1]);
	wl_out_put(o, "}");
}

static int put_tools(struct record *r, const struct wl_entry *start)
{
	WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
	const char *said;
	int error = r->items.inspected_seq ? wl_ledger_entry(r->l, r->items.inspected_seq, &e) : 0;

	if (error < 0)
		return error;
	wl_out_text(r->out,
	            ",\"tools\":[{\"name\":\"" TOOL "\",\"version\":", TEXT(start, VERSION));
	wl_out_put(r->out, "}");
	for (size_t i = 0; r->items.inspected_seq && i < WL_TOOLS_MAX &&
	                   (said = wl_draft_get_element(&e.draft, WL_M_TOOLS, i)) != NULL;
	     i++)
		put_tool(r->out, said);
	wl_out_put(r->out, "]");
	return 0;
}

static int put_record(struct record *r, const struct wl_entry *start)
{
	struct wl_out *o = r->out;
	char id[WL_ID_TEXT], when[WL_TIME_TEXT], policy[WL_SHA256_HEX + 1];
	int e = wl_out_approvers(r->l, o, r->intent);

	wl_id_entry(r->l->id.station, r->intent->seq, id);
	wl_time_format(r->intent->time, when);
	wl_hex_encode(r->intent->draft.policy_sha256, WL_SHA256_BYTES, policy);
	wl_out_text(o, ",\"authority\":", TEXT(&r->opened, AUTHORITY));
	wl_out_text(o, ",\"case\":", TEXT(&r->opened, CASE));
	wl_out_certificate_expired(o, r->l, r->intent);
	wl_out_text(o, ",\"device\":", TEXT(&r->opened, DEVICE));
	wl_out_put(o, ",\"intent\":\"%s\"", id);
	if (e == 0)
		e = put_items(r);
	if (e < 0)
		return e;
	wl_out_text(o, ",\"opened_by\":", r->transfer.opener);
	wl_out_text(o, ",\"origin\":", r->l->id.key.name);
	wl_out_text(o, ",\"output\":", TEXT(r->intent, OUTPUT));
	if (r->intent->draft.has_policy)
		wl_out_put(o, ",\"policy_sha256\":\"%s\"", policy);
	if (r->items.sealed)
		wl_out_list(o, ",\"recipients\":", &r->opened.draft, WL_M_RECIPIENTS);
	wl_out_text(o, ",\"requester\":", TEXT(&r->opened, REQUESTER));
	wl_out_put(o, ",\"time\":\"%s\"", when);
	wl_out_text(o, ",\"tip_state\":", TEXT(&r->opened, TIP_STATE));
	e = put_tools(r, start);
	if (e < 0)
		return e;
	wl_out_text(o, ",\"transfer\":", r->intent->draft.transfer);
	wl_out_put(o, ",\"type\":\"" TYPE "\"}");
	wl_out_flush(o);
	return o->error;
}

static void clear_record(struct record *r)
{
	wl_entry_clear(&r->opened);
	wl_custody_items_clear(&r->items);
}

int wl_custody_write(struct wl_ledger *l, const struct wl_entry *intent, int fd,
                     struct wl_finding *f)
{
	WL_CLEANUP(clear_record) struct record r = {.l = l, .intent = intent};
	WL_CLEANUP(wl_entry_clear) struct wl_entry start = {0};
	struct wl_out out = {.fd = fd};
	int e = check_intent(&r, f);

	r.out = &out;
	if (e == 0)
		e = load_opened(&r, f);
	if (e == 0)
		e = load_start(&r, &start, f);
	if (e == 0)
		e = wl_custody_items_load(l, intent, r.evidence, &r.items, f);
	if (e == 0 && r.items.sealed && !wl_draft_get_element(&r.opened.draft, WL_M_RECIPIENTS, 0))
		e = lacks(f, &r, "to whom it was encrypted");
	return e < 0 ? e : put_record(&r, &start);
}
