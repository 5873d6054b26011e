/*
 * Entries from the station, page by page.
 *
 * The station looks at a bounded number of entries for one call and says where to go on. Entries
 * are handed on as they came; whoever asked reads them. Runs in the client; nothing is written.
 */
#include "client/ledger_walk.h"

#include <errno.h>
#include <string.h>

#include "client/duration.h"
#include "client/say.h"
#include "client/station.h"

#define PAGE     1000
#define DAY_S    86400
#define LATEST_S INT64_C(253402300799)

static int hand_on(const struct wl_cli *cli, const json_t *answer, wl_ledger_each_fn each,
                   void *user)
{
	const json_t *entries = json_object_get(answer, "entries");

	for (size_t i = 0; i < json_array_size(entries); i++) {
		const char *text = json_string_value(json_array_get(entries, i));
		int r = text ? each(user, text) : -EBADMSG;
		if (r < 0)
			return wl_say_failure(cli, WL_EXIT_FAULT, "IO",
			                      _("The station's answer cannot be read: %s."),
			                      strerror(-r));
	}
	return 0;
}

static void put(json_t *parameters, const char *name, const char *value)
{
	if (value)
		(void)json_object_set_new(parameters, name, json_string(value));
}

int wl_ledger_walk(struct wl_cli *cli, const struct wl_ledger_filter *f, wl_ledger_each_fn each,
                   void *user)
{
	json_int_t from = (json_int_t)f->from;
	bool more = true;
	int status = 0;

	while (!status && more) {
		json_t *answer = NULL, *p = json_pack("{s:I, s:i}", "from", from, "count", PAGE);
		put(p, "event", f->event);
		put(p, "transfer", f->transfer);
		put(p, "since", f->since);
		put(p, "until", f->until);
		status = wl_station_call(cli, "LedgerQuery", p, &answer);
		if (!status)
			status = hand_on(cli, answer, each, user);
		more = json_object_get(answer, "next") != NULL;
		from = wl_member_integer(answer, "next");
		json_decref(answer);
	}
	return status;
}

int wl_dates_of(const struct wl_cli *cli, int64_t *ret_from, int64_t *ret_to)
{
	const char *from = wl_args_value(cli->args, "from"), *to = wl_args_value(cli->args, "to");
	int whole = 0;

	*ret_from = 0;
	*ret_to = LATEST_S;
	if ((from && wl_date_parse(from, ret_from, NULL) < 0) ||
	    (to && wl_date_parse(to, ret_to, &whole) < 0))
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("--from and --to take a date, YYYY-MM-DD."));
	if (whole)
		*ret_to += DAY_S - 1; /* the day included */
	return 0;
}
