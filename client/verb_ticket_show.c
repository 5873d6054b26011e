/*
 * `ticket show`: in plain words, what a person reads before signing. Signatures are not looked at.
 */
#include <string.h>

#include "client/say.h"
#include "client/ticket_read.h"
#include "daemon/base/cleanup.h"

int wl_verb_ticket_show(struct wl_cli *cli)
{
	WL_CLEANUP(wl_ticket_file_clear) struct wl_ticket_file_read f = {.p = NULL};
	WL_AUTO_FREE char *words = NULL;
	int status = wl_ticket_load(cli, wl_args_operand(cli->args, 0), &f);

	if (status)
		return status;
	if (cli->json) {
		/* it was read strictly: this is the same object again, on one line */
		json_t *object = json_loadb(f.p, f.n, JSON_REJECT_DUPLICATES, NULL);
		wl_cli_json(cli, object);
		json_decref(object);
	}
	int r = f.ticket ? wl_ticket_show(f.ticket, &words)
	                 : wl_withdrawal_show(&f.withdrawal, &words);
	if (r < 0)
		return WL_EXIT_FAULT;
	(void)fputs(words, cli->people);
	return WL_EXIT_DONE;
}
