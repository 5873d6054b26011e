/*
 * The mirror: the same ledger on a second disk, durable there before an append is answered.
 *
 * A folder that holds the file `weighlock-mirror`, which an administrator put there: an empty mount
 * point is no mirror. It has a journal of its own, and tiles, checkpoint and manifests as the
 * ledger's folder has them, so that a successor can be made of it (weighlock-ledgerd(8)). The
 * ledger's own disk is written first, so that a mirror never knows more than the ledger does.
 */
#ifndef WL_LEDGER_MIRROR_H
#define WL_LEDGER_MIRROR_H

#include "daemon/ledger/journal.h"
#include "daemon/ledger/tiles.h"

#define WL_MIRROR_MARK "weighlock-mirror"

struct wl_mirror; /* opaque */

/* What the ledger itself has, when the mirror is held against it. */
struct wl_mirror_of {
	int dirfd; /* the ledger's folder: manifests and station.pem are copied from it */
	const struct wl_note_key *key;
	struct wl_tiles *tiles;
	uint64_t size;
	const char *checkpoint; /* signed note; "" for size 0 */
};

/*
 * Opens the mirror and brings it up to the ledger's size. -EUCLEAN with station.ledger-failed where
 * the mirror proves that the ledger lost entries or has another history: nothing was changed. Any
 * other error is the mirror's own, with station.mirror-missing, -other or -failed.
 */
int wl_mirror_open(const char *path, const struct wl_mirror_of *of, struct wl_mirror **ret,
                   struct wl_finding *ret_finding);
struct wl_mirror *wl_mirror_free(struct wl_mirror *m);

/* Each: 0 or negative errno; the mirror is not to be used after an error. */
int wl_mirror_write(struct wl_mirror *m, const struct wl_record *r, const char *checkpoint);
/* Before wl_tiles_publish: the changed tiles, then the checkpoint. */
int wl_mirror_settle(struct wl_mirror *m, const struct wl_tiles *t, const char *checkpoint);
int wl_mirror_dirfd(const struct wl_mirror *m);

#endif
