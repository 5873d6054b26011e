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

/* Writes items (numbered, digests set) into the transfer's folder. `reading` counts from 1: an
 * export may read several media, each found in a listing of its own. */
int wl_listing_save(const struct wl_vault *v, const char *transfer, unsigned reading,
                    const struct wl_items *items);
/* Reads the first one back: -ENOENT, -EBADMSG where it is not what wl_listing_save wrote. */
int wl_listing_load(const struct wl_vault *v, const char *transfer, struct wl_items *ret_items);
/* Reads the first `readings` of them: the items of each are numbered behind those of the one before
 * it. *ret_base: files in all but the last. */
int wl_listing_load_all(const struct wl_vault *v, const char *transfer, unsigned readings,
                        struct wl_items *ret_items, uint32_t *ret_base);
/* Hashes every kept item again and compares: 0, or -EBADMSG where the vault holds something else.
 */
int wl_listing_check(const struct wl_vault *v, const char *transfer, const struct wl_items *items,
                     const bool *kept);

#endif
