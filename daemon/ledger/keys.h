/*
 * The station's two keys: the ledger's Ed25519 key and the P-384 key that signs documents.
 *
 * They are made once, at `station init`, and never leave this process: secret memory is OpenSSL's
 * locked arena, files are read once and closed. Keys are never restored from a copy.
 */
#ifndef WL_LEDGER_KEYS_H
#define WL_LEDGER_KEYS_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "daemon/ledger/note.h"

#define WL_FINGERPRINT_TEXT 40 /* 8 groups of 4 hex with '-' between, and NUL */

struct wl_keys; /* opaque */

/* Sets up the locked arena; once per process, before any key is loaded. 0 or -ENOMEM. */
int wl_keys_init_memory(void);

/* Makes ledger.key (32 bytes, mode 0400) and document.key (PKCS#8 DER, 0400) in `dirfd` where they
 * are missing. Durable when it returns. */
int wl_keys_make(int dirfd);

#define WL_KEYS_NEXT "next" /* folder in keys/: the key that a rotation prepared */
/* Makes ledger.key alone, likewise. */
int wl_keys_make_ledger(int dirfd);

/* Loads both. -ENOENT where one is missing, -EBADMSG where one is not a key of its kind. */
int wl_keys_load(int dirfd, struct wl_keys **ret);
/* The same from two folders. */
int wl_keys_load_both(int ledger_dirfd, int document_dirfd, struct wl_keys **ret);
struct wl_keys *wl_keys_free(struct wl_keys *k);

int wl_keys_ledger_public(const struct wl_keys *k, uint8_t ret[WL_ED25519_PUBLIC]);
/* Signs a note's text under `key` (whose public half must be ours): the whole note into buf. */
int wl_keys_sign_note(const struct wl_keys *k, const struct wl_note_key *key, const char *text,
                      char *buf, size_t size);
EVP_PKEY *wl_keys_document(const struct wl_keys *k); /* stays the object's */
/* SHA-256 of the document key's SubjectPublicKeyInfo (DER). */
int wl_keys_document_spki(const struct wl_keys *k, uint8_t ret[WL_SHA256_BYTES]);

/* First 16 bytes of SHA-256 of the vkey text, as 8 groups of 4 lower-case hex digits. */
int wl_keys_fingerprint(const char *vkey, char buf[WL_FINGERPRINT_TEXT]);
/* Do both name the same? Case, spaces and hyphens do not count. */
bool wl_keys_fingerprint_equal(const char *a, const char *b);

#endif
