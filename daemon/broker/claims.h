/*
 * Checkpoints that stand on media which come to the station: found by name, read by a worker,
 * compared by ledgerd. One that the ledger cannot account for has raised an alarm when this says
 * so.
 */
#ifndef WL_BROKER_CLAIMS_H
#define WL_BROKER_CLAIMS_H

#include "daemon/broker/job_intake.h"
#include "daemon/broker/ledger_audit.h"

/* A checkpoint, receipt or cosignature by its name, and small enough. */
bool wl_claim_is_named(const struct wl_item *item);

/* Reads one sealed file in a worker. 0; -EBADMSG: it is none (station.cosignature-unreadable), or
 * the worker's end; other negative errno. */
int wl_claim_read(struct wl_spawn *spawn, int fd, struct wl_claim *ret, struct wl_finding *f);

/* Asks the ledger about one claim. 0 and its state; -EBADMSG with the alarm's rule. */
int wl_claim_compare(struct wl_bench *bench, const struct wl_claim *c, const char *insertion,
                     char ret_state[17], struct wl_finding *f);

/* All of an intake that have such a name; what cannot be read as a checkpoint is passed over. 0, or
 * -EBADMSG with the alarm's rule; other negative errno. */
int wl_claims_check(struct wl_intake *in, struct wl_spawn *spawn, struct wl_finding *f);

#endif
