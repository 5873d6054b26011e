/*
 * What one policy says otherwise than another, key by key (INTERFACES 5; `policy diff`), and a
 * policy's text under another version number (`policy reissue`).
 */
#ifndef WL_POLICY_DIFF_H
#define WL_POLICY_DIFF_H

#include "policy/model.h"

enum wl_policy_change_kind { WL_CHANGE_ADDED = 1, WL_CHANGE_REMOVED, WL_CHANGE_OTHER };

/* One difference. Texts are as they stand in the file: not escaped, and only lent. */
struct wl_policy_change {
	enum wl_policy_change_kind kind;
	const char *key; /* "people.tech-1.roles" */
	const char *before,
	        *after; /* "" where there is none; lists and mappings as [a, b], {k: v} */
	unsigned line;  /* of the second text; of the first where it was removed */
};

/*
 * Calls `each` for every difference, in the order of the first text and then of what only the
 * second has. Lists of words are compared word by word; the order of mappings and the layout do not
 * count. A negative answer of `each` ends it and is returned. 0; -EBADMSG where one is no YAML a
 * policy may be (*ret_errors, *ret_second tells which); -ENOMEM.
 */
int wl_policy_diff(const void *first, size_t first_bytes, const void *second, size_t second_bytes,
                   int (*each)(void *user, const struct wl_policy_change *c), void *user,
                   struct wl_policy_errors *ret_errors, bool *ret_second);

/*
 * The same text, byte for byte, but for the number behind `version`. free(*ret). 0; -EBADMSG where
 * it is no YAML a policy may be (*ret_errors); -EINVAL where it has no plain version; -ENOMEM.
 */
int wl_policy_reissue(const void *text, size_t bytes, uint64_t version, char **ret,
                      size_t *ret_bytes, struct wl_policy_errors *ret_errors);

#endif
