/*
 * Calls to the station. See control.c for the wire and failure.c for what a refusal looks like.
 * Runs in the client; a call that was lost on the way changed nothing or is in the ledger.
 */
#include "client/station.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "client/say.h"
#include "daemon/base/paths.h"

static int say_unreachable(const struct wl_cli *cli, int error, const char *path)
{
	int status;
	if (error == -EACCES || error == -EPERM) {
		status = wl_say_failure(cli, WL_EXIT_FAULT, "Unavailable",
		                        _("You may not speak to the station at %s."), path);
		wl_say_next(cli, true,
		            _("An administrator adds you to the group weighlock-users; log in "
		              "again after it."),
		            NULL, NULL);
		return status;
	}
	status =
	        wl_say_failure(cli, WL_EXIT_FAULT, "Unavailable",
	                       _("The station does not answer at %s: %s."), path, strerror(-error));
	wl_say_next(cli, true, NULL, NULL, "weighlock doctor");
	return status;
}

int wl_station_lost(const struct wl_cli *cli, int error)
{
	if (error == -EMSGSIZE)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("That is more than the station takes in one call."));
	int status =
	        wl_say_failure(cli, WL_EXIT_FAULT, "Unavailable",
	                       _("The station stopped answering: %s. What it was doing goes on."),
	                       error == -EPROTO ? _("its answer is unreadable") : strerror(-error));
	wl_say_next(cli, true, NULL, NULL, "weighlock status");
	return status;
}

bool wl_station_patience(const struct wl_reply *reply, unsigned *tries)
{
	const struct timespec pause = {.tv_nsec = 400000000L};

	/* a script is quicker than a person may be: the call was not carried out, so it is made
	 * again */
	if (strcmp(reply->error, "TooMuch") != 0 ||
	    strcmp(wl_member_text(reply->parameters, "limit"), "calls_per_second") != 0 ||
	    ++*tries > WL_PATIENCE)
		return false;
	(void)nanosleep(&pause, NULL);
	return true;
}

/* One call and one answer on a connection, however often it takes. */
static int call_once(struct wl_control *c, const char *method, const json_t *parameters,
                     struct wl_reply *ret)
{
	unsigned tries = 0;
	for (;;) {
		int r = wl_control_send(c, method, parameters, false);
		/* Ctrl-C ends waiting, not a question that is answered at once */
		do
			r = r < 0 && r != -EINTR ? r : wl_control_receive(c, -1, ret);
		while (r == -EINTR);
		if (r < 0 || !wl_station_patience(ret, &tries))
			return r;
		wl_reply_clear(ret);
	}
}

static int set_language(struct wl_control *c)
{
	struct wl_reply reply;
	json_t *parameters = json_pack("{s:s}", "language", wl_language_name());
	int r = call_once(c, "SetLanguage", parameters, &reply);

	json_decref(parameters);
	if (r >= 0) /* a language the policy does not have leaves the station's own */
		wl_reply_clear(&reply);
	return r;
}

static int open_station(const struct wl_cli *cli, struct wl_control **ret)
{
	char path[WL_PATH_TEXT];
	struct wl_control *c = NULL;
	int r = wl_path(WL_PATH_CONTROL_SOCKET, cli->state_dir, path, sizeof(path));

	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("--state: this is no usable folder name."));
	r = wl_control_open(path, &c);
	if (r < 0)
		return say_unreachable(cli, r, path);
	r = set_language(c);
	if (r < 0) {
		wl_control_free(c);
		return wl_station_lost(cli, r);
	}
	*ret = c;
	return 0;
}

int wl_station_ask(struct wl_cli *cli, const char *method, json_t *parameters, struct wl_reply *ret)
{
	int r = cli->control ? 0 : open_station(cli, &cli->control);
	if (r == 0) {
		r = call_once(cli->control, method, parameters, ret);
		if (r < 0) {
			cli->control = wl_control_free(cli->control);
			r = wl_station_lost(cli, r);
		}
	}
	json_decref(parameters);
	return r;
}

int wl_station_call(struct wl_cli *cli, const char *method, json_t *parameters, json_t **ret)
{
	struct wl_reply reply = {0};
	int status = wl_station_ask(cli, method, parameters, &reply);

	if (status != 0)
		return status;
	if (reply.error[0]) {
		status = wl_failure_say(cli, &reply);
		wl_reply_clear(&reply);
		return status;
	}
	*ret = reply.parameters;
	return 0;
}

int wl_station_stream(struct wl_cli *cli, const char *method, json_t *parameters,
                      struct wl_control **ret)
{
	struct wl_control *c = NULL;
	int status = open_station(cli, &c);

	if (status == 0) {
		int r = wl_control_send(c, method, parameters, true);
		if (r < 0) {
			wl_control_free(c);
			status = wl_station_lost(cli, r);
		}
	}
	json_decref(parameters);
	if (status == 0)
		*ret = c;
	return status;
}
