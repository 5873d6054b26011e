/*
 * Finding the disclosures of a case among the ledger's entries.
 *
 * The entries come from the station, which made them; texts in them were typed by people or come
 * from media, and are only carried. Pure: nothing is read or written here.
 */
#include "client/disclosures.h"

#include <errno.h>
#include <string.h>

#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

int wl_disclosures_begin(struct wl_disclosures *d, const char *case_id, int64_t from, int64_t to)
{
	*d = (struct wl_disclosures){.case_id = case_id,
	                             .from = from,
	                             .to = to,
	                             .opened = json_object(),
	                             .approvals = json_object(),
	                             .rows = json_array()};
	return d->opened && d->approvals && d->rows ? 0 : -ENOMEM;
}

void wl_disclosures_clear(struct wl_disclosures *d)
{
	json_decref(d->opened);
	json_decref(d->approvals);
	json_decref(d->rows);
	*d = (struct wl_disclosures){.case_id = NULL};
}

static void id_of(const json_t *entry, char buf[64])
{
	(void)snprintf(buf, 64, "%.16s#%lld", wl_member_text(entry, "station"),
	               (long long)wl_member_integer(entry, "seq"));
}

static void copy(json_t *row, const char *name, const json_t *from, const char *member)
{
	json_t *value = json_object_get(from, member);

	if (value)
		(void)json_object_set(row, name, value);
}

/* Who approved, by the entries the intent names. */
static json_t *approvers(const struct wl_disclosures *d, const json_t *data)
{
	json_t *list = json_array(), *ids = json_object_get(data, "approvals"), *id;
	size_t i;

	json_array_foreach(ids, i, id)
	{
		const char *text = json_string_value(id);
		json_t *actor = text ? json_object_get(d->approvals, text) : NULL;
		(void)json_array_append(list, actor ? actor : id);
	}
	return list;
}

static void add_intent(struct wl_disclosures *d, const json_t *entry, const json_t *opened)
{
	static const char *const of_opened[] = {"case",      "authority", "authority_reference",
	                                        "requester", "device",    "tip_state"};
	static const char *const of_intent[] = {"output", "files", "medium"};
	const json_t *data = json_object_get(entry, "data");
	const json_t *asked = json_object_get(opened, "data");
	json_t *row = json_object();
	char id[64];
	int64_t when = 0;

	if (wl_time_parse(wl_member_text(entry, "time"), &when) < 0 || when < d->from ||
	    when > d->to) {
		json_decref(row);
		return;
	}
	id_of(entry, id);
	(void)json_object_set_new(row, "intent", json_string(id));
	(void)json_object_set_new(row, "state", json_string("open"));
	(void)json_object_set_new(row, "approved_by", approvers(d, data));
	copy(row, "time", entry, "time");
	copy(row, "transfer", entry, "transfer");
	copy(row, "released_by", entry, "actor");
	copy(row, "opened_by", opened, "actor");
	for (size_t i = 0; i < WL_ARRAY_LEN(of_opened); i++)
		copy(row, of_opened[i], asked, of_opened[i]);
	for (size_t i = 0; i < WL_ARRAY_LEN(of_intent); i++)
		copy(row, of_intent[i], data, of_intent[i]);
	(void)json_array_append_new(d->rows, row);
}

/* How a release ended: release.done, .failed, .unknown name their intent. */
static void add_end(struct wl_disclosures *d, const json_t *entry, const char *state)
{
	const char *intent = wl_member_text(json_object_get(entry, "data"), "intent");
	json_t *row;
	size_t i;

	json_array_foreach(d->rows, i, row)
	{
		if (strcmp(wl_member_text(row, "intent"), intent) == 0)
			(void)json_object_set_new(row, "state", json_string(state));
	}
}

/* When, and whether anybody signed it. */
static void take_receipt(json_t *row, const json_t *entry)
{
	const json_t *signers = json_object_get(json_object_get(entry, "data"), "signers");

	copy(row, "acknowledged", entry, "time");
	(void)json_object_set_new(row, "receipt",
	                          json_string(json_array_size(signers) ? "signature" : "word"));
}

/* Of one output: each bag is acknowledged by itself. */
static void add_acknowledgement(struct wl_disclosures *d, const json_t *entry)
{
	const char *output = wl_member_text(json_object_get(entry, "data"), "output");
	json_t *row;
	size_t i;

	json_array_foreach(d->rows, i, row)
	{
		if (strcmp(wl_member_text(row, "transfer"), wl_member_text(entry, "transfer")) ==
		            0 &&
		    strcmp(wl_member_text(row, "output"), output) == 0 &&
		    strcmp(wl_member_text(row, "state"), "done") == 0)
			take_receipt(row, entry);
	}
}

void wl_disclosures_add(struct wl_disclosures *d, const json_t *entry)
{
	const char *event = wl_member_text(entry, "event"),
	           *transfer = wl_member_text(entry, "transfer");
	const json_t *opened = json_object_get(d->opened, transfer);
	char id[64];

	d->entries++;
	if (strcmp(event, "transfer.opened") == 0) {
		const json_t *data = json_object_get(entry, "data");
		if (transfer[0] && strcmp(wl_member_text(data, "direction"), "outbound") == 0 &&
		    strcmp(wl_member_text(data, "case"), d->case_id) == 0)
			(void)json_object_set_new(d->opened, transfer, json_deep_copy(entry));
		return;
	}
	if (!opened)
		return;
	id_of(entry, id);
	if (strcmp(event, "transfer.approved") == 0)
		(void)json_object_set_new(d->approvals, id,
		                          json_string(wl_member_text(entry, "actor")));
	else if (strcmp(event, "release.intent") == 0)
		add_intent(d, entry, opened);
	else if (strcmp(event, "transfer.acknowledged") == 0)
		add_acknowledgement(d, entry);
	else if (strncmp(event, "release.", 8) == 0 && strcmp(event, "release.written") != 0)
		add_end(d, entry, event + 8);
}
