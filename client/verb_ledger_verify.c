/*
 * `ledger verify`: hands the ledger's folder to weighlock-verify, the auditor's own program, which
 * shares no code with the one that writes ledgers. Reads nothing itself.
 */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "client/beside.h"
#include "client/say.h"

#define MANY 16U /* as many as weighlock-verify takes */

int wl_verb_ledger_verify(struct wl_cli *cli)
{
	char program[PATH_MAX];
	char *words[8 + 2 * (1 + MANY)];
	const char *since = wl_args_value(cli->args, "since"), *cosigner;
	size_t n = 0;
	/* exec takes them unconst; it does not write */
	const char *key = wl_args_value(cli->args, "key");
	const char *folder = wl_args_operand(cli->args, 0);

	if (wl_beside_find("weighlock-verify", "WEIGHLOCK_VERIFY", WL_BINDIR, "/..", program,
	                   sizeof(program)) < 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "Unavailable",
		                      _("The program weighlock-verify is not installed here."));
	words[n++] = (char *)(uintptr_t) "weighlock-verify";
	if (cli->json)
		words[n++] = (char *)(uintptr_t) "--json";
	words[n++] = (char *)(uintptr_t) "--key";
	words[n++] = (char *)(uintptr_t)key;
	if (since) {
		words[n++] = (char *)(uintptr_t) "--since";
		words[n++] = (char *)(uintptr_t)since;
	}
	for (size_t i = 0; (cosigner = wl_args_nth(cli->args, "cosigner", i)) != NULL; i++) {
		if (i == MANY)
			return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
			                      _("More than %u cosigners."), MANY);
		words[n++] = (char *)(uintptr_t) "--cosigner";
		words[n++] = (char *)(uintptr_t)cosigner;
	}
	words[n++] = (char *)(uintptr_t) "--";
	words[n++] = (char *)(uintptr_t)folder;
	words[n] = NULL;
	(void)fflush(NULL);
	(void)execv(program, words);
	return wl_say_failure(cli, WL_EXIT_FAULT, "Unavailable", _("%s cannot be run: %s."),
	                      program, strerror(errno));
}
