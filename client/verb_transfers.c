/*
 * `transfers`: lists them. Reads only.
 */
#include <stdlib.h>
#include <string.h>

#include "client/render.h"
#include "client/say.h"
#include "client/station.h"
#include "client/store_view.h"
#include "client/transfer_view.h"
#include "daemon/base/text.h"

/* Does the next step of this transfer fall to this person? */
static bool is_for(const json_t *t, const json_t *me)
{
	const char *actor = wl_member_text(t, "next_actor");
	const json_t *roles = json_object_get(me, "roles");

	if (!strcmp(actor, "opener"))
		return !strcmp(wl_member_text(t, "opened_by"), wl_member_text(me, "person"));
	for (size_t i = 0; i < json_array_size(roles); i++) {
		if (!strcmp(actor, json_string_value(json_array_get(roles, i))))
			return true;
	}
	return false;
}

static int by_size(const void *a, const void *b)
{
	return wl_store_compare(*(json_t *const *)a, *(json_t *const *)b);
}

/* What lies in the station's store is more than what will leave: the originals and every output. */
static void add_room(const json_t *t, char *text, size_t size)
{
	size_t n = strlen(text);
	char bytes[32];

	wl_size_format((uint64_t)wl_member_integer(t, "vault_bytes"), bytes, sizeof(bytes));
	(void)snprintf(text + n, size - n, _("; in the store: %s"), bytes);
}

static int print_rows(struct wl_cli *cli, json_t **rows, size_t n)
{
	struct wl_list_line *lines = calloc(n + 1, sizeof(*lines));
	char(*text)[400] = calloc(n + 1, sizeof(*text));

	for (size_t i = 0; lines && text && i < n; i++) {
		wl_view_row(rows[i], text[i], sizeof(text[i]));
		if (wl_args_given(cli->args, "by-size"))
			add_room(rows[i], text[i], sizeof(text[i]));
		lines[i] = (struct wl_list_line){
		        .group = wl_view_state(wl_member_text(rows[i], "state")), .text = text[i]};
		wl_cli_json(cli, rows[i]);
	}
	if (lines && text)
		wl_render_list(cli->people, lines, n, 0, wl_render_columns(cli->people));
	bool whole = lines && text;
	free(lines);
	free(text);
	return whole ? WL_EXIT_DONE : WL_EXIT_FAULT;
}

/* The rows that are wanted, borrowed from `list`. */
static json_t **choose(struct wl_cli *cli, const json_t *list, const json_t *me, size_t *ret_n)
{
	size_t n = 0, all = json_array_size(list);
	json_t **rows = calloc(all + 1, sizeof(*rows));

	for (size_t i = 0; rows && i < all; i++) {
		json_t *t = json_array_get(list, i);
		if (!me || is_for(t, me))
			rows[n++] = t;
	}
	if (rows && wl_args_given(cli->args, "by-size"))
		qsort(rows, n, sizeof(*rows), by_size);
	*ret_n = n;
	return rows;
}

int wl_verb_transfers(struct wl_cli *cli)
{
	bool for_me = wl_args_given(cli->args, "for-me");
	json_t *me = NULL, *answer = NULL;
	int status = for_me ? wl_station_call(cli, "GetStatus", NULL, &me) : 0;

	if (!status)
		status = wl_station_call(cli, "ListTransfers",
		                         for_me || wl_args_given(cli->args, "open")
		                                 ? json_pack("{s:s}", "state", "open")
		                                 : NULL,
		                         &answer);
	if (!status) {
		size_t n;
		json_t **rows = choose(cli, json_object_get(answer, "transfers"), me, &n);
		status = rows ? print_rows(cli, rows, n) : WL_EXIT_FAULT;
		if (rows && n == 0)
			wl_say(cli, "%s",
			       for_me ? _("Nothing waits for you.") : _("No transfers."));
		else if (rows)
			wl_say_next_of(cli, rows[0]);
		free(rows);
	}
	json_decref(me);
	json_decref(answer);
	return status;
}
