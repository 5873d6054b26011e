/*
 * The ledger as a whole on disk: journal, tiles and checkpoint in the one order that survives power
 * going at any moment.
 *
 * Stage entries, then commit: the journal's record with the signed checkpoint is made durable with
 * one fdatasync; from here the entries exist and the caller tells whom it concerns. Tiles and
 * checkpoint, as auditors read them, follow when the store is settled; a start does that too. Two
 * roots are never signed for one size: a checkpoint leaves this process only after its record is
 * durable. After an error of commit or settling the store refuses everything.
 */
#ifndef WL_LEDGER_STORE_H
#define WL_LEDGER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/finding.h"
#include "daemon/ledger/note.h"

struct wl_store; /* opaque */

/* Signs the text of a checkpoint: a whole note into buf. 0 or negative errno. */
typedef int (*wl_store_sign)(void *user, const char *text, char *buf, size_t size);

struct wl_store_options {
	int dirfd;                     /* the ledger's folder; stays the caller's */
	const struct wl_note_key *key; /* the ledger's verifier key; its name is the origin */
	wl_store_sign sign;            /* NULL: nothing can be committed */
	void *user;
	const char *mirror; /* a folder on another disk; "" or NULL: there is none */
};

enum wl_mirror_state {
	WL_MIRROR_NONE,   /* none was asked for */
	WL_MIRROR_GOOD,   /* everything acknowledged is durable there too */
	WL_MIRROR_FAILED, /* missing, failed or another ledger's: nothing is written there any more
	                   */
};

/*
 * Takes the lock (.state/lock; -EBUSY where another process holds it), carries out what the journal
 * still holds and opens the tiles. -EUCLEAN with the reason in ret_finding->detail where the disk
 * does not agree with what was signed: nothing is changed then.
 */
int wl_store_open(const struct wl_store_options *o, struct wl_store **ret,
                  struct wl_finding *ret_finding);
struct wl_store *wl_store_free(struct wl_store *s);

/* How the mirror is, and why: the finding stays the store's. */
enum wl_mirror_state wl_store_mirror(const struct wl_store *s, const struct wl_finding **ret);
/* The mirror's folder, for what is kept beside the tiles; -1 where there is none. */
int wl_store_mirror_dirfd(const struct wl_store *s);
void wl_store_mirror_fail(struct wl_store *s, int error);

uint64_t wl_store_size(const struct wl_store *s);    /* durable */
uint64_t wl_store_settled(const struct wl_store *s); /* what tiles and checkpoint have of it */
uint64_t wl_store_staged(const struct wl_store *s);  /* number the next staged entry will have */
const char *wl_store_checkpoint(const struct wl_store *s); /* signed note; "" for size 0 */
const struct wl_hash *wl_store_root(const struct wl_store *s);

/* Adds an entry to the group. -ENOSPC where the group is full: commit first. */
int wl_store_stage(struct wl_store *s, const void *entry, size_t n);
int wl_store_commit(struct wl_store *s);
/* Brings tiles and checkpoint up to what is durable. Not while entries are staged: -EBUSY. */
int wl_store_settle(struct wl_store *s);
/* The journal has no room for the next record: to be settled after this commit. */
bool wl_store_must_settle(const struct wl_store *s);

/* The bytes of an entry, staged ones included; valid until the next call here. */
int wl_store_entry(struct wl_store *s, uint64_t seq, const uint8_t **ret_p, size_t *ret_n);
/* The root of an earlier size. */
int wl_store_root_at(struct wl_store *s, uint64_t size, struct wl_hash *ret);
/* The hash of the leaves [index << height, (index + 1) << height), all of them in the ledger. */
int wl_store_hash(struct wl_store *s, unsigned height, uint64_t index, struct wl_hash *ret);
/* C2SP tlog-proof v1 of an entry under the newest checkpoint: length, or negative errno. */
int wl_store_prove(struct wl_store *s, uint64_t seq, char *buf, size_t size);
int wl_store_prove_consistency(struct wl_store *s, uint64_t old, struct wl_proof *ret);

#endif
