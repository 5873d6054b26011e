/*
 * `weighlock`: finds the verb, reads its options and runs it. Runs as the person's own account,
 * with no privilege of its own; nothing here decides what that person may do.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli.h"
#include "client/control.h"
#include "client/guide.h"
#include "client/help.h"
#include "client/say.h"

/* Options that stand before the verb, and the language, which error messages already need. */
struct lead {
	int verb_at; /* index in argv; argc where there is none */
	const char *language;
	bool json;
};

static bool takes_value(const char *word)
{
	for (const struct wl_option *o = wl_common_options; o->name; o++) {
		if (o->value && !strncmp(word, "--", 2) && !strcmp(word + 2, o->name))
			return true;
	}
	return false;
}

static struct lead look_ahead(int argc, char **argv)
{
	struct lead lead = {.verb_at = argc};

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--"))
			break;
		if (!strncmp(argv[i], "--lang=", 7))
			lead.language = argv[i] + 7;
		else if (!strcmp(argv[i], "--lang") && i + 1 < argc)
			lead.language = argv[i + 1];
		else if (!strcmp(argv[i], "--json"))
			lead.json = true;
		if (argv[i][0] != '-' && lead.verb_at == argc)
			lead.verb_at = i;
		if (takes_value(argv[i]))
			i++;
	}
	/* JSON is the same in every language */
	if (lead.json || (lead.language && strcmp(lead.language, "fr") != 0))
		lead.language = "en";
	return lead;
}

static int say_fault(const struct wl_cli *cli, enum wl_args_fault fault, const char *word)
{
	static const char *const words[] = {
	        [WL_ARGS_UNKNOWN] = N_("%s: no such option of this verb."),
	        [WL_ARGS_VALUE] = N_("%s: it lacks its value, or takes none."),
	        [WL_ARGS_TWICE] = N_("%s: given twice."),
	        [WL_ARGS_SURPLUS] = N_("%s: one word too many."),
	        [WL_ARGS_TOO_MANY] = N_("%s: too many words."),
	};
	char shown[200], text[300];

	(void)snprintf(shown, sizeof(shown), "%.190s", word);
	/* the format is one of the five above or its translation, checked by msgfmt -c */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(text, sizeof(text), _(words[fault]), shown);
#pragma GCC diagnostic pop
	int status = wl_say_failure(cli, WL_EXIT_USAGE, "Usage", "%s", text);
	(void)fprintf(stderr, "%s weighlock help %s%s%s\n", _("Next:"), cli->verb->name,
	              cli->verb->action ? " " : "", cli->verb->action ? cli->verb->action : "");
	return status;
}

static int say_no_verb(const struct wl_cli *cli, const char *word, bool known)
{
	const char *nearest = wl_verb_nearest(word);

	if (known) {
		int status = wl_say_failure(cli, WL_EXIT_USAGE, "Usage",
		                            _("\"%s\" needs a second word:"), word);
		wl_help_actions(stderr, word);
		return status;
	}
	int status =
	        wl_say_failure(cli, WL_EXIT_USAGE, "Usage", _("There is no verb \"%.60s\"."), word);
	if (nearest)
		(void)fprintf(stderr, _("  nearest is: %s\n"), nearest);
	wl_say_next(cli, true, NULL, NULL, "weighlock help");
	return status;
}

/* Needed options and operands that the verb does not ask for. */
static int check_missing(const struct wl_cli *cli)
{
	enum { MISSING_MAX = 16 };
	char text[MISSING_MAX][64];
	const char *list[MISSING_MAX + 1];
	size_t n = 0;

	while (n < MISSING_MAX && wl_args_missing(cli->args, n, text[n], sizeof(text[n]))) {
		list[n] = text[n];
		n++;
	}
	list[n] = NULL;
	return n ? wl_say_missing(cli, list) : 0;
}

static void take_common(struct wl_cli *cli)
{
	cli->json = wl_args_given(cli->args, "json");
	cli->no_wait = wl_args_given(cli->args, "no-wait");
	cli->yes = wl_args_given(cli->args, "yes");
	cli->state_dir = wl_args_value(cli->args, "state");
	cli->people = cli->json ? stderr : stdout;
	cli->can_ask = !cli->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static int run_verb(struct wl_cli *cli, int argc, char **argv)
{
	const char *word = "";
	enum wl_args_fault fault = wl_args_read(argc, argv, wl_common_options, cli->verb->options,
	                                        cli->verb->operands, &cli->args, &word);

	if (!cli->args)
		return WL_EXIT_FAULT;
	take_common(cli);
	if (wl_args_given(cli->args, "help"))
		return wl_help_verb(cli, cli->verb);
	if (fault != WL_ARGS_OK)
		return say_fault(cli, fault, word);
	const char *language = wl_args_value(cli->args, "lang");
	if (language && strcmp(language, "en") != 0 && strcmp(language, "fr") != 0)
		return say_fault(cli, WL_ARGS_VALUE, "--lang en|fr");
	int status = check_missing(cli);
	return status ? status : cli->verb->run(cli);
}

/* No verb: what one wants is asked at a terminal, and listed elsewhere. */
static int without_verb(struct wl_cli *cli, int argc, char **argv)
{
	static const struct wl_option no_options[] = {{.name = NULL}};
	static const struct wl_operand no_operands[] = {{.name = NULL}};
	const char *word = "";
	enum wl_args_fault fault = wl_args_read(argc - 1, argv + 1, wl_common_options, no_options,
	                                        no_operands, &cli->args, &word);

	if (!cli->args)
		return WL_EXIT_FAULT;
	take_common(cli);
	bool help = wl_args_given(cli->args, "help");
	if (fault == WL_ARGS_OK && cli->can_ask && !help)
		return wl_guide(cli, argc - 1, argv + 1, run_verb);
	wl_help_overview(stdout, false);
	return fault == WL_ARGS_OK && help ? WL_EXIT_DONE : WL_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct lead lead = look_ahead(argc, argv);
	struct wl_cli cli = {.people = lead.json ? stderr : stdout, .json = lead.json};
	size_t words = 0;
	bool known;

	wl_language_begin(lead.language);
	if (lead.verb_at == argc) {
		for (int i = 1; i < argc; i++) {
			if (!strcmp(argv[i], "--version")) {
				(void)printf("weighlock %s\n", PACKAGE_VERSION);
				return WL_EXIT_DONE;
			}
		}
		int status = without_verb(&cli, argc, argv);
		wl_control_free(cli.control);
		wl_args_free(cli.args);
		return status;
	}
	const char *word = argv[lead.verb_at];
	cli.verb = wl_verb_find(word, argv[lead.verb_at + 1], &words, &known);
	if (!cli.verb)
		return say_no_verb(&cli, word, known);

	/* the options before the verb move behind it */
	char **rest = calloc((size_t)argc, sizeof(*rest));
	if (!rest)
		return WL_EXIT_FAULT;
	int n = 0;
	for (int i = 1; i < argc; i++) {
		if (i < lead.verb_at || i >= lead.verb_at + (int)words)
			rest[n++] = argv[i];
	}
	int status = run_verb(&cli, n, rest);
	if (fflush(stdout) != 0 && status == WL_EXIT_DONE)
		status = WL_EXIT_FAULT;
	wl_control_free(cli.control);
	wl_args_free(cli.args);
	free(rest);
	return status;
}
