/*
 * Work without a station: a spawnd of one's own on a socket pair, workers in their sandbox, and
 * the person's files as descriptors (DESIGN 5). Writes no entry and uses no station's state.
 */
#ifndef WL_CLIENT_OFFLINE_H
#define WL_CLIENT_OFFLINE_H

#include "client/cli.h"
#include "daemon/base/work.h"

/* A spawnd of one's own. 0 or negative errno; nothing is said. */
int wl_offline_spawn(struct wl_spawn **ret);
/* 0, or exit status 3 after the person was told (program missing, cannot be started). */
int wl_offline_start(const struct wl_cli *cli, struct wl_spawn **ret);
void wl_offline_end(struct wl_spawn **s); /* for WL_CLEANUP */

/* The exit status for what a job said: -EBADMSG with a finding is 1 (3 for station.*), any other
 * negative errno 3. The person is told, about `what`. */
int wl_offline_failed(const struct wl_cli *cli, const char *what, int error,
                      const struct wl_finding *finding);

#endif
