/*
 * `ledger query` and `ledger follow`: entries by event, transfer, person and time; entries as they
 * come. With --json as they lie in the ledger, byte for byte.
 */
#include <time.h>

#include "client/duration.h"
#include "client/entry_view.h"
#include "client/follow.h"
#include "client/resolve.h"
#include "client/say.h"
#include "client/station.h"

#define PAGE       100
#define FOLLOW_S   1
#define BEGIN_TAIL 10 /* entries shown before the new ones */

static void pass_on(const struct wl_cli *cli, json_t *parameters, const char *option,
                    const char *name)
{
	const char *value = wl_args_value(cli->args, option);

	if (value)
		(void)json_object_set_new(parameters, name, json_string(value));
}

static json_t *parameters_of(const struct wl_cli *cli, uint64_t from, uint64_t count)
{
	json_t *p = json_pack("{s:I, s:I}", "from", (json_int_t)from, "count", (json_int_t)count);

	pass_on(cli, p, "event", "event");
	pass_on(cli, p, "transfer", "transfer");
	pass_on(cli, p, "person", "person");
	pass_on(cli, p, "since", "since");
	pass_on(cli, p, "until", "until");
	return p;
}

int wl_verb_ledger_query(struct wl_cli *cli)
{
	const char *from_text = wl_args_value(cli->args, "from");
	const char *count_text = wl_args_value(cli->args, "count");
	uint64_t from = 0, left = UINT64_MAX;
	bool more = true;
	int status = 0;

	if ((from_text && wl_number_parse(from_text, &from) < 0) ||
	    (count_text && wl_number_parse(count_text, &left) < 0))
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("--from and --count take numbers."));
	while (!status && more && left > 0) {
		json_t *answer = NULL;
		status = wl_station_call(cli, "LedgerQuery",
		                         parameters_of(cli, from, left < PAGE ? left : PAGE),
		                         &answer);
		if (status)
			break;
		left -= wl_entries_view(cli, answer);
		more = json_object_get(answer, "next") != NULL;
		from = (uint64_t)wl_member_integer(answer, "next");
		json_decref(answer);
	}
	return status;
}

/* Everything from *from on; *from is then the next. */
static int show_new(struct wl_cli *cli, uint64_t *from)
{
	json_t *answer = NULL;
	int status = wl_station_call(
	        cli, "LedgerRead",
	        json_pack("{s:I, s:I}", "from", (json_int_t)*from, "count", (json_int_t)PAGE),
	        &answer);

	if (!status)
		*from += wl_entries_view(cli, answer);
	(void)fflush(stdout);
	json_decref(answer);
	return status;
}

int wl_verb_ledger_follow(struct wl_cli *cli)
{
	json_t *answer = NULL;
	int status = wl_station_call(cli, "GetStatus", NULL, &answer);
	uint64_t entries =
	        status ? 0
	               : (uint64_t)wl_member_integer(json_object_get(answer, "ledger"), "entries");
	uint64_t from = entries > BEGIN_TAIL ? entries - BEGIN_TAIL : 0;

	json_decref(answer);
	while (!status) {
		uint64_t before = from;
		status = show_new(cli, &from);
		if (from == before)
			(void)nanosleep(&(struct timespec){.tv_sec = FOLLOW_S}, NULL);
	}
	return status;
}
