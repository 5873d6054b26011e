/*
 * `media list`: what is in which port. Reads only.
 */
#include "client/media_view.h"
#include "client/say.h"
#include "client/station.h"

int wl_verb_media_list(struct wl_cli *cli)
{
	json_t *answer = NULL;
	int status = wl_station_call(cli, "ListMedia", NULL, &answer);

	if (status)
		return status;
	const json_t *media = json_object_get(answer, "media");
	wl_media_view(cli, media);
	for (size_t i = 0; i < json_array_size(media); i++)
		wl_cli_json(cli, json_array_get(media, i));
	if (json_array_size(media) == 0)
		wl_say(cli, "%s", _("The policy names no ports."));
	json_decref(answer);
	return WL_EXIT_DONE;
}
