/* `weighlock` alone at a terminal: asks what the person wants to do, and for what that needs. */
#ifndef WL_CLIENT_GUIDE_H
#define WL_CLIENT_GUIDE_H

#include "client/cli.h"

/*
 * Shows how the station stands, offers what the person's roles may do there (or, without a
 * station, what needs none), asks for operands and options the chosen verb cannot do without, and
 * runs it with `run` (cli->verb is set; words as on a command line, the common options of argv
 * before them); again until the person has enough. cli->can_ask must be true. Exit status of the
 * last verb.
 */
int wl_guide(struct wl_cli *cli, int argc, char **argv,
             int (*run)(struct wl_cli *cli, int argc, char **argv));

#endif
