/*
 * `policy reissue`: an earlier policy's text under a new version number, to be signed again: a
 * version only ever goes up, so this is how a change is taken back. Prints it on standard output,
 * byte for byte what it was but for the number; changes nothing at the station.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "client/duration.h"
#include "client/policy_text.h"
#include "client/say.h"
#include "client/station.h"
#include "daemon/base/cleanup.h"
#include "policy/diff.h"

#define VERSION_MAX 999999999U /* as schema.def has it */

/* The number after the one in force, where none was said. */
static int next_version(struct wl_cli *cli, uint64_t *ret)
{
	json_t *answer = NULL;
	int status = wl_station_call(cli, "PolicyShow", NULL, &answer);

	if (status)
		return status;
	*ret = (uint64_t)wl_member_integer(json_object_get(answer, "policy"), "version") + 1;
	json_decref(answer);
	return 0;
}

static int wanted_version(struct wl_cli *cli, uint64_t *ret)
{
	const char *word = wl_args_value(cli->args, "as");

	if (!word)
		return next_version(cli, ret);
	if (wl_number_parse(word, ret) == 0 && *ret >= 1 && *ret <= VERSION_MAX)
		return 0;
	return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
	                      _("\"%.60s\" is no version: say a number."), word);
}

static int print(struct wl_cli *cli, const struct wl_policy_text *t, uint64_t version)
{
	WL_AUTO_FREE char *text = NULL;
	struct wl_policy_errors errors = {0};
	size_t n = 0;
	int r = wl_policy_reissue(t->text, t->bytes, version, &text, &n, &errors);

	if (r == -EBADMSG)
		return wl_policy_text_bad(cli, t, &errors);
	if (r == -EINVAL)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s has no version that stands there as a plain number."),
		                      t->name);
	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", "%s.", strerror(-r));
	if (cli->json) {
		json_t *object =
		        json_pack("{s:I, s:s}", "version", (json_int_t)version, "text", text);
		wl_cli_json(cli, object);
		json_decref(object);
	} else if (fwrite(text, 1, n, stdout) != n || fflush(stdout) != 0) {
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", "%s.", strerror(errno));
	}
	wl_say_next(cli, true,
	            _("Save it as policy.yaml, have it signed, and install it; compare it first:"),
	            NULL, "weighlock policy diff policy.yaml");
	return WL_EXIT_DONE;
}

int wl_verb_policy_reissue(struct wl_cli *cli)
{
	WL_CLEANUP(wl_policy_text_cleanup) struct wl_policy_text t = {0};
	uint64_t version = 0;
	int status = wl_policy_text_get(cli, wl_args_operand(cli->args, 0), &t);

	if (!status)
		status = wanted_version(cli, &version);
	return status ? status : print(cli, &t, version);
}
