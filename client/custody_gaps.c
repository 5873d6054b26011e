/*
 * What nobody can vouch for in the custody of a transfer, and what went wrong meanwhile.
 *
 * A gap is a time between two entries for which the ledger names nobody: it is listed even where it
 * is ordinary, as the way of a stick from the scanner to the station, because whoever relies on the
 * report has to fill it with a witness. Reads parsed entries and adds to the report; nothing else.
 */
#include <string.h>

#include "client/custody.h"
#include "client/say.h"
#include "daemon/base/cleanup.h"

static bool event_is(const json_t *entry, const char *event)
{
	return strcmp(wl_member_text(entry, "event"), event) == 0;
}

static json_t *report_list(struct wl_custody *c, const char *name)
{
	return json_object_get(c->report, name);
}

/* From entry `from` to entry `to`; either may be NULL: not known to the ledger. */
static void add_gap(struct wl_custody *c, const char *kind, const json_t *from, const json_t *to,
                    const char *medium)
{
	json_t *gap = json_pack("{s:s, s:s}", "kind", kind, "medium", medium);
	const json_t *const ends[] = {from, to};
	static const char *const names[][2] = {{"from_entry", "from"}, {"to_entry", "to"}};
	char id[64];

	for (size_t i = 0; i < WL_ARRAY_LEN(ends); i++) {
		if (!ends[i])
			continue;
		wl_custody_id(ends[i], id);
		(void)json_object_set_new(gap, names[i][0], json_string(id));
		(void)json_object_set(gap, names[i][1], json_object_get(ends[i], "time"));
	}
	(void)json_array_append_new(report_list(c, "gaps"), gap);
}

static const json_t *own_by_id(const struct wl_custody *c, const char *id)
{
	char buf[64];
	json_t *entry;
	size_t i;

	json_array_foreach(c->own, i, entry)
	{
		wl_custody_id(entry, buf);
		if (strcmp(buf, id) == 0)
			return entry;
	}
	return NULL;
}

/* The first entry about this stay of a medium of that kind. */
static const json_t *stay(const struct wl_custody *c, const char *event, const char *insertion)
{
	json_t *entry;
	size_t i;

	json_array_foreach(c->around, i, entry)
	{
		if (event_is(entry, event) &&
		    strcmp(wl_member_text(json_object_get(entry, "data"), "insertion"),
		           insertion) == 0)
			return entry;
	}
	return NULL;
}

/* ---- gaps ---- */

static void writings(struct wl_custody *c)
{
	static const struct {
		const char *state, *kind;
	} kinds[] = {{"open", "release-open"},
	             {"unknown", "release-interrupted"},
	             {"failed", "release-failed"}};
	json_t *release;
	size_t i;

	json_array_foreach(report_list(c, "releases"), i, release)
	{
		for (size_t k = 0; k < WL_ARRAY_LEN(kinds); k++)
			if (strcmp(wl_member_text(release, "state"), kinds[k].state) == 0)
				add_gap(c, kinds[k].kind,
				        own_by_id(c, wl_member_text(release, "entry")),
				        own_by_id(c, wl_member_text(release, "end_entry")),
				        wl_member_text(release, "medium"));
	}
}

static void clocks(struct wl_custody *c)
{
	const json_t *first = NULL, *last = NULL;
	json_t *entry;
	size_t i;

	json_array_foreach(c->own, i, entry)
	{
		if (strcmp(wl_member_text(entry, "clock"), "floor") != 0)
			continue;
		first = first ? first : entry;
		last = entry;
	}
	if (first)
		add_gap(c, "clock-behind", first, last, "");
}

/* How a medium came to be read: before it was seen nobody says who had it. */
static void arrivals(struct wl_custody *c)
{
	json_t *entry, *told = json_object();
	size_t i;

	json_array_foreach(c->own, i, entry)
	{
		const json_t *data = json_object_get(entry, "data");
		const char *insertion = wl_member_text(data, "insertion");
		if (!event_is(entry, "gate.opened") || json_object_get(told, insertion) ||
		    strcmp(wl_member_text(data, "gate"), "a") != 0)
			continue;
		(void)json_object_set_new(told, insertion, json_true());
		const json_t *seen = stay(c, "medium.seen", insertion);
		add_gap(c, "brought", NULL, seen ? seen : entry,
		        seen ? wl_member_text(json_object_get(seen, "data"), "medium") : insertion);
	}
	json_decref(told);
}

/* From where it left its port until somebody said that it arrived. */
static void departures(struct wl_custody *c)
{
	json_t *release;
	size_t i;

	json_array_foreach(report_list(c, "releases"), i, release)
	{
		const char *arrived = wl_member_text(json_object_get(release, "arrival"), "entry");
		const json_t *gone =
		        stay(c, "medium.gone", wl_member_text(release, "destination_insertion"));
		if (strcmp(wl_member_text(release, "state"), "done") != 0)
			continue;
		if (!gone)
			gone = own_by_id(c, wl_member_text(release, "end_entry"));
		add_gap(c, arrived[0] ? "carried" : "not-acknowledged", gone, own_by_id(c, arrived),
		        wl_member_text(release, "medium"));
	}
}

/* ---- the station meanwhile ---- */

struct stretch {
	json_int_t first, last; /* numbers of the transfer's own entries */
	const json_t *in_force; /* the last station.start before them */
	const json_t *before;   /* the entry of station.* before this one */
};

static void add_row(json_t *list, const json_t *entry)
{
	json_t *row = json_deep_copy(json_object_get(entry, "data"));
	char id[64];

	wl_custody_id(entry, id);
	(void)json_object_set_new(row, "entry", json_string(id));
	(void)json_object_set(row, "time", json_object_get(entry, "time"));
	(void)json_object_set(row, "event", json_object_get(entry, "event"));
	(void)json_array_append_new(list, row);
}

static void on_start(struct wl_custody *c, struct stretch *s, const json_t *entry)
{
	json_int_t seq = wl_member_integer(entry, "seq");

	if (seq < s->first) {
		s->in_force = entry;
		return;
	}
	if (seq > s->last)
		return;
	add_row(report_list(c, "starts"), entry);
	if (s->before && !event_is(s->before, "station.stop"))
		add_gap(c, "stop-unseen", NULL, entry, "");
}

/* What a person must be told who says that the station worked as it should. */
static bool is_fault(const json_t *entry)
{
	static const char *const events[] = {"station.fault", "clock.set", "key.rotated",
	                                     "alarm.settled", "medium.refused"};

	for (size_t i = 0; i < WL_ARRAY_LEN(events); i++)
		if (event_is(entry, events[i]))
			return true;
	return false;
}

static void station(struct wl_custody *c)
{
	size_t n = json_array_size(c->own), i;
	struct stretch s = {
	        .first = wl_member_integer(json_array_get(c->own, 0), "seq"),
	        .last = wl_member_integer(json_array_get(c->own, n - 1), "seq"),
	};
	json_t *entry;

	json_array_foreach(c->around, i, entry)
	{
		json_int_t seq = wl_member_integer(entry, "seq");
		if (event_is(entry, "station.start"))
			on_start(c, &s, entry);
		if (is_fault(entry) && seq >= s.first && seq <= s.last)
			add_row(report_list(c, "faults"), entry);
		if (event_is(entry, "station.start") || event_is(entry, "station.stop"))
			s.before = entry;
	}
	if (s.in_force) {
		json_t *starts = json_array();
		add_row(starts, s.in_force);
		(void)json_array_extend(starts, report_list(c, "starts"));
		(void)json_object_set_new(c->report, "starts", starts);
	}
}

void wl_custody_gaps(struct wl_custody *c)
{
	writings(c);
	station(c);
	clocks(c);
	arrivals(c);
	departures(c);
}
