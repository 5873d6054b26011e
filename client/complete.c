/*
 * What may stand next on the command line, for the shell's completion, out of the table of verbs.
 *
 * Runs in the client as the person at the keyboard, asks nobody and changes nothing: what is
 * offered are names of verbs, options and the words an option may have. Names of files are left to
 * the shell.
 */
#include <string.h>

#include "client/help.h"

struct completion {
	FILE *out;
	const char *begun; /* what was typed of the word, may be "" */
};

static void offer(const struct completion *c, const char *before, const char *word, size_t n)
{
	size_t nbefore = strlen(before), nbegun = strlen(c->begun);
	char whole[80];

	if (nbefore + n >= sizeof(whole))
		return;
	memcpy(whole, before, nbefore);
	memcpy(whole + nbefore, word, n);
	whole[nbefore + n] = '\0';
	if (strncmp(whole, c->begun, nbegun) == 0)
		(void)fprintf(c->out, "%s\n", whole);
}

static bool is_french(void)
{
	return strcmp(wl_language_name(), "fr") == 0;
}

/* Verbs of several actions stand in rows next to each other: once is enough. */
static void offer_verbs(const struct completion *c)
{
	const char *last = "";

	for (const struct wl_verb *v = wl_verbs; v->name; v++) {
		const char *name = is_french() ? v->french : v->name;
		if (v->group != WL_GROUP_HIDDEN && strcmp(name, last) != 0)
			offer(c, "", name, strlen(name));
		last = name;
	}
}

static void offer_actions(const struct completion *c, const char *verb)
{
	for (const struct wl_verb *v = wl_verbs; v->name; v++)
		if (v->action && (!strcmp(v->name, verb) || !strcmp(v->french, verb)))
			offer(c, "", v->action, strlen(v->action));
}

static void offer_options(const struct completion *c, const struct wl_option *options)
{
	for (const struct wl_option *o = options; o->name; o++)
		offer(c, "--", o->name, strlen(o->name));
}

/* The option `word` names in this verb; NULL where none, or it takes no value. */
static const struct wl_option *valued(const struct wl_verb *v, const char *word)
{
	const struct wl_option *const tables[] = {v->options, wl_common_options};

	for (size_t i = 0; i < 2; i++)
		for (const struct wl_option *o = tables[i]; o->name; o++)
			if (o->value && !strncmp(word, "--", 2) && !strcmp(word + 2, o->name))
				return o;
	return NULL;
}

/* "off|real|projected|unknown": one of these words; anything else is for the shell. */
static void offer_values(const struct completion *c, const char *value)
{
	if (!strchr(value, '|'))
		return;
	for (const char *at = value; *at;) {
		size_t n = strcspn(at, "|");
		offer(c, "", at, n);
		at += n + (at[n] != '\0');
	}
}

static void offer_roles(const struct completion *c)
{
	for (unsigned bit = 1; bit <= WL_WHO_DEVELOPER; bit <<= 1)
		if (bit & WL_WHO_ALL)
			offer(c, "", wl_who_name(bit), strlen(wl_who_name(bit)));
}

void wl_help_complete(FILE *out, const char *const *words, size_t n)
{
	const struct completion c = {.out = out, .begun = n ? words[n - 1] : ""};
	size_t named = 0;
	bool known = false;

	if (n <= 1) {
		offer_verbs(&c);
		return;
	}
	const struct wl_verb *v = wl_verb_find(words[0], n > 2 ? words[1] : NULL, &named, &known);
	if (!v) {
		offer_actions(&c, n == 2 ? words[0] : "");
		return;
	}
	const struct wl_option *o = valued(v, words[n - 2]);
	if (o) {
		offer_values(&c, o->value);
		return;
	}
	if (c.begun[0] == '-') {
		offer_options(&c, v->options);
		offer_options(&c, wl_common_options);
	} else if (!strcmp(v->name, "help")) {
		offer_verbs(&c);
		offer_roles(&c);
	}
}
