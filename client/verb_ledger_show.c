/*
 * `ledger show`: entries, one a line; with --json as they lie in the ledger, byte for byte.
 */
#include <stdint.h>
#include <string.h>

#include "client/duration.h"
#include "client/say.h"
#include "client/station.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

#define PAGE 100

/* data's members as "name=value", in the order of the entry. */
static void render_data(const json_t *data, char *buf, size_t size)
{
	const char *name;
	json_t *value;
	size_t used = 0;

	buf[0] = 0;
	json_object_foreach((json_t *)(uintptr_t)data, name, value)
	{
		WL_AUTO_FREE char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		const char *word = json_is_string(value) ? json_string_value(value) : text;
		char shown[300];
		wl_text_escape(word, strlen(word), shown, sizeof(shown));
		if (used < size)
			used += (size_t)snprintf(buf + used, size - used, " %s=%s", name, shown);
	}
}

static void say_entry(const struct wl_cli *cli, const json_t *entry)
{
	char data[4000];
	const char *transfer = wl_member_text(entry, "transfer");

	render_data(json_object_get(entry, "data"), data, sizeof(data));
	(void)fprintf(cli->people, "%s#%lld  %s  %s  %s%s%s%s\n", wl_member_text(entry, "station"),
	              (long long)wl_member_integer(entry, "seq"), wl_member_text(entry, "time"),
	              wl_member_text(entry, "event"), wl_member_text(entry, "actor"),
	              transfer[0] ? "  " : "", transfer, data);
}

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
	const json_t *entries = json_object_get(answer, "entries");
	*ret_read = json_array_size(entries);
	for (size_t i = 0; i < *ret_read; i++) {
		const char *text = json_string_value(json_array_get(entries, i));
		if (cli->json) {
			(void)printf("%s\n", text);
			continue;
		}
		json_t *entry = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
		if (entry)
			say_entry(cli, entry);
		json_decref(entry);
	}
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
