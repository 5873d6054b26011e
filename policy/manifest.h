/*
 * The manifest of an output (INTERFACES 6): one line per item, sorted by item,
 * `sha256␠␠bytes␠␠item␠␠verdict␠␠rule␠␠path\n`; 64 times `0` where there is no digest. Folders are
 * no items and have no line; `pass` lines are exactly the files that are delivered.
 */
#ifndef WL_POLICY_MANIFEST_H
#define WL_POLICY_MANIFEST_H

#include "policy/decide.h"

/* Composes it for `transfer` ("STN3-T000042") and digests it. free(*ret). 0, -ENOMEM, -EIO, -EFBIG
 * (over WL_MANIFEST_BYTES_MAX). */
int wl_manifest_compose(const char *transfer, const struct wl_items *items,
                        const struct wl_decision *d, char **ret, size_t *ret_n,
                        uint8_t ret_sha256[WL_SHA256_BYTES]);

#endif
