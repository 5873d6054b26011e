/*
 * From the opening of a transfer to its last medium; see passage.h.
 *
 * Runs in the client, as the person who opened it. Every step is the station's and durable there:
 * when the client is killed, its terminal closed or the power goes, the transfer stands where it
 * stood and goes on with `show`, `retry` and `release`. What comes from media is shown escaped by
 * the views that are called here.
 */
#include "client/passage.h"

#include <string.h>

#include "client/action.h"
#include "client/follow.h"
#include "client/say.h"
#include "client/station.h"
#include "daemon/base/ids.h"

static int stopped_waiting(struct wl_cli *cli, const char *id)
{
	wl_say(cli, _("Stopped waiting. %s stays open."), id);
	return wl_action_finish(cli, id, NULL, true);
}

/* Until an approver has agreed (or not); then onto the medium. */
static int wait_for_approval(struct wl_cli *cli, const struct wl_passage *p, const char *id)
{
	struct wl_follow_result result;
	int status = wl_follow_transfer(cli, id, WL_FOLLOW_APPROVED, &result);

	if (status)
		return status;
	if (result.interrupted)
		return stopped_waiting(cli, id);
	return strcmp(result.state, "approved") ? wl_action_finish(cli, id, NULL, true)
	                                        : p->write(cli, id);
}

int wl_passage_follow(struct wl_cli *cli, const struct wl_passage *p, const char *id)
{
	struct wl_follow_result result;
	int status = wl_follow_transfer(cli, id, WL_FOLLOW_DECIDED, &result);

	if (status)
		return status;
	if (result.interrupted)
		return stopped_waiting(cli, id);
	status = p->show(cli, id);
	if (status)
		return status;
	int state = wl_action_finish(cli, id, NULL, true);
	if (cli->no_wait || state != WL_EXIT_WAITING)
		return state;
	return wait_for_approval(cli, p, id);
}

int wl_passage_open(struct wl_cli *cli, const struct wl_passage *p, json_t *parameters)
{
	json_t *answer = NULL;
	char id[WL_ID_TEXT];
	int status = wl_station_call(cli, p->method, parameters, &answer);

	if (status)
		return status;
	(void)snprintf(id, sizeof(id), "%s", wl_member_text(answer, "transfer"));
	wl_say(cli, _("Transfer %s opened."), id);
	if (p->opened)
		p->opened(cli, answer);
	wl_cli_json(cli, answer);
	json_decref(answer);
	if (!cli->no_wait)
		wl_say_in(cli, 2, "%s", _("(Ctrl-C stops waiting; the transfer stays open.)"));
	return wl_passage_follow(cli, p, id);
}
