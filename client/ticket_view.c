/*
 * Rendering of tickets. A refused one's file name comes from a medium: wl_render_name.
 */
#include "client/ticket_view.h"

#include <stdlib.h>
#include <string.h>

#include "client/render.h"
#include "client/say.h"

static void say_row(const json_t *t, char *buf, size_t size)
{
	const char *rule = wl_member_text(t, "rule");
	char name[WL_NAME_SHOWN];

	if (!strcmp(wl_member_text(t, "verdict"), "refuse")) {
		wl_render_name(wl_member_text(t, "name"), name, sizeof(name));
		(void)snprintf(buf, size, _("REFUSED  %s  %s (rule %s; weighlock help %s)"), name,
		               wl_member_text(t, "reason"), rule, rule);
		return;
	}
	if (!wl_member_text(t, "component")[0]) {
		(void)snprintf(buf, size, _("WITHDRAWN  %s  by %s, reason %s"),
		               wl_member_text(t, "ticket"), wl_member_text(t, "authority"),
		               wl_member_text(t, "reason"));
		return;
	}
	(void)snprintf(buf, size, _("%s  %s %s (release %lld), vendor %s, %s to %s, %s"),
	               wl_member_text(t, "ticket"), wl_member_text(t, "component"),
	               wl_member_text(t, "version"), (long long)wl_member_integer(t, "release"),
	               wl_member_text(t, "vendor"), wl_member_text(t, "not_before"),
	               wl_member_text(t, "not_after"), wl_member_text(t, "state"));
}

void wl_ticket_view_list(const struct wl_cli *cli, const json_t *tickets)
{
	size_t n = json_array_size(tickets);
	struct wl_list_line *lines = calloc(n + 1, sizeof(*lines));
	char(*rows)[1200] = calloc(n + 1, sizeof(*rows));

	for (size_t i = 0; lines && rows && i < n; i++) {
		const json_t *t = json_array_get(tickets, i);
		const char *state = wl_member_text(t, "state");
		say_row(t, rows[i], sizeof(rows[i]));
		lines[i] = (struct wl_list_line){
		        .group = state[0] ? state : wl_member_text(t, "rule"), .text = rows[i]};
		wl_cli_json(cli, t);
	}
	if (lines && rows)
		wl_render_list(cli->people, lines, n, 2, wl_render_columns(cli->people));
	free(lines);
	free(rows);
}
