/*
 * `visit list`: the visits that are open, and the last that were closed. Reads only.
 */
#include <stdlib.h>

#include "client/render.h"
#include "client/say.h"
#include "client/station.h"
#include "client/visit_view.h"

int wl_verb_visit_list(struct wl_cli *cli)
{
	json_t *answer = NULL;
	int status = wl_station_call(cli, "ListVisits", NULL, &answer);

	if (status)
		return status;
	const json_t *visits = json_object_get(answer, "visits");
	size_t n = json_array_size(visits);
	struct wl_list_line *lines = calloc(n + 1, sizeof(*lines));
	char(*rows)[1000] = calloc(n + 1, sizeof(*rows));
	if (n == 0)
		wl_say(cli, "%s", _("This station knows of no visit."));
	for (size_t i = 0; lines && rows && i < n; i++) {
		const json_t *v = json_array_get(visits, i);
		wl_visit_view_row(v, rows[i], sizeof(rows[i]));
		lines[i] =
		        (struct wl_list_line){.group = wl_member_text(v, "state"), .text = rows[i]};
		wl_cli_json(cli, v);
	}
	if (lines && rows)
		wl_render_list(cli->people, lines, n, 2, wl_render_columns(cli->people));
	free(lines);
	free(rows);
	json_decref(answer);
	return WL_EXIT_DONE;
}
