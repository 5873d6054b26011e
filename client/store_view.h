/* What fills the station's store: said to whoever is refused for want of room. */
#ifndef WL_CLIENT_STORE_VIEW_H
#define WL_CLIENT_STORE_VIEW_H

#include <jansson.h>

#include "client/cli.h"

/* Of two rows of ListTransfers: < 0 where the first takes more room in the store; where neither
 * says how much, where it is of more bytes. For qsort: the largest first. */
int wl_store_compare(const json_t *a, const json_t *b);

/* Where `rule` is station.vault-full: the largest transfers in the store, at most five, each with
 * its size, whose it is, and the command that gives it up or the day it goes by itself (SCENARIOS
 * W11). Another rule, or a station that does not answer: nothing. */
void wl_store_view(struct wl_cli *cli, const char *rule);

#endif
