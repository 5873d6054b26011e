/*
 * `station settle`, `station retire` and `station rotate-key`: what two administrators do together.
 * The first says why, the second names the first: `--with PERSON`.
 */
#include <string.h>

#include "client/say.h"
#include "client/station.h"

static int propose(struct wl_cli *cli, const char *action, const char *reason)
{
	json_t *answer = NULL, *status_object = NULL;
	char command[100];
	int status = wl_station_call(cli, "StationPropose",
	                             json_pack("{s:s, s:s}", "action", action, "words", reason),
	                             &answer);

	if (!status)
		status = wl_station_call(cli, "GetStatus", NULL, &status_object);
	if (status)
		return status;
	const char *person = wl_member_text(status_object, "person");
	(void)snprintf(command, sizeof(command), "weighlock station %s --with %.32s", action,
	               person);
	wl_say(cli, _("Proposed, entry %s. Nothing is done yet."), wl_member_text(answer, "entry"));
	wl_say_next(cli, false, _("A second administrator agrees within eight hours:"), NULL,
	            command);
	(void)json_object_set_new(answer, "next_command", json_string(command));
	wl_cli_json(cli, answer);
	json_decref(answer);
	json_decref(status_object);
	return WL_EXIT_WAITING;
}

/* What is proposed, or agreed to: 0 and *ret (agreed), or the exit status. */
static int second(struct wl_cli *cli, const char *action, json_t **ret)
{
	const char *with = wl_args_value(cli->args, "with");
	const char *reason = wl_args_value(cli->args, "reason");
	const char *const missing[] = {"--reason TXT", NULL};

	if (!with && !reason)
		return wl_say_missing(cli, missing);
	if (!with)
		return propose(cli, action, reason);
	json_t *p = json_pack("{s:s, s:s}", "action", action, "proposed_by", with);
	if (reason)
		(void)json_object_set_new(p, "words", json_string(reason));
	return wl_station_call(cli, "StationAgree", p, ret);
}

int wl_verb_station_settle(struct wl_cli *cli)
{
	json_t *answer = NULL;
	int status = second(cli, "settle", &answer);

	if (status)
		return status;
	wl_say(cli, _("The alarm is settled, entry %s. Transfers may go on."),
	       wl_member_text(answer, "entry"));
	wl_say_next(cli, false, _("Tell the auditor; the alarm stays in the ledger."), NULL,
	            "weighlock status");
	wl_cli_json(cli, answer);
	json_decref(answer);
	return WL_EXIT_DONE;
}

int wl_verb_station_rotate_key(struct wl_cli *cli)
{
	const char *key = wl_args_operand(cli->args, 0);
	json_t *answer = NULL;
	int status;

	if (key && strcmp(key, "ledger") != 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s is no key that can be changed: say ledger, or nothing. "
		                        "For the key of documents see weighlock station csr."),
		                      key);
	if (wl_args_given(cli->args, "with"))
		wl_say(cli, "%s",
		       _("The key is changed now. With a ledger of millions of entries that takes "
		         "minutes, "
		         "in which the station answers nobody."));
	status = second(cli, "rotate-key", &answer);
	if (status)
		return status;
	wl_say(cli,
	       _("The key of %s was given up, entry %s: both keys signed its last checkpoint, "
	         "and it lies whole in the archive."),
	       wl_member_text(answer, "old_origin"), wl_member_text(answer, "entry"));
	wl_say(cli, _("The ledger goes on as %s; the next policy must say so (station: origin)."),
	       wl_member_text(answer, "origin"));
	wl_say(cli, _("Fingerprint of the old key: %s"), wl_member_text(answer, "old_fingerprint"));
	wl_say(cli, _("Fingerprint of the ledger's key: %s"),
	       wl_member_text(answer, "fingerprint"));
	wl_say_next(cli, false,
	            _("Print the new card; both sign it. The auditor takes the next export and "
	              "enters it with weighlock-verify enrol --rotate."),
	            NULL, "weighlock station card");
	wl_cli_json(cli, answer);
	json_decref(answer);
	return WL_EXIT_DONE;
}

int wl_verb_station_retire(struct wl_cli *cli)
{
	json_t *answer = NULL;
	int status = second(cli, "retire", &answer);

	if (status)
		return status;
	wl_say(cli,
	       _("This station is retired, entry %s. Its vault is empty; nothing crosses any "
	         "more."),
	       wl_member_text(answer, "entry"));
	wl_say_next(cli, false,
	            _("Export the ledger for the last time, then destroy the disk's encryption key "
	              "(cryptsetup luksErase) and the disk: deleting alone is no wiping."),
	            NULL, "weighlock ledger export --full");
	wl_cli_json(cli, answer);
	json_decref(answer);
	return WL_EXIT_DONE;
}
