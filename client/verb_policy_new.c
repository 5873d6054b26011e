/*
 * `policy new`: prints the commented policy to begin with, on standard output.
 */
#include <string.h>

#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "policy/new.h"

int wl_verb_policy_new(struct wl_cli *cli)
{
	const char *station = wl_args_value(cli->args, "name");
	const char *origin = wl_args_value(cli->args, "origin");
	struct wl_policy_new in = {
	        .station = station, .origin = origin, .test = wl_args_given(cli->args, "test")};
	WL_AUTO_FREE char *text = NULL;
	size_t n = 0;
	int r = wl_policy_new_text(&in, &text, &n);

	if (r == -EINVAL)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("--name and --origin: a station is 2 to 8 of A-Z 0-9, an "
		                        "origin is like stations.example/stn3."));
	if (r < 0)
		return WL_EXIT_FAULT;
	if (cli->json) {
		json_t *object = json_pack("{s:s}", "text", text);
		wl_cli_json(cli, object);
		json_decref(object);
	} else {
		(void)fwrite(text, 1, n, stdout);
	}
	wl_say_next(cli, true, _("Save it as policy.yaml, fill it in, then"), NULL,
	            "weighlock policy check policy.yaml");
	return WL_EXIT_DONE;
}
