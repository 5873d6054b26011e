/*
 * One run of the command: what the person asked for and where answers go.
 *
 * With --json the one thing on standard output is JSON, and sentences for people go to standard
 * error; without it sentences go to standard output. Progress always goes to standard error.
 */
#ifndef WL_CLIENT_CLI_H
#define WL_CLIENT_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "client/i18n.h"
#include "client/options.h"
#include "client/verb.h"

/* INTERFACES 9 and CLI.md: what the exit status says. */
enum wl_exit {
	WL_EXIT_DONE = 0,
	WL_EXIT_REFUSED = 1, /* something was refused by a rule */
	WL_EXIT_USAGE = 2,   /* wrong usage, or an input that is not what it should be */
	WL_EXIT_FAULT = 3,   /* could not be done: no station, no sandbox, I/O */
	WL_EXIT_WAITING = 4, /* nothing wrong: a person or a medium is waited for */
};

struct wl_control;

struct wl_cli {
	const struct wl_verb *verb;
	struct wl_args *args;
	bool json, no_wait, yes;
	const char *state_dir;      /* --state; NULL: the system's own folders */
	FILE *people;               /* where sentences go */
	bool can_ask;               /* somebody sits at a terminal and may be asked */
	struct wl_control *control; /* made by the first call to the station */
};

/* Writes one JSON object as one line to standard output; does nothing without --json. Does not
 * take the reference. */
void wl_cli_json(const struct wl_cli *cli, const json_t *object);

#endif
