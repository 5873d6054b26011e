/*
 * What ledgerd does for auditors: comparing checkpoints that come back, taking in cosignatures,
 * and what may be appended while an alarm is open, a cosignature is overdue or the station retired.
 */
#ifndef WL_LEDGER_AUDIT_H
#define WL_LEDGER_AUDIT_H

#include "daemon/ledger/audit_facts.h"
#include "daemon/ledger/ledger.h"

#define WL_ACTION_ROTATE  "rotate-key"        /* method of the proposal */
#define WL_ACTION_VALID_S (INT64_C(8) * 3600) /* a proposal waits so long for its second person */

/* A checkpoint as a worker claims it stood on a medium. */
struct wl_claimed_checkpoint {
	const char *origin;
	uint64_t size;
	const uint8_t *root;      /* 32 bytes */
	const uint8_t *signature; /* 64 bytes */
};

/*
 * Compares it with the ledger. *ret_state: "foreign" (not signed by this ledger's key), "same",
 * "older", "known" (it raised an alarm before), "rolled-back" or "forked": for these two an alarm
 * is in the ledger when it returns. 0 or negative errno.
 */
int wl_audit_compare(struct wl_ledger *l, const struct wl_claimed_checkpoint *c,
                     const char *insertion, const char **ret_state);

struct wl_claimed_cosignature {
	struct wl_claimed_checkpoint checkpoint; /* its signature is the cosigner's, Ed25519 */
	const char *name;
	const uint8_t *key_id; /* 4 bytes */
	int64_t time;
	const char *actor;
	uint64_t uid;
};

/*
 * Takes in a cosignature/v1 (C2SP tlog-cosignature) by a key of the policy in force: the number of
 * its entry, also where it was taken in before. -EBADMSG with station.cosignature-key or
 * station.cosignature-mismatch.
 */
int wl_audit_cosign(struct wl_ledger *l, const struct wl_claimed_cosignature *c, uint64_t *ret_seq,
                    struct wl_finding *f);

/* The last countersigned checkpoint as a note: text with NUL into buf, "" where there is none. 0 or
 * negative errno. */
int wl_audit_cosigned_note(struct wl_ledger *l, char *buf, size_t size);

/* When the next cosignature is due: 1 and the time, 0 where the policy names no cosigner. */
int wl_audit_due(struct wl_ledger *l, int64_t *ret_due);

/* May this draft be appended, as far as alarms, cosignatures, retirement and second persons go? 0,
 * -EBADMSG with the rule, negative errno. */
int wl_audit_check(struct wl_ledger *l, const struct wl_draft *d, const struct wl_clock *c,
                   struct wl_finding *f);

#endif
