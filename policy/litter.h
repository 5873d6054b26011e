/*
 * Operating-system litter: the closed list of INTERFACES 3, by name, place, kind and size.
 *
 * Asked twice: once before the bytes are read (what is litter is digested and dropped, never
 * copied), once for the decision, when the first bytes of `._NAME` files are facts.
 */
#ifndef WL_POLICY_LITTER_H
#define WL_POLICY_LITTER_H

#include "policy/items.h"

enum wl_litter {
	WL_LITTER_NO = 0,  /* not litter: must be covered by manifest or ticket */
	WL_LITTER_LEAVE,   /* leave.os-litter */
	WL_LITTER_CHANGED, /* update.litter-changed: the place is litter's, name, kind or size is
	                      not */
};

/* Judges every entry: ret[i] for items->v[i]; items has been numbered. An entry with head_n 0 and
 * has_sha256 false has not been read yet: its first bytes are then not asked for. */
void wl_litter_judge(const struct wl_items *items, enum wl_litter *ret);

#endif
