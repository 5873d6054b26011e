/* What `ticket new` was asked for, from options to a struct wl_ticket. */
#ifndef WL_CLIENT_TICKET_PLAN_H
#define WL_CLIENT_TICKET_PLAN_H

#include "client/cli.h"
#include "policy/items.h"
#include "policy/ticket.h"

/* Everything the options say but files and keys. 0 or the exit status after the person was told. */
int wl_ticket_plan_options(const struct wl_cli *cli, struct wl_ticket *t);

/*
 * The files of a folder (numbered, digested) as the ticket's list: what the vendor signs is named,
 * signatures, manifests, tickets and operating-system litter are left out. 0 or the exit status.
 */
int wl_ticket_plan_files(const struct wl_cli *cli, const struct wl_items *items,
                         struct wl_ticket *t);

/* Is this item a vendor's signature, and over which item (*ret_content)? Both forms of a package:
 * F.p7s beside F, MANIFEST.sha256*.p7s beside MANIFEST.sha256. */
bool wl_ticket_plan_is_signature(const struct wl_items *items, const struct wl_item *item,
                                 const struct wl_item **ret_content);

#endif
