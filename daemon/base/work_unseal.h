/*
 * Employing `unseal` at a recipient's: opens what `seal` encrypted, with the recipient's private
 * key.
 *
 * The sealed file is hostile and is parsed in a worker that has the key and nothing else: no file,
 * no network, no other process. What it decrypts comes through a pipe and is counted and hashed
 * here.
 */
#ifndef WL_BASE_WORK_UNSEAL_H
#define WL_BASE_WORK_UNSEAL_H

#include "daemon/base/work.h"

struct wl_unsealed {
	uint64_t bytes;
	uint8_t sha256[32]; /* of what was written */
};

/* Starts it with the private key in `key_fd` (PEM, not encrypted; stays the caller's). 0; -EBADMSG
 * with bag.not-opened where the file is no key, or as wl_job_start. */
int wl_unseal_start(struct wl_spawn *s, int key_fd, uint64_t deadline_ms, struct wl_job *ret_job,
                    struct wl_finding *ret_finding);
/*
 * One sealed file; what was in it goes to `output_fd`. Both stay the caller's. -EBADMSG with
 * bag.not-opened (not for this key, or no message of the form `seal` writes) or station.worker-*:
 * what was written meanwhile is then worth nothing. Negative errno of writing. After any error the
 * job is over: wl_job_kill.
 */
int wl_unseal_file(struct wl_job *job, uint64_t item, int sealed_fd, int output_fd,
                   struct wl_unsealed *ret, struct wl_finding *ret_finding);
int wl_unseal_end(struct wl_job *job, struct wl_finding *ret_finding); /* as wl_job_finish */

#endif
