/*
 * `report custody`: who had what in hands, of one transfer, as a page to print or as JSON.
 *
 * Reads the ledger through the station, as the auditor or approver who asked; writes one new file
 * and nothing else. The page is a rendering of entries and carries what is needed to check them.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "client/custody.h"
#include "client/html.h"
#include "client/ledger_walk.h"
#include "client/resolve.h"
#include "client/say.h"
#include "client/station.h"
#include "daemon/base/cleanup.h"

static int on_own(void *user, const char *text)
{
	return wl_custody_own(user, text);
}

static int on_around(void *user, const char *text)
{
	return wl_custody_around(user, text);
}

static int gather(struct wl_cli *cli, const char *transfer, struct wl_custody *c)
{
	static const char *const around[] = {"station", "medium", "clock", "key", "alarm"};
	int status =
	        wl_ledger_walk(cli, &(struct wl_ledger_filter){.transfer = transfer}, on_own, c);

	for (size_t i = 0; !status && i < WL_ARRAY_LEN(around); i++)
		status = wl_ledger_walk(cli, &(struct wl_ledger_filter){.event = around[i]},
		                        on_around, c);
	if (!status && wl_custody_finish(c) < 0)
		status =
		        wl_say_failure(cli, WL_EXIT_USAGE, "NoSuch",
		                       _("This ledger does not have the opening of %s."), transfer);
	return status;
}

/* What the page carries besides: answers of the station, each under its method's name. */
static int gather_papers(struct wl_cli *cli, const char *transfer, json_t *answers)
{
	static const char *const methods[] = {"GetStatus", "StationCard", "LedgerCheckpoint",
	                                      "LedgerProve"};
	int status = 0;

	for (size_t i = 0; !status && i < WL_ARRAY_LEN(methods); i++) {
		json_t *answer = NULL, *p = json_object();
		if (strcmp(methods[i], "LedgerProve") == 0)
			(void)json_object_set_new(p, "transfer", json_string(transfer));
		status = wl_station_call(cli, methods[i], p, &answer);
		if (!status)
			(void)json_object_set_new(answers, methods[i], answer);
	}
	return status;
}

static int write_page(const struct wl_cli *cli, const struct wl_custody *c, const json_t *answers,
                      const char *path)
{
	const json_t *state = json_object_get(answers, "GetStatus");
	const json_t *card = json_object_get(json_object_get(answers, "StationCard"), "card");
	const json_t *now = json_object_get(answers, "LedgerCheckpoint");
	const struct wl_custody_papers papers = {
	        .station = wl_member_text(state, "station"),
	        .test = strcmp(wl_member_text(state, "mode"), "test") == 0,
	        .origin = wl_member_text(card, "origin"),
	        .vkey = wl_member_text(card, "vkey"),
	        .fingerprint = wl_member_text(card, "fingerprint"),
	        .certificate_sha256 = wl_member_text(card, "certificate_sha256"),
	        .certificate_expired = wl_member_text(card, "certificate_expired"),
	        .checkpoint = wl_member_text(now, "checkpoint"),
	        .cosigned = wl_member_text(now, "cosigned"),
	        .receipt = wl_member_text(json_object_get(answers, "LedgerProve"), "proof"),
	        .now = (int64_t)time(NULL),
	};
	FILE *out = wl_html_new(path);
	int r = -errno;

	if (out) {
		wl_custody_page(out, c, &papers);
		r = wl_html_done(out);
	}
	return r == 0 ? 0
	              : wl_say_failure(cli, WL_EXIT_FAULT, "IO", _("%s cannot be written: %s."),
	                               path, strerror(-r));
}

static void say_custody(const struct wl_cli *cli, const struct wl_custody *c, const char *path)
{
	const json_t *gaps = json_object_get(c->report, "gaps");
	json_t *gap;
	size_t i;

	json_array_foreach(gaps, i, gap)
	{
		wl_say_in(cli, 2, "%s  %s .. %s  %s", wl_member_text(gap, "kind"),
		          wl_member_text(gap, "from_entry"), wl_member_text(gap, "to_entry"),
		          wl_member_text(gap, "medium"));
	}
	wl_say(cli, _("%s: %zu gaps of custody, %zu faults of the station, %zu releases."),
	       wl_member_text(c->report, "transfer"), json_array_size(gaps),
	       json_array_size(json_object_get(c->report, "faults")),
	       json_array_size(json_object_get(c->report, "releases")));
	if (path)
		wl_say(cli, _("The page to print is %s."), path);
	else
		wl_say_next(cli, false, _("For the whole record, as a page to print:"), NULL,
		            "weighlock report custody N -o F.html");
}

int wl_verb_report_custody(struct wl_cli *cli)
{
	WL_CLEANUP(wl_custody_clear) struct wl_custody c = {.own = NULL};
	const char *path = wl_args_value(cli->args, "output");
	char id[WL_ID_TEXT];
	int status = wl_resolve_operand(cli, id);

	if (!status && wl_custody_begin(&c) < 0)
		status = WL_EXIT_FAULT;
	if (!status)
		status = gather(cli, id, &c);
	if (!status && path) {
		json_t *answers = json_object();
		status = gather_papers(cli, id, answers);
		if (!status)
			status = write_page(cli, &c, answers, path);
		json_decref(answers);
	}
	if (status)
		return status;
	say_custody(cli, &c, path);
	wl_cli_json(cli, c.report);
	return 0;
}
