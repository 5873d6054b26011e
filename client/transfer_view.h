/*
 * A transfer in words: the objects of docs/control-objects.md as people read them.
 */
#ifndef WL_CLIENT_TRANSFER_VIEW_H
#define WL_CLIENT_TRANSFER_VIEW_H

#include "client/cli.h"

/* "WAITING", "RELEASED": a state as a word for people, never colour alone. */
const char *wl_view_state(const char *state);
/* "PASS", "REFUSED", "HELD", "LEFT BEHIND". */
const char *wl_view_verdict(const char *verdict);

/* One line for lists: "STN3-T000042  in  x-0042  scan-app 4.2.1  58.4 MB  WAITING …". */
void wl_view_row(const json_t *transfer, char *buf, size_t size);

/* The whole of a transfer but its items and its Next line. */
void wl_view_transfer(const struct wl_cli *cli, const json_t *transfer);

/* "Files:" and the items with verdict, path and reason; over 20 grouped by rule with three
 * examples. Nothing where there are none. */
void wl_view_items(const struct wl_cli *cli, const json_t *items);

/*
 * Show, all pages: the transfer object and every item. 0 or the exit status after the person was
 * told. Both are the caller's.
 */
int wl_view_fetch(struct wl_cli *cli, const char *transfer, json_t **ret_transfer,
                  json_t **ret_items);

/* The exit status a transfer's state amounts to: refused, failed, waiting for somebody, done. */
int wl_view_exit(const json_t *transfer);

#endif
