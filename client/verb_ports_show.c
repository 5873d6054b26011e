/*
 * `ports show`: the ports of the policy in force, where they are, and what is in them. Reads only.
 */
#include <string.h>

#include "client/media_view.h"
#include "client/say.h"
#include "client/station.h"

/* What is in the port of that name, as a list of one. */
static json_t *only_of(const json_t *media, const char *port)
{
	json_t *list = json_array();
	for (size_t i = 0; i < json_array_size(media); i++)
		if (!strcmp(wl_member_text(json_array_get(media, i), "port"), port))
			(void)json_array_append(list, json_array_get(media, i));
	return list;
}

static void say_port(const struct wl_cli *cli, json_t *port, const json_t *media)
{
	json_t *here = only_of(media, wl_member_text(port, "port"));

	wl_media_view(cli, here);
	wl_say_in(cli, 6, "%s", wl_member_text(port, "match"));
	if (json_array_size(here))
		(void)json_object_update(port, json_array_get(here, 0));
	wl_cli_json(cli, port);
	json_decref(here);
}

int wl_verb_ports_show(struct wl_cli *cli)
{
	json_t *policy = NULL, *answer = NULL;
	int status = wl_station_call(cli, "PolicyShow", NULL, &policy);

	if (!status)
		status = wl_station_call(cli, "ListMedia", NULL, &answer);
	if (!status) {
		json_t *ports = json_object_get(json_object_get(policy, "policy"), "ports");
		for (size_t i = 0; i < json_array_size(ports); i++)
			say_port(cli, json_array_get(ports, i), json_object_get(answer, "media"));
	}
	json_decref(policy);
	json_decref(answer);
	return status;
}
