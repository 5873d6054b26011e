/*
 * The 8.3 names of one folder of a fresh volume.
 *
 * A name that is 8.3 already (capital letters, digits and the signs DOS allows) needs nothing else;
 * one that differs from 8.3 by small letters only gets its capital form beside its long name; every
 * other gets STEM~N.EXT. The same names in the same order give the same short names.
 */
#ifndef WL_VOLUME_SHORT_NAME_H
#define WL_VOLUME_SHORT_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WL_SHORT_NAME_BYTES 11U

enum wl_short_fit {
	WL_SHORT_EXACT = 1, /* the short name is the name: no long one is needed */
	WL_SHORT_CASE,      /* the same in capital letters */
	WL_SHORT_LOSSY,     /* it needs STEM~N */
};

/* How a name (UTF-16) fits, and its short name in the first two cases. */
enum wl_short_fit wl_short_name_fit(const uint16_t *units, size_t n,
                                    uint8_t ret[WL_SHORT_NAME_BYTES]);

struct wl_short_names; /* those given away in one folder */

int wl_short_names_new(size_t names, struct wl_short_names **ret); /* at most `names` of them */
struct wl_short_names *wl_short_names_free(struct wl_short_names *s);
void wl_short_names_cleanup(struct wl_short_names **s);

/* Takes a short name: false where it was taken already. */
bool wl_short_names_take(struct wl_short_names *s, const uint8_t name[WL_SHORT_NAME_BYTES]);

/* Makes and takes the next free STEM~N for a lossy name. */
void wl_short_names_make(struct wl_short_names *s, const uint16_t *units, size_t n,
                         uint8_t ret[WL_SHORT_NAME_BYTES]);

#endif
