/*
 * A new key for the ledger: the old one ends with `key.rotated`, and a new one begins under the
 * next origin with everything the old one knew (INTERFACES 10).
 *
 * The commit of key.rotated decides. Before it there is the old key, and a new one that nobody
 * knows in keys/next; after it every start carries on until the new ledger stands: the old ledger
 * is put away whole into archive/N, its last checkpoint gets the new key's signature beside the old
 * one's, and the new ledger says what it takes over.
 */
#ifndef WL_LEDGER_ROTATE_H
#define WL_LEDGER_ROTATE_H

#include "daemon/ledger/ledger.h"
#include "daemon/ledger/predecessor.h"

#define WL_ARCHIVE_TEXT 32 /* "archive/N" and NUL */

struct wl_rotate_ask {
	const char *actor, *proposed_by, *words;
	uint64_t uid;
	bool only_asks; /* whether it may be: nothing is changed */
};

struct wl_rotated {
	uint64_t seq; /* of key.rotated, in the ledger that ended; 0 where it was only asked */
	char old_origin[WL_ORIGIN_MAX + 1], old_fingerprint[WL_FINGERPRINT_TEXT];
};

/*
 * Rotates. -EBADMSG with the rule: what wl_ledger_fault says, station.transfers-open, what
 * wl_audit_check says of the second person; nothing was changed then. Any error after key.rotated
 * was written has set `failed`, and the next start carries on.
 */
int wl_rotate(struct wl_ledger *l, const struct wl_rotate_ask *q, struct wl_rotated *ret,
              struct wl_finding *f);

/* ---- for opening (ledger.c) ---- */

/* rotate_files.c: where the old ledger was being put away, the rest of it. 0 or negative errno. */
int wl_rotation_move(struct wl_ledger *l);
/* Does the last entry give the key up? */
bool wl_rotation_is_due(struct wl_ledger *l);
/* Puts the opened ledger away and opens the one after it. */
int wl_rotation_turn(struct wl_ledger *l, struct wl_finding *f);
/* Did this ledger come after another one's key was given up? */
bool wl_rotation_was(const struct wl_ledger *l);
/* rotate_begin.c: the first entries, where there are none yet. */
int wl_rotation_begin(struct wl_ledger *l, struct wl_finding *f);
/* The ledger before this one: 1 and it, or 0 where no key was given up. */
int wl_rotation_open(struct wl_ledger *l, struct wl_predecessor *ret, struct wl_finding *f);
/* The same, kept open until the ledger is closed; stays the ledger's. */
int wl_rotation_archive(struct wl_ledger *l, struct wl_predecessor **ret);
void wl_rotation_close(struct wl_ledger *l);
/* Its folder and key: 1, 0 where there is none. */
int wl_rotation_read(const struct wl_ledger *l, char name[WL_ARCHIVE_TEXT],
                     struct wl_note_key *ret_key);

#endif
