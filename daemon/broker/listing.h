/*
 * What a reading found, kept beside the items so that an inspection can be taken up again: a text
 * of one line per entry, `number sha256 bytes head path`, the path escaped. A cache, never a
 * decision.
 */
#ifndef WL_BROKER_LISTING_H
#define WL_BROKER_LISTING_H

#include "daemon/broker/vault.h"
#include "policy/items.h"

#define WL_LISTING_BYTES_MAX (80U << 20)

/* Writes items (numbered, digests set) into the transfer's folder. */
int wl_listing_save(const struct wl_vault *v, const char *transfer, const struct wl_items *items);
/* Reads it back: -ENOENT, -EBADMSG where it is not what wl_listing_save wrote. */
int wl_listing_load(const struct wl_vault *v, const char *transfer, struct wl_items *ret_items);
/* Hashes every kept item again and compares: 0, or -EBADMSG where the vault holds something else.
 */
int wl_listing_check(const struct wl_vault *v, const char *transfer, const struct wl_items *items,
                     const bool *kept);

#endif
