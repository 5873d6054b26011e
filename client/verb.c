/*
 * The table of verbs made from verbs.def, and finding a row by what a person typed. Nothing here
 * reads or writes anything; runs in the client, as the person's own account.
 */
#include "client/verb.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "client/i18n.h"

#define NO_ARG                                                                                     \
	{                                                                                          \
		NULL, false, false, NULL                                                           \
	}
#define NO_OPT                                                                                     \
	{                                                                                          \
		NULL, 0, NULL, 0, NULL                                                             \
	}
#define ARG(name, needed, help)                                                                    \
	{                                                                                          \
		name, needed, false, help                                                          \
	}
#define ARGS(name, needed, help)                                                                   \
	{                                                                                          \
		name, needed, true, help                                                           \
	}
#define OPT(name, letter, value, f, h)                                                             \
	{                                                                                          \
		name, letter, value, f, h                                                          \
	}
#define OPERANDS(...) ((const struct wl_operand[]){__VA_ARGS__, NO_ARG})
#define OPTIONS(...)  ((const struct wl_option[]){__VA_ARGS__, NO_OPT})

const struct wl_verb wl_verbs[] = {
#define VERB(symbol, name, action, french, group, who, daemon, help, operands, options)            \
	{name, action, french, group, who, daemon, help, operands, options, wl_verb_##symbol},
#include "client/verbs.def"
#undef VERB
        {.name = NULL},
};

const struct wl_option wl_common_options[] = {
        OPT("json", 0, NULL, 0, N_("answer in JSON on standard output")),
        OPT("lang", 0, "en|fr", 0, N_("language of the answers")),
        OPT("no-wait", 0, NULL, 0, N_("do not wait for media or people (exit status 4)")),
        OPT("yes", 'y', NULL, 0, N_("answer questions with yes; never an approval or a wipe")),
        OPT("state", 0, "DIR", 0, N_("the station under this folder (tests and demonstration)")),
        OPT("help", 'h', NULL, 0, N_("explain the verb")),
        NO_OPT,
};

const struct wl_verb *wl_verb_find(const char *word, const char *action, size_t *ret_words,
                                   bool *ret_verb_known)
{
	*ret_verb_known = false;
	for (const struct wl_verb *v = wl_verbs; v->name; v++) {
		if (strcmp(word, v->name) != 0 && strcmp(word, v->french) != 0)
			continue;
		*ret_verb_known = true;
		if (!v->action || (action && !strcmp(action, v->action))) {
			*ret_words = v->action ? 2 : 1;
			return v;
		}
	}
	return NULL;
}

const char *wl_verb_nearest(const char *word)
{
	const char *best = NULL;
	size_t least = 3; /* more than two slips is another word */

	for (const struct wl_verb *v = wl_verbs; v->name; v++) {
		const char *names[] = {v->name, v->french};
		for (size_t i = 0; i < 2; i++) {
			size_t d = wl_word_distance(word, names[i]);
			if (d < least) {
				least = d;
				best = names[i];
			}
		}
	}
	return best;
}

const char *wl_group_title(enum wl_group group)
{
	static const char *const titles[WL_GROUP_MAX] = {
	        [WL_GROUP_FIRST] = "",
	        [WL_GROUP_MOVING] = N_("Moving data"),
	        [WL_GROUP_LOOKING] = N_("Looking and deciding"),
	        [WL_GROUP_MEDIA] = N_("Media"),
	        [WL_GROUP_TICKETS] = N_("Visits and tickets"),
	        [WL_GROUP_LEDGER] = N_("Ledger"),
	        [WL_GROUP_ADMINISTRATION] = N_("Administration"),
	        [WL_GROUP_WITHOUT] = N_("Without a station"),
	        [WL_GROUP_HIDDEN] = N_("For engineers"),
	};
	return titles[group];
}

static const struct {
	unsigned bit;
	const char *name;
} whos[] = {
        {WL_WHO_TECHNICIAN, N_("technician")}, {WL_WHO_INVESTIGATOR, N_("investigator")},
        {WL_WHO_APPROVER, N_("approver")},     {WL_WHO_CUSTODIAN, N_("custodian")},
        {WL_WHO_AUDITOR, N_("auditor")},       {WL_WHO_ADMINISTRATOR, N_("administrator")},
        {WL_WHO_AUTHORITY, N_("authority")},   {WL_WHO_DEVELOPER, N_("developer")},
};

const char *wl_who_name(unsigned bit)
{
	for (size_t i = 0; i < sizeof(whos) / sizeof(whos[0]); i++) {
		if (whos[i].bit == bit)
			return whos[i].name;
	}
	return NULL;
}

unsigned wl_who_find(const char *name)
{
	for (size_t i = 0; i < sizeof(whos) / sizeof(whos[0]); i++) {
		if (!strcmp(whos[i].name, name))
			return whos[i].bit;
	}
	return 0;
}

void wl_verb_synopsis(const struct wl_verb *v, char *buf, size_t size)
{
	char part[128];
	size_t used = (size_t)snprintf(buf, size, "weighlock %s%s%s", v->name, v->action ? " " : "",
	                               v->action ? v->action : "");

	for (const struct wl_operand *o = v->operands; o->name && used < size; o++) {
		wl_operand_synopsis(o, part, sizeof(part));
		used += (size_t)snprintf(buf + used, size - used, " %s", part);
	}
	for (const struct wl_option *o = v->options; o->name && used < size; o++) {
		wl_option_synopsis(o, part, sizeof(part));
		used += (size_t)snprintf(buf + used, size - used, " %s", part);
	}
}
