/*
 * Questions at the terminal. Answers are the person's own words. Runs in the client; whoever goes
 * away in the middle of a question has changed nothing.
 */
#include "client/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "client/render.h"
#include "daemon/base/cleanup.h"

static int read_line(char **ret)
{
	WL_AUTO_FREE char *line = NULL;
	size_t room = 0;

	(void)fflush(stdout);
	ssize_t n = getline(&line, &room, stdin);
	if (n < 0)
		return -EPIPE;
	while (n > 0 && strchr(" \t\r\n", line[n - 1]))
		line[--n] = 0;
	*ret = TAKE_PTR(line);
	return 0;
}

int wl_ask_line(const struct wl_cli *cli, const char *question, char **ret)
{
	(void)fprintf(cli->people, "%s ", question);
	(void)fflush(cli->people);
	return read_line(ret);
}

int wl_ask_text(const struct wl_cli *cli, const char *question, bool (*is_good)(const char *text),
                char **ret)
{
	for (;;) {
		char *line = NULL;
		(void)fprintf(cli->people, "%s ", question);
		(void)fflush(cli->people);
		int r = read_line(&line);
		if (r < 0)
			return r;
		if (line[0] && (!is_good || is_good(line))) {
			*ret = line;
			return 0;
		}
		free(line);
		(void)fprintf(cli->people, "  %s\n", _("That will not do; please again."));
	}
}

int wl_ask_choice(const struct wl_cli *cli, const char *question, const char *const *choices,
                  size_t n, size_t *ret)
{
	if (n == 1) {
		(void)fprintf(cli->people, "%s %s\n", question, choices[0]);
		*ret = 0;
		return 0;
	}
	(void)fprintf(cli->people, "%s\n", question);
	for (size_t i = 0; i < n; i++)
		(void)fprintf(cli->people, "  %zu) %s\n", i + 1, choices[i]);
	for (;;) {
		WL_AUTO_FREE char *line = NULL;
		char *end;
		int r = wl_ask_text(cli, ">", NULL, &line);
		if (r < 0)
			return r;
		unsigned long number = strtoul(line, &end, 10);
		if (*end == 0 && number >= 1 && number <= n) {
			*ret = number - 1;
			return 0;
		}
		(void)fprintf(cli->people, _("  Please a number from 1 to %zu."), n);
		(void)fputc('\n', cli->people);
	}
}

bool wl_ask_yes(const struct wl_cli *cli, const char *question)
{
	for (;;) {
		WL_AUTO_FREE char *line = NULL;
		(void)fprintf(cli->people, "%s %s ", question, _("[y/n]"));
		(void)fflush(cli->people);
		if (read_line(&line) < 0)
			return false;
		/* TRANSLATORS: letters that mean yes, then letters that mean no */
		if (line[0] && strchr(_("yY"), line[0]))
			return true;
		if (line[0] && strchr(_("nN"), line[0]))
			return false;
	}
}

bool wl_ask_yes_or_option(const struct wl_cli *cli, const char *question)
{
	if (cli->yes)
		return true;
	return cli->can_ask && wl_ask_yes(cli, question);
}
