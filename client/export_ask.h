/* What an export is opened with: from options and, at a terminal, from answers. */
#ifndef WL_CLIENT_EXPORT_ASK_H
#define WL_CLIENT_EXPORT_ASK_H

#include "client/cli.h"
#include "daemon/base/ids.h"

/* Fills the parameters of OpenOutbound. 0, or the exit status after the person was told what is
 * missing. */
int wl_export_ask(struct wl_cli *cli, json_t *call);
/* A moment as a person types it ("2026-11-16", "2026-11-16 11:31", local time; or a full UTC time)
 * as YYYY-MM-DDTHH:MM:SSZ; `end`: a day means its end. 0 or -EINVAL. */
int wl_export_moment(const char *text, bool end, char buf[21]);
/* The transfer of an option: as wl_resolve_operand. */
int wl_export_resolve(struct wl_cli *cli, const char *word, char ret[WL_ID_TEXT]);

#endif
