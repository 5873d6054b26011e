/*
 * Rendering of visits. Names of visitors and organisations are people's own words, escaped by the
 * station; what may be done is the station's to say. Runs in the client; keeps nothing.
 */
#include "client/visit_view.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "client/say.h"
#include "client/station.h"

static const char *state_words(const json_t *v)
{
	return !strcmp(wl_member_text(v, "state"), "closed") ? _("CLOSED") : _("OPEN");
}

void wl_visit_view_row(const json_t *v, char *buf, size_t size)
{
	(void)snprintf(buf, size, _("%s  %s  %s  %s: %s, %s; escort %s"),
	               wl_member_text(v, "visit"), wl_member_text(v, "on"), state_words(v),
	               wl_member_text(v, "device"), wl_member_text(v, "engineer"),
	               wl_member_text(v, "engineer_org"), wl_member_text(v, "escort"));
}

static void say_text(const struct wl_cli *cli, const char *label, const char *text)
{
	if (text[0])
		wl_say_in(cli, 2, "%s %s", label, text);
}

static void say_findings(const struct wl_cli *cli, const json_t *v)
{
	const json_t *findings = json_object_get(v, "findings");
	bool closed = !strcmp(wl_member_text(v, "state"), "closed");

	for (size_t i = 0; i < json_array_size(findings); i++)
		wl_say_in(cli, 2, "%s %s", closed ? _("FINDING:") : _("Still open:"),
		          wl_member_text(json_array_get(findings, i), "words"));
}

void wl_visit_view(const struct wl_cli *cli, const json_t *v)
{
	const json_t *transfers = json_object_get(v, "transfers");

	wl_say(cli, _("Visit %s: %s, device %s, planned for %s"), wl_member_text(v, "visit"),
	       state_words(v), wl_member_text(v, "device"), wl_member_text(v, "on"));
	wl_say_in(cli, 2, _("Engineer: %s, %s; escort %s"), wl_member_text(v, "engineer"),
	          wl_member_text(v, "engineer_org"), wl_member_text(v, "escort"));
	wl_say_in(cli, 2, _("Clearance: %s"), wl_member_text(v, "clearance"));
	say_text(cli, _("Safeguard of what the device stores:"), wl_member_text(v, "safeguard"));
	wl_say_in(cli, 2, _("Opened by %s, %s"), wl_member_text(v, "opened_by"),
	          wl_member_text(v, "opened_at"));
	if (wl_member_text(v, "confirm_until")[0])
		wl_say_in(cli, 2, _("Escorted, as the escort said at %s; counts until %s"),
		          wl_member_text(v, "confirmed_at"), wl_member_text(v, "confirm_until"));
	for (size_t i = 0; i < json_array_size(transfers); i++)
		wl_say_in(cli, 2, "%s  %s",
		          wl_member_text(json_array_get(transfers, i), "transfer"),
		          wl_member_text(json_array_get(transfers, i), "state"));
	if (wl_member_text(v, "closed_by")[0])
		wl_say_in(cli, 2, _("Closed by %s, %s. %s"), wl_member_text(v, "closed_by"),
		          wl_member_text(v, "closed_at"), wl_member_text(v, "words"));
	say_findings(cli, v);
	wl_say_next_of(cli, v);
}

int wl_visit_word(const struct wl_cli *cli, const char *typed, char ret[WL_ID_TEXT])
{
	size_t n = strlen(typed);

	for (size_t i = 0; i <= n && n < WL_ID_TEXT; i++)
		ret[i] = (char)toupper((unsigned char)typed[i]);
	if (n < WL_ID_TEXT && wl_id_is(WL_ID_TICKET, ret))
		return 0;
	return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
	                      _("A work order has 3 to 32 letters, digits and hyphens, like "
	                        "WO-8841."));
}

int wl_visit_call(struct wl_cli *cli, const char *method, json_t *parameters,
                  const char *done_words)
{
	char id[WL_ID_TEXT];
	json_t *answer = NULL;
	int status = wl_visit_word(cli, wl_args_operand(cli->args, 0), id);

	if (status) {
		json_decref(parameters);
		return status;
	}
	(void)json_object_set_new(parameters, "visit", json_string(id));
	status = wl_station_call(cli, method, parameters, &answer);
	if (status)
		return status;
	const json_t *visit = json_object_get(answer, "visit");
	wl_say(cli, "%s: %s", id, done_words);
	say_findings(cli, visit);
	wl_say_next_of(cli, visit);
	wl_cli_json(cli, answer);
	json_decref(answer);
	return WL_EXIT_DONE;
}
