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
/* Does it lie where exports, bags and releases of this station have it? */
bool wl_claim_is_ours(const struct wl_item *item);

/* Reads one sealed file in a worker. 0; -EBADMSG: it is none (station.cosignature-unreadable), or
 * the worker's end; other negative errno. */
int wl_claim_read(struct wl_spawn *spawn, int fd, struct wl_claim *ret, struct wl_finding *f);

/* Asks the ledger about one claim. 0 and its state; -EBADMSG with the alarm's rule. */
int wl_claim_compare(struct wl_bench *bench, const struct wl_claim *c, const char *insertion,
                     char ret_state[17], struct wl_finding *f);

/* A medium that was read: its list, and how a file of it that was kept is opened. */
struct wl_claims_source {
	const struct wl_items *items;
	const char *insertion;
	int (*open)(void *user, const struct wl_item *item,
	            int *ret_fd); /* negative: was not kept */
	void *user;
};

/* Every file that has such a name, up to WL_CHECKPOINT_FILES_MAX: those that lie where the station
 * itself writes them first, the others by their paths; what cannot be read as a
 * checkpoint is passed over. 0, or -EBADMSG with the alarm's rule; other negative errno. */
int wl_claims_compare(struct wl_bench *bench, const struct wl_claims_source *source,
                      struct wl_finding *f);
/* The same for what an intake took. */
int wl_claims_check(struct wl_intake *in, struct wl_finding *f);
/* The same for a medium that is going to be overwritten: reads it for this alone, through gate b.
 * `in` has bench, task and source and is cleared by the caller. 0 also where nothing on it can be
 * read. */
int wl_claims_look(struct wl_intake *in, struct wl_finding *f);

#endif
