/*
 * The largest transfers in the station's store, for whoever is refused for want of room.
 *
 * What can be done differs: an open transfer is given up by its opener or an approver, a copy that
 * is kept for a while goes by itself. Ids and sizes are the station's; nothing is kept here. Runs
 * in the client; says nothing where the station does not answer, for the refusal was said already.
 */
#include "client/store_view.h"

#include <stdlib.h>
#include <string.h>

#include "client/say.h"
#include "client/station.h"
#include "client/transfer_view.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

#define ROWS_MAX 5

int wl_store_compare(const json_t *a, const json_t *b)
{
	static const char *const members[] = {"vault_bytes", "bytes"};
	int order = 0;

	for (size_t i = 0; order == 0 && i < WL_ARRAY_LEN(members); i++) {
		json_int_t x = wl_member_integer(a, members[i]);
		json_int_t y = wl_member_integer(b, members[i]);
		order = (x < y) - (x > y);
	}
	return order;
}

static int compare(const void *a, const void *b)
{
	return wl_store_compare(*(json_t *const *)a, *(json_t *const *)b);
}

static bool can_be_cancelled(const json_t *t)
{
	static const char *const states[] = {"opened", "waiting", "approved", "failed"};

	for (size_t i = 0; i < WL_ARRAY_LEN(states); i++) {
		if (!strcmp(states[i], wl_member_text(t, "state")))
			return true;
	}
	return false;
}

static void say_row(const struct wl_cli *cli, const json_t *t)
{
	const char *id = wl_member_text(t, "transfer"), *until = wl_member_text(t, "kept_until");
	char bytes[32], end[200] = "";

	wl_size_format((uint64_t)wl_member_integer(t, "vault_bytes"), bytes, sizeof(bytes));
	if (can_be_cancelled(t))
		(void)snprintf(end, sizeof(end), "  weighlock cancel %s --reason TEXT", id);
	else if (until[0])
		(void)snprintf(end, sizeof(end), _("  goes by itself on %.10s"), until);
	wl_say_in(cli, 4, _("%s  %s  %s  by %s%s"), id, bytes,
	          wl_view_state(wl_member_text(t, "state")), wl_member_text(t, "opened_by"), end);
}

static void say_largest(const struct wl_cli *cli, const json_t *list)
{
	size_t all = json_array_size(list), n = 0;
	WL_AUTO_FREE json_t **rows = calloc(all + 1, sizeof(*rows));

	for (size_t i = 0; rows && i < all; i++) {
		json_t *t = json_array_get(list, i);
		if (wl_member_integer(t, "vault_bytes") > 0)
			rows[n++] = t;
	}
	if (n == 0)
		return;
	qsort(rows, n, sizeof(json_t *), compare);
	wl_say_in(
	        cli, 2, "%s",
	        _("What takes the most room there (whoever opened one, or an approver, can cancel "
	          "it):"));
	for (size_t i = 0; i < n && i < ROWS_MAX; i++)
		say_row(cli, rows[i]);
}

void wl_store_view(struct wl_cli *cli, const char *rule)
{
	struct wl_reply reply = {0};

	if (strcmp(rule, "station.vault-full") != 0)
		return;
	if (wl_station_ask(cli, "ListTransfers", NULL, &reply) == 0 && !reply.error[0])
		say_largest(cli, json_object_get(reply.parameters, "transfers"));
	wl_reply_clear(&reply);
}
