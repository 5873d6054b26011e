/*
 * Acting on a transfer: the call, the words, the next step. What may be done is the station's to
 * say. A call that was cut off either is in the ledger or never happened: `show` tells.
 */
#include "client/action.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ask.h"
#include "client/follow.h"
#include "client/media_view.h"
#include "client/say.h"
#include "client/station.h"
#include "client/transfer_view.h"
#include "daemon/base/cleanup.h"

int wl_action_finish(struct wl_cli *cli, const char *transfer, const json_t *answer, bool by_state)
{
	static const char *const kept[] = {"transfer",   "state",           "verdict",
	                                   "rule",       "next_actor",      "next_command",
	                                   "next_words", "approvals_given", "approvals_needed"};
	struct wl_reply reply = {0};
	json_t *object = json_object();
	int status = WL_EXIT_DONE;

	if (answer)
		(void)json_object_update(object, (json_t *)(uintptr_t)answer);
	(void)json_object_set_new(object, "transfer", json_string(transfer));
	/* somebody who may act may not be allowed to look: that is no failure of the act */
	if (wl_station_ask(cli, "Show", json_pack("{s:s}", "transfer", transfer), &reply) == 0 &&
	    !reply.error[0]) {
		const json_t *t = json_object_get(reply.parameters, "transfer");
		for (size_t i = 0; i < WL_ARRAY_LEN(kept); i++) {
			json_t *member = json_object_get(t, kept[i]);
			if (member)
				(void)json_object_set(object, kept[i], member);
		}
		wl_say_next_of(cli, t);
		if (by_state)
			status = wl_view_exit(t);
	}
	wl_reply_clear(&reply);
	wl_cli_json(cli, object);
	json_decref(object);
	return status;
}

int wl_action_call(struct wl_cli *cli, const char *method, const char *transfer, json_t *parameters,
                   const char *done_words)
{
	json_t *answer = NULL;

	if (!parameters)
		parameters = json_object();
	(void)json_object_set_new(parameters, "transfer", json_string(transfer));
	int status = wl_station_call(cli, method, parameters, &answer);
	if (status)
		return status;
	wl_say(cli, _("%s: %s"), transfer, done_words);
	status = wl_action_finish(cli, transfer, answer, false);
	json_decref(answer);
	return status;
}

/* All ports of destinations, to choose from. */
static int ask_port(const struct wl_cli *cli, const json_t *media, char **ret)
{
	enum { PORTS_MAX = 16 };
	const char *ports[PORTS_MAX];
	size_t n = 0, chosen = 0;

	for (size_t i = 0; i < json_array_size(media) && n < PORTS_MAX; i++) {
		const json_t *m = json_array_get(media, i);
		if (!strcmp(wl_member_text(m, "use"), "destination"))
			ports[n++] = wl_member_text(m, "port");
	}
	if (n == 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "NoSuch",
		                      _("The policy names no port to write to."));
	if (!cli->can_ask) {
		static const char *const missing[] = {"--port P", NULL};
		return wl_say_missing(cli, missing);
	}
	if (wl_ask_choice(cli, _("Which port is the medium to write in?"), ports, n, &chosen) < 0)
		return WL_EXIT_WAITING;
	*ret = strdup(ports[chosen]);
	return *ret ? 0 : WL_EXIT_FAULT;
}

static int settle_port(struct wl_cli *cli, const char *wanted, char **ret)
{
	json_t *answer = NULL;

	if (wanted) {
		*ret = strdup(wanted);
		return *ret ? 0 : WL_EXIT_FAULT;
	}
	int status = wl_station_call(cli, "ListMedia", NULL, &answer);
	if (status)
		return status;
	const json_t *media = json_object_get(answer, "media");
	const char *only = wl_media_only_port(media, "destination");
	if (only) {
		*ret = strdup(only);
		status = *ret ? 0 : WL_EXIT_FAULT;
	} else {
		status = ask_port(cli, media, ret);
	}
	json_decref(answer);
	return status;
}

int wl_action_destination(struct wl_cli *cli, const char *wanted, const char *next_command,
                          char **ret_port)
{
	WL_AUTO_FREE char *port = NULL;
	bool said = false, known = false;
	int status = settle_port(cli, wanted, &port);

	if (!status && !port)
		status = WL_EXIT_FAULT;
	while (!status) {
		json_t *answer = NULL;
		status = wl_station_call(cli, "ListMedia", NULL, &answer);
		if (status)
			return status;
		const json_t *media = json_object_get(answer, "media");
		for (size_t i = 0; i < json_array_size(media); i++)
			known |=
			        !strcasecmp(port, wl_member_text(json_array_get(media, i), "port"));
		bool there = wl_media_in_port(media, port) != NULL;
		json_decref(answer);
		/* a port nobody knows is the station's to refuse, by its rule */
		if (there || !known) {
			*ret_port = TAKE_PTR(port);
			return 0;
		}
		if (!said)
			wl_say(cli, _("Plug the medium to write into port %s."), port);
		said = true;
		if (cli->no_wait || wl_follow_stopped()) {
			wl_say_next(cli, false, NULL, NULL, next_command);
			return WL_EXIT_WAITING;
		}
		(void)sleep(1);
	}
	return status;
}

/* The first output of the transfer that is not released yet. */
static int choose_output(struct wl_cli *cli, const char *transfer, char *buf, size_t size)
{
	json_t *answer = NULL;
	int status =
	        wl_station_call(cli, "Show", json_pack("{s:s}", "transfer", transfer), &answer);
	if (status)
		return status;
	const json_t *outputs = json_object_get(json_object_get(answer, "transfer"), "outputs");
	(void)snprintf(buf, size, "delivery");
	for (size_t i = json_array_size(outputs); i > 0; i--) {
		const json_t *o = json_array_get(outputs, i - 1);
		if (!wl_member_text(o, "released_at")[0] &&
		    strcmp(wl_member_text(o, "verdict"), "refuse") != 0)
			(void)snprintf(buf, size, "%s", wl_member_text(o, "output"));
	}
	json_decref(answer);
	return 0;
}

int wl_action_release(struct wl_cli *cli, const char *transfer, const char *port)
{
	struct wl_follow_result result;
	char output[40];
	int status = choose_output(cli, transfer, output, sizeof(output));

	if (!status)
		status = wl_follow_call(cli, "Release",
		                        json_pack("{s:s, s:s, s:s}", "transfer", transfer, "output",
		                                  output, "port", port),
		                        &result);
	if (status)
		return status;
	if (result.interrupted)
		wl_say(cli, "%s", _("Stopped watching. The station goes on writing."));
	return wl_action_finish(cli, transfer, NULL, true);
}
