/*
 * What the verbs that act on one transfer have in common.
 */
#ifndef WL_CLIENT_ACTION_H
#define WL_CLIENT_ACTION_H

#include "client/cli.h"

/*
 * Calls `method` about `transfer` (a member of that name is added to `parameters`, which is taken
 * over), says `done_words` where it succeeded, then the transfer's Next line. With --json one
 * object: the answer, transfer, state and next members. Exit status.
 */
int wl_action_call(struct wl_cli *cli, const char *method, const char *transfer, json_t *parameters,
                   const char *done_words);

/* Says the transfer's Next line and writes its JSON object (with `answer`'s members; may be NULL);
 * exit status by the transfer's state where `by_state`, else 0. */
int wl_action_finish(struct wl_cli *cli, const char *transfer, const json_t *answer, bool by_state);

/*
 * The port to write to: `wanted` (may be NULL), else the only one, else asked for at a terminal.
 * Waits until a medium is in it (polling), having said what to plug where; with --no-wait: exit
 * status 4 where there is none. 0 and the port's name (free it), or the exit status.
 */
int wl_action_destination(struct wl_cli *cli, const char *wanted, const char *next_command,
                          char **ret_port);

/* Release of one approved transfer to its medium, with progress. Exit status. */
int wl_action_release(struct wl_cli *cli, const char *transfer, const char *port);

#endif
