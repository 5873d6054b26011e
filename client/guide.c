/*
 * Step by step through the verbs; see guide.h.
 *
 * Runs in the client as the person at the keyboard. Nothing is decided here: what is offered comes
 * from the table of verbs and the roles the station says the person has, and the station judges
 * every call anew. What is typed is handed on as one word each, never to a shell. Whoever leaves
 * in the middle has changed nothing that the verbs did not say.
 */
#include "client/guide.h"

#include <stdlib.h>
#include <string.h>

#include "client/ask.h"
#include "client/follow.h"
#include "client/say.h"
#include "client/station.h"
#include "daemon/base/cleanup.h"

#define CHOICES_MAX 96U
#define COMMON_MAX  8U
#define WORDS_MAX   24U

struct choices {
	const struct wl_verb *verb[CHOICES_MAX];
	const char *words[CHOICES_MAX + 1];
	size_t n;
};

/* The person's roles as the station has them; *ret_station false where none answers. */
static unsigned roles_of(struct wl_cli *cli, bool *ret_station)
{
	struct wl_reply reply = {0};
	unsigned who = 0;

	*ret_station = wl_station_ask(cli, "GetStatus", NULL, &reply) == 0 && !reply.error[0];
	const json_t *roles = json_object_get(reply.parameters, "roles");
	for (size_t i = 0; i < json_array_size(roles); i++)
		who |= wl_who_find(json_string_value(json_array_get(roles, i)));
	/* before there is a policy nobody has a role, and who is to set the station up has tasks */
	if (json_is_true(json_object_get(reply.parameters, "setup")))
		who |= WL_WHO_ADMINISTRATOR;
	wl_reply_clear(&reply);
	return who;
}

static bool is_offered(const struct wl_verb *v, bool station, unsigned who)
{
	if (v->group == WL_GROUP_HIDDEN || !strcmp(v->name, "status"))
		return false;
	if (v->group == WL_GROUP_WITHOUT)
		return true;
	return v->needs_daemon ? station && (v->who & who) : !station || (v->who & who);
}

static void choose_from(struct choices *c, bool station, unsigned who)
{
	for (const struct wl_verb *v = wl_verbs; v->name && c->n < CHOICES_MAX; v++) {
		if (!is_offered(v, station, who))
			continue;
		c->verb[c->n] = v;
		c->words[c->n++] = _(v->help);
	}
	c->words[c->n] = _("Nothing more");
}

/* One line of the person's; free(*ret). */
static int ask_for(const struct wl_cli *cli, const char *help, const char *name, char **ret)
{
	char question[200];

	(void)snprintf(question, sizeof(question), "  %s: %s?", name, _(help));
	return wl_ask_text(cli, question, NULL, ret);
}

/* What the verb cannot do without and does not ask for itself. */
static int fill_in(const struct wl_cli *cli, const struct wl_verb *v, char **words, int *n)
{
	int r = 0;

	for (const struct wl_operand *o = v->operands; o->name && r == 0; o++)
		if (o->needed && *n < (int)WORDS_MAX)
			r = ask_for(cli, o->help, o->name, &words[(*n)++]);
	for (const struct wl_option *o = v->options; o->name && r == 0; o++) {
		if (!(o->flags & WL_OPT_NEEDED) || *n + 2 > (int)WORDS_MAX)
			continue;
		WL_AUTO_FREE char *value = NULL;
		r = ask_for(cli, o->help, o->value, &value);
		/* as one word, so that a value that begins with - is none but a value */
		if (r == 0 && asprintf(&words[*n], "--%s=%s", o->name, value) < 0)
			r = -1;
		if (r == 0)
			++*n;
	}
	return r;
}

/* What is said to every verb, and how it is run. */
struct runner {
	int argc;
	char **argv;
	int (*run)(struct wl_cli *cli, int argc, char **argv);
};

static int do_one(struct wl_cli *cli, const struct wl_verb *v, const struct runner *with)
{
	char *words[WORDS_MAX + 1] = {NULL};
	int n = 0, status = WL_EXIT_USAGE;

	while (n < with->argc && n < (int)COMMON_MAX && (words[n] = strdup(with->argv[n])))
		n++;
	(void)fprintf(cli->people, "weighlock %s%s%s\n", v->name, v->action ? " " : "",
	              v->action ? v->action : "");
	cli->verb = v;
	wl_follow_forget_stop(); /* whoever stopped waiting wants to do something else now */
	if (fill_in(cli, v, words, &n) == 0)
		status = with->run(cli, n, words);
	cli->args = wl_args_free(cli->args);
	for (size_t i = 0; i < WORDS_MAX; i++)
		free(words[i]);
	return status;
}

static const struct wl_verb *status_verb(void)
{
	size_t words = 0;
	bool known = false;

	return wl_verb_find("status", NULL, &words, &known);
}

int wl_guide(struct wl_cli *cli, int argc, char **argv,
             int (*run)(struct wl_cli *cli, int argc, char **argv))
{
	const struct runner with = {.argc = argc, .argv = argv, .run = run};
	int status = WL_EXIT_DONE;

	cli->args = wl_args_free(cli->args); /* each verb has its own */
	for (;;) {
		struct choices c = {.n = 0};
		bool station = false;
		size_t chosen = 0;
		unsigned who = roles_of(cli, &station);
		if (station)
			(void)do_one(cli, status_verb(), &with);
		choose_from(&c, station, who);
		if (wl_ask_choice(cli, _("What do you want to do?"), c.words, c.n + 1, &chosen) <
		            0 ||
		    chosen == c.n)
			return status;
		status = do_one(cli, c.verb[chosen], &with);
		(void)fputc('\n', cli->people);
	}
}
