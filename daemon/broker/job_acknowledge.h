/* The task that takes a recipient's receipts from a medium. Queued by do_acknowledge.c. */
#ifndef WL_BROKER_JOB_ACKNOWLEDGE_H
#define WL_BROKER_JOB_ACKNOWLEDGE_H

#include "daemon/base/text.h"
#include "daemon/broker/jobs.h"

#define WL_RECEIPT_BAGS_MAX 2U /* scrubbed, evidence */
#define WL_RECEIPT_BY_BYTES 201

/* A bag that was released, copied when the task was queued. */
struct wl_receipt_bag {
	char output[WL_ID_TEXT];
	uint8_t sha256[WL_SHA256_BYTES]; /* of its tagmanifest-sha256.txt */
	bool acknowledged;
};

struct wl_receipt_task {
	struct wl_task task;
	struct wl_task_medium source;
	char transfer[WL_ID_TEXT], received_at[WL_TIME_TEXT];
	char by[WL_RECEIPT_BY_BYTES]; /* "": the signer's name in the policy */
	struct wl_receipt_bag bag[WL_RECEIPT_BAGS_MAX];
	size_t nbags;
	json_t *recipients; /* owned: SHA-256 of the certificates it was encrypted to; NULL: none */
	json_t *taken;      /* out, owned: what was acknowledged, as Acknowledge answers */
};

/*
 * For task.run of a wl_receipt_task: the receipts that were found are in the ledger, all of them or
 * none. -EBADMSG with export.receipt-missing, -differs, -known, -unsigned, -key-unfit, a
 * signature.* rule or what was wrong with the medium.
 */
int wl_job_acknowledge_run(struct wl_bench *bench, struct wl_task *task);

#endif
