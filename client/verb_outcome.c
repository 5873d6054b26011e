/*
 * `outcome`: what the scanner said. Asked for at a terminal; the station keeps it in the ledger.
 */
#include <stdlib.h>
#include <string.h>

#include "client/action.h"
#include "client/ask.h"
#include "client/duration.h"
#include "client/resolve.h"
#include "client/say.h"
#include "daemon/base/cleanup.h"

static const char *const results[] = {"installed", "failed-old-runs", "failed-down", "not-tried"};

static bool is_number(const char *text)
{
	uint64_t n;
	return wl_number_parse(text, &n) == 0;
}

static int ask_result(const struct wl_cli *cli, const char **ret)
{
	const char *words[] = {_("installed"), _("failed, the old version runs"),
	                       _("failed, the scanner is down"), _("not tried")};
	size_t chosen;
	if (wl_ask_choice(cli, _("What did the scanner say?"), words, WL_ARRAY_LEN(words),
	                  &chosen) < 0)
		return WL_EXIT_WAITING;
	*ret = results[chosen];
	return 0;
}

/* A release number from --OPTION, or asked for. */
static int take_release(const struct wl_cli *cli, const char *option, const char *question,
                        uint64_t *ret)
{
	const char *given = wl_args_value(cli->args, option);
	WL_AUTO_FREE char *line = NULL;

	if (!given) {
		if (wl_ask_text(cli, question, is_number, &line) < 0)
			return WL_EXIT_WAITING;
		given = line;
	}
	if (wl_number_parse(given, ret) < 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("--%s %.30s: this is no release number."), option, given);
	return 0;
}

static int check_missing(const struct wl_cli *cli)
{
	static const char *const options[][2] = {
	        {"result", "--result installed|failed-old-runs|failed-down|not-tried"},
	        {"before", "--before V"},
	        {"after", "--after V"}};
	const char *missing[WL_ARRAY_LEN(options) + 1];
	size_t n = 0;

	for (size_t i = 0; i < WL_ARRAY_LEN(options); i++) {
		if (!wl_args_given(cli->args, options[i][0]))
			missing[n++] = options[i][1];
	}
	missing[n] = NULL;
	return n && !cli->can_ask ? wl_say_missing(cli, missing) : 0;
}

static bool is_result(const char *word)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(results); i++) {
		if (!strcmp(word, results[i]))
			return true;
	}
	return false;
}

int wl_verb_outcome(struct wl_cli *cli)
{
	char id[WL_ID_TEXT];
	const char *result = wl_args_value(cli->args, "result");
	const char *words = wl_args_value(cli->args, "words");
	uint64_t before = 0, after = 0;
	int status = check_missing(cli);

	if (!status && result && !is_result(result))
		status = wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                        _("--result %.30s: say installed, failed-old-runs, "
		                          "failed-down or not-tried."),
		                        result);
	if (!status)
		status = wl_resolve_operand(cli, id);
	if (!status && !result)
		status = ask_result(cli, &result);
	if (!status)
		status = take_release(cli, "before", _("Release number it had before:"), &before);
	if (!status)
		status = take_release(cli, "after", _("Release number it shows now:"), &after);
	if (status)
		return status;
	return wl_action_call(cli, "Outcome", id,
	                      json_pack("{s:s, s:I, s:I, s:s}", "outcome", result, "release_before",
	                                (json_int_t)before, "release_after", (json_int_t)after,
	                                "words", words ? words : ""),
	                      _("the outcome is recorded."));
}
