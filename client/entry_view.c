/*
 * Entries as people read them: one a line, in the order of the entry.
 *
 * Values once came from media and from people; they are escaped before they reach a screen. Runs in
 * the client, reads only.
 */
#include "client/entry_view.h"

#include <stdint.h>
#include <string.h>

#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

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

void wl_entry_view(const struct wl_cli *cli, const char *text)
{
	if (cli->json) {
		(void)printf("%s\n", text);
		return;
	}
	json_t *entry = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	if (entry)
		say_entry(cli, entry);
	json_decref(entry);
}

size_t wl_entries_view(const struct wl_cli *cli, const json_t *answer)
{
	const json_t *entries = json_object_get(answer, "entries");
	size_t n = json_array_size(entries);

	for (size_t i = 0; i < n; i++)
		wl_entry_view(cli, json_string_value(json_array_get(entries, i)));
	return n;
}
