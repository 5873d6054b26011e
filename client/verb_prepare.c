/*
 * `prepare`: wipes a medium and builds it empty, ahead of time. What is on it is lost: at a
 * terminal the person says yes to exactly that medium, and --yes does not say it for them.
 */
#include <string.h>

#include "client/action.h"
#include "client/ask.h"
#include "client/follow.h"
#include "client/media_view.h"
#include "client/render.h"
#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

/* Shows what would be wiped and asks. */
static bool may_wipe(struct wl_cli *cli, const char *port)
{
	json_t *answer = NULL;
	bool yes = true;

	if (!cli->can_ask || wl_station_call(cli, "ListMedia", NULL, &answer) != 0)
		return true;
	const json_t *m = wl_media_in_port(json_object_get(answer, "media"), port);
	if (m) {
		char name[WL_NAME_SHOWN], bytes[32];
		WL_AUTO_FREE char *question = NULL;
		wl_render_name(wl_member_text(m, "name"), name, sizeof(name));
		wl_size_format((uint64_t)wl_member_integer(m, "bytes"), bytes, sizeof(bytes));
		if (asprintf(&question,
		             _("Port %s holds %s, %s (%s). Everything on it will be "
		               "lost. Wipe it?"),
		             port, name, bytes, wl_member_text(m, "medium")) < 0)
			question = NULL;
		yes = question && wl_ask_yes(cli, question);
	}
	json_decref(answer);
	return yes;
}

int wl_verb_prepare(struct wl_cli *cli)
{
	WL_AUTO_FREE char *port = NULL;
	const char *device = wl_args_value(cli->args, "for");
	const char *use = wl_args_value(cli->args, "as");
	struct wl_follow_result result;
	int status = wl_action_destination(cli, wl_args_operand(cli->args, 0), "weighlock prepare",
	                                   &port);

	if (status)
		return status;
	if (!may_wipe(cli, port)) {
		wl_say(cli, "%s", _("Nothing was wiped."));
		return WL_EXIT_WAITING;
	}
	json_t *p = json_pack("{s:s, s:s}", "port", port, "use", use ? use : "delivery");
	if (device)
		(void)json_object_set_new(p, "device", json_string(device));
	status = wl_follow_call(cli, "Prepare", p, &result);
	if (!status && result.interrupted)
		wl_say(cli, "%s", _("Stopped watching. The station goes on."));
	return status;
}
