/*
 * Calls to the station as verbs make them: connect once, call, and where the station says no, say
 * so to the person and turn it into the exit status.
 */
#ifndef WL_CLIENT_STATION_H
#define WL_CLIENT_STATION_H

#include "client/cli.h"
#include "client/control.h"

/*
 * One call and its answer. `parameters` is taken over (may be NULL). 0 and *ret (json_decref it),
 * or the exit status after the person was told.
 */
int wl_station_call(struct wl_cli *cli, const char *method, json_t *parameters, json_t **ret);

/* The same, but errors come back unspoken: 0 and the reply (which may be an error), or the exit
 * status where nothing could be asked. */
int wl_station_ask(struct wl_cli *cli, const char *method, json_t *parameters,
                   struct wl_reply *ret);

/* Begins a call with a stream of answers on a connection of its own (free *ret). 0 or the exit
 * status after the person was told. */
int wl_station_stream(struct wl_cli *cli, const char *method, json_t *parameters,
                      struct wl_control **ret);

#define WL_PATIENCE 25U
/* Was the call not carried out because of too many in this second? Waits a little and says true
 * where it should be made again; *tries starts at 0. */
bool wl_station_patience(const struct wl_reply *reply, unsigned *tries);

/* Says why the connection gave nothing (negative errno) and returns the exit status. */
int wl_station_lost(const struct wl_cli *cli, int error);

/* failure.c: says an error reply (and, with --json, writes it); returns the exit status. */
int wl_failure_say(const struct wl_cli *cli, const struct wl_reply *reply);

#endif
