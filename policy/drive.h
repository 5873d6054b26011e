/*
 * Carries out the steps of inspect.h with workers (base/work.h): the blocking side that the
 * broker's work thread and `weighlock verify` share.
 *
 * Each SIGNATURE, CHECK and UNPACK step is a worker of its own; vendor's and authority's bytes are
 * never in one process. A worker that dies, is late or lies refuses the item it had
 * (station.worker-died, -late, -lied); it never ends the inspection.
 */
#ifndef WL_POLICY_DRIVE_H
#define WL_POLICY_DRIVE_H

#include "daemon/base/work.h"
#include "policy/inspect.h"

/* What the caller lends. Every callback returns 0 or negative errno, which ends the inspection. */
struct wl_drive_ops {
	/* A fresh read-only descriptor of an item's kept bytes (vault, store, user's file), offset
	 * 0. drive closes it. */
	int (*open_item)(void *user, enum wl_place place, const struct wl_item *item, int *ret_fd);
	/* A fresh read-only descriptor of a file the policy names. */
	int (*open_trust)(void *user, const char *file, int *ret_fd);
	/* What the ledger knows. NULL: there is no ledger here (goes into not_checked). `ticket`
	 * may be NULL. */
	int (*ask_ledger)(void *user, const char *device, const char *component, const char *ticket,
	                  struct wl_ledger_facts *ret);
	/* May be NULL. `path` (raw) may be NULL. */
	void (*progress)(void *user, enum wl_step_kind step, const char *path, uint64_t done,
	                 uint64_t total);
	void *user;
};

/* Drives `i` to its end. 0 (also where things were refused: ask wl_decide(wl_inspect_facts(i))), or
 * negative errno for a fault of the machine or of a callback. */
int wl_drive_inspect(struct wl_spawn *spawn, struct wl_inspect *i, const struct wl_drive_ops *ops);

/* ---- one signature by itself ---- */

struct wl_drive_certificate {
	int fd; /* the signer's own certificate, PEM or DER (a CA would make a claim pass); stays
	           the caller's */
	uint8_t der_sha256[WL_SHA256_BYTES];
	const char *trust; /* its name, copied into struct wl_signer; may be NULL */
};

struct wl_drive_signature {
	const char *purpose; /* "authority", "policy" */
	int content_fd;
	const int *signature_fds;
	size_t nsignatures;
	const struct wl_drive_certificate *certificates;
	size_t ncertificates;
	int64_t time;
};

#define WL_DRIVE_SIGNERS_MAX 16

/*
 * Verifies detached CMS over content_fd: signature worker, then check. Keys found good, each once,
 * are in ret_signers (room for WL_DRIVE_SIGNERS_MAX). 0 with *ret_n >= 1; -EBADMSG with the rule of
 * the first failure where no key, or a bad signature, was found; other negative errno: fault.
 */
int wl_drive_verify_signature(struct wl_spawn *spawn, const struct wl_drive_signature *s,
                              struct wl_signer *ret_signers, size_t *ret_n,
                              struct wl_finding *ret_finding);

/*
 * policy.yaml under the pinned certificate of the policy authority. 0; -EBADMSG with
 * policy.signature (its detail says which signature rule failed). der_sha256: of the pinned file.
 */
int wl_drive_verify_policy(struct wl_spawn *spawn, int yaml_fd, int signature_fd, int authority_fd,
                           int64_t time, struct wl_finding *ret_finding);

/*
 * A ticket, or the withdrawal of one, with its signatures under the policy's authority certificates
 * (those whose not_after has not passed), then the strict reader. 0: its signers, and *ret or (then
 * *ret is NULL) *ret_withdrawal; -EBADMSG: the finding.
 */
int wl_drive_read_ticket(struct wl_spawn *spawn, const struct wl_policy *policy,
                         const struct wl_drive_ops *ops, int ticket_fd, const int *signature_fds,
                         size_t nsignatures, int64_t now, struct wl_ticket **ret,
                         struct wl_withdrawal *ret_withdrawal, struct wl_signer *ret_signers,
                         size_t *ret_n, struct wl_finding *ret_finding);

#endif
