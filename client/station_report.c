/*
 * What a station did in a time, counted from the ledger's entries.
 *
 * The entries come from the station, which made them; texts in them were typed by people or come
 * from media, and are only carried. Pure: nothing is read or written here, nothing is kept.
 */
#include "client/station_report.h"

#include <errno.h>
#include <string.h>

#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

#define EXPORT_DUE_S (100 * 86400) /* weighlock-verify calls a station overdue then, too */

int wl_station_report_begin(struct wl_station_report *r, int64_t from, int64_t to)
{
	*r = (struct wl_station_report){
	        .from = from,
	        .to = to,
	        .report = json_pack("{s:[], s:[], s:[], s:[], s:[], s:{}, s:{}, s:{}, s:{}, s:{}}",
	                            "overdue", "alarms", "changes", "releases", "audits",
	                            "refusals", "denied", "people", "media", "events")};
	return r->report ? 0 : -ENOMEM;
}

void wl_station_report_clear(struct wl_station_report *r)
{
	json_decref(r->report);
	*r = (struct wl_station_report){.report = NULL};
}

/* ---- counting ---- */

static void count(json_t *counts, const char *key)
{
	json_int_t n = wl_member_integer(counts, key);

	(void)json_object_set_new(counts, key, json_integer(n + 1));
}

static void count_in(struct wl_station_report *r, const char *list, const char *key)
{
	count(json_object_get(r->report, list), key);
}

/* What each person did, by event. */
static void count_person(struct wl_station_report *r, const json_t *entry)
{
	json_t *people = json_object_get(r->report, "people");
	const char *actor = wl_member_text(entry, "actor");

	if (strcmp(actor, "station") == 0)
		return;
	if (!json_object_get(people, actor))
		(void)json_object_set_new(people, actor, json_object());
	count(json_object_get(people, actor), wl_member_text(entry, "event"));
}

static json_t *row_of(const json_t *entry)
{
	static const char *const members[] = {"time", "event", "actor", "transfer"};
	json_t *row = json_deep_copy(json_object_get(entry, "data"));
	char id[64];

	if (!row)
		row = json_object();
	(void)snprintf(id, sizeof(id), "%.16s#%lld", wl_member_text(entry, "station"),
	               (long long)wl_member_integer(entry, "seq"));
	(void)json_object_set_new(row, "entry", json_string(id));
	for (size_t i = 0; i < WL_ARRAY_LEN(members); i++)
		(void)json_object_set(row, members[i], json_object_get(entry, members[i]));
	return row;
}

/* ---- what each event is for the report ---- */

static void keep_alarm(struct wl_station_report *r, const json_t *entry)
{
	(void)json_array_append_new(json_object_get(r->report, "alarms"), row_of(entry));
}

static void keep_change(struct wl_station_report *r, const json_t *entry)
{
	(void)json_array_append_new(json_object_get(r->report, "changes"), row_of(entry));
}

static void keep_release(struct wl_station_report *r, const json_t *entry)
{
	json_t *row = row_of(entry);

	(void)json_object_set_new(row, "state", json_string("open"));
	(void)json_array_append_new(json_object_get(r->report, "releases"), row);
}

static void end_release(struct wl_station_report *r, const json_t *entry)
{
	const char *intent = wl_member_text(json_object_get(entry, "data"), "intent");
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(r->report, "releases"), i, row)
	{
		if (strcmp(wl_member_text(row, "entry"), intent) == 0)
			(void)json_object_set_new(row, "state",
			                          json_string(wl_member_text(entry, "event") + 8));
	}
}

static void count_refusal(struct wl_station_report *r, const json_t *entry)
{
	count_in(r, "refusals", wl_member_text(json_object_get(entry, "data"), "rule"));
}

/* The whole transfer is counted by its own entry; of items only what is refused. */
static void count_item(struct wl_station_report *r, const json_t *entry)
{
	if (strcmp(wl_member_text(json_object_get(entry, "data"), "verdict"), "refuse") == 0)
		count_refusal(r, entry);
}

static void count_denied(struct wl_station_report *r, const json_t *entry)
{
	char key[200];
	const json_t *data = json_object_get(entry, "data");

	(void)snprintf(key, sizeof(key), "%.32s %.40s %.60s", wl_member_text(entry, "actor"),
	               wl_member_text(data, "method"), wl_member_text(data, "rule"));
	count_in(r, "denied", key);
}

static void count_medium(struct wl_station_report *r, const json_t *entry)
{
	count_in(r, "media", wl_member_text(entry, "event"));
}

static const struct {
	const char *event;
	void (*take)(struct wl_station_report *r, const json_t *entry);
} takers[] = {
        {"station.fault", keep_alarm},       {"alarm.settled", keep_alarm},
        {"release.failed", keep_alarm},      {"release.unknown", keep_alarm},
        {"wipe.failed", keep_alarm},         {"transfer.failed", keep_alarm},
        {"release.intent", keep_release},    {"release.done", end_release},
        {"release.failed", end_release},     {"release.unknown", end_release},
        {"transfer.refused", count_refusal}, {"item.decided", count_item},
        {"call.denied", count_denied},       {"medium.seen", count_medium},
        {"medium.prepared", count_medium},   {"medium.refused", count_medium},
        {"wipe.done", count_medium},         {"wipe.failed", count_medium},
        {"station.init", keep_change},       {"station.start", keep_change},
        {"station.stop", keep_change},       {"station.certified", keep_change},
        {"station.retired", keep_change},    {"policy.loaded", keep_change},
        {"policy.refused", keep_change},     {"clock.set", keep_change},
        {"key.rotated", keep_change},
};

int wl_station_report_add(struct wl_station_report *r, const char *text)
{
	json_t *entry = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const char *event = wl_member_text(entry, "event");

	if (!json_is_object(entry)) {
		json_decref(entry);
		return -EBADMSG;
	}
	count_in(r, "events", event);
	count_person(r, entry);
	for (size_t i = 0; i < WL_ARRAY_LEN(takers); i++)
		if (strcmp(takers[i].event, event) == 0)
			takers[i].take(r, entry);
	json_decref(entry);
	return 0;
}

/* ---- when it was taken away ---- */

int wl_station_report_audit(struct wl_station_report *r, const char *text)
{
	json_t *entry = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	int64_t when = 0;

	if (!json_is_object(entry) || wl_time_parse(wl_member_text(entry, "time"), &when) < 0) {
		json_decref(entry);
		return -EBADMSG;
	}
	json_t *row = row_of(entry);
	const char *event = wl_member_text(row, "event");
	bool exported = strcmp(event, "ledger.exported") == 0;
	(void)json_object_set(r->report, exported ? "last_export" : "last_cosignature", row);
	if (when >= r->from && when <= r->to)
		(void)json_array_append(json_object_get(r->report, "audits"), row);
	json_decref(row);
	json_decref(entry);
	return 0;
}

static void say_overdue(struct wl_station_report *r, const char *what)
{
	(void)json_array_append_new(json_object_get(r->report, "overdue"), json_string(what));
}

void wl_station_report_standing(struct wl_station_report *r, const json_t *status, int64_t now)
{
	const json_t *ledger = json_object_get(status, "ledger");
	const char *due = wl_member_text(ledger, "cosignature_due");
	const char *at = wl_member_text(json_object_get(r->report, "last_export"), "time");
	int64_t when = 0;

	(void)json_object_set(r->report, "entries", json_object_get(ledger, "entries"));
	(void)json_object_set(r->report, "cosignature_due",
	                      json_object_get(ledger, "cosignature_due"));
	if (!at[0])
		say_overdue(r, "never-exported");
	else if (wl_time_parse(at, &when) == 0 && now - when > EXPORT_DUE_S)
		say_overdue(r, "export-old");
	if (!due[0])
		say_overdue(r, "nobody-countersigns");
	else if (wl_time_parse(due, &when) == 0 && now > when)
		say_overdue(r, "cosignature-old");
}
