/* The command line of the daemons, by a table; see daemon.h. The words are the operator's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/daemon.h"

#define GO_ON      -1
#define EXIT_USAGE 2

static void print_help(const char *program, const char *what,
                       const struct wl_daemon_option *options, size_t n)
{
	printf("Usage: %s [OPTION]...\n%s\n\n", program, what);
	for (size_t i = 0; i < n; i++) {
		char left[64];
		(void)snprintf(left, sizeof(left), "--%s%s%s", options[i].name,
		               options[i].value ? " " : "",
		               options[i].value ? options[i].value : "");
		printf("  %-24s %s\n", left, options[i].help);
	}
	printf("  %-24s %s\n  %-24s %s\n", "--help", "show this", "--version", "show the version");
}

static const struct wl_daemon_option *find(const char *name, size_t length,
                                           const struct wl_daemon_option *options, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(options[i].name) == length &&
		    strncmp(options[i].name, name, length) == 0)
			return &options[i];
	return NULL;
}

/* One argument at *at (and the next one where it is its value). */
static int read_one(int argc, char **argv, int *at, const struct wl_daemon_option *options,
                    size_t n)
{
	const char *word = argv[*at];
	const char *name = strncmp(word, "--", 2) == 0 ? word + 2 : "";
	size_t length = strcspn(name, "=");
	const struct wl_daemon_option *o = find(name, length, options, n);

	if (!o || length == 0)
		return EXIT_USAGE;
	if (!o->value) {
		if (name[length])
			return EXIT_USAGE;
		*o->flag = true;
		return GO_ON;
	}
	if (!name[length] && *at + 1 >= argc)
		return EXIT_USAGE;
	*o->text = name[length] ? name + length + 1 : argv[++*at];
	return GO_ON;
}

int wl_daemon_options(int argc, char **argv, const char *program, const char *what,
                      const struct wl_daemon_option *options, size_t n)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			print_help(program, what, options, n);
			return EXIT_SUCCESS;
		}
		if (strcmp(argv[i], "--version") == 0) {
			printf("%s %s\n", program, PACKAGE_VERSION);
			return EXIT_SUCCESS;
		}
		const char *word = argv[i];
		if (read_one(argc, argv, &i, options, n) != GO_ON) {
			(void)fprintf(stderr, "%s: cannot use \"%s\"; see %s --help\n", program,
			              word, program);
			return EXIT_USAGE;
		}
	}
	return GO_ON;
}
