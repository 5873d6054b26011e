/*
 * Questions of `export`. What the station demands it demands again; here a person is only asked in
 * the order in which one knows the answers. Runs in the client; whoever goes away in the middle of
 * a question has changed nothing.
 */
#include "client/export_ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/ask.h"
#include "client/resolve.h"
#include "client/say.h"
#include "client/station.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "policy/export.h"

#define CHOICES_MAX 64U

/* Option, member of the call, how it is named where it is missing, question. */
static const struct field {
	const char *option, *member, *missing, *question;
} fields[] = {
        {"case", "case", "--case ID", N_("Which case is it for?")},
        {"authority", "authority", "--authority CODE", NULL},
        {"reference", "reference", "--reference TXT",
         N_("Which letter or order asks for it (reference)?")},
        {"requester", "requester", "--requester NAME", N_("Who asks for it (name and office)?")},
};

/* What an authority demands besides; asked only then. */
static const struct field more[] = {
        {"arrangement", "arrangement", "--arrangement TXT",
         N_("Under which arrangement with the foreign state?")},
        {"consent", "consent", "--consent TXT", N_("Where is the person's consent?")},
        {"notice", "notice", "--notice TXT", N_("Which notice went to the Privacy Commissioner?")},
        {"paragraph", "paragraph", "--paragraph TXT", N_("Which paragraph of Privacy Act 8(2)?")},
};

static void set_text(json_t *call, const char *member, const char *text)
{
	(void)json_object_set_new(call, member, json_string(text));
}

/* ---- times ---- */

int wl_export_moment(const char *text, bool end, char buf[21])
{
	struct tm tm = {.tm_isdst = -1};
	int64_t utc;
	if (wl_time_parse(text, &utc) == 0) {
		(void)snprintf(buf, 21, "%s", text);
		return 0;
	}
	const char *rest = strptime(text, "%Y-%m-%d %H:%M", &tm);
	bool whole_day = !rest;
	if (!rest) {
		tm = (struct tm){.tm_isdst = -1};
		rest = strptime(text, "%Y-%m-%d", &tm);
	}
	if (!rest || *rest)
		return -EINVAL;
	time_t t = mktime(&tm);
	if (t == (time_t)-1)
		return -EINVAL;
	if (end)
		t += whole_day ? 86399 : 59;
	wl_time_format((int64_t)t, buf);
	return 0;
}

static int take_moment(const struct wl_cli *cli, json_t *call, const char *option)
{
	const char *text = wl_args_value(cli->args, option);
	char buf[21];
	if (!text)
		return 0;
	if (wl_export_moment(text, !strcmp(option, "to"), buf) < 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("--%s %.40s: say it like 2026-11-16 or 2026-11-16 11:31."),
		                      option, text);
	set_text(call, option, buf);
	return 0;
}

static bool is_clock(const char *text)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%d %H:%M", &tm);
	return !strcmp(text, "unknown") || (end && !*end);
}

/* ---- from options ---- */

static void take_list(const struct wl_cli *cli, json_t *call, const char *option,
                      const char *member)
{
	json_t *list = json_array();
	const char *text;
	for (size_t i = 0; (text = wl_args_nth(cli->args, option, i)); i++)
		(void)json_array_append_new(list, json_string(text));
	if (json_array_size(list))
		(void)json_object_set(call, member, list);
	json_decref(list);
}

static void take_text(const struct wl_cli *cli, json_t *call, const char *option,
                      const char *member)
{
	const char *text = wl_args_value(cli->args, option);
	if (text)
		set_text(call, member, text);
}

static int take_options(struct wl_cli *cli, json_t *call)
{
	static const char *const same[] = {"device", "port"};
	for (size_t i = 0; i < WL_ARRAY_LEN(same); i++)
		take_text(cli, call, same[i], same[i]);
	for (size_t i = 0; i < WL_ARRAY_LEN(fields); i++)
		take_text(cli, call, fields[i].option, fields[i].member);
	for (size_t i = 0; i < WL_ARRAY_LEN(more); i++)
		take_text(cli, call, more[i].option, more[i].member);
	take_text(cli, call, "tip", "tip_state");
	take_text(cli, call, "clock", "scanner_clock");
	take_list(cli, call, "scans", "scans");
	take_list(cli, call, "as", "outputs");
	take_list(cli, call, "recipient", "recipients");
	take_list(cli, call, "tip-except", "tip_exceptions");
	int status = take_moment(cli, call, "from");
	return status ? status : take_moment(cli, call, "to");
}

static bool has_selection(const json_t *call)
{
	return json_object_get(call, "scans") ||
	       (json_object_get(call, "from") && json_object_get(call, "to"));
}

static int say_what_is_missing(const struct wl_cli *cli, const json_t *call)
{
	const char *missing[WL_ARRAY_LEN(fields) + WL_ARRAY_LEN(more) + 6];
	const char *demanded = wl_export_field_of(wl_member_text(call, "authority"));
	size_t n = 0;

	if (!json_object_get(call, "device"))
		missing[n++] = "--device ID";
	for (size_t i = 0; i < WL_ARRAY_LEN(fields); i++)
		if (!json_object_get(call, fields[i].member))
			missing[n++] = fields[i].missing;
	for (size_t i = 0; i < WL_ARRAY_LEN(more); i++)
		if (demanded && !strcmp(demanded, more[i].member) &&
		    !json_object_get(call, more[i].member))
			missing[n++] = more[i].missing;
	if (!has_selection(call))
		missing[n++] = "--scans LIST (or --from T --to T)";
	if (!json_object_get(call, "outputs"))
		missing[n++] = "--as scrubbed|evidence";
	if (!json_object_get(call, "tip_state"))
		missing[n++] = "--tip off|real|projected|unknown";
	if (!json_object_get(call, "scanner_clock"))
		missing[n++] = "--clock \"YYYY-MM-DD hh:mm\" (or --clock unknown)";
	missing[n] = NULL;
	return n ? wl_say_missing(cli, missing) : 0;
}

/* ---- from answers ---- */

/* One of a list; 0 and its index, or the exit status. */
static int ask_one(const struct wl_cli *cli, const char *question, const char *const *rows,
                   size_t n, size_t *ret)
{
	if (n == 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "NoSuch",
		                      _("The policy allows no such export."));
	return wl_ask_choice(cli, question, rows, n, ret) < 0 ? WL_EXIT_WAITING : 0;
}

static int ask_text(const struct wl_cli *cli, json_t *call, const char *member,
                    const char *question, bool (*is_good)(const char *text))
{
	WL_AUTO_FREE char *line = NULL;
	if (json_object_get(call, member))
		return 0;
	if (wl_ask_text(cli, question, is_good, &line) < 0)
		return WL_EXIT_WAITING;
	set_text(call, member, line);
	return 0;
}

static int ask_member(const struct wl_cli *cli, json_t *call, const char *member,
                      const char *question, const json_t *list, const char *key)
{
	const char *rows[CHOICES_MAX];
	size_t n = 0, chosen = 0;
	if (json_object_get(call, member))
		return 0;
	for (size_t i = 0; i < json_array_size(list) && n < CHOICES_MAX; i++) {
		const json_t *row = json_array_get(list, i);
		const char *text = key ? wl_member_text(row, key) : json_string_value(row);
		if (text && text[0])
			rows[n++] = text;
	}
	int status = ask_one(cli, question, rows, n, &chosen);
	if (!status && chosen < n)
		set_text(call, member, rows[chosen]);
	return status;
}

static int ask_reasons(const struct wl_cli *cli, json_t *call, const json_t *outbound)
{
	int status = 0;
	for (size_t i = 0; !status && i < WL_ARRAY_LEN(fields); i++)
		status =
		        fields[i].question
		                ? ask_text(cli, call, fields[i].member, _(fields[i].question), NULL)
		                : ask_member(cli, call, "authority", _("By which legal authority?"),
		                             json_object_get(outbound, "authorities"), NULL);
	const char *demanded = wl_export_field_of(wl_member_text(call, "authority"));
	for (size_t i = 0; !status && demanded && i < WL_ARRAY_LEN(more); i++)
		if (!strcmp(demanded, more[i].member))
			status = ask_text(cli, call, more[i].member, _(more[i].question), NULL);
	return status;
}

static int ask_scans(const struct wl_cli *cli, json_t *call)
{
	WL_AUTO_FREE char *line = NULL;
	if (has_selection(call))
		return 0;
	if (wl_ask_text(cli, _("Which scans (for example 118820..118846,118850)?"), NULL, &line) <
	    0)
		return WL_EXIT_WAITING;
	(void)json_object_set_new(call, "scans", json_pack("[s]", line));
	return 0;
}

static int ask_outputs(const struct wl_cli *cli, json_t *call, const json_t *outbound)
{
	static const char *const words[] = {N_("scrubbed: clean pictures, nothing else in them"),
	                                    N_("evidence: the originals, sealed bit for bit"),
	                                    N_("both")};
	const json_t *allowed = json_object_get(outbound, "outputs");
	const char *rows[3];
	size_t n = 0, chosen = 0;
	if (json_object_get(call, "outputs"))
		return 0;
	for (size_t i = 0; i < json_array_size(allowed) && n < 2; i++)
		rows[n++] =
		        _(words[strcmp(json_string_value(json_array_get(allowed, i)), "evidence")
		                        ? 0
		                        : 1]);
	if (n == 2)
		rows[n++] = _(words[2]);
	int status = ask_one(cli, _("In which form?"), rows, n, &chosen);
	if (status)
		return status;
	json_t *list = json_array();
	for (size_t i = 0; i < json_array_size(allowed); i++)
		if (chosen == 2 || chosen == i)
			(void)json_array_append(list, json_array_get(allowed, i));
	(void)json_object_set_new(call, "outputs", list);
	return 0;
}

static int ask_tip(const struct wl_cli *cli, json_t *call)
{
	static const char *const states[] = {"off", "real", "projected", "unknown"};
	WL_AUTO_FREE char *line = NULL;
	size_t chosen = 0;
	if (json_object_get(call, "tip_state"))
		return 0;
	int status = ask_one(cli, _("Projected threats (TIP) in these pictures, for all of them:"),
	                     states, WL_ARRAY_LEN(states), &chosen);
	if (status)
		return status;
	set_text(call, "tip_state", states[chosen]);
	if (wl_ask_text(cli, _("Exceptions (for example 118833=projected), or none:"), NULL,
	                &line) < 0)
		return WL_EXIT_WAITING;
	if (strchr(line, '='))
		(void)json_object_set_new(call, "tip_exceptions", json_pack("[s]", line));
	return 0;
}

static int ask_all(struct wl_cli *cli, json_t *call)
{
	json_t *answer = NULL;
	int status = wl_station_call(cli, "PolicyShow", NULL, &answer);
	if (status)
		return status;
	const json_t *policy = json_object_get(answer, "policy");
	const json_t *outbound = json_object_get(policy, "outbound");
	status = ask_member(cli, call, "device", _("Which scanner are the pictures from?"),
	                    json_object_get(policy, "devices"), "device");
	if (!status)
		status = ask_reasons(cli, call, outbound);
	if (!status)
		status = ask_scans(cli, call);
	if (!status)
		status = ask_outputs(cli, call, outbound);
	if (!status)
		status = ask_tip(cli, call);
	if (!status)
		status = ask_text(cli, call, "scanner_clock",
		                  _("What does the scanner's clock show now (yyyy-mm-dd hh:mm, or "
		                    "unknown)?"),
		                  is_clock);
	json_decref(answer);
	return status;
}

int wl_export_ask(struct wl_cli *cli, json_t *call)
{
	int status = take_options(cli, call);
	if (status)
		return status;
	status = cli->can_ask ? ask_all(cli, call) : say_what_is_missing(cli, call);
	if (!status && !json_object_get(call, "outputs"))
		(void)json_object_set_new(call, "outputs", json_array());
	return status;
}

int wl_export_resolve(struct wl_cli *cli, const char *word, char ret[WL_ID_TEXT])
{
	json_t *answer = NULL;
	if (wl_resolve_word(word, ret) == WL_RESOLVE_FULL)
		return 0;
	int status = wl_station_call(cli, "Show", json_pack("{s:s}", "transfer", word), &answer);
	if (!status)
		(void)snprintf(ret, WL_ID_TEXT, "%s",
		               wl_member_text(json_object_get(answer, "transfer"), "transfer"));
	json_decref(answer);
	return status;
}
