/*
 * `ticket show`: in plain words, what a person reads before signing. Signatures are not looked at.
 */
#include <string.h>

#include "client/say.h"
#include "client/ticket_read.h"
#include "daemon/base/cleanup.h"

int wl_verb_ticket_show(struct wl_cli *cli)
{
	struct wl_ticket *ticket = NULL;
	WL_AUTO_FREE void *p = NULL;
	WL_AUTO_FREE char *words = NULL;
	size_t n = 0;
	int status = wl_ticket_load(cli, wl_args_operand(cli->args, 0), &p, &n, &ticket);

	if (status)
		return status;
	if (cli->json) {
		/* it was read strictly: this is the same object again, on one line */
		json_t *object = json_loadb(p, n, JSON_REJECT_DUPLICATES, NULL);
		wl_cli_json(cli, object);
		json_decref(object);
	}
	if (wl_ticket_show(ticket, &words) < 0)
		status = WL_EXIT_FAULT;
	else
		(void)fputs(words, cli->people);
	wl_ticket_free(ticket);
	return status;
}
