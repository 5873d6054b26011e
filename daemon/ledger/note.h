/*
 * Signed notes, verifier keys and checkpoints (C2SP signed-note, tlog-checkpoint): Ed25519 only.
 *
 * A note is text that ends in a newline, an empty line, then signature lines. The key that signs
 * lives in keys.h; here are the forms and the check.
 */
#ifndef WL_LEDGER_NOTE_H
#define WL_LEDGER_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/ledger/merkle.h"

#define WL_ORIGIN_MAX     200
#define WL_VKEY_TEXT      300 /* name + id + key, and NUL */
#define WL_CHECKPOINT_MAX 1024
#define WL_ED25519_PUBLIC 32
#define WL_ED25519_SIGNED 64

/* A verifier key: its name, four-byte id and public key. */
struct wl_note_key {
	char name[WL_ORIGIN_MAX + 1];
	uint8_t id[4];
	uint8_t public_key[WL_ED25519_PUBLIC];
};

struct wl_checkpoint {
	char origin[WL_ORIGIN_MAX + 1];
	uint64_t size;
	struct wl_hash root;
};

/* Fills *ret; -EINVAL for an empty name, one with '+', white space or anything but printable ASCII
 * (narrower than C2SP, which allows Unicode), or one longer than WL_ORIGIN_MAX. */
int wl_note_key_make(const char *name, const uint8_t public_key[WL_ED25519_PUBLIC],
                     struct wl_note_key *ret);
/* NAME+8 hex+base64(0x01 || key) */
void wl_note_key_format(const struct wl_note_key *key, char buf[WL_VKEY_TEXT]);
/* -EINVAL where the form or the id is wrong. */
int wl_note_key_parse(const char *vkey, struct wl_note_key *ret);

/* The signature line "— NAME base64(id || signature)\n" after `text` and an empty line; returns the
 * length, -EMSGSIZE where buf is too small. */
int wl_note_compose(const struct wl_note_key *key, const char *text,
                    const uint8_t signature[WL_ED25519_SIGNED], char *buf, size_t size);
/*
 * Checks every signature of `key` on the note (n bytes) and gives the length of its text. -EBADMSG
 * where the form is wrong, no signature is of this key, or one of this key does not verify; lines
 * of other keys are passed over.
 */
int wl_note_verify(const struct wl_note_key *key, const char *note, size_t n, size_t *ret_text_n);

/* One Ed25519 signature over the n bytes at p. 0 or -EBADMSG. */
int wl_note_check_ed25519(const uint8_t public_key[WL_ED25519_PUBLIC], const void *p, size_t n,
                          const uint8_t signature[WL_ED25519_SIGNED]);

/* "ORIGIN\nSIZE\nbase64(root)\n"; returns the length, -EMSGSIZE. */
int wl_checkpoint_format(const struct wl_checkpoint *cp, char *buf, size_t size);
/* The text of a checkpoint, which may have extension lines; -EBADMSG. */
int wl_checkpoint_parse(const char *text, size_t n, struct wl_checkpoint *ret);
/* Both: verifies the note, parses its text and requires that the origin is the key's name. */
int wl_checkpoint_open(const struct wl_note_key *key, const char *note, size_t n,
                       struct wl_checkpoint *ret);

#endif
