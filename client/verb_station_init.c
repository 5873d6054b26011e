/*
 * `station init`: the station makes its keys; the fingerprint shown here is what another person
 * confirms. No key ever comes to this process.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "client/ask.h"
#include "client/say.h"
#include "client/station.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/ids.h"
#include "daemon/base/limits.h"

static bool is_station(const char *text)
{
	return wl_id_is(WL_ID_STATION, text);
}

static bool is_file(const char *text)
{
	return access(text, R_OK) == 0;
}

static const struct field {
	const char *option, *missing, *question;
	bool (*is_good)(const char *text);
} fields[] = {
        {"name", "--name STATION", N_("Name of this station (2 to 8 of A-Z 0-9)?"), is_station},
        {"origin", "--origin ORIGIN", N_("Name of its ledger (like stations.example/stn3)?"), NULL},
        {"policy-root", "--policy-root PEM", N_("File with the policy authority's certificate?"),
         is_file},
};
enum { NAME, ORIGIN, ROOT, FIELDS };

static int collect(struct wl_cli *cli, char *values[FIELDS])
{
	const char *missing[FIELDS + 1];
	size_t n = 0;

	for (size_t i = 0; i < FIELDS; i++) {
		const char *given = wl_args_value(cli->args, fields[i].option);
		if (given)
			values[i] = strdup(given);
		else
			missing[n++] = fields[i].missing;
	}
	missing[n] = NULL;
	if (n && !cli->can_ask)
		return wl_say_missing(cli, missing);
	for (size_t i = 0; i < FIELDS; i++) {
		if (!values[i] &&
		    wl_ask_text(cli, _(fields[i].question), fields[i].is_good, &values[i]) < 0)
			return WL_EXIT_WAITING;
	}
	return 0;
}

static int init(struct wl_cli *cli, char *const values[FIELDS])
{
	WL_AUTO_FREE void *pem = NULL;
	size_t n = 0;
	json_t *answer = NULL;
	int r = wl_file_read(AT_FDCWD, values[ROOT], WL_CERTIFICATE_FILE_BYTES_MAX, &pem, &n);

	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s cannot be read: %s."), values[ROOT], strerror(-r));
	json_t *text = json_stringn(pem, n);
	if (!text)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s is no certificate in PEM."), values[ROOT]);
	int status = wl_station_call(cli, "StationInit",
	                             json_pack("{s:s, s:s, s:o}", "name", values[NAME], "origin",
	                                       values[ORIGIN], "policy_authority_pem", text),
	                             &answer);
	if (status)
		return status;
	const char *fingerprint = wl_member_text(answer, "fingerprint");
	wl_say(cli, "%s",
	       _("This station made two keys that never leave it: the ledger's, which "
	         "signs every checkpoint, and the station's, which signs its papers."));
	wl_say(cli, _("Fingerprint of the ledger's key: %s"), fingerprint);
	wl_say_in(cli, 2, "%s", _("Nothing is trusted or entered yet."));
	char command[200];
	(void)snprintf(command, sizeof(command), "weighlock station confirm \"%s\"", fingerprint);
	wl_say_next(cli, false, _("Another person, under another account, compares it and types"),
	            NULL, command);
	(void)json_object_set_new(answer, "next_command", json_string(command));
	wl_cli_json(cli, answer);
	json_decref(answer);
	return WL_EXIT_DONE;
}

int wl_verb_station_init(struct wl_cli *cli)
{
	char *values[FIELDS] = {NULL};
	int status = collect(cli, values);

	if (!status)
		status = init(cli, values);
	for (size_t i = 0; i < FIELDS; i++)
		free(values[i]);
	return status;
}
