/*
 * Checkpoints, receipts and cosigned checkpoints that came on a medium (C2SP signed-note,
 * tlog-checkpoint, tlog-proof): read strictly into a few typed fields, verified elsewhere.
 */
#ifndef WL_UPDATE_CHECKPOINT_CLAIM_H
#define WL_UPDATE_CHECKPOINT_CLAIM_H

#include "daemon/base/bytes.h"
#include "daemon/base/finding.h"
#include "daemon/base/limits.h"
#include "daemon/base/sha256.h"

#define WL_CHECKPOINT_BLOB_MAX 72U /* a cosignature/v1: time and Ed25519 */

struct wl_checkpoint_line {
	char name[WL_CHECKPOINT_ORIGIN_MAX + 1];
	uint8_t key_id[4];
	uint8_t blob[WL_CHECKPOINT_BLOB_MAX]; /* what follows the key id */
	size_t blob_n;                        /* 64 or 72; lines of other lengths are passed over */
};

struct wl_checkpoint_claim {
	char origin[WL_CHECKPOINT_ORIGIN_MAX + 1];
	uint64_t size;
	uint8_t root[WL_SHA256_BYTES];
	struct wl_checkpoint_line line[WL_CHECKPOINT_SIGNATURES_MAX];
	unsigned nlines;
};

/*
 * Reads one file. Extension lines are refused, because the ledger of a station has none: the three
 * lines are then all that is signed. 0, or -EBADMSG with station.cosignature-unreadable.
 */
int wl_checkpoint_claim_read(struct wl_bytes file, struct wl_checkpoint_claim *ret,
                             struct wl_finding *f);

#endif
