/*
 * Writing sentences. What stands in them from outside was escaped by whoever made the object (the
 * station) or by render.h. Runs in the client; keeps nothing.
 */
#include "client/say.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "client/render.h"
#include "client/transfer_view.h"
#include "daemon/base/cleanup.h"

__attribute__((format(printf, 4, 0))) static void say_to(FILE *out, int indent, const char *prefix,
                                                         const char *format, va_list args)
{
	WL_AUTO_FREE char *text = NULL;
	WL_AUTO_FREE char *whole = NULL;

	if (vasprintf(&text, format, args) < 0) {
		text = NULL;
		return;
	}
	if (asprintf(&whole, "%s%s", prefix, text) < 0) {
		whole = NULL;
		return;
	}
	wl_render_wrap(out, whole, indent, wl_render_columns(out));
}

void wl_say(const struct wl_cli *cli, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say_to(cli->people, 0, "", format, args);
	va_end(args);
}

void wl_say_in(const struct wl_cli *cli, int indent, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say_to(cli->people, indent, "", format, args);
	va_end(args);
}

void wl_say_error(const struct wl_cli *cli, const char *format, ...)
{
	va_list args;
	(void)cli;
	(void)fflush(stdout);
	va_start(args, format);
	say_to(stderr, 0, "weighlock: ", format, args);
	va_end(args);
}

int wl_say_failure(const struct wl_cli *cli, int status, const char *name, const char *format, ...)
{
	WL_AUTO_FREE char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	wl_say_error(cli, "%s", text ? text : "");
	if (cli->json) {
		json_t *object = json_pack("{s:s, s:s}", "error", name, "reason", text ? text : "");
		wl_cli_json(cli, object);
		json_decref(object);
	}
	return status;
}

void wl_say_rule(const struct wl_cli *cli, const char *rule)
{
	if (!rule[0])
		return;
	(void)cli;
	(void)fprintf(stderr, _("  (rule %s; weighlock help %s)"), rule, rule);
	(void)fputc('\n', stderr);
}

static const char *who_words(const char *who)
{
	static const struct {
		const char *actor, *words;
	} table[] = {
	        {"opener", N_("whoever opened it")},
	        {"approver", N_("an approver")},
	        {"technician", N_("a technician")},
	        {"investigator", N_("an investigator")},
	        {"administrator", N_("an administrator")},
	        {"custodian", N_("a custodian")},
	        {"setup", N_("a member of weighlock-setup")},
	        {"station", N_("the station, by itself")},
	};
	for (size_t i = 0; i < WL_ARRAY_LEN(table); i++) {
		if (!strcmp(table[i].actor, who))
			return _(table[i].words);
	}
	return who;
}

void wl_say_next(const struct wl_cli *cli, bool to_stderr, const char *words, const char *who,
                 const char *command)
{
	FILE *out = to_stderr ? stderr : cli->people;
	bool has_words = words && words[0], has_who = who && who[0], has = command && command[0];
	WL_AUTO_FREE char *text = NULL;

	if (!has_words && !has)
		return;
	if (asprintf(&text, "%s %s%s%s%s%s%s", _("Next:"), has_words ? words : "",
	             has_words && has_who ? " (" : (has_who ? "(" : ""),
	             has_who ? who_words(who) : "", has_who ? ")" : "",
	             has && (has_words || has_who) ? "  " : "", has ? command : "") < 0) {
		text = NULL;
		return;
	}
	wl_render_wrap(out, text, 0, wl_render_columns(out));
}

void wl_say_next_of(const struct wl_cli *cli, const json_t *object)
{
	const char *words = wl_member_text(object, "next_words");
	/* what was refused leads nowhere by itself: its rule says what to do instead. What is done
	 * had a rule that somebody accepted */
	if (!words[0] && wl_view_exit(object) != WL_EXIT_DONE)
		words = wl_member_text(object, "remedy");
	wl_say_next(cli, false, words, wl_member_text(object, "next_actor"),
	            wl_member_text(object, "next_command"));
}

int wl_say_missing(const struct wl_cli *cli, const char *const *missing)
{
	json_t *list = json_array();
	wl_say_error(cli, _("Nothing was done: these are missing, and nobody is here to ask:"));
	for (; *missing; missing++) {
		(void)fprintf(stderr, "  %s\n", *missing);
		(void)json_array_append_new(list, json_string(*missing));
	}
	(void)fprintf(stderr, "%s weighlock help %s%s%s\n", _("Next:"), cli->verb->name,
	              cli->verb->action ? " " : "", cli->verb->action ? cli->verb->action : "");
	json_t *object = json_pack("{s:s, s:o}", "error", "Missing", "missing", list);
	wl_cli_json(cli, object);
	json_decref(object);
	return WL_EXIT_USAGE;
}

const char *wl_member_text(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));
	return s ? s : "";
}

json_int_t wl_member_integer(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

void wl_cli_json(const struct wl_cli *cli, const json_t *object)
{
	if (!cli->json || !object)
		return;
	(void)json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_SORT_KEYS);
	(void)fputc('\n', stdout);
	(void)fflush(stdout);
}
