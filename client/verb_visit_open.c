/*
 * `visit open`: an approver says who comes, from where, to which device, escorted by whom. At a
 * terminal it asks for what is missing; the station judges. Going away in the middle opened
 * nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "client/ask.h"
#include "client/say.h"
#include "client/station.h"
#include "client/visit_view.h"
#include "daemon/base/cleanup.h"

/* option, member of the call, question; NULL: left out where it is not given. */
static const struct {
	const char *option, *member, *missing, *question;
} fields[] = {
        {"device", "device", "--device ID", N_("Which device is the visit for?")},
        {"engineer", "engineer", "--engineer T", N_("Name of the vendor's engineer?")},
        {"org", "organisation", "--org T", N_("The engineer's organisation?")},
        {"escort", "escort", "--escort P", N_("Who escorts the engineer (person's id)?")},
        {"vendor", "vendor", NULL, NULL},
        {"on", "on", NULL, NULL},
        {"clearance", "clearance", NULL, NULL},
        {"safeguard", "safeguard", NULL, NULL},
};

static const char *work_order(const struct wl_cli *cli)
{
	const char *typed = wl_args_operand(cli->args, 0);
	return typed ? typed : wl_args_value(cli->args, "work-order");
}

static int say_what_is_missing(const struct wl_cli *cli)
{
	const char *missing[WL_ARRAY_LEN(fields) + 2];
	size_t n = 0;

	if (!work_order(cli))
		missing[n++] = "WO";
	for (size_t i = 0; i < WL_ARRAY_LEN(fields); i++)
		if (fields[i].missing && !wl_args_given(cli->args, fields[i].option))
			missing[n++] = fields[i].missing;
	missing[n] = NULL;
	return n && !cli->can_ask ? wl_say_missing(cli, missing) : 0;
}

/* "me" is whoever types. */
static int put_escort(struct wl_cli *cli, json_t *call)
{
	json_t *answer = NULL;

	if (strcmp(wl_member_text(call, "escort"), "me") != 0 &&
	    strcmp(wl_member_text(call, "escort"), "moi") != 0)
		return 0;
	int status = wl_station_call(cli, "GetStatus", NULL, &answer);
	if (!status)
		(void)json_object_set_new(call, "escort",
		                          json_string(wl_member_text(answer, "person")));
	json_decref(answer);
	return status;
}

static int put_fields(struct wl_cli *cli, json_t *call)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(fields); i++) {
		WL_AUTO_FREE char *line = NULL;
		const char *value = wl_args_value(cli->args, fields[i].option);
		if (!value && !fields[i].question)
			continue;
		if (!value && wl_ask_text(cli, _(fields[i].question), NULL, &line) < 0)
			return WL_EXIT_WAITING;
		(void)json_object_set_new(call, fields[i].member,
		                          json_string(value ? value : line));
	}
	return put_escort(cli, call);
}

int wl_verb_visit_open(struct wl_cli *cli)
{
	WL_AUTO_FREE char *line = NULL;
	char id[WL_ID_TEXT];
	json_t *call = json_object(), *answer = NULL;
	const char *typed = work_order(cli);
	int status = say_what_is_missing(cli);

	if (!status && !typed && wl_ask_text(cli, _("Which work order is it?"), NULL, &line) < 0)
		status = WL_EXIT_WAITING;
	if (!status)
		status = wl_visit_word(cli, typed ? typed : line, id);
	if (!status)
		status = put_fields(cli, call);
	if (status) {
		json_decref(call);
		return status;
	}
	(void)json_object_set_new(call, "visit", json_string(id));
	status = wl_station_call(cli, "VisitOpen", call, &answer);
	if (status)
		return status;
	wl_visit_view(cli, json_object_get(answer, "visit"));
	wl_cli_json(cli, answer);
	json_decref(answer);
	return WL_EXIT_DONE;
}
