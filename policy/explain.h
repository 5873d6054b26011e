/*
 * What a policy says about one person, port, device, vendor or entry of trust, with the lines where
 * it says so (`policy explain`).
 */
#ifndef WL_POLICY_EXPLAIN_H
#define WL_POLICY_EXPLAIN_H

#include "policy/model.h"

enum wl_policy_part {
	WL_PART_OWN = 1,  /* what is written of it */
	WL_PART_USED,     /* of what it refers to: a device's vendor, a vendor's anchors */
	WL_PART_NAMED_BY, /* where else its name stands */
	WL_PART_FOR_ALL,  /* what holds for all of its kind */
};

/* One key of the policy. Texts are as they stand in the file: not escaped, only lent. */
struct wl_policy_said {
	enum wl_policy_part part;
	unsigned line;
	const char *key, *value; /* "devices.x-0042.vendor", "acme" */
};

/*
 * Calls `each` for every key that concerns `word`, part by part. A negative answer of `each` ends
 * it and is returned. *ret_kind: the mapping it stands in ("people", "ports", "devices", "vendors",
 * "trust"). 0; -ENOENT where no mapping has it (ret_nearest: a name near it, "" none); -EBADMSG
 * where the text is no YAML a policy may be (*ret_errors); -ENOMEM.
 */
int wl_policy_explain(const void *text, size_t bytes, const char *word,
                      int (*each)(void *user, const struct wl_policy_said *s), void *user,
                      const char **ret_kind, char ret_nearest[64],
                      struct wl_policy_errors *ret_errors);

#endif
