/*
 * `ledger prove`: the receipt (C2SP tlog-proof) that a transfer's release stands in the ledger.
 */
#include <fcntl.h>
#include <string.h>

#include "client/resolve.h"
#include "client/say.h"
#include "client/station.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"

static int write_file(const struct wl_cli *cli, const char *name, const char *text)
{
	int r = wl_file_replace(AT_FDCWD, name, text, strlen(text), 0644);
	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", _("%s cannot be written: %s."),
		                      name, strerror(-r));
	wl_say(cli, _("Receipt written to %s."), name);
	return WL_EXIT_DONE;
}

int wl_verb_ledger_prove(struct wl_cli *cli)
{
	char id[WL_ID_TEXT];
	const char *name = wl_args_value(cli->args, "output");
	json_t *answer = NULL;
	int status = wl_resolve_operand(cli, id);

	if (!status)
		status = wl_station_call(cli, "LedgerProve", json_pack("{s:s}", "transfer", id),
		                         &answer);
	if (status)
		return status;
	const char *proof = wl_member_text(answer, "proof");
	if (name)
		status = write_file(cli, name, proof);
	else if (!cli->json)
		(void)fputs(proof, stdout);
	wl_cli_json(cli, answer);
	json_decref(answer);
	return status;
}
