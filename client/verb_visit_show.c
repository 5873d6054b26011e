/*
 * `visit show`: one visit: who, where, escort, transfers, what would be left open. Reads only.
 */
#include "client/say.h"
#include "client/station.h"
#include "client/visit_view.h"

int wl_verb_visit_show(struct wl_cli *cli)
{
	char id[WL_ID_TEXT];
	json_t *answer = NULL;
	int status = wl_visit_word(cli, wl_args_operand(cli->args, 0), id);

	if (!status)
		status = wl_station_call(cli, "ListVisits", json_pack("{s:s}", "visit", id),
		                         &answer);
	if (status)
		return status;
	const json_t *visit = json_array_get(json_object_get(answer, "visits"), 0);
	wl_visit_view(cli, visit);
	wl_cli_json(cli, visit);
	json_decref(answer);
	return WL_EXIT_DONE;
}
