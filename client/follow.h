/*
 * Following what the station does with a transfer, until it is done or somebody must act.
 */
#ifndef WL_CLIENT_FOLLOW_H
#define WL_CLIENT_FOLLOW_H

#include "client/cli.h"
#include "client/station.h"

/* Where following a transfer stops. */
enum wl_follow_until {
	WL_FOLLOW_END, /* the transfer has ended (or --no-wait and a person or medium is wanted) */
	WL_FOLLOW_DECIDED,  /* also where it waits for an approver */
	WL_FOLLOW_APPROVED, /* also where it may be released */
};

struct wl_follow_result {
	char state[32]; /* the last state seen; "" none */
	char rule[48];
	bool interrupted; /* the person pressed Ctrl-C */
};

/*
 * Watch on one transfer. Prints each step once, progress of bytes on standard error, with --json
 * one object a line. 0 and *ret, or the exit status after the person was told.
 */
int wl_follow_transfer(struct wl_cli *cli, const char *transfer, enum wl_follow_until until,
                       struct wl_follow_result *ret);

/* Every transfer, until Ctrl-C. The exit status. */
int wl_follow_station(struct wl_cli *cli);

/*
 * A call that streams progress to its own end (Release, Retry, Prepare). `parameters` is taken
 * over. 0 and *ret, or the exit status of the error that ended it, after the person was told.
 */
int wl_follow_call(struct wl_cli *cli, const char *method, json_t *parameters,
                   struct wl_follow_result *ret);

/* Has the person pressed Ctrl-C since the first stream began? From then on it no longer ends the
 * program by itself, so that what stays open can be said. */
bool wl_follow_stopped(void);
/* Forgets that Ctrl-C was pressed: for who goes on with something else in the same process. */
void wl_follow_forget_stop(void);

#endif
