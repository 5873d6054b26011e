/* The commented example policy that `weighlock policy new` prints, filled with a station's facts.
 */
#ifndef WL_POLICY_NEW_H
#define WL_POLICY_NEW_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/model.h"

struct wl_policy_new_port {
	const char *id;    /* "a1" */
	const char *match; /* "usb:…" or "loop:64" */
	enum wl_port_use use;
};

struct wl_policy_new {
	const char *station; /* NULL: STN1 */
	const char *origin;  /* NULL: stations.example/ (or test.example/) and the station in lower
	                        case */
	bool test;           /* mode: test, loop ports, uid:N accounts */
	const struct wl_policy_new_port
	        *ports; /* none: one source and one destination to be filled in */
	size_t nports;
};

/*
 * The text. What only its author can know stands as example names (acme, x-0042) and as digests of
 * 64 zeros, which `policy check` finds wrong (policy.reference) until they are replaced.
 * free(*ret). 0, -EINVAL (station or origin that no policy could have), -ENOMEM.
 */
int wl_policy_new_text(const struct wl_policy_new *in, char **ret, size_t *ret_n);

#endif
