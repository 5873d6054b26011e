/*
 * The ledger before this one: copied from wherever it lies, and verified whole.
 *
 * Nothing of it is believed before every entry, every hash and the signature of its checkpoint fit
 * together under the key that its first entry names; that this key is the old station's is what the
 * two people compare with its card. The copy is kept in .state/predecessor-XXXXXXXX.
 */
#ifndef WL_LEDGER_PREDECESSOR_H
#define WL_LEDGER_PREDECESSOR_H

#include "daemon/base/text.h"
#include "daemon/ledger/facts.h"

struct wl_predecessor {
	int dirfd; /* of the copy */
	struct wl_note_key key;
	char vkey[WL_VKEY_TEXT];
	struct wl_store *store; /* of the copy; nothing is written to it */
	struct wl_facts *facts;
	uint64_t seen; /* the largest size that something outside proves; at least the store's */
	char cosigned_at[WL_TIME_TEXT]; /* of its last ledger.cosigned, or "" */
};

/*
 * Copies the ledger in the folder `path` into `name` in `state_fd`, and opens the copy. -EBADMSG
 * with station.predecessor-refused and the reason where it is not the whole ledger of `station`;
 * other errors are of reading or writing.
 */
int wl_predecessor_take(const char *path, int state_fd, const char *state_path, const char *name,
                        const char *station, struct wl_predecessor *ret,
                        struct wl_finding *ret_finding);
/* The copy again, at a later start. */
int wl_predecessor_open(int state_fd, const char *state_path, const char *name,
                        struct wl_predecessor *ret, struct wl_finding *ret_finding);
void wl_predecessor_close(struct wl_predecessor *p);

/* A checkpoint or a receipt (tlog-proof) of the old ledger that was found elsewhere: raises `seen`,
 * or is refused where it contradicts the ledger or is not signed by it. */
int wl_predecessor_see(struct wl_predecessor *p, const void *document, size_t n,
                       struct wl_finding *ret_finding);

/* Origin of the successor: "…/2", "…/3". -EINVAL where it would be too long. */
int wl_predecessor_next_origin(const char *origin, char buf[WL_ORIGIN_MAX + 1]);

#endif
