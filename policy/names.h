/*
 * Which names may pass (rules name.*): on a medium that is read, and on one that is written.
 *
 * Every name: strict UTF-8, no control, bidi or zero-width character, none of < > : " \ | ? *, no
 * reserved DOS device name, no leading or trailing space, no trailing dot, at most 255 UTF-16
 * units; whole path at most 1024 bytes. Device profiles say more (name.device-rule): `dos-safe`:
 * letters, digits and ! # $ % & ' ( ) + , - . = @ [ ] ^ _ ` { } ~ and space, whole path at most 240
 * bytes; `hi-scan`: letters, digits, `_`, `-`, and one dot before the extension of a file; `any`.
 */
#ifndef WL_POLICY_NAMES_H
#define WL_POLICY_NAMES_H

#include "daemon/base/finding.h"
#include "policy/items.h"
#include "policy/model.h"

/* One path of a medium. 0, or -EBADMSG with name.empty, name.encoding, name.control, name.reserved,
 * name.too-long. */
int wl_names_check(const void *path, size_t n, struct wl_finding *ret_finding);
/* One path as the device's profile wants it. 0, or -EBADMSG with name.device-rule. */
int wl_names_check_device(enum wl_names_profile profile, const void *path, size_t n,
                          struct wl_finding *ret_finding);
/* Do two paths fall together on a volume that ignores case? (ASCII and Latin/Greek/Cyrillic simple
 * folding; an upper bound is not needed: the builder compares again.) */
int wl_names_compare_folded(const void *a, size_t an, const void *b, size_t bn);
/* name.duplicate: sets same[i] for every entry whose path falls together with another's. items has
 * been numbered; `same` has items->n places. 0 or -ENOMEM. */
int wl_names_find_duplicates(const struct wl_items *items, bool *same);

#endif
