/* Help made from the tables of verbs and rules. */
#ifndef WL_CLIENT_HELP_H
#define WL_CLIENT_HELP_H

#include "client/cli.h"

/* All verbs by group, one line each; `all` adds hidden ones and whole synopses. */
void wl_help_overview(FILE *out, bool all);
/* One verb: synopsis, options, who. Exit status. */
int wl_help_verb(struct wl_cli *cli, const struct wl_verb *v);
/* The actions of a verb of two words, one line each. */
void wl_help_actions(FILE *out, const char *word);
/*
 * One candidate a line for the last of `words` (which may be begun or ""), those before it being
 * what stands behind the program's name. Nothing where the shell should offer files.
 */
void wl_help_complete(FILE *out, const char *const *words, size_t n);

#endif
