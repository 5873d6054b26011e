/*
 * `scrub`: clean copies of pictures, made as the station makes them: decoded to plain samples in
 * one process, written as canonical PNG in another, checked in a third. Nothing of a source but its
 * samples is in an output: no name, order, time or size. Sources are only read. Power: see
 * scrub_run.c.
 */
#include <errno.h>
#include <string.h>

#include "client/say.h"
#include "client/scrub.h"
#include "daemon/base/cleanup.h"

int wl_verb_scrub(struct wl_cli *cli)
{
	WL_CLEANUP(wl_scrub_clear)
	struct wl_scrub s = {.cli = cli, .out = -1, .out_name = wl_args_value(cli->args, "output")};
	int status = wl_scrub_load_policy(&s);

	if (!status)
		status = wl_scrub_gather(&s);
	if (!status)
		status = wl_scrub_open_out(&s);
	if (!status)
		status = wl_scrub_run(&s);
	if (status)
		return status;
	int r = wl_scrub_name_outputs(&s);
	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO",
		                      _("The pictures in %s could not be given their names: %s."),
		                      s.out_name, strerror(-r));
	return wl_scrub_view(&s);
}
