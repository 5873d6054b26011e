/*
 * The custody of one transfer, put together from the ledger's entries.
 *
 * The entries come from the station, which made them; texts in them were typed by people or come
 * from media, and are only carried. What the report says is what the entries say: nothing is known
 * here that the ledger does not know, and what it does not know is a gap. Pure: nothing is read or
 * written here, nothing is kept.
 */
#include "client/custody.h"

#include <errno.h>
#include <string.h>

#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/sha256.h"
#include "daemon/base/text.h"

int wl_custody_begin(struct wl_custody *c)
{
	*c = (struct wl_custody){.own = json_array(),
	                         .around = json_array(),
	                         .media = json_object(),
	                         .inspected = json_object(),
	                         .report = json_object()};
	return c->own && c->around && c->media && c->inspected && c->report ? 0 : -ENOMEM;
}

void wl_custody_clear(struct wl_custody *c)
{
	json_decref(c->own);
	json_decref(c->around);
	json_decref(c->media);
	json_decref(c->inspected);
	json_decref(c->proved);
	json_decref(c->report);
	*c = (struct wl_custody){.own = NULL};
}

void wl_custody_id(const json_t *entry, char buf[64])
{
	(void)snprintf(buf, 64, "%.16s#%lld", wl_member_text(entry, "station"),
	               (long long)wl_member_integer(entry, "seq"));
}

static bool event_is(const json_t *entry, const char *event)
{
	return strcmp(wl_member_text(entry, "event"), event) == 0;
}

/* RFC 6962: what the ledger's tree has of this entry. */
static void put_leaf(json_t *entry, const char *text)
{
	struct wl_sha256 *h = wl_sha256_new();
	uint8_t digest[WL_SHA256_BYTES];
	char hex[WL_SHA256_HEX + 1];

	if (h && wl_sha256_begin(h) == 0 && wl_sha256_add(h, "", 1) == 0 &&
	    wl_sha256_add(h, text, strlen(text)) == 0 && wl_sha256_end(h, digest) == 0) {
		wl_hex_encode(digest, sizeof(digest), hex);
		(void)json_object_set_new(entry, "leaf_sha256", json_string(hex));
	}
	wl_sha256_free(h);
}

static void remember_medium(struct wl_custody *c, const json_t *entry)
{
	static const char *const members[] = {"insertion", "destination_insertion"};

	for (size_t i = 0; i < WL_ARRAY_LEN(members); i++) {
		const char *name = wl_member_text(json_object_get(entry, "data"), members[i]);
		if (name[0])
			(void)json_object_set_new(c->media, name, json_true());
	}
}

/* The station proves the last intent of a transfer, or where nothing was written its last entry. */
static void keep_proved(struct wl_custody *c, const json_t *entry, const char *text)
{
	bool intent = event_is(entry, "release.intent");

	if (!intent && json_is_true(json_object_get(c->proved, "intent")))
		return;
	json_decref(c->proved);
	c->proved = json_pack("{s:s, s:b}", "text", text, "intent", intent);
}

int wl_custody_own(struct wl_custody *c, const char *text)
{
	json_t *entry = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(entry)) {
		json_decref(entry);
		return -EBADMSG;
	}
	remember_medium(c, entry);
	keep_proved(c, entry, text);
	put_leaf(entry, text);
	(void)json_array_append_new(c->own, entry);
	return 0;
}

int wl_custody_around(struct wl_custody *c, const char *text)
{
	json_t *entry = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const char *event = wl_member_text(entry, "event");
	const char *insertion = wl_member_text(json_object_get(entry, "data"), "insertion");

	if (!json_is_object(entry)) {
		json_decref(entry);
		return -EBADMSG;
	}
	if (strncmp(event, "medium.", 7) == 0 && !json_object_get(c->media, insertion))
		json_decref(entry);
	else
		(void)json_array_append_new(c->around, entry);
	return 0;
}

/* ---- rows ---- */

/* entry, time and actor of an entry, and all it says. */
static json_t *row_of(const json_t *entry)
{
	json_t *row = json_deep_copy(json_object_get(entry, "data"));
	char id[64];

	if (!row)
		row = json_object();
	wl_custody_id(entry, id);
	(void)json_object_set_new(row, "entry", json_string(id));
	(void)json_object_set(row, "time", json_object_get(entry, "time"));
	(void)json_object_set(row, "actor", json_object_get(entry, "actor"));
	return row;
}

static json_t *list(struct wl_custody *c, const char *name)
{
	json_t *l = json_object_get(c->report, name);

	if (!l) {
		(void)json_object_set_new(c->report, name, json_array());
		l = json_object_get(c->report, name);
	}
	return l;
}

/* The last row of that output; told from the end, where it lies. */
static const json_t *last_of(const json_t *items, const char *output)
{
	for (size_t i = json_array_size(items); i > 0; i--)
		if (strcmp(wl_member_text(json_array_get(items, i - 1), "output"), output) == 0)
			return json_array_get(items, i - 1);
	return NULL;
}

/* A decision of an output is made again after a restart, or when more was read: after its
 * inspection was over, or with an item that does not come after the last. Pictures of one item have
 * names of their own. */
static bool begins_anew(const struct wl_custody *c, const json_t *items, const json_t *row)
{
	const json_t *last = last_of(items, wl_member_text(row, "output"));
	int order = last ? strcmp(wl_member_text(last, "item"), wl_member_text(row, "item")) : -1;

	if (!last || json_object_get(c->inspected, wl_member_text(row, "output")))
		return true;
	return order > 0 || (order == 0 && strcmp(wl_member_text(last, "output_name"),
	                                          wl_member_text(row, "output_name")) == 0);
}

static void add_item(struct wl_custody *c, const json_t *entry)
{
	json_t *items = list(c, "items"), *row = row_of(entry);
	const char *output = wl_member_text(row, "output");

	if (begins_anew(c, items, row)) {
		for (size_t i = json_array_size(items); i > 0; i--)
			if (strcmp(wl_member_text(json_array_get(items, i - 1), "output"),
			           output) == 0)
				(void)json_array_remove(items, i - 1);
		(void)json_object_del(c->inspected, output);
	}
	(void)json_array_append_new(items, row);
}

static void add_void(struct wl_custody *c, const json_t *entry)
{
	const json_t *data = json_object_get(entry, "data");
	json_t *approval, *name;
	size_t i, k;

	json_array_foreach(list(c, "approvals"), i, approval)
	{
		json_array_foreach(json_object_get(data, "approvals"), k, name)
		{
			if (strcmp(wl_member_text(approval, "entry"),
			           json_string_value(name) ? json_string_value(name) : "") == 0)
				(void)json_object_set(approval, "voided",
				                      json_object_get(data, "rule"));
		}
	}
}

/* What came of a writing: .written adds what was read back, the others end it. */
static void add_end(struct wl_custody *c, const json_t *entry, const char *state)
{
	const json_t *data = json_object_get(entry, "data");
	json_t *row = row_of(entry), *release;
	size_t i;

	json_array_foreach(list(c, "releases"), i, release)
	{
		if (strcmp(wl_member_text(release, "entry"), wl_member_text(data, "intent")) != 0)
			continue;
		if (strcmp(state, "written") == 0) {
			(void)json_object_update_missing(release, json_object_get(entry, "data"));
			continue;
		}
		(void)json_object_set_new(release, "state", json_string(state));
		(void)json_object_set(release, "end_entry", json_object_get(row, "entry"));
		(void)json_object_set(release, "end_time", json_object_get(row, "time"));
		(void)json_object_set(release, "end_rule", json_object_get(data, "rule"));
	}
	json_decref(row);
}

static void add_arrival(struct wl_custody *c, const json_t *entry)
{
	const char *output = wl_member_text(json_object_get(entry, "data"), "output");
	json_t *release;
	size_t i;

	json_array_foreach(list(c, "releases"), i, release)
	{
		bool all = event_is(entry, "transfer.outcome");
		if (strcmp(wl_member_text(release, "state"), "done") == 0 &&
		    (all || strcmp(wl_member_text(release, "output"), output) == 0))
			(void)json_object_set_new(release, "arrival", row_of(entry));
	}
}

static void add_release(struct wl_custody *c, const json_t *entry)
{
	json_t *row = row_of(entry);

	(void)json_object_set_new(row, "state", json_string("open"));
	(void)json_array_append_new(list(c, "releases"), row);
}

static void add_inspection(struct wl_custody *c, const json_t *entry)
{
	const char *output = wl_member_text(json_object_get(entry, "data"), "output");

	(void)json_object_set_new(c->inspected, output, json_true());
	(void)json_array_append_new(list(c, "inspections"), row_of(entry));
}

static void add_approval(struct wl_custody *c, const json_t *entry)
{
	(void)json_array_append_new(list(c, "approvals"), row_of(entry));
}

static void add_opened(struct wl_custody *c, const json_t *entry)
{
	(void)json_object_set_new(c->report, "opened", row_of(entry));
	(void)json_object_set(c->report, "transfer", json_object_get(entry, "transfer"));
}

static const struct {
	const char *event;
	void (*add)(struct wl_custody *c, const json_t *entry);
} rows[] = {
        {"transfer.opened", add_opened},        {"item.decided", add_item},
        {"transfer.inspected", add_inspection}, {"transfer.approved", add_approval},
        {"approval.voided", add_void},          {"release.intent", add_release},
        {"transfer.acknowledged", add_arrival}, {"transfer.outcome", add_arrival},
};

static void add_step(struct wl_custody *c, const json_t *entry)
{
	static const char *const members[] = {"time", "actor", "event", "clock", "leaf_sha256"};
	json_t *step = json_object();
	char id[64];

	if (event_is(entry, "item.decided"))
		return json_decref(step);
	wl_custody_id(entry, id);
	(void)json_object_set_new(step, "entry", json_string(id));
	for (size_t i = 0; i < WL_ARRAY_LEN(members); i++)
		(void)json_object_set(step, members[i], json_object_get(entry, members[i]));
	(void)json_array_append_new(list(c, "steps"), step);
}

int wl_custody_finish(struct wl_custody *c)
{
	static const char *const lists[] = {"gaps",      "faults",   "starts", "items",
	                                    "approvals", "releases", "steps",  "inspections"};
	json_t *entry;
	size_t i;

	for (i = 0; i < WL_ARRAY_LEN(lists); i++)
		if (!list(c, lists[i]))
			return -ENOMEM;
	json_array_foreach(c->own, i, entry)
	{
		const char *event = wl_member_text(entry, "event");
		add_step(c, entry);
		for (size_t k = 0; k < WL_ARRAY_LEN(rows); k++)
			if (strcmp(rows[k].event, event) == 0)
				rows[k].add(c, entry);
		if (strncmp(event, "release.", 8) == 0 && strcmp(event, "release.intent") != 0)
			add_end(c, entry, event + 8);
	}
	if (!json_object_get(c->report, "opened"))
		return -ENOENT;
	wl_custody_gaps(c);
	return 0;
}
