/*
 * `ledger show`: entries, one a line; with --json as they lie in the ledger, byte for byte.
 */
#include <stdint.h>

#include "client/duration.h"
#include "client/entry_view.h"
#include "client/say.h"
#include "client/station.h"

#define PAGE 100

/* One page; *ret_read says how many entries came. */
static int show_page(struct wl_cli *cli, uint64_t from, uint64_t count, size_t *ret_read)
{
	json_t *answer = NULL;
	int status = wl_station_call(
	        cli, "LedgerRead",
	        json_pack("{s:I, s:I}", "from", (json_int_t)from, "count", (json_int_t)count),
	        &answer);
	if (status)
		return status;
	*ret_read = wl_entries_view(cli, answer);
	json_decref(answer);
	return 0;
}

int wl_verb_ledger_show(struct wl_cli *cli)
{
	const char *from_text = wl_args_value(cli->args, "from");
	const char *count_text = wl_args_value(cli->args, "count");
	uint64_t from = 0, left = UINT64_MAX;
	int status = 0;
	size_t got = 1;

	if ((from_text && wl_number_parse(from_text, &from) < 0) ||
	    (count_text && wl_number_parse(count_text, &left) < 0))
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("--from and --count take numbers."));
	while (!status && got > 0 && left > 0) {
		status = show_page(cli, from, left < PAGE ? left : PAGE, &got);
		from += got;
		left -= got < left ? got : left;
	}
	return status;
}
