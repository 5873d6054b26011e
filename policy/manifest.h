/*
 * The manifest of an output (INTERFACES 6): one line per item, sorted by item,
 * `sha256␠␠bytes␠␠item␠␠verdict␠␠rule␠␠path\n`; 64 times `0` where there is no digest. Folders are
 * no items and have no line; `pass` lines are exactly the files that are delivered.
 */
#ifndef WL_POLICY_MANIFEST_H
#define WL_POLICY_MANIFEST_H

#include <stdio.h>

#include "policy/decide.h"

/* A manifest's text while its lines are printed to `out`, whoever's they are. */
struct wl_manifest_text {
	FILE *out;
	char *text;
	size_t n; /* bytes, once ended */
};

/* wl_manifest_end must follow. 0 or -ENOMEM. */
int wl_manifest_begin(struct wl_manifest_text *ret);

/* Ends it, whatever `r` its lines came to, and digests it. free(*ret). 0; r where it is negative;
 * -ENOMEM, -EIO, -EFBIG (over WL_MANIFEST_BYTES_MAX). */
int wl_manifest_end(struct wl_manifest_text *m, int r, char **ret, size_t *ret_n,
                    uint8_t ret_sha256[WL_SHA256_BYTES]);

/* Composes it for `transfer` ("STN3-T000042") and digests it. free(*ret). 0, -ENOMEM, -EIO, -EFBIG
 * (over WL_MANIFEST_BYTES_MAX). */
int wl_manifest_compose(const char *transfer, const struct wl_items *items,
                        const struct wl_decision *d, char **ret, size_t *ret_n,
                        uint8_t ret_sha256[WL_SHA256_BYTES]);

#endif
