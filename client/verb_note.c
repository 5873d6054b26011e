/*
 * `note`: adds a remark to a transfer. What was said before stays as it was said; the station
 * refuses more than one line of it, and words that steer a screen are escaped where they are shown.
 */
#include <string.h>

#include "client/action.h"
#include "client/resolve.h"
#include "client/say.h"
#include "daemon/base/limits.h"

int wl_verb_note(struct wl_cli *cli)
{
	char id[WL_ID_TEXT];
	const char *text = wl_args_operand(cli->args, 1);

	if (strlen(text) > WL_NOTE_BYTES_MAX)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("A remark has at most %u bytes; this one has %zu. Say it "
		                        "in several."),
		                      WL_NOTE_BYTES_MAX, strlen(text));
	int status = wl_resolve_operand(cli, id);
	if (status)
		return status;
	return wl_action_call(cli, "Note", id, json_pack("{s:s}", "words", text),
	                      _("the remark is in the ledger."));
}
