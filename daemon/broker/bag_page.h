/* The two pages of a bag, for people with nothing installed: HTML without script, in both
 * languages. */
#ifndef WL_BROKER_BAG_PAGE_H
#define WL_BROKER_BAG_PAGE_H

#include <stdio.h>

#include "daemon/broker/bag.h"

/* LISEZ-MOI_READ-ME.html: what this is, how to check it, what that proves, how to decrypt it. */
void wl_bag_page_read_me(FILE *out, const struct wl_bag_order *order);
/* index.html: the pictures of a `scrubbed` output that is not encrypted. */
void wl_bag_page_index(FILE *out, const struct wl_bag_order *order);

#endif
