/*
 * Who this station is: keys/station, written at `station init` before anything is trusted.
 *
 * Until entry 0 exists the file is a proposal that another person has to confirm; from then on
 * entry 0 says the same and is compared with it at each start. It holds nothing secret.
 */
#ifndef WL_LEDGER_IDENTITY_H
#define WL_LEDGER_IDENTITY_H

#include "daemon/ledger/keys.h"

struct wl_identity {
	char station[9];
	char vkey[WL_VKEY_TEXT];
	struct wl_note_key key; /* its name is the origin */
	uint64_t uid;           /* who said `station init` */
	char document_spki_sha256[WL_SHA256_HEX + 1];
	char authority_spki_sha256[WL_SHA256_HEX + 1];
	char fingerprint[WL_FINGERPRINT_TEXT];
};

/* Fills vkey, key and fingerprint from the keys and `origin`, the rest from the arguments. -EINVAL
 * for a station or origin of a wrong form. */
int wl_identity_make(const struct wl_keys *k, const char *station, const char *origin, uint64_t uid,
                     const uint8_t authority_spki_sha256[WL_SHA256_BYTES], struct wl_identity *ret);
/* The same station with another ledger key and origin. */
int wl_identity_next(const struct wl_keys *k, const struct wl_identity *old, const char *origin,
                     uint64_t uid, struct wl_identity *ret);
int wl_identity_save(int dirfd, const struct wl_identity *id); /* durable */
/* -ENOENT before `station init`; -EBADMSG where the file is not of this form. */
int wl_identity_load(int dirfd, struct wl_identity *ret);

#endif
