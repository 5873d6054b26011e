/*
 * The facts: what the entries say so far, in an SQLite index that can always be made again.
 *
 * The index states the size and root it was made from and its own format. It is used only where the
 * ledger has that root at that size; what came later is then applied, and anything else rebuilds it
 * whole. Staged entries are applied inside a transaction, so that the next entry of a group is
 * checked against them, and become durable after the ledger's own commit.
 */
#ifndef WL_LEDGER_FACTS_H
#define WL_LEDGER_FACTS_H

#include "daemon/ledger/entry_read.h"
#include "daemon/ledger/store.h"

struct wl_facts; /* opaque */

/* The one row of what holds for the whole station. */
struct wl_station_facts {
	uint64_t size;           /* entries applied */
	uint64_t next_transfer;  /* from 1 */
	uint64_t next_insertion; /* from 1 */
	int64_t newest_time;     /* of any entry */
	uint64_t policy_version; /* 0: none loaded yet */
	char policy_sha256[WL_SHA256_HEX + 1];
	int64_t approvals_inbound, approvals_outbound;
	char station[9];
	char origin[WL_ORIGIN_MAX + 1];
	char authority_spki_sha256[WL_SHA256_HEX + 1];
	char clock_boot[WL_BOOT_TEXT]; /* boot in which two people last set the clock */
};

struct wl_transfer_facts {
	char id[WL_ID_TEXT], direction[17], device[WL_ID_TEXT], component[WL_ID_TEXT];
	char opener[WL_ID_TEXT];
	char state[33]; /* name of the last event that moved it */
	uint64_t first_seq, last_seq;
	bool open;
};

struct wl_inspection_facts {
	uint64_t seq;
	char manifest[WL_SHA256_HEX + 1], verdict[9], component[WL_ID_TEXT], ticket[WL_ID_TEXT];
	int64_t release;  /* -1: none */
	int64_t uses;     /* per device, of the ticket; -1: not said */
	char holds[2048]; /* rules, each ended by a newline */
};

struct wl_approval_facts {
	char transfer[WL_ID_TEXT], actor[WL_ID_TEXT];
	int64_t until;
	bool voided;
	bool manifest_named;
	char accepted[4096]; /* rules, each ended by a newline */
};

struct wl_insertion_facts {
	char port[WL_ID_TEXT], medium[WL_ID_TEXT], boot[WL_BOOT_TEXT];
	uint64_t diskseq;
	bool gone;
};

/*
 * Opens the index at `path` (made where missing) and brings it to the store's size. A file that
 * cannot be used is made anew; where no file can be written the index is made in memory. -EUCLEAN
 * with the reason where the index knows more entries than the ledger has, or an entry cannot be
 * read; -ENOMEM; what reading the store says.
 */
int wl_facts_open(const char *path, struct wl_store *store, struct wl_facts **ret,
                  struct wl_finding *ret_finding);
struct wl_facts *wl_facts_free(struct wl_facts *f);
/*
 * After `error` of anything below (-ENOSPC, -EIO): the index says again what the store says, staged
 * entries too. Without room its file stays as it last was, and what came since waits in memory for
 * the next commit; after anything else the file is made anew, or the index in memory. 0, or as
 * wl_facts_open: only then can nothing more be checked. No row of a question may be open.
 */
int wl_facts_recover(struct wl_facts *f, struct wl_store *store, int error);
bool wl_facts_is_in_memory(const struct wl_facts *f);

const struct wl_station_facts *wl_facts_station(const struct wl_facts *f);

/* Applies one entry; begins a transaction where none is open. After an error: wl_facts_recover. */
int wl_facts_apply(struct wl_facts *f, const struct wl_entry *e);
/* After the store committed: ends the transaction with the store's size and root. Likewise. */
int wl_facts_commit(struct wl_facts *f, uint64_t size, const struct wl_hash *root);

/* Each: 1 and the row, 0 where there is none, negative errno. */
int wl_facts_nonce(struct wl_facts *f, const uint8_t nonce[WL_NONCE_BYTES], uint64_t *ret_seq,
                   int64_t *ret_time);
int wl_facts_transfer(struct wl_facts *f, const char *id, struct wl_transfer_facts *ret);
int wl_facts_inspection(struct wl_facts *f, const char *transfer, const char *output,
                        struct wl_inspection_facts *ret);
/* manifest: whose digest must be among the approved ones for manifest_named. */
int wl_facts_approval(struct wl_facts *f, uint64_t seq, const char *manifest,
                      struct wl_approval_facts *ret);
int wl_facts_insertion(struct wl_facts *f, const char *id, struct wl_insertion_facts *ret);
/* 1 where the medium of this insertion gave a serial number and lay in gate a for this transfer. */
int wl_facts_is_source(struct wl_facts *f, const char *transfer, const char *insertion);
/* Is a release.intent of this transfer and output in this state? States: open, done, failed,
 * unknown. */
int wl_facts_intent_of_output(struct wl_facts *f, const char *transfer, const char *output,
                              const char *state);
/* Is a release onto this insertion under way? (A wipe that was interrupted is simply said again.)
 */
int wl_facts_release_on(struct wl_facts *f, const char *insertion);
/* Is entry `seq` an open intent of this kind (and, for a release, of this transfer)? */
int wl_facts_intent(struct wl_facts *f, uint64_t seq, const char *kind, const char *transfer);
int wl_facts_floor(struct wl_facts *f, const char *device, const char *component,
                   uint64_t *ret_release);
int wl_facts_installed(struct wl_facts *f, const char *device, const char *component,
                       uint64_t *ret_release);
/* sha256 is "" for a ticket never added; uses by transfers other than `transfer` ("": by any). */
int wl_facts_ticket(struct wl_facts *f, const char *device, const char *ticket,
                    const char *transfer, char ret_sha256[WL_SHA256_HEX + 1], uint64_t *ret_uses,
                    bool *ret_withdrawn);
/* The last medium.prepared with this head that nothing later voids. */
int wl_facts_prepared(struct wl_facts *f, const char *head_sha256, uint64_t *ret_seq,
                      char ret_medium[WL_ID_TEXT]);
/* Who last proposed this policy. */
int wl_facts_proposal(struct wl_facts *f, uint64_t version, const char *sha256,
                      char ret_actor[WL_ID_TEXT], uint64_t *ret_uid);
/* Media a release or a preparation named, by id from `after` on ("" for the first). */
struct wl_medium_facts {
	char medium[WL_ID_TEXT];
	bool suspect; /* the last release onto it did not end well, nothing later made it whole */
	bool ours;    /* this station prepared it once */
};
int wl_facts_next_medium(struct wl_facts *f, const char *after, struct wl_medium_facts *ret);
/* Insertions that nothing says have ended, in their order, after the number `after`. */
int wl_facts_next_insertion(struct wl_facts *f, uint64_t after, uint64_t *ret_number,
                            char ret_id[WL_ID_TEXT], struct wl_insertion_facts *ret);
/* Proposals of versions above the one in force, in the order they came, after entry `after`. */
struct wl_proposal_facts {
	uint64_t seq, version, uid;
	char sha256[WL_SHA256_HEX + 1], actor[WL_ID_TEXT];
};
int wl_facts_next_proposal(struct wl_facts *f, uint64_t after, struct wl_proposal_facts *ret);
/* A visit, by the numbers of its entries (0: none). */
struct wl_visit_facts {
	char id[WL_ID_TEXT], escort[WL_ID_TEXT];
	uint64_t opened, confirmed, closed;
};
int wl_facts_visit(struct wl_facts *f, const char *id, struct wl_visit_facts *ret);
/* Visits that are open, and closed ones among the last WL_VISITS_ENDED_MAX, in the order they were
 * opened, after entry `after`. */
#define WL_VISITS_ENDED_MAX 64U
int wl_facts_next_visit(struct wl_facts *f, uint64_t after, struct wl_visit_facts *ret);
/* The next transfer after `after` ("" for the first), in order of opening. */
int wl_facts_next_transfer(struct wl_facts *f, uint64_t after_seq, bool open_only,
                           struct wl_transfer_facts *ret);
/* The next entry from `from` on, of `transfer` unless that is "". */
int wl_facts_next_entry(struct wl_facts *f, uint64_t from, const char *transfer, uint64_t *ret_seq);

#endif
