/* What `verify` found, for people and in JSON (CLI.md). */
#ifndef WL_CLIENT_VERIFY_VIEW_H
#define WL_CLIENT_VERIFY_VIEW_H

#include "client/cli.h"
#include "policy/decide.h"

/* Says it and returns the exit status: 0 pass, 1 refuse, 4 hold, 3 where the sandbox was missing.
 */
int wl_verify_view(const struct wl_cli *cli, const struct wl_facts *facts,
                   const struct wl_decision *d);

#endif
