/*
 * `ticket withdraw`: the authority takes a ticket back.
 *
 * Runs on the authority's own machine with her own files; the only thing read is the ticket's file,
 * by the strict reader, where she names it instead of the id. What is written counts nowhere before
 * it is signed and a station has verified it (`ticket add`). The file is never written over another
 * one; when power goes it is made again.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "client/duration.h"
#include "client/say.h"
#include "client/ticket_files.h"
#include "client/ticket_read.h"
#include "daemon/base/cleanup.h"

/* The operand is an id, or the file of a ticket. */
static int take_ticket(const struct wl_cli *cli, struct wl_withdrawal *w)
{
	const char *operand = wl_args_operand(cli->args, 0);
	WL_CLEANUP(wl_ticket_file_clear) struct wl_ticket_file_read f = {.p = NULL};

	if (wl_id_is(WL_ID_TICKET, operand)) {
		(void)snprintf(w->ticket, sizeof(w->ticket), "%s", operand);
		return 0;
	}
	if (!wl_ticket_name_is_good(operand))
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s is neither a ticket's name (3 to 32 of A-Z 0-9 -) "
		                        "nor its file (NAME%s)."),
		                      operand, WL_TICKET_SUFFIX);
	int status = wl_ticket_load(cli, operand, &f);
	if (status)
		return status;
	if (!f.ticket)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s is a withdrawal already, of ticket %s."), operand,
		                      f.withdrawal.ticket);
	memcpy(w->ticket, f.ticket->id, sizeof(w->ticket));
	memcpy(w->authority, f.ticket->authority, sizeof(w->authority));
	return 0;
}

static int take_word(const struct wl_cli *cli, const char *option, char ret[WL_ID_TEXT])
{
	const char *value = wl_args_value(cli->args, option);

	if (!value)
		return 0;
	if (!wl_id_is(WL_ID_NAME, value))
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument", _("--%s %.60s: %s."),
		                      option, value, _("a name like x-0042: a-z 0-9 -"));
	(void)snprintf(ret, WL_ID_TEXT, "%s", value);
	return 0;
}

static int take_options(const struct wl_cli *cli, struct wl_withdrawal *w)
{
	const char *issued = wl_args_value(cli->args, "issued");
	int status = take_word(cli, "authority", w->authority);

	if (!status)
		status = take_word(cli, "reason", w->reason);
	if (!status && issued && wl_date_parse(issued, &w->issued_at, NULL) < 0)
		status = wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument", _("--%s %.60s: %s."),
		                        "issued", issued,
		                        _("a date like 2026-12-01 or a time like "
		                          "2026-12-01T08:00:00Z"));
	return status;
}

static int write_out(const struct wl_cli *cli, const struct wl_withdrawal *w, const char *path)
{
	WL_AUTO_FREE char *text = NULL;
	WL_AUTO_FREE char *words = NULL;
	struct wl_finding f = {0};
	char command[4200];
	size_t n = 0;
	int r = wl_withdrawal_write(w, &text, &n, &f);

	if (r == -EBADMSG)
		return wl_finding_say(cli, WL_EXIT_USAGE, path, &f);
	int status = r < 0 ? WL_EXIT_FAULT : wl_ticket_save(cli, path, text, n);
	if (status)
		return status;
	if (wl_withdrawal_show(w, &words) == 0)
		(void)fputs(words, cli->people);
	(void)snprintf(command, sizeof(command),
	               "weighlock ticket sign %s --cert OFFICER.pem --key OFFICER.key", path);
	wl_say_next(cli, false,
	            _("One officer signs it, and it goes to each station by ticket add:"), NULL,
	            command);
	json_t *object = json_pack("{s:s, s:s, s:s}", "ticket", w->ticket, "file", path, "reason",
	                           w->reason);
	wl_cli_json(cli, object);
	json_decref(object);
	return WL_EXIT_DONE;
}

int wl_verb_ticket_withdraw(struct wl_cli *cli)
{
	struct wl_withdrawal w = {.authority = "assessing-authority",
	                          .issued_at = (int64_t)time(NULL)};
	const char *path = wl_args_value(cli->args, "output");

	if (!wl_ticket_name_is_good(path))
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s: stations look for tickets by their name: call it "
		                        "NAME%s."),
		                      path, WL_TICKET_SUFFIX);
	int status = take_ticket(cli, &w);
	if (!status)
		status = take_options(cli, &w);
	return status ? status : write_out(cli, &w, path);
}
