/*
 * `ledger export` and `ledger cosign`: the ledger out to its auditor, her word back in.
 */
#include "client/action.h"
#include "client/say.h"
#include "client/station.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

static void say_export(struct wl_cli *cli, const json_t *answer)
{
	long long first = (long long)wl_member_integer(answer, "first");
	long long size = (long long)wl_member_integer(answer, "size");
	char bytes[32];

	wl_size_format((uint64_t)wl_member_integer(answer, "bytes"), bytes, sizeof(bytes));
	if (size > 0)
		wl_say(cli, _("Entries %lld to %lld (%lld) and proofs, %lld files, %s."), first,
		       size - 1, size - first, (long long)wl_member_integer(answer, "files"),
		       bytes);
	wl_say(cli, _("Written to %s in port %s, read back, equal. Station card included."),
	       wl_member_text(answer, "medium"), wl_member_text(answer, "port"));
}

int wl_verb_ledger_export(struct wl_cli *cli)
{
	WL_AUTO_FREE char *port = NULL;
	json_t *answer = NULL;
	int status = wl_action_destination(cli, wl_args_operand(cli->args, 0),
	                                   "weighlock ledger export", &port);

	if (!status)
		status = wl_station_call(cli, "LedgerExport",
		                         json_pack("{s:s, s:b, s:b, s:b}", "port", port, "full",
		                                   wl_args_given(cli->args, "full"), "only_new",
		                                   wl_args_given(cli->args, "new"), "replace",
		                                   wl_args_given(cli->args, "replace")),
		                         &answer);
	if (status)
		return status;
	say_export(cli, answer);
	wl_say_next(cli, false, _("Take it to the auditor's machine and check it there."), NULL,
	            "weighlock-verify --book stations.book DIR");
	wl_cli_json(cli, answer);
	json_decref(answer);
	return WL_EXIT_DONE;
}

int wl_verb_ledger_cosign(struct wl_cli *cli)
{
	json_t *answer = NULL;
	int status = wl_station_call(cli, "LedgerCosign",
	                             json_pack("{s:s}", "port", wl_args_value(cli->args, "from")),
	                             &answer);

	if (status)
		return status;
	wl_say(cli, _("Cosignature of \"%s\" accepted: %lld entries, entry %s."),
	       wl_member_text(answer, "name"), (long long)wl_member_integer(answer, "size"),
	       wl_member_text(answer, "entry"));
	if (wl_member_text(answer, "cosignature_due")[0])
		wl_say(cli, _("Next due %.10s."), wl_member_text(answer, "cosignature_due"));
	wl_cli_json(cli, answer);
	json_decref(answer);
	return WL_EXIT_DONE;
}
