/*
 * The policy in force and those proposed: folders below /var/lib/weighlock/policy (INTERFACES 10).
 *
 *   <version>/policy.yaml, policy.yaml.p7s, certificates    read-only after install
 *   proposed/<version>/…  the same, waiting for the second administrator
 *   current -> <version>
 */
#ifndef WL_BROKER_POLICY_STORE_H
#define WL_BROKER_POLICY_STORE_H

#include <stdatomic.h>

#include "policy/model.h"

/* A policy and the folder its files lie in; shared by threads, freed with the last reference. */
struct wl_policy_ref {
	atomic_uint refs;
	struct wl_policy *policy;
	int folder_fd;
};

struct wl_policy_ref *wl_policy_hold(struct wl_policy_ref *p); /* accepts NULL */
void wl_policy_release(struct wl_policy_ref **p);              /* for WL_CLEANUP too */

/*
 * Reads the policy in folder `name` ("current", "7", "proposed/7") below store_fd, whose signature
 * was checked when it was put there: policy.yaml must have this digest (NULL: any). 0; -ENOENT;
 * -EBADMSG where the digest is another or it cannot be read as a policy (*ret_errors, may be NULL).
 */
int wl_policy_load(int store_fd, const char *name, const uint8_t *sha256,
                   struct wl_policy_ref **ret, struct wl_policy_errors *ret_errors);

struct wl_policy_upload {
	const char *name;
	const void *p;
	size_t n;
};
/* Writes files durably into proposed/<version>, replacing an earlier proposal of that version. */
int wl_policy_store_propose(int store_fd, uint64_t version, const struct wl_policy_upload *files,
                            size_t n);
/* Moves proposed/<version> to <version> and `current` to it; durable. */
int wl_policy_store_install(int store_fd, uint64_t version);
/* Throws a proposal away. */
void wl_policy_store_forget(int store_fd, uint64_t version);

#endif
