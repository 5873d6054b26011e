/*
 * `export`: opens an outbound transfer, follows it through reading and rebuilding, waits for the
 * approver, and writes each output to a medium of its own. Every step is the station's; going away
 * (Ctrl-C, a pulled plug) leaves the transfer open where it stood.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/action.h"
#include "client/ask.h"
#include "client/export_ask.h"
#include "client/export_view.h"
#include "client/follow.h"
#include "client/passage.h"
#include "client/resolve.h"
#include "client/say.h"
#include "client/station.h"
#include "client/transfer_view.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/ids.h"

static int say_decision(struct wl_cli *cli, const char *id)
{
	json_t *t = NULL, *items = NULL;
	int status = wl_view_fetch(cli, id, &t, &items);

	if (status)
		return status;
	wl_view_transfer(cli, t);
	wl_export_view_items(cli, items, false);
	json_decref(t);
	json_decref(items);
	return 0;
}

/* The name of the next output that is to be written; "" where none is. */
static int next_output(struct wl_cli *cli, const char *id, char *buf, size_t size)
{
	json_t *answer = NULL;
	int status = wl_station_call(cli, "Show", json_pack("{s:s}", "transfer", id), &answer);

	buf[0] = '\0';
	if (status)
		return status;
	const json_t *t = json_object_get(answer, "transfer");
	const json_t *outputs = json_object_get(t, "outputs");
	for (size_t i = 0;
	     i < json_array_size(outputs) && !strcmp(wl_member_text(t, "state"), "approved"); i++) {
		const json_t *o = json_array_get(outputs, i);
		bool leaves = strcmp(wl_member_text(o, "verdict"), "refuse") != 0;
		if (leaves && !wl_member_text(o, "released_at")[0] && !buf[0])
			(void)snprintf(buf, size, "%s", wl_member_text(o, "output"));
	}
	json_decref(answer);
	return 0;
}

/* From approved to released: one medium after the other. */
static int write_all(struct wl_cli *cli, const char *id)
{
	char output[40], command[64];

	(void)snprintf(command, sizeof(command), "weighlock release %s", id);
	for (;;) {
		WL_AUTO_FREE char *port = NULL;
		int status = next_output(cli, id, output, sizeof(output));
		if (status || !output[0])
			return status ? status : wl_action_finish(cli, id, NULL, true);
		wl_say(cli, _("Next to be written: %s, on a prepared medium of its own."), output);
		status = wl_action_destination(cli, NULL, command, &port);
		if (!status)
			status = wl_action_release(cli, id, port);
		if (status && status != WL_EXIT_WAITING)
			return status;
		if (cli->no_wait || wl_follow_stopped())
			return status;
	}
}

/* What the person reads off differs from UTC by the time zone too; said is the error alone. */
static void say_offset(const struct wl_cli *cli, const json_t *answer)
{
	const json_t *offset = json_object_get(answer, "scanner_clock_offset_s");
	time_t now = time(NULL);
	struct tm tm = {0};

	if (!offset || !localtime_r(&now, &tm))
		return;
	long long minutes = (json_integer_value(offset) - tm.tm_gmtoff) / 60;
	wl_say_in(cli, 2, _("The scanner's clock is %+lld min from this station's; noted."),
	          minutes);
}

/* Whoever opens it should know before it leaves, not when the receipt comes back. */
static void say_cannot_sign(const struct wl_cli *cli, const json_t *answer)
{
	const json_t *names = json_object_get(answer, "cannot_sign");

	for (size_t i = 0; i < json_array_size(names); i++)
		wl_say_in(
		        cli, 2,
		        _("%s's certificate is for encryption only: no receipt can be signed with "
		          "it. Record what they say: weighlock acknowledge N --digest SHA256 "
		          "--by NAME."),
		        json_string_value(json_array_get(names, i)));
}

static void say_opened(const struct wl_cli *cli, const json_t *answer)
{
	say_offset(cli, answer);
	say_cannot_sign(cli, answer);
}

static const struct wl_passage passage = {
        .method = "OpenOutbound", .opened = say_opened, .show = say_decision, .write = write_all};

static int add_more(struct wl_cli *cli)
{
	const char *only = wl_args_value(cli->args, "only");
	char id[WL_ID_TEXT];
	json_t *answer = NULL;
	static const char *const missing[] = {"--only IDS", NULL};

	if (!only)
		return wl_say_missing(cli, missing);
	int status = wl_export_resolve(cli, wl_args_value(cli->args, "add-to"), id);
	if (!status)
		status = wl_station_call(cli, "AddOutbound",
		                         json_pack("{s:s, s:[s]}", "transfer", id, "scans", only),
		                         &answer);
	if (status)
		return status;
	wl_say(cli, _("Plug the scanner's stick in again: scans %s are added to %s."), only, id);
	wl_cli_json(cli, answer);
	json_decref(answer);
	return wl_passage_follow(cli, &passage, id);
}

int wl_verb_export(struct wl_cli *cli)
{
	if (wl_args_given(cli->args, "add-to"))
		return add_more(cli);
	json_t *call = json_object();
	int status = wl_export_ask(cli, call);
	if (status) {
		json_decref(call);
		return status;
	}
	return wl_passage_open(cli, &passage, call);
}
