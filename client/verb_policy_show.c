/*
 * `policy show`: who may do what, at which ports, with which devices. Reads only.
 */
#include <string.h>

#include "client/duration.h"
#include "client/say.h"
#include "client/station.h"

static void say_people(const struct wl_cli *cli, const json_t *people)
{
	for (size_t i = 0; i < json_array_size(people); i++) {
		const json_t *p = json_array_get(people, i);
		const json_t *roles = json_object_get(p, "roles");
		char list[200] = "";
		for (size_t j = 0; j < json_array_size(roles); j++) {
			size_t used = strlen(list);
			(void)snprintf(list + used, sizeof(list) - used, "%s%s", j ? ", " : "",
			               _(json_string_value(json_array_get(roles, j))));
		}
		wl_say_in(cli, 2, "%s: %s", wl_member_text(p, "person"), list);
	}
}

static void say_policy(const struct wl_cli *cli, const json_t *p)
{
	const json_t *devices = json_object_get(p, "devices");
	const json_t *vendors = json_object_get(p, "vendors");
	const json_t *ports = json_object_get(p, "ports");

	wl_say(cli, _("Policy version %lld (%s) of station %s, SHA-256 %s"),
	       (long long)wl_member_integer(p, "version"), wl_member_text(p, "state"),
	       wl_member_text(p, "station"), wl_member_text(p, "sha256"));
	if (!strcmp(wl_member_text(p, "mode"), "test"))
		wl_say_in(cli, 2, "%s", _("TEST: loop ports are allowed, every record says so."));
	wl_say_in(cli, 2, _("Approvals needed for an update: %lld"),
	          (long long)wl_member_integer(p, "approvals_inbound"));
	say_people(cli, json_object_get(p, "people"));
	for (size_t i = 0; i < json_array_size(ports); i++) {
		const json_t *x = json_array_get(ports, i);
		wl_say_in(cli, 2, _("Port %s: %s"), wl_member_text(x, "port"),
		          wl_member_text(x, "use"));
	}
	for (size_t i = 0; i < json_array_size(devices); i++) {
		const json_t *x = json_array_get(devices, i);
		wl_say_in(cli, 2, _("Device %s: %s, serial %s, vendor %s"),
		          wl_member_text(x, "device"), wl_member_text(x, "model"),
		          wl_member_text(x, "serial"), wl_member_text(x, "vendor"));
	}
	for (size_t i = 0; i < json_array_size(vendors); i++) {
		const json_t *x = json_array_get(vendors, i);
		wl_say_in(cli, 2, _("Vendor %s: signature %s, ticket %s"),
		          wl_member_text(x, "vendor"), wl_member_text(x, "signature"),
		          wl_member_text(x, "ticket"));
	}
}

int wl_verb_policy_show(struct wl_cli *cli)
{
	const char *word = wl_args_operand(cli->args, 0);
	uint64_t version = 0;
	json_t *answer = NULL;

	if (word && wl_number_parse(word, &version) < 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("\"%.60s\" is no version: say a number."), word);
	int status = wl_station_call(
	        cli, "PolicyShow", word ? json_pack("{s:I}", "version", (json_int_t)version) : NULL,
	        &answer);
	if (status)
		return status;
	const json_t *p = json_object_get(answer, "policy");
	say_policy(cli, p);
	wl_say_next_of(cli, p);
	wl_cli_json(cli, p);
	json_decref(answer);
	return WL_EXIT_DONE;
}
