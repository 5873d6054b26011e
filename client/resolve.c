/*
 * From what was typed to a transfer's id. The word is the person's own; the list is the station's.
 * Runs in the client; keeps nothing.
 */
#include "client/resolve.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "client/say.h"
#include "client/station.h"

enum wl_resolution wl_resolve_word(const char *word, char ret[WL_ID_TEXT])
{
	char upper[WL_ID_TEXT];
	size_t n = strlen(word);

	if (n == 0 || n >= sizeof(upper))
		return WL_RESOLVE_NOT_A_NAME;
	for (size_t i = 0; i <= n; i++)
		upper[i] = (char)toupper((unsigned char)word[i]);
	if (wl_id_is(WL_ID_TRANSFER, upper)) {
		memcpy(ret, upper, n + 1);
		return WL_RESOLVE_FULL;
	}
	if (n <= 6 && strspn(word, "0123456789") == n)
		return WL_RESOLVE_NUMBER;
	return strcmp(word, "last") == 0 || strcmp(word, "dernier") == 0 ? WL_RESOLVE_LAST
	                                                                 : WL_RESOLVE_NOT_A_NAME;
}

bool wl_resolve_last(const json_t *transfers, const char *person, char ret[WL_ID_TEXT])
{
	const char *newest = "", *mine = "";

	for (size_t i = 0; i < json_array_size(transfers); i++) {
		const json_t *t = json_array_get(transfers, i);
		const char *id = wl_member_text(t, "transfer");
		/* ids are counted up and zero-padded: the larger text is the newer one */
		if (strcmp(id, newest) > 0)
			newest = id;
		if (person[0] && !strcmp(wl_member_text(t, "opened_by"), person) &&
		    strcmp(id, mine) > 0)
			mine = id;
	}
	if (mine[0])
		newest = mine;
	if (!newest[0] || strlen(newest) >= WL_ID_TEXT)
		return false;
	memcpy(ret, newest, strlen(newest) + 1);
	return true;
}

static int say_no_such(const struct wl_cli *cli, const char *word)
{
	int status = wl_say_failure(cli, WL_EXIT_USAGE, "NoSuch",
	                            _("\"%.60s\" is no transfer: say its id, its number, or last."),
	                            word);
	wl_say_next(cli, true, NULL, NULL, "weighlock transfers");
	return status;
}

int wl_resolve_operand(struct wl_cli *cli, char ret[WL_ID_TEXT])
{
	const char *word = wl_args_operand(cli->args, 0);
	enum wl_resolution kind = wl_resolve_word(word, ret);
	json_t *status_object = NULL, *list = NULL;
	bool found;

	if (kind == WL_RESOLVE_FULL)
		return 0;
	if (kind == WL_RESOLVE_NOT_A_NAME)
		return say_no_such(cli, word);
	int status = wl_station_call(cli, "GetStatus", NULL, &status_object);
	if (status)
		return status;
	if (kind == WL_RESOLVE_NUMBER) {
		const char *station = wl_member_text(status_object, "station");
		found = wl_id_is(WL_ID_STATION, station);
		if (found)
			wl_id_transfer(station, strtoul(word, NULL, 10), ret);
	} else {
		status = wl_station_call(cli, "ListTransfers", NULL, &list);
		found = !status && wl_resolve_last(json_object_get(list, "transfers"),
		                                   wl_member_text(status_object, "person"), ret);
		json_decref(list);
	}
	json_decref(status_object);
	if (status)
		return status;
	return found ? 0 : say_no_such(cli, word);
}
