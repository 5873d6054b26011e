/*
 * `station init`: the station makes its keys; the fingerprint shown here is what another person
 * confirms. No key ever comes to this process. With --succeeds the station takes over what a copy
 * of another one's ledger proves: ledgerd reads and verifies the folder itself; a receipt or
 * checkpoint
 * (--seen) is read here and handed on, and is believed only where the old key signed it.
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

/* ---- a successor ---- */

static void say_succession(struct wl_cli *cli, const json_t *answer, const char *old)
{
	const char *cosigned = wl_member_text(answer, "cosigned_at");
	long long size = (long long)wl_member_integer(answer, "size");
	long long missing = (long long)wl_member_integer(answer, "missing");

	if (cosigned[0])
		wl_say(cli, _("Old ledger verified up to entry %lld (cosigned %s)."), size - 1,
		       cosigned);
	else
		wl_say(cli, _("Old ledger verified up to entry %lld (cosigned by nobody)."),
		       size - 1);
	wl_say(cli, _("It is signed by the key %s: this must stand on the card of %s."),
	       wl_member_text(answer, "old_fingerprint"), old);
	if (missing > 0)
		wl_say(cli,
		       _("Media outside prove that it reached at least %lld: %lld entries are "
		         "missing "
		         "and named as missing."),
		       size + missing - 1, missing);
	wl_say(cli, "%s", _("Floors, tickets and media are taken over from it; keys never are."));
	wl_say(cli, _("New origin: %s. Until an auditor cosigns: two approvers on every release."),
	       wl_member_text(answer, "origin"));
}

/* The text of a file as a JSON string, NULL and a word where there is none. */
static json_t *file_text(struct wl_cli *cli, const char *path)
{
	WL_AUTO_FREE void *p = NULL;
	size_t n = 0;
	int r = wl_file_read(AT_FDCWD, path, WL_CERTIFICATE_FILE_BYTES_MAX, &p, &n);
	json_t *text = r == 0 ? json_stringn(p, n) : NULL;

	if (!text)
		(void)wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument", _("%s cannot be read: %s."),
		                     path, r < 0 ? strerror(-r) : _("it is no text"));
	return text;
}

static int succeed(struct wl_cli *cli, const char *old)
{
	const char *ledger = wl_args_value(cli->args, "ledger"),
	           *seen = wl_args_value(cli->args, "seen");
	const char *root = wl_args_value(cli->args, "policy-root");
	const char *missing[] = {ledger ? NULL : "--ledger DIR", root ? NULL : "--policy-root PEM",
	                         NULL};
	char command[200];
	json_t *answer = NULL, *pem, *text = NULL;

	/* silently another name than the one typed would stand on every paper */
	if (wl_args_value(cli->args, "name") || wl_args_value(cli->args, "origin"))
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("A station that succeeds %s keeps its name, and the origin "
		                        "of its ledger follows from the old one: leave --name and "
		                        "--origin out."),
		                      old);
	if (!missing[0])
		missing[0] = missing[1], missing[1] = NULL;
	if (missing[0])
		return wl_say_missing(cli, missing);
	WL_AUTO_FREE char *whole = realpath(ledger, NULL);
	pem = file_text(cli, root);
	if (!pem)
		return WL_EXIT_USAGE;
	json_t *call = json_pack("{s:s, s:s, s:o}", "name", old, "ledger", whole ? whole : ledger,
	                         "policy_authority_pem", pem);
	if (seen) {
		text = file_text(cli, seen);
		if (!text) {
			json_decref(call);
			return WL_EXIT_USAGE;
		}
		(void)json_object_set_new(call, "seen", text);
	}
	int status = wl_station_call(cli, "StationSucceed", call, &answer);
	if (status)
		return status;
	say_succession(cli, answer, old);
	wl_say(cli, _("Fingerprint of the ledger's key: %s"),
	       wl_member_text(answer, "fingerprint"));
	wl_say_in(cli, 2, "%s", _("Nothing is trusted or entered yet."));
	(void)snprintf(command, sizeof(command), "weighlock station confirm \"%s\"",
	               wl_member_text(answer, "fingerprint"));
	wl_say_next(cli, false, _("Another person, under another account, compares both and types"),
	            NULL, command);
	(void)json_object_set_new(answer, "next_command", json_string(command));
	wl_cli_json(cli, answer);
	json_decref(answer);
	return WL_EXIT_DONE;
}

int wl_verb_station_init(struct wl_cli *cli)
{
	const char *old = wl_args_value(cli->args, "succeeds");
	char *values[FIELDS] = {NULL};
	int status = old ? succeed(cli, old) : collect(cli, values);

	if (old)
		return status;

	if (!status)
		status = init(cli, values);
	for (size_t i = 0; i < FIELDS; i++)
		free(values[i]);
	return status;
}
