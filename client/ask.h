/*
 * Asking at a terminal, in plain sentences, for what was not given. Never used where cli->can_ask
 * is false: a verb then fails with the list of what is missing.
 */
#ifndef WL_CLIENT_ASK_H
#define WL_CLIENT_ASK_H

#include "client/cli.h"

/* One line of text; asks again while it is empty or `is_good` (may be NULL) says no. free(*ret).
 * 0, or -EPIPE at the end of input. */
int wl_ask_text(const struct wl_cli *cli, const char *question, bool (*is_good)(const char *text),
                char **ret);

/* One line that may be empty; free(*ret). 0, or -EPIPE at the end of input. */
int wl_ask_line(const struct wl_cli *cli, const char *question, char **ret);

/* One of n; the question is followed by the numbered choices. With one choice it is taken and
 * said. 0 and its index, or -EPIPE. */
int wl_ask_choice(const struct wl_cli *cli, const char *question, const char *const *choices,
                  size_t n, size_t *ret);

/* y or n (o or n in French); only an explicit answer counts. false at the end of input. */
bool wl_ask_yes(const struct wl_cli *cli, const char *question);

/* wl_ask_yes, answered by --yes. For anything but approvals and wipes. */
bool wl_ask_yes_or_option(const struct wl_cli *cli, const char *question);

#endif
