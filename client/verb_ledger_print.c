/*
 * `ledger print`: the checkpoint for the paper register, as a page or as plain text with its QR.
 *
 * A copy on paper is memory outside the machine: whoever sets the station back to an older state
 * cannot change it.
 */
#include <string.h>

#include "client/page.h"
#include "client/qr.h"
#include "client/say.h"
#include "client/station.h"

static int print_page(struct wl_cli *cli, const char *name, const json_t *a)
{
	char entries[32];
	struct wl_page *p = NULL;
	int status = wl_page_open(cli, name, _("Checkpoint of the ledger"), &p);

	if (status)
		return status;
	(void)snprintf(entries, sizeof(entries), "%lld",
	               (long long)wl_member_integer(a, "entries"));
	wl_page_value(p, _("Station"), wl_member_text(a, "station"));
	wl_page_value(p, _("Entries"), entries);
	wl_page_lines(p, _("Checkpoint"), wl_member_text(a, "checkpoint"));
	if (wl_member_text(a, "cosigned")[0])
		wl_page_lines(p, _("Last countersigned checkpoint"), wl_member_text(a, "cosigned"));
	wl_page_qr(p, _("The checkpoint as a QR code:"), wl_member_text(a, "checkpoint"));
	wl_page_text(p,
	             _("Keep this page in the paper register. The ledger must contain this state "
	               "for ever; weighlock-verify compares it."));
	wl_page_signatures(p, 1);
	return wl_page_close(cli, p);
}

static void print_text(const json_t *a)
{
	(void)printf("%s %s\n\n%s\n", _("Checkpoint of the ledger"), wl_member_text(a, "station"),
	             wl_member_text(a, "checkpoint"));
	(void)wl_qr_text(stdout, wl_member_text(a, "checkpoint"));
}

int wl_verb_ledger_print(struct wl_cli *cli)
{
	const char *name = wl_args_value(cli->args, "output");
	json_t *answer = NULL;
	int status = wl_station_call(cli, "LedgerCheckpoint", NULL, &answer);

	if (status)
		return status;
	if (name)
		status = print_page(cli, name, answer);
	else if (!cli->json)
		print_text(answer);
	wl_cli_json(cli, answer);
	json_decref(answer);
	return status;
}
