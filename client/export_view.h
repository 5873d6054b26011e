/* Exports in words: what is asked for, what leaves, what was refused. */
#ifndef WL_CLIENT_EXPORT_VIEW_H
#define WL_CLIENT_EXPORT_VIEW_H

#include "client/cli.h"

/* Case, authority, people, scans, outputs, what is kept until when. */
void wl_export_view(const struct wl_cli *cli, const json_t *transfer);
/* What was refused or left behind, with reasons; with `all` what passed too. */
void wl_export_view_items(const struct wl_cli *cli, const json_t *items, bool all);
/* "You approve: …": what an approver's word is about, and what is missing in it. */
void wl_export_view_agreement(const struct wl_cli *cli, const json_t *transfer,
                              const json_t *items);
/* What a scanner overwrites and when: the line of `status --device`. */
void wl_export_view_horizon(const struct wl_cli *cli, const char *device, int64_t horizon_s,
                            const json_t *transfers);
bool wl_is_export(const json_t *transfer);

#endif
