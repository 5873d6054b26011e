/* An entry of the ledger as one line for people. */
#ifndef WL_CLIENT_ENTRY_VIEW_H
#define WL_CLIENT_ENTRY_VIEW_H

#include "client/cli.h"

/* Prints one entry as the ledger has it: with --json byte for byte, else as a line. */
void wl_entry_view(const struct wl_cli *cli, const char *text);

/* Prints every entry of an answer's `entries`; returns how many. */
size_t wl_entries_view(const struct wl_cli *cli, const json_t *answer);

#endif
