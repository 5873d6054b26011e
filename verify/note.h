/*
 * Signed notes, verifier keys and checkpoints (C2SP signed-note, tlog-checkpoint,
 * tlog-cosignature).
 */
#ifndef WL_VERIFY_NOTE_H
#define WL_VERIFY_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#define VERIFY_NAME_MAX         200
#define VERIFY_VKEY_MAX         (VERIFY_NAME_MAX + 64)
#define VERIFY_NOTE_BYTES_MAX   65536
#define VERIFY_TYPE_ED25519     0x01
#define VERIFY_TYPE_COSIGNATURE 0x04

struct verify_key {
	char name[VERIFY_NAME_MAX + 1];
	uint8_t id[4];
	uint8_t type; /* VERIFY_TYPE_ED25519 or VERIFY_TYPE_COSIGNATURE */
	uint8_t public_key[32];
};

struct verify_checkpoint {
	char origin[VERIFY_NAME_MAX + 1];
	uint64_t size;
	uint8_t root[32];
};

/* name+8hex+base64(type||key): the id must be the one the name and the key give. 0 or -EINVAL. */
int verify_key_parse(const char *vkey, struct verify_key *ret_key);

/* The key with this name, type and 32 bytes. 0, -EINVAL (name), -EIO. */
int verify_key_make(const char *name, uint8_t type, const uint8_t public_key[32],
                    struct verify_key *ret);
/* As it is read; buf has room for VERIFY_VKEY_MAX bytes. */
void verify_key_print(const struct verify_key *key, char *buf, size_t size);

/* Strict base64: canonical, padded, no white space. The number of bytes, or -EINVAL. */
int verify_base64_decode(const char *s, size_t n, uint8_t *out, size_t size);
/* Decimal digits without a leading zero, at most 19 of them. 0 or -EBADMSG. */
int verify_decimal_parse(const char *s, size_t n, uint64_t *ret);

/* Ends of a note's text (with its newline) and start of its signature lines: the last empty line.
 * 0; -ENOENT where no line follows, -EBADMSG where it is no note. */
int verify_note_split(const uint8_t *note, size_t size, size_t *ret_text, size_t *ret_sigs);

/*
 * Makes a cosignature/v1 line over a checkpoint's text (C2SP tlog-cosignature). key: of type
 * VERIFY_TYPE_COSIGNATURE and the private key's other half. 0, -EINVAL, -EIO, -ENOBUFS.
 */
int verify_cosignature_make(EVP_PKEY *private_key, const struct verify_key *key,
                            const uint8_t *text, size_t n, uint64_t when, char *ret, size_t size);

/*
 * Looks for `key`'s signature on a note. 0: there and good (cosignatures give their time in
 * *ret_time); -ENOENT: no line of this key, or the note has no signatures; -EBADMSG: a line of this
 * key does not verify, or the note is malformed. A wrong or absent signature is never a success.
 */
int verify_note_check(const uint8_t *note, size_t size, const struct verify_key *key,
                      uint64_t *ret_time);

/* Reads the text of a note as a checkpoint; verifies nothing. 0 or -EBADMSG. */
int verify_checkpoint_parse(const uint8_t *note, size_t size, struct verify_checkpoint *ret);

#endif
