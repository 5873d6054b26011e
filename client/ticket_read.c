/*
 * A ticket from a file, and into one. On the authority's machine it is its officer's own; the
 * reader is strict and bounded all the same.
 */
#include "client/ticket_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/say.h"
#include "client/ticket_files.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"

int wl_finding_say(const struct wl_cli *cli, int status, const char *what,
                   const struct wl_finding *finding)
{
	const struct wl_rule_row *row = wl_rule_row(finding->rule);
	char reason[600], remedy[600];

	/* what a sentence has a place for is put there; a detail it has no place for follows it */
	const struct wl_rule_arg args[] = {{"detail", finding->detail}, {"file", what}};
	bool has_place = strstr(row->sentence, "{detail}") != NULL;

	(void)wl_rule_render(row->sentence, args, WL_ARRAY_LEN(args), reason, sizeof(reason));
	(void)wl_rule_render(row->remedy, args, WL_ARRAY_LEN(args), remedy, sizeof(remedy));
	wl_say_error(cli, _("REFUSED: %s: %s%s%s%s"), what, reason,
	             has_place || !finding->detail[0] ? "" : " (", has_place ? "" : finding->detail,
	             has_place || !finding->detail[0] ? "" : ")");
	wl_say_rule(cli, row->id);
	wl_say_next(cli, true, remedy, NULL, NULL);
	json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "error", "Refused", "rule", row->id,
	                           "reason", reason, "detail", finding->detail);
	wl_cli_json(cli, object);
	json_decref(object);
	return status;
}

void wl_ticket_file_clear(struct wl_ticket_file_read *f)
{
	free(f->p);
	f->p = NULL;
	f->ticket = wl_ticket_free(f->ticket);
}

int wl_ticket_load(const struct wl_cli *cli, const char *path, struct wl_ticket_file_read *ret)
{
	struct wl_finding finding = {0};

	if (!wl_ticket_name_is_good(path))
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s: stations look for tickets by their name: call it "
		                        "NAME%s."),
		                      path, WL_TICKET_SUFFIX);
	int r = wl_file_read(AT_FDCWD, path, WL_TICKET_BYTES_MAX, &ret->p, &ret->n);
	if (r == -EFBIG)
		r = wl_refuse(&finding, WL_RULE_TICKET_UNREADABLE, "larger than 64 KiB");
	else if (r < 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s cannot be read: %s."), path, strerror(-r));
	if (r == 0)
		r = wl_withdrawal_read(ret->p, ret->n, &ret->withdrawal, &finding);
	if (r == -ENOMSG)
		r = wl_ticket_read(ret->p, ret->n, &ret->ticket, &finding);
	if (r == -EBADMSG)
		return wl_finding_say(cli, WL_EXIT_USAGE, path, &finding);
	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", "%s: %s.", path, strerror(-r));
	return 0;
}

int wl_ticket_save(const struct wl_cli *cli, const char *path, const void *p, size_t n)
{
	WL_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : wl_write_full(fd, p, n);

	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", _("%s cannot be written: %s."),
		                      path, strerror(-r));
	return 0;
}
