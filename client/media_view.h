/* Ports and what is in them, in words. */
#ifndef WL_CLIENT_MEDIA_VIEW_H
#define WL_CLIENT_MEDIA_VIEW_H

#include "client/cli.h"

/* media[] of ListMedia, a line a port. */
void wl_media_view(const struct wl_cli *cli, const json_t *media);

/* The only port of a use ("source", "destination"), or the only one of those that holds a medium;
 * NULL where there is none or several could be meant. Borrowed. */
const char *wl_media_only_port(const json_t *media, const char *use);

/* The medium's object in a port, NULL where the port is empty or unknown. Case is ignored. */
const json_t *wl_media_in_port(const json_t *media, const char *port);

#endif
