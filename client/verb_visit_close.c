/*
 * `visit close`: the end of a visit. With something still open only an approver closes it, with a
 * reason; what was open stays in the ledger as a finding.
 */
#include "client/say.h"
#include "client/visit_view.h"

int wl_verb_visit_close(struct wl_cli *cli)
{
	const char *reason = wl_args_value(cli->args, "reason");
	bool accept = wl_args_given(cli->args, "left-without-check-out");
	json_t *call = json_object();

	if (accept && !reason) {
		static const char *const missing[] = {"--reason TXT", NULL};
		json_decref(call);
		return wl_say_missing(cli, missing);
	}
	if (reason)
		(void)json_object_set_new(call, "words", json_string(reason));
	if (accept)
		(void)json_object_set_new(call, "accept", json_true());
	return wl_visit_call(cli, "VisitClose", call, _("closed."));
}
