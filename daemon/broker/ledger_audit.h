/*
 * The broker's side of what ledgerd does for auditors and for the station's certificate. Returns as
 * in ledger_client.h.
 */
#ifndef WL_BROKER_LEDGER_AUDIT_H
#define WL_BROKER_LEDGER_AUDIT_H

#include "daemon/base/limits.h"
#include "daemon/broker/ledger_client.h"

/* A checkpoint as a worker claims it stood on a medium; nothing of it is verified. */
struct wl_claim {
	char origin[201];
	uint64_t size;
	uint8_t root[32];
	struct {
		char name[201];
		uint8_t key_id[4], blob[72];
		size_t blob_n; /* 64: a signature of Ed25519; 72: a time before it */
	} line[WL_CHECKPOINT_SIGNATURES_MAX];
	unsigned nlines;
};

/* What the ledger says to it, by the first line that is its own: "foreign", "same", "older",
 * "known", "rolled-back", "forked". */
int wl_ledger_compare(struct wl_ledger *l, const struct wl_claim *c, const char *insertion,
                      char ret_state[17], struct wl_finding *f);
/* Takes in the cosignature of line `i`. */
int wl_ledger_cosign(struct wl_ledger *l, const struct wl_claim *c, unsigned i, const char *actor,
                     uid_t uid, uint64_t *ret_seq, struct wl_finding *f);

/* The last countersigned checkpoint and the station's certificate; free both, "" where there is
 * none. */
int wl_ledger_cosigned(struct wl_ledger *l, char **ret_note, char **ret_pem, struct wl_finding *f);

struct wl_export_file {
	char *path;
	uint64_t bytes;
};
struct wl_export_list {
	struct wl_export_file *v;
	size_t n;
	uint64_t size, first;
	char *checkpoint;
};
int wl_ledger_export_list(struct wl_ledger *l, bool full, struct wl_export_list *ret,
                          struct wl_finding *f);
void wl_export_list_clear(struct wl_export_list *list); /* for WL_CLEANUP; start from {0} */
/* The bytes of one of its files for that size, sealed. */
int wl_ledger_export_read(struct wl_ledger *l, uint64_t size, const char *path, int *ret_fd,
                          uint8_t ret_sha256[32], struct wl_finding *f);

int wl_ledger_csr(struct wl_ledger *l, char **ret_pem, struct wl_finding *f); /* free */
int wl_ledger_cert(struct wl_ledger *l, const void *der, size_t n, const char *actor, uid_t uid,
                   uint64_t *ret_seq, struct wl_finding *f);

#endif
