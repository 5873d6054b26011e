/*
 * The tasks for auditors: exporting the ledger, bringing a cosignature back, the station's
 * certificate (weighlockd). Queued by do_take_away.c and do_audit.c.
 */
#ifndef WL_BROKER_JOB_AUDIT_H
#define WL_BROKER_JOB_AUDIT_H

#include "daemon/broker/jobs.h"

/* Writes the ledger, or the request for a certificate, onto a medium. */
struct wl_take_away_task {
	struct wl_task task;
	struct wl_task_medium destination;
	bool full, only_new, replace, csr; /* full: from entry 0; only_new: never more than asked */
	char station[WL_ID_TEXT], origin[256];
	/* out: the entries it holds, how many files and bytes */
	uint64_t first, size, files, bytes;
};
int wl_job_take_away_run(struct wl_bench *bench, struct wl_task *task);

/* Reads a cosignature (or a certificate) from a medium and gives it to ledgerd. */
struct wl_bring_task {
	struct wl_task task;
	struct wl_task_medium source;
	uint64_t seq;   /* out: the entry */
	uint64_t size;  /* out, cosignature: the entries it covers */
	char name[201]; /* out: the cosigner's key, or the certificate's subject */
};
int wl_job_cosign_run(struct wl_bench *bench, struct wl_task *task);
int wl_job_cert_run(struct wl_bench *bench, struct wl_task *task);

#endif
