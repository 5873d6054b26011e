/* Visits on screen, and the work order as it was typed. */
#ifndef WL_CLIENT_VISIT_VIEW_H
#define WL_CLIENT_VISIT_VIEW_H

#include "client/cli.h"
#include "daemon/base/ids.h"

/* One visit whole, and its Next line. */
void wl_visit_view(const struct wl_cli *cli, const json_t *visit);
/* One line of a list. */
void wl_visit_view_row(const json_t *visit, char *buf, size_t size);

/* "wo-8841" to "WO-8841". 0, or exit status 2 after the person was told what a work order is. */
int wl_visit_word(const struct wl_cli *cli, const char *typed, char ret[WL_ID_TEXT]);

/* Calls `method` about the visit of the first operand (`parameters` is taken over), says
 * `done_words`, what is left open, and the Next line. Exit status. */
int wl_visit_call(struct wl_cli *cli, const char *method, json_t *parameters,
                  const char *done_words);

#endif
