/*
 * Rendering of ports. What a device calls itself is hostile text: it goes through wl_render_name.
 */
#include "client/media_view.h"

#include <string.h>

#include "client/render.h"
#include "client/say.h"
#include "daemon/base/text.h"

static void say_port(const struct wl_cli *cli, const json_t *m)
{
	char name[WL_NAME_SHOWN], bytes[32];
	const char *use = wl_member_text(m, "use");
	const char *use_words = strcmp(use, "source") ? _("out") : _("in");

	if (!wl_member_text(m, "insertion")[0]) {
		wl_say_in(cli, 2, _("Port %s (%s): empty"), wl_member_text(m, "port"), use_words);
		return;
	}
	wl_render_name(wl_member_text(m, "name"), name, sizeof(name));
	wl_size_format((uint64_t)wl_member_integer(m, "bytes"), bytes, sizeof(bytes));
	wl_say_in(cli, 2, "%s %s (%s): %s %s, %s%s%s%s%s", _("Port"), wl_member_text(m, "port"),
	          use_words, name, bytes, wl_member_text(m, "medium"),
	          json_is_true(json_object_get(m, "prepared")) ? _(", prepared") : "",
	          json_is_true(json_object_get(m, "suspect")) ? _(", SUSPECT: not to be used") : "",
	          wl_member_text(m, "transfer")[0] ? ", " : "", wl_member_text(m, "transfer"));
}

void wl_media_view(const struct wl_cli *cli, const json_t *media)
{
	for (size_t i = 0; i < json_array_size(media); i++)
		say_port(cli, json_array_get(media, i));
}

const char *wl_media_only_port(const json_t *media, const char *use)
{
	const char *only = NULL, *filled = NULL;
	size_t ports = 0, media_in = 0;

	for (size_t i = 0; i < json_array_size(media); i++) {
		const json_t *m = json_array_get(media, i);
		if (strcmp(wl_member_text(m, "use"), use) != 0)
			continue;
		ports++;
		only = wl_member_text(m, "port");
		if (wl_member_text(m, "insertion")[0]) {
			media_in++;
			filled = only;
		}
	}
	if (ports == 1)
		return only;
	return media_in == 1 ? filled : NULL;
}

const json_t *wl_media_in_port(const json_t *media, const char *port)
{
	for (size_t i = 0; i < json_array_size(media); i++) {
		const json_t *m = json_array_get(media, i);
		if (!strcasecmp(wl_member_text(m, "port"), port))
			return wl_member_text(m, "insertion")[0] ? m : NULL;
	}
	return NULL;
}
