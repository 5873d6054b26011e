/*
 * `acknowledge`: the recipient says that the bag has arrived as it left. What is typed, or comes
 * back on a medium, is compared by the station with what it wrote; the client only carries it.
 */
#include <string.h>
#include <time.h>

#include "client/action.h"
#include "client/ask.h"
#include "client/resolve.h"
#include "client/export_ask.h"
#include "client/say.h"
#include "client/station.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/sha256.h"
#include "daemon/base/text.h"

static bool is_digest(const char *text)
{
	return wl_hex_is_sha256(text);
}

static int take(const struct wl_cli *cli, const char *option, const char *question,
                bool (*is_good)(const char *text), char **ret)
{
	const char *given = wl_args_value(cli->args, option);
	if (given) {
		*ret = strdup(given);
		return *ret ? 0 : WL_EXIT_FAULT;
	}
	return wl_ask_text(cli, question, is_good, ret) < 0 ? WL_EXIT_WAITING : 0;
}

static int check_missing(const struct wl_cli *cli)
{
	const char *missing[3];
	size_t n = 0;

	if (wl_args_given(cli->args, "from"))
		return wl_args_given(cli->args, "digest")
		               ? wl_say_failure(
		                         cli, WL_EXIT_USAGE, "BadArgument",
		                         _("--digest is typed, or --from brings it: not both."))
		               : 0;
	if (!wl_args_given(cli->args, "digest"))
		missing[n++] = "--digest SHA256";
	if (!wl_args_given(cli->args, "by"))
		missing[n++] = "--by NAME";
	missing[n] = NULL;
	return n && !cli->can_ask ? wl_say_missing(cli, missing) : 0;
}

/* Receipts from a medium: what the station took of them, one line each. */
static int bring(struct wl_cli *cli, const char *id, const char *received)
{
	const char *by = wl_args_value(cli->args, "by");
	json_t *call = json_pack("{s:s, s:s, s:s}", "transfer", id, "port",
	                         wl_args_value(cli->args, "from"), "received_at", received);
	json_t *answer = NULL;

	if (by)
		(void)json_object_set_new(call, "by", json_string(by));
	int status = wl_station_call(cli, "Acknowledge", call, &answer);
	if (status)
		return status;
	const json_t *taken = json_object_get(answer, "acknowledged");
	for (size_t i = 0; i < json_array_size(taken); i++) {
		const json_t *row = json_array_get(taken, i);
		bool is_signed = json_array_size(json_object_get(row, "signers")) > 0;
		wl_say(cli,
		       is_signed ? _("%s: %s is acknowledged by %s; the signature is good.")
		                 : _("%s: %s is acknowledged by %s, on your word: nobody signed "
		                     "it."),
		       id, wl_member_text(row, "output"), wl_member_text(row, "by"));
	}
	wl_say(cli, "%s", _("Take the medium out."));
	status = wl_action_finish(cli, id, answer, false);
	json_decref(answer);
	return status;
}

static int carry(struct wl_cli *cli, const char *id, const char *received)
{
	WL_AUTO_FREE char *digest = NULL, *by = NULL;
	int status = take(cli, "digest",
	                  _("SHA-256 of tagmanifest-sha256.txt, as the recipient computed it:"),
	                  is_digest, &digest);

	if (!status)
		status = take(cli, "by", _("Who received it (name and office)?"), NULL, &by);
	if (status)
		return status;
	return wl_action_call(
	        cli, "Acknowledge", id,
	        json_pack("{s:s, s:s, s:s}", "bag_sha256", digest, "by", by, "received_at",
	                  received),
	        _("the acknowledgement is recorded, on your word: nobody signed it."));
}

int wl_verb_acknowledge(struct wl_cli *cli)
{
	const char *when = wl_args_value(cli->args, "received");
	char id[WL_ID_TEXT], received[WL_TIME_TEXT];
	int status = check_missing(cli);

	wl_time_format((int64_t)time(NULL), received);
	if (!status && when && wl_export_moment(when, false, received) < 0)
		status =
		        wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                       _("--%s %.40s: say it like 2026-11-16 or 2026-11-16 11:31."),
		                       "received", when);
	if (!status)
		status = wl_resolve_operand(cli, id);
	if (status)
		return status;
	return wl_args_given(cli->args, "from") ? bring(cli, id, received)
	                                        : carry(cli, id, received);
}
