/*
 * LedgerQuery (weighlockd): entries by event, transfer, person and time, a page at a time.
 *
 * Entries go out as they lie, byte for byte; they are only read here to choose among them. One call
 * looks at a bounded number of entries and says where to go on, so a long ledger holds up nobody.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/methods.h"

#define LOOKED_AT_MAX    2000U
#define ANSWER_BYTES_MAX 60000U

struct query {
	const char *event, *person, *since, *until;
	json_t *entries;
	size_t bytes, count;
	uint64_t looked, next;
	bool full;
};

static const char *text_of(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));
	return s ? s : "";
}

/* "release" stands for every release.*, "release.done" for itself. */
static bool event_is(const char *event, const char *wanted)
{
	size_t n = strlen(wanted);
	return strncmp(event, wanted, n) == 0 && (event[n] == '\0' || event[n] == '.');
}

/* Times of one form compare as text. */
static bool is_wanted(const struct query *q, const json_t *e)
{
	const char *time = text_of(e, "time");
	return (!q->event || event_is(text_of(e, "event"), q->event)) &&
	       (!q->person || !strcmp(text_of(e, "actor"), q->person)) &&
	       (!q->since || strcmp(time, q->since) >= 0) &&
	       (!q->until || strcmp(time, q->until) < 0);
}

static bool on_entry(void *user, uint64_t seq, const char *text, size_t n)
{
	struct query *q = user;
	json_t *e = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	bool wanted = e && is_wanted(q, e);
	size_t quoted = n + 3;

	json_decref(e);
	for (size_t i = 0; i < n; i++)
		quoted += text[i] == '"' || text[i] == '\\';
	if (wanted &&
	    (q->bytes + quoted > ANSWER_BYTES_MAX || json_array_size(q->entries) == q->count)) {
		q->full = json_array_size(q->entries) > 0;
		return false;
	}
	q->next = seq + 1;
	q->looked++;
	if (wanted) {
		q->bytes += quoted;
		(void)json_array_append_new(q->entries, json_stringn(text, n));
	}
	return true;
}

static bool time_is_good(struct wl_call *c, const char *name)
{
	int64_t t;
	const char *text = wl_call_text(c, name);

	if (!text || wl_time_parse(text, &t) == 0)
		return true;
	wl_call_bad_argument(c, name, "YYYY-MM-DDTHH:MM:SSZ");
	return false;
}

void wl_do_ledger_query(struct wl_broker *b, struct wl_call *c)
{
	json_int_t from = json_integer_value(json_object_get(c->parameters, "from"));
	json_int_t count = json_integer_value(json_object_get(c->parameters, "count"));
	struct wl_tracked *x = wl_call_text(c, "transfer") ? wl_transfers_of_call(b, c) : NULL;
	struct query q = {.event = wl_call_text(c, "event"),
	                  .person = wl_call_text(c, "person"),
	                  .since = wl_call_text(c, "since"),
	                  .until = wl_call_text(c, "until"),
	                  .count = count > 0 ? (size_t)count : 1,
	                  .next = (uint64_t)from};
	struct wl_finding f = {0};

	if ((wl_call_text(c, "transfer") && !x) || !time_is_good(c, "since") ||
	    !time_is_good(c, "until"))
		return;
	q.entries = json_array();
	if (wl_ledger_entries(b->ledger, x ? x->t->id : NULL, (uint64_t)from, LOOKED_AT_MAX,
	                      on_entry, &q, &f) < 0) {
		json_decref(q.entries);
		return wl_station_ledger_trouble(b, c, &f);
	}
	json_t *o = json_pack("{s:o}", "entries", q.entries);
	if (q.full || q.looked == LOOKED_AT_MAX)
		(void)json_object_set_new(o, "next", json_integer((json_int_t)q.next));
	wl_call_reply(c, o);
}
