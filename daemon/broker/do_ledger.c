/*
 * LedgerRead and LedgerProve (weighlockd): the ledger for those who may read it.
 *
 * Entries go out as they lie, byte for byte; nothing is rendered from them here.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/methods.h"

#define ANSWER_BYTES_MAX 64000U
#define ENTRIES_MAX      1000U

struct reading {
	json_t *entries;
	size_t bytes;
	bool too_big; /* not even one entry fits a frame */
};

/* How long a text is inside JSON: quotes and backslashes of an entry are doubled. */
static size_t quoted_size(const char *text, size_t n)
{
	size_t size = n + 3;
	for (size_t i = 0; i < n; i++)
		size += text[i] == '"' || text[i] == '\\';
	return size;
}

static bool on_entry(void *user, uint64_t seq, const char *text, size_t n)
{
	struct reading *r = user;
	(void)seq;
	r->bytes += quoted_size(text, n);
	if (r->bytes > ANSWER_BYTES_MAX) {
		r->too_big = json_array_size(r->entries) == 0;
		return false;
	}
	return json_array_append_new(r->entries, json_stringn(text, n)) == 0;
}

void wl_do_ledger_read(struct wl_broker *b, struct wl_call *c)
{
	struct reading r = {.entries = json_array()};
	struct wl_finding f = {0};
	json_int_t from = json_integer_value(json_object_get(c->parameters, "from"));
	json_int_t count = json_integer_value(json_object_get(c->parameters, "count"));
	int e = wl_ledger_entries(b->ledger, NULL, (uint64_t)from,
	                          count > (json_int_t)ENTRIES_MAX ? ENTRIES_MAX : (uint64_t)count,
	                          on_entry, &r, &f);
	if (e < 0 || r.too_big)
		json_decref(r.entries);
	if (e < 0)
		return wl_station_ledger_trouble(b, c, &f);
	if (r.too_big)
		return wl_call_too_much(c, "frame_bytes", WL_CONTROL_FRAME_BYTES_MAX);
	wl_call_reply(c, json_pack("{s:o}", "entries", r.entries));
}

/* Of a transfer that was released its intent is proven, of another its last entry. */
void wl_do_ledger_prove(struct wl_broker *b, struct wl_call *c)
{
	WL_AUTO_FREE char *proof = NULL;
	struct wl_finding f = {0};
	struct wl_tracked *x = wl_transfers_of_call(b, c);
	if (!x)
		return;
	uint64_t seq = x->t->last_seq;
	for (unsigned i = 0; i < x->t->noutputs; i++)
		if (x->t->outputs[i].intent[0])
			(void)wl_id_number(WL_ID_ENTRY, x->t->outputs[i].intent, &seq);
	if (wl_ledger_prove(b->ledger, seq, &proof, &f) < 0)
		return wl_station_ledger_trouble(b, c, &f);
	wl_call_reply(c, json_pack("{s:s}", "proof", proof));
}
