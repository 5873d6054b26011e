/* Going through the ledger of a station, whatever its length. */
#ifndef WL_CLIENT_LEDGER_WALK_H
#define WL_CLIENT_LEDGER_WALK_H

#include <stdint.h>

#include "client/cli.h"

/* Which entries; members may be NULL. `event` may be the part before the point. */
struct wl_ledger_filter {
	const char *event, *transfer, *since, *until;
	uint64_t from;
};

/* An entry, as it lies. Negative errno ends the walk. */
typedef int (*wl_ledger_each_fn)(void *user, const char *text);

/* Calls `each` for every entry the filter lets through, in the ledger's order. 0, or the exit
 * status after the person was told. */
int wl_ledger_walk(struct wl_cli *cli, const struct wl_ledger_filter *f, wl_ledger_each_fn each,
                   void *user);

/* Options --from and --to of a report, a last day included; without them all the time there is.
 * 0, or the exit status after the person was told. */
int wl_dates_of(const struct wl_cli *cli, int64_t *ret_from, int64_t *ret_to);

#endif
