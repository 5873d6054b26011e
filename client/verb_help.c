/*
 * `help`: verbs, roles and rules explained from their tables. Nothing from outside comes here but
 * the person's own words.
 */
#include <string.h>

#include "client/help.h"
#include "client/render.h"
#include "client/say.h"
#include "daemon/base/rules.h"

#define SYNOPSIS_TEXT 1024

static const char *verb_name(const struct wl_verb *v)
{
	return strcmp(wl_language_name(), "fr") ? v->name : v->french;
}

static void print_row(FILE *out, const struct wl_verb *v)
{
	char name[64];
	(void)snprintf(name, sizeof(name), "%s%s%s", verb_name(v), v->action ? " " : "",
	               v->action ? v->action : "");
	(void)fprintf(out, "  %-18s %s\n", name, _(v->help));
}

void wl_help_overview(FILE *out, bool all)
{
	char synopsis[SYNOPSIS_TEXT];
	enum wl_group group = WL_GROUP_FIRST;

	(void)fprintf(out, "%s\n\n",
	              _("weighlock VERB [options]: data across the lock, one verb "
	                "at a time."));
	for (const struct wl_verb *v = wl_verbs; v->name; v++) {
		if (v->group == WL_GROUP_HIDDEN && !all)
			continue;
		if (v->group != group)
			(void)fprintf(out, "\n%s\n", _(wl_group_title(v->group)));
		group = v->group;
		if (all) {
			wl_verb_synopsis(v, synopsis, sizeof(synopsis));
			(void)fprintf(out, "  %s\n", synopsis);
		} else {
			print_row(out, v);
		}
	}
	(void)fprintf(out, "\n%s\n",
	              _("N is a transfer: STN3-T000042, 42, or last. More: weighlock help VERB, "
	                "weighlock help ROLE, weighlock help RULE."));
}

void wl_help_actions(FILE *out, const char *word)
{
	for (const struct wl_verb *v = wl_verbs; v->name; v++) {
		if (v->action && (!strcmp(v->name, word) || !strcmp(v->french, word)))
			print_row(out, v);
	}
}

static void print_options(FILE *out, const struct wl_option *options)
{
	for (const struct wl_option *o = options; o->name; o++) {
		char name[128];
		char letter[] = {'-', o->letter, ',', ' ', 0};
		(void)snprintf(name, sizeof(name), "%s--%s%s%s", o->letter ? letter : "", o->name,
		               o->value ? " " : "", o->value ? o->value : "");
		(void)fprintf(out, "  %-26s %s\n", name, _(o->help));
	}
}

static void print_who(FILE *out, unsigned who)
{
	(void)fprintf(out, "%s", _("For:"));
	if ((who & WL_WHO_ALL) == WL_WHO_ALL) {
		(void)fprintf(out, " %s\n", who == WL_WHO_ANYBODY ? _("anybody") : _("everybody"));
		return;
	}
	for (unsigned bit = 1; bit <= WL_WHO_DEVELOPER; bit <<= 1) {
		if (who & bit)
			(void)fprintf(out, " %s", _(wl_who_name(bit)));
	}
	(void)fputc('\n', out);
}

int wl_help_verb(struct wl_cli *cli, const struct wl_verb *v)
{
	char synopsis[SYNOPSIS_TEXT];
	FILE *out = cli->people;

	wl_verb_synopsis(v, synopsis, sizeof(synopsis));
	wl_render_wrap(out, synopsis, 0, wl_render_columns(out));
	(void)fprintf(out, "  %s.\n", _(v->help));
	(void)fprintf(out, "  (%s: %s%s%s)\n", _("in French"), v->french, v->action ? " " : "",
	              v->action ? v->action : "");
	print_who(out, v->who);
	(void)fprintf(out, "%s\n",
	              v->needs_daemon ? _("Speaks to the station.")
	                              : _("Needs no station and changes nothing at one."));
	for (const struct wl_operand *o = v->operands; o->name; o++)
		(void)fprintf(out, "  %-26s %s\n", o->name, _(o->help));
	print_options(out, v->options);
	(void)fprintf(out, "%s\n", _("With every verb:"));
	print_options(out, wl_common_options);
	return WL_EXIT_DONE;
}

static const char *whom_words(enum wl_whom whom)
{
	static const char *const words[WL_WHOM_MAX] = {
	        [WL_WHOM_NOBODY] = N_("nobody: there is nothing to mend"),
	        [WL_WHOM_SELF] = N_("you, at the station"),
	        [WL_WHOM_APPROVER] = N_("an approver"),
	        [WL_WHOM_ADMIN] = N_("an administrator"),
	        [WL_WHOM_VENDOR] = N_("the vendor"),
	        [WL_WHOM_AUTHORITY] = N_("the authority that issues tickets"),
	        [WL_WHOM_CUSTODIAN] = N_("the custodian of media"),
	};
	return _(words[whom]);
}

static const char *stage_words(int stage)
{
	static const char *const words[] = {
	        NULL,
	        N_("the station itself"),
	        N_("who is asking"),
	        N_("the medium"),
	        N_("the volume on it"),
	        N_("the names on it"),
	        N_("the ticket"),
	        N_("the signatures"),
	        N_("the update"),
	        N_("its archives"),
	        N_("the pictures"),
	        N_("the export"),
	        N_("the approvals"),
	        N_("the destination"),
	        N_("the bag"),
	        N_("the transfer as a whole"),
	};
	if (stage < 1 || (size_t)stage >= sizeof(words) / sizeof(words[0]))
		return NULL;
	return _(words[stage]);
}

static const char *verdict_words(enum wl_verdict verdict)
{
	static const char *const words[WL_VERDICT_MAX] = {
	        [WL_VERDICT_NONE] = "",
	        [WL_PASS] = N_("PASS: it goes through."),
	        [WL_REFUSE] = N_("REFUSED: it does not go through."),
	        [WL_HOLD] = N_("HELD: an approver must accept it by name."),
	        [WL_LEAVE] = N_("LEFT BEHIND: recorded, not copied."),
	};
	return words[verdict][0] ? _(words[verdict]) : "";
}

/* {name} places of a rule read "…" where there is no case at hand. */
static void render_general(const char *text, char *buf, size_t size)
{
	size_t used = 0;
	const char *s = text[0] ? _(text) : "";

	while (*s && used + 4 < size) {
		if (*s == '{' && strchr(s, '}')) {
			memcpy(buf + used, "\xe2\x80\xa6", 3);
			used += 3;
			s = strchr(s, '}') + 1;
		} else {
			buf[used++] = *s++;
		}
	}
	buf[used] = 0;
}

static int help_rule(struct wl_cli *cli, enum wl_rule rule)
{
	const struct wl_rule_row *row = wl_rule_row(rule);
	char found[1000], remedy[1000];

	render_general(row->sentence, found, sizeof(found));
	render_general(row->remedy, remedy, sizeof(remedy));
	if (cli->json) {
		json_t *object = json_pack("{s:s, s:s, s:i, s:s, s:s}", "rule", row->id, "verdict",
		                           wl_verdict_name(row->verdict), "stage", row->stage,
		                           "reason", found, "remedy", remedy);
		wl_cli_json(cli, object);
		json_decref(object);
		return WL_EXIT_DONE;
	}
	wl_say(cli, "%s", row->id);
	wl_say_in(cli, 2, "%s %s", _("Found:"), found);
	wl_say_in(cli, 2, "%s %s", _("So:"), verdict_words(row->verdict));
	if (stage_words(row->stage))
		wl_say_in(cli, 2,
		          _("Why: the station looks at %s in step %d of 15, and stops at "
		            "the first step that refuses."),
		          stage_words(row->stage), row->stage);
	wl_say_in(cli, 2, "%s %s", _("Who can help:"), whom_words(row->whom));
	if (remedy[0])
		wl_say_in(cli, 2, "%s %s", _("What to do:"), remedy);
	return WL_EXIT_DONE;
}

/* A role by its name in the policy, or as the person's language has it. */
static unsigned role_of(const char *word)
{
	unsigned who = wl_who_find(word);

	for (unsigned bit = 1; !who && bit <= WL_WHO_DEVELOPER; bit <<= 1)
		if (!strcasecmp(word, _(wl_who_name(bit))))
			who = bit;
	return who;
}

static int help_role(struct wl_cli *cli, unsigned who)
{
	wl_say(cli, _("Tasks of the role %s:"), _(wl_who_name(who)));
	for (const struct wl_verb *v = wl_verbs; v->name; v++) {
		bool for_all = (v->who & WL_WHO_ALL) == WL_WHO_ALL;
		if ((v->who & who) && !for_all)
			print_row(cli->people, v);
	}
	wl_say(cli, "%s", _("And what everybody may do:"));
	for (const struct wl_verb *v = wl_verbs; v->name; v++) {
		if ((v->who & WL_WHO_ALL) == WL_WHO_ALL && v->group != WL_GROUP_HIDDEN)
			print_row(cli->people, v);
	}
	return WL_EXIT_DONE;
}

/* The table itself, a row a line: for completion and for the test of the manual page. */
static void help_json(const struct wl_cli *cli)
{
	char synopsis[SYNOPSIS_TEXT];

	for (const struct wl_verb *v = wl_verbs; v->name; v++) {
		json_t *options = json_array(), *who = json_array();
		for (const struct wl_option *o = v->options; o->name; o++)
			(void)json_array_append_new(options, json_string(o->name));
		for (unsigned bit = 1; bit <= WL_WHO_DEVELOPER; bit <<= 1) {
			if (v->who & bit)
				(void)json_array_append_new(who, json_string(wl_who_name(bit)));
		}
		wl_verb_synopsis(v, synopsis, sizeof(synopsis));
		json_t *row = json_pack("{s:s, s:s, s:s, s:b, s:s, s:s, s:o, s:o}", "verb", v->name,
		                        "action", v->action ? v->action : "", "french", v->french,
		                        "needs_daemon", (int)v->needs_daemon, "help", v->help,
		                        "synopsis", synopsis, "options", options, "who", who);
		wl_cli_json(cli, row);
		json_decref(row);
	}
}

/* Behind `--`: the words of a command line, the last of which is to be completed. */
static int complete(struct wl_cli *cli)
{
	const char *words[WL_ARGS_MAX];
	size_t n = 0;

	for (const char *w; n < WL_ARGS_MAX && (w = wl_args_operand(cli->args, n));)
		words[n++] = w;
	wl_help_complete(stdout, words, n);
	return WL_EXIT_DONE;
}

int wl_verb_help(struct wl_cli *cli)
{
	if (wl_args_given(cli->args, "completion"))
		return complete(cli);
	const char *word = wl_args_operand(cli->args, 0);
	const char *action = wl_args_operand(cli->args, 1);
	size_t words;
	bool known;

	if (!word) {
		if (cli->json)
			help_json(cli);
		else
			wl_help_overview(cli->people, wl_args_given(cli->args, "all"));
		return WL_EXIT_DONE;
	}
	const struct wl_verb *v = wl_verb_find(word, action, &words, &known);
	if (v)
		return wl_help_verb(cli, v);
	if (known) {
		wl_help_actions(cli->people, word);
		return WL_EXIT_DONE;
	}
	if (role_of(word))
		return help_role(cli, role_of(word));
	enum wl_rule rule = wl_rule_find(word);
	if (rule != WL_RULE_NONE)
		return help_rule(cli, rule);
	int status = wl_say_failure(cli, WL_EXIT_USAGE, "Usage",
	                            _("\"%.60s\" is no verb, no role and no rule."), word);
	wl_say_next(cli, true, NULL, NULL, "weighlock help");
	return status;
}
