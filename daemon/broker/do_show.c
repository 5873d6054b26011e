/*
 * Show (weighlockd): one transfer with its files, people and history.
 *
 * Asked of the ledger each time: item.decided entries are the files, the manifest in the vault
 * completes them where there are too many for entries of their own. A frame holds so many and no
 * more; the next page begins at items_next.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/methods.h"
#include "daemon/broker/objects.h"
#include "daemon/broker/rule_args.h"

#define FRAME_BYTES   60000U
#define HISTORY_BYTES 16000U

struct show {
	struct wl_broker *b;
	const struct wl_call *c;
	struct wl_tracked *x;
	json_t *items[WL_VERDICT_MAX]; /* by verdict */
	json_t *history;
	json_t *groups;
	json_t *seen; /* keys of the items of the decision so far */
};

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

/* ---- collecting ---- */

static enum wl_verdict verdict_of(const char *name)
{
	for (int v = WL_PASS; v < WL_VERDICT_MAX; v++)
		if (!strcmp(wl_verdict_name((enum wl_verdict)v), name))
			return (enum wl_verdict)v;
	return WL_PASS;
}

static void count(struct show *s, const json_t *item)
{
	size_t i;
	json_t *g;
	json_int_t bytes = json_integer_value(json_object_get(item, "bytes"));
	json_array_foreach(s->groups, i,
	                   g) if (!strcmp(text_of(g, "verdict"), text_of(item, "verdict")) &&
	                          !strcmp(text_of(g, "rule"), text_of(item, "rule")))
	{
		json_integer_set(json_object_get(g, "count"),
		                 json_integer_value(json_object_get(g, "count")) + 1);
		json_integer_set(json_object_get(g, "bytes"),
		                 json_integer_value(json_object_get(g, "bytes")) + bytes);
		return;
	}
	(void)json_array_append_new(s->groups, json_pack("{s:s, s:s, s:I, s:I}", "verdict",
	                                                 text_of(item, "verdict"), "rule",
	                                                 text_of(item, "rule"), "count",
	                                                 (json_int_t)1, "bytes", bytes));
}

static void add_item(struct show *s, json_t *item)
{
	count(s, item);
	(void)json_array_append_new(s->items[verdict_of(text_of(item, "verdict"))], item);
}

/* A decision that was made again (after a restart, or when more was read) replaces the one before:
 * its first entry does not come after the last one. Entries come output by output. */
static bool begins_anew(struct show *s, const json_t *data)
{
	char key[160];
	(void)snprintf(key, sizeof(key), "%.16s|%.31s|%.90s", text_of(data, "output"),
	               text_of(data, "item"), text_of(data, "output_name"));
	bool seen = json_object_get(s->seen, key) != NULL;
	if (seen)
		(void)json_object_clear(s->seen);
	(void)json_object_set_new(s->seen, key, json_true());
	return seen;
}

static void forget_items(struct show *s)
{
	for (int v = 0; v < WL_VERDICT_MAX; v++)
		(void)json_array_clear(s->items[v]);
	(void)json_array_clear(s->groups);
}

/* A call that was denied stands in the ledger without what its sentence names: then the call and
 * the rule are said, and no sentence with a hole in it. */
static bool has_hole(const json_t *entry, const json_t *data, enum wl_rule rule)
{
	return !strcmp(text_of(entry, "event"), "call.denied") && !text_of(data, "detail")[0] &&
	       rule != WL_RULE_NONE && strchr(wl_rule_row(rule)->sentence, '{');
}

static void add_history(struct show *s, const json_t *entry)
{
	char id[WL_ID_TEXT], escaped[4096];
	json_t *o = json_object();
	const json_t *data = json_object_get(entry, "data");
	wl_entry_id(entry, id);
	wl_object_text(o, "entry", id);
	(void)json_object_set(o, "seq", json_object_get(entry, "seq"));
	wl_object_text(o, "time", text_of(entry, "time"));
	wl_object_text(o, "event", text_of(entry, "event"));
	wl_object_text(o, "actor", text_of(entry, "actor"));
	const char *said =
	        text_of(data, "words")[0] ? text_of(data, "words") : text_of(data, "cause");
	enum wl_rule rule = wl_rule_find(text_of(data, "rule"));
	json_t *args = wl_rule_args(s->x->t, NULL, text_of(data, "detail"), text_of(data, "port"));
	wl_rule_explain(o, rule, args, s->c->language);
	wl_text_escape(said, strlen(said), escaped, sizeof(escaped));
	if (has_hole(entry, data, rule)) {
		(void)snprintf(escaped, sizeof(escaped), "%s: %s", text_of(data, "method"),
		               wl_rule_id(rule));
		(void)json_object_del(o, "reason");
	}
	wl_object_text(o, "words", text_of(o, "reason")[0] ? text_of(o, "reason") : escaped);
	(void)json_object_del(o, "reason");
	(void)json_object_del(o, "remedy");
	json_decref(args);
	(void)json_array_append_new(s->history, o);
}

static bool on_entry(void *user, uint64_t seq, const char *text, size_t n)
{
	struct show *s = user;
	json_t *entry = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	(void)seq;
	if (!strcmp(text_of(entry, "event"), "item.decided")) {
		if (begins_anew(s, json_object_get(entry, "data")))
			forget_items(s);
		add_item(s, json_incref(json_object_get(entry, "data")));
	} else if (entry) {
		add_history(s, entry);
	}
	json_decref(entry);
	return true;
}

/* `sha256  bytes  item  verdict  rule  path`: the pass lines, where entries do not hold them. */
static void add_line(struct show *s, char *line)
{
	char *field[5];
	for (int i = 0; i < 5; i++) {
		char *gap = strstr(line, "  ");
		if (!gap)
			return;
		*gap = '\0';
		field[i] = line;
		line = gap + 2;
	}
	if (strcmp(field[3], wl_verdict_name(WL_PASS)) != 0)
		return;
	add_item(s, json_pack("{s:s, s:s, s:I, s:s, s:s, s:[], s:s}", "item", field[2], "path",
	                      line, "bytes", (json_int_t)strtoll(field[1], NULL, 10), "verdict",
	                      field[3], "rule", field[4], "rules", "source_sha256", field[0]));
}

static void add_manifest(struct show *s)
{
	WL_AUTO_FREE void *text = NULL;
	size_t n = 0;
	if (json_array_size(s->items[WL_PASS]) > 0 || !s->x->t->noutputs || s->x->t->outbound ||
	    s->x->t->outputs[0].files == 0 ||
	    wl_vault_get(&s->b->vault, s->x->t->id, "out/manifest", WL_MANIFEST_BYTES_MAX, &text,
	                 &n) < 0)
		return;
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		add_line(s, line);
	}
}

/* ---- answering ---- */

static void add_reason(struct show *s, json_t *item)
{
	json_t *args = wl_rule_args(s->x->t, text_of(item, "path"), text_of(item, "detail"), NULL);
	wl_rule_explain(item, wl_rule_find(text_of(item, "rule")), args, s->c->language);
	json_decref(args);
}

/* Items from index `from` on as long as they fit; *ret_next is where it goes on, or 0. */
static json_t *page_of(struct show *s, size_t from, size_t room, size_t *ret_next,
                       size_t *ret_total)
{
	static const enum wl_verdict order[] = {WL_REFUSE, WL_HOLD, WL_LEAVE, WL_PASS};
	json_t *page = json_array();
	size_t index = 0, bytes = 0;
	*ret_next = 0;
	for (size_t v = 0; v < WL_ARRAY_LEN(order); v++) {
		size_t i;
		json_t *item;
		json_array_foreach(s->items[order[v]], i, item)
		{
			if (index++ < from || *ret_next)
				continue;
			add_reason(s, item);
			bytes += json_dumpb(item, NULL, 0, JSON_COMPACT) + 1;
			if (bytes > room && json_array_size(page) > 0)
				*ret_next = index - 1;
			else
				(void)json_array_append(page, item);
		}
	}
	*ret_total = index;
	return page;
}

/* Who the recipients are, as far as the policy in force still knows them. */
static json_t *recipient_names(const struct wl_policy *policy, const json_t *digests)
{
	json_t *list = json_array();
	for (size_t i = 0; i < json_array_size(digests); i++) {
		const char *wanted = json_string_value(json_array_get(digests, i));
		const char *name = wanted;
		for (size_t k = 0; policy && k < policy->ntrust; k++) {
			char hex[WL_SHA256_HEX + 1];
			wl_hex_encode(policy->trust[k].sha256, WL_SHA256_BYTES, hex);
			if (policy->trust[k].role == WL_TRUST_RECIPIENT && !strcmp(hex, wanted))
				name = policy->trust[k].id;
		}
		(void)json_array_append_new(list, json_string(name));
	}
	return list;
}

static void add_export(struct show *s, json_t *o)
{
	const struct wl_transfer *t = s->x->t;
	json_t *digests = json_object_get(t->opened, "recipients");
	int64_t until = wl_transfer_kept_until(s->b, t);
	char when[WL_TIME_TEXT];
	if (digests)
		(void)json_object_set_new(o, "recipient_names",
		                          recipient_names(wl_broker_policy(s->b), digests));
	if (until && !t->vault_deleted) {
		wl_time_format(until, when);
		wl_object_text(o, "kept_until", when);
	}
}

static json_t *transfer_object(struct show *s)
{
	const struct wl_transfer *t = s->x->t;
	json_t *o = wl_object_transfer(t, wl_broker_approvals_needed(s->b, t));
	wl_object_transfer_more(o, t);
	add_export(s, o);
	json_t *args = wl_rule_args(t, NULL, t->detail, t->port);
	wl_rule_explain(o, t->rule, args, s->c->language);
	json_decref(args);
	(void)json_object_set(o, "groups", s->groups);
	wl_next_of_transfer(s->b, s->x, s->c->language, o);
	return o;
}

static void answer(struct show *s, struct wl_call *c)
{
	json_t *from = json_object_get(c->parameters, "from");
	size_t next, total;
	json_t *o = transfer_object(s);
	while (json_dumpb(s->history, NULL, 0, JSON_COMPACT) > HISTORY_BYTES)
		(void)json_array_remove(s->history, 0);
	if (!from)
		(void)json_object_set(o, "history", s->history);
	size_t used = json_dumpb(o, NULL, 0, JSON_COMPACT) + 200;
	json_t *page = page_of(s, (size_t)json_integer_value(from),
	                       used < FRAME_BYTES ? FRAME_BYTES - used : 1, &next, &total);
	(void)json_object_set_new(o, "items_total", json_integer((json_int_t)total));
	if (next)
		(void)json_object_set_new(o, "items_next", json_integer((json_int_t)next));
	wl_call_reply(c, json_pack("{s:o, s:o}", "transfer", o, "items", page));
}

void wl_do_show(struct wl_broker *b, struct wl_call *c)
{
	struct wl_finding f = {0};
	struct wl_tracked *x = wl_transfers_of_call(b, c);
	if (!x)
		return;
	struct show s = {.b = b,
	                 .c = c,
	                 .x = x,
	                 .history = json_array(),
	                 .groups = json_array(),
	                 .seen = json_object()};
	for (int v = 0; v < WL_VERDICT_MAX; v++)
		s.items[v] = json_array();
	int r = wl_ledger_entries(b->ledger, x->t->id, 0, UINT64_MAX >> 1, on_entry, &s, &f);
	if (r == 0) {
		add_manifest(&s);
		answer(&s, c);
	} else {
		wl_station_ledger_trouble(b, c, &f);
	}
	for (int v = 0; v < WL_VERDICT_MAX; v++)
		json_decref(s.items[v]);
	json_decref(s.history);
	json_decref(s.groups);
	json_decref(s.seen);
}
