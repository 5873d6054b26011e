/*
 * `receive`: opens an inbound transfer, follows it through reading and checking, waits for the
 * approver, and releases it onto the medium in the destination port. Every step is the station's;
 * going away (Ctrl-C, a pulled plug) leaves the transfer open where it stood.
 */
#include <stdlib.h>
#include <string.h>

#include "client/action.h"
#include "client/ask.h"
#include "client/passage.h"
#include "client/say.h"
#include "client/station.h"
#include "client/transfer_view.h"
#include "client/visit_view.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/ids.h"

/* What a transfer is opened with: option, member of the call, question. */
static const struct field {
	const char *option, *member, *missing, *question;
} fields[] = {
        {"work-order", "work_order", "--work-order T (or --visit WO)",
         N_("Which work order is it for?")},
        {"engineer", "engineer", "--engineer T", N_("Name of the vendor's engineer?")},
        {"org", "organisation", "--org T", N_("The engineer's organisation?")},
        {"escort", "escort", "--escort P", N_("Who escorts the engineer (person's id)?")},
};

static int say_what_is_missing(const struct wl_cli *cli)
{
	const char *missing[WL_ARRAY_LEN(fields) + 2];
	size_t n = 0;

	if (!wl_args_given(cli->args, "device") && !wl_args_given(cli->args, "visit"))
		missing[n++] = "--device ID";
	for (size_t i = 0; i < WL_ARRAY_LEN(fields); i++) {
		if (!wl_args_given(cli->args, fields[i].option) &&
		    !wl_args_given(cli->args, "visit"))
			missing[n++] = fields[i].missing;
	}
	missing[n] = NULL;
	return n ? wl_say_missing(cli, missing) : 0;
}

static int ask_device(struct wl_cli *cli, json_t *call)
{
	enum { DEVICES_MAX = 64 };
	const char *ids[DEVICES_MAX];
	char *rows[DEVICES_MAX];
	json_t *answer = NULL;
	size_t n = 0, chosen = 0;
	int status = wl_station_call(cli, "PolicyShow", NULL, &answer);

	if (status)
		return status;
	const json_t *devices = json_object_get(json_object_get(answer, "policy"), "devices");
	for (size_t i = 0; i < json_array_size(devices) && n < DEVICES_MAX; i++) {
		const json_t *d = json_array_get(devices, i);
		ids[n] = wl_member_text(d, "device");
		if (asprintf(&rows[n], "%s  %s  %s  %s", ids[n], wl_member_text(d, "model"),
		             wl_member_text(d, "serial"), wl_member_text(d, "vendor")) >= 0)
			n++;
	}
	if (n == 0)
		status = wl_say_failure(cli, WL_EXIT_USAGE, "NoSuch",
		                        _("The policy names no device."));
	else if (wl_ask_choice(cli, _("Which device is the update for?"), (const char *const *)rows,
	                       n, &chosen) < 0)
		status = WL_EXIT_WAITING;
	else
		(void)json_object_set_new(call, "device", json_string(ids[chosen]));
	for (size_t i = 0; i < n; i++)
		free(rows[i]);
	json_decref(answer);
	return status;
}

static void take_option(const struct wl_cli *cli, json_t *call, const char *option,
                        const char *member)
{
	const char *value = wl_args_value(cli->args, option);
	if (value)
		(void)json_object_set_new(call, member, json_string(value));
}

/* One of the visits that are open, or none of them. */
static int ask_visit(struct wl_cli *cli, json_t *call)
{
	enum { VISITS_MAX = 30 };
	static char rows[VISITS_MAX][1000];
	const char *ids[VISITS_MAX], *shown[VISITS_MAX + 1];
	json_t *answer = NULL;
	size_t n = 0, chosen = 0;
	int status = wl_station_call(cli, "ListVisits", NULL, &answer);

	if (status)
		return status;
	const json_t *visits = json_object_get(answer, "visits");
	for (size_t i = 0; i < json_array_size(visits) && n < VISITS_MAX; i++) {
		const json_t *v = json_array_get(visits, i);
		if (strcmp(wl_member_text(v, "state"), "open") != 0)
			continue;
		ids[n] = wl_member_text(v, "visit");
		wl_visit_view_row(v, rows[n], sizeof(rows[n]));
		shown[n] = rows[n];
		n++;
	}
	shown[n] = _("No visit");
	if (n > 0 && wl_ask_choice(cli, _("Which visit?"), shown, n + 1, &chosen) < 0)
		status = WL_EXIT_WAITING;
	else if (chosen < n)
		(void)json_object_set_new(call, "visit", json_string(ids[chosen]));
	json_decref(answer);
	return status;
}

/* The visit as the station writes it; asked for where there is one to choose. */
static int settle_visit(struct wl_cli *cli, json_t *call)
{
	char id[WL_ID_TEXT];
	const char *typed = wl_args_value(cli->args, "visit");

	if (!typed)
		return cli->can_ask && !json_object_get(call, "work_order") ? ask_visit(cli, call)
		                                                            : 0;
	int status = wl_visit_word(cli, typed, id);
	if (!status)
		(void)json_object_set_new(call, "visit", json_string(id));
	return status;
}

/* Everything OpenInbound wants, from options and, at a terminal, from answers. */
static int collect(struct wl_cli *cli, json_t *call)
{
	int status = cli->can_ask ? 0 : say_what_is_missing(cli);

	take_option(cli, call, "device", "device");
	take_option(cli, call, "visit", "visit");
	take_option(cli, call, "port", "port");
	take_option(cli, call, "ticket", "ticket");
	for (size_t i = 0; i < WL_ARRAY_LEN(fields); i++)
		take_option(cli, call, fields[i].option, fields[i].member);
	if (!status)
		status = settle_visit(cli, call);
	if (!status && !json_object_get(call, "device") && !json_object_get(call, "visit"))
		status = ask_device(cli, call);
	for (size_t i = 0; !status && i < WL_ARRAY_LEN(fields); i++) {
		WL_AUTO_FREE char *line = NULL;
		if (json_object_get(call, "visit") || json_object_get(call, fields[i].member))
			continue;
		if (wl_ask_text(cli, _(fields[i].question), NULL, &line) < 0)
			return WL_EXIT_WAITING;
		(void)json_object_set_new(call, fields[i].member, json_string(line));
	}
	return status;
}

static int say_decision(struct wl_cli *cli, const char *id)
{
	json_t *t = NULL, *items = NULL;
	int status = wl_view_fetch(cli, id, &t, &items);

	if (status)
		return status;
	wl_view_transfer(cli, t);
	wl_view_items(cli, items);
	json_decref(t);
	json_decref(items);
	return 0;
}

/* From approved to released. */
static int write_it(struct wl_cli *cli, const char *id)
{
	WL_AUTO_FREE char *port = NULL;
	char command[64];

	(void)snprintf(command, sizeof(command), "weighlock release %s", id);
	int status = wl_action_destination(cli, NULL, command, &port);
	return status ? status : wl_action_release(cli, id, port);
}

static const struct wl_passage passage = {
        .method = "OpenInbound", .show = say_decision, .write = write_it};

int wl_verb_receive(struct wl_cli *cli)
{
	json_t *call = json_object();
	int status = collect(cli, call);

	if (status) {
		json_decref(call);
		return status;
	}
	return wl_passage_open(cli, &passage, call);
}
