/*
 * `report disclosures`: everything that left for a case, as a page to print or as JSON.
 *
 * Reads the ledger through the station, as the auditor or approver who asked; writes one new file
 * and nothing else. The page is a rendering of entries, not a record.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "client/disclosures.h"
#include "client/html.h"
#include "client/ledger_walk.h"
#include "client/say.h"
#include "client/station.h"
#include "daemon/base/cleanup.h"

#define PAGE 100

static int read_page(struct wl_cli *cli, uint64_t from, struct wl_disclosures *d, size_t *ret_got)
{
	json_t *answer = NULL;
	int status = wl_station_call(
	        cli, "LedgerRead",
	        json_pack("{s:I, s:I}", "from", (json_int_t)from, "count", (json_int_t)PAGE),
	        &answer);
	if (status)
		return status;
	const json_t *entries = json_object_get(answer, "entries");
	*ret_got = json_array_size(entries);
	for (size_t i = 0; i < *ret_got; i++) {
		const char *text = json_string_value(json_array_get(entries, i));
		json_t *entry = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
		if (entry)
			wl_disclosures_add(d, entry);
		json_decref(entry);
	}
	json_decref(answer);
	return 0;
}

static int write_page(struct wl_cli *cli, const struct wl_disclosures *d, const char *path)
{
	json_t *status_object = NULL;
	int status = wl_station_call(cli, "GetStatus", json_object(), &status_object);

	if (status)
		return status;
	FILE *out = wl_html_new(path);
	if (out)
		wl_disclosures_page(out, d, wl_member_text(status_object, "station"),
		                    strcmp(wl_member_text(status_object, "mode"), "test") == 0,
		                    (int64_t)time(NULL));
	json_decref(status_object);
	int r = out ? wl_html_done(out) : -errno;
	if (r == 0)
		return 0;
	return wl_say_failure(cli, WL_EXIT_FAULT, "IO", _("%s cannot be written: %s."), path,
	                      strerror(-r));
}

static int answer(struct wl_cli *cli, const struct wl_disclosures *d)
{
	const char *path = wl_args_value(cli->args, "output");
	int status = path ? write_page(cli, d, path) : 0;
	json_t *row;
	size_t i;

	if (status)
		return status;
	json_array_foreach(d->rows, i, row)
	{
		wl_cli_json(cli, row);
		wl_say_in(cli, 2, "%s  %s  %s  %lld  %s  %s", wl_member_text(row, "time"),
		          wl_member_text(row, "transfer"), wl_member_text(row, "output"),
		          (long long)wl_member_integer(row, "files"),
		          wl_member_text(row, "authority"), wl_member_text(row, "state"));
	}
	wl_say(cli, _("%zu disclosures in %llu entries."), json_array_size(d->rows),
	       (unsigned long long)d->entries);
	if (path)
		wl_say(cli, _("The page to print is %s."), path);
	return 0;
}

int wl_verb_report_disclosures(struct wl_cli *cli)
{
	WL_CLEANUP(wl_disclosures_clear) struct wl_disclosures d = {.case_id = NULL};
	int64_t from, to;
	size_t got = 1;
	int status = wl_dates_of(cli, &from, &to);

	if (!status && wl_disclosures_begin(&d, wl_args_value(cli->args, "case"), from, to) < 0)
		status = WL_EXIT_FAULT;
	for (uint64_t at = 0; !status && got > 0; at += got)
		status = read_page(cli, at, &d, &got);
	return status ? status : answer(cli, &d);
}
