/*
 * `report station`: what the station did in a time, and what is overdue, as a page or as JSON.
 *
 * Reads the ledger through the station, as the auditor or approver who asked; writes one new file
 * and nothing else. The page is a rendering of entries, not a record.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "client/duration.h"
#include "client/html.h"
#include "client/ledger_walk.h"
#include "client/say.h"
#include "client/station.h"
#include "client/station_report.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

static int on_entry(void *user, const char *text)
{
	return wl_station_report_add(user, text);
}

static int on_audit(void *user, const char *text)
{
	return wl_station_report_audit(user, text);
}

static int gather(struct wl_cli *cli, struct wl_station_report *r)
{
	static const char *const audits[] = {"ledger.exported", "ledger.cosigned"};
	char since[WL_TIME_TEXT], until[WL_TIME_TEXT];
	int status;

	wl_time_format(r->from, since);
	wl_time_format(r->to + 1, until);
	status = wl_ledger_walk(cli, &(struct wl_ledger_filter){.since = since, .until = until},
	                        on_entry, r);
	for (size_t i = 0; !status && i < WL_ARRAY_LEN(audits); i++)
		status = wl_ledger_walk(cli, &(struct wl_ledger_filter){.event = audits[i]},
		                        on_audit, r);
	return status;
}

static int write_page(const struct wl_cli *cli, const struct wl_station_report *r,
                      const json_t *state, const char *path)
{
	FILE *out = wl_html_new(path);
	int error = -errno;

	if (out) {
		wl_station_page(out, r, wl_member_text(state, "station"),
		                strcmp(wl_member_text(state, "mode"), "test") == 0,
		                (int64_t)time(NULL));
		error = wl_html_done(out);
	}
	return error == 0 ? 0
	                  : wl_say_failure(cli, WL_EXIT_FAULT, "IO", _("%s cannot be written: %s."),
	                                   path, strerror(-error));
}

static const char *overdue_words(const char *code)
{
	static const struct {
		const char *code, *words;
	} table[] = {
	        {"never-exported", N_("The ledger was never taken away: weighlock ledger export.")},
	        {"export-old", N_("The ledger was not taken away for more than 100 days: weighlock "
	                          "ledger export.")},
	        {"nobody-countersigns",
	         N_("The policy names no auditor's key, so nobody can countersign.")},
	        {"cosignature-old", N_("The cosignature is overdue: weighlock ledger export, then "
	                               "weighlock ledger cosign.")},
	};

	for (size_t i = 0; i < WL_ARRAY_LEN(table); i++)
		if (strcmp(table[i].code, code) == 0)
			return _(table[i].words);
	return code;
}

static void say_report(const struct wl_cli *cli, const struct wl_station_report *r,
                       const char *path)
{
	const json_t *o = r->report;
	json_t *code;
	size_t i;

	json_array_foreach(json_object_get(o, "overdue"), i, code)
	{
		wl_say(cli, "%s", overdue_words(json_string_value(code)));
	}
	wl_say(cli, _("%zu alarms and faults, %zu releases, %zu kinds of refusal, %zu persons."),
	       json_array_size(json_object_get(o, "alarms")),
	       json_array_size(json_object_get(o, "releases")),
	       json_object_size(json_object_get(o, "refusals")),
	       json_object_size(json_object_get(o, "people")));
	if (path)
		wl_say(cli, _("The page to print is %s."), path);
}

int wl_verb_report_station(struct wl_cli *cli)
{
	WL_CLEANUP(wl_station_report_clear) struct wl_station_report r = {.report = NULL};
	const char *path = wl_args_value(cli->args, "output");
	json_t *state = NULL;
	int64_t from, to;
	int status = wl_dates_of(cli, &from, &to);

	if (!status && wl_station_report_begin(&r, from, to) < 0)
		status = WL_EXIT_FAULT;
	if (!status)
		status = gather(cli, &r);
	if (!status)
		status = wl_station_call(cli, "GetStatus", json_object(), &state);
	if (status)
		return status;
	wl_station_report_standing(&r, state, (int64_t)time(NULL));
	if (path)
		status = write_page(cli, &r, state, path);
	json_decref(state);
	if (status)
		return status;
	say_report(cli, &r, path);
	wl_cli_json(cli, r.report);
	return 0;
}
