/*
 * A cosigner's verifier key (C2SP tlog-cosignature, type 0x04): how policies and the ledger name
 * the key with which an auditor countersigns checkpoints. NAME "+" 8 hex "+" base64(0x04 || key).
 */
#ifndef WL_BASE_COSIGNER_H
#define WL_BASE_COSIGNER_H

#include <stdint.h>

#define WL_COSIGNER_NAME_MAX  200U
#define WL_COSIGNER_TEXT      300U /* the whole text, and NUL */
#define WL_COSIGNER_ID_BYTES  4U
#define WL_COSIGNER_KEY_BYTES 32U

struct wl_cosigner {
	char name[WL_COSIGNER_NAME_MAX + 1];
	uint8_t id[WL_COSIGNER_ID_BYTES];
	uint8_t public_key[WL_COSIGNER_KEY_BYTES]; /* Ed25519 */
};

/* Reads one; printable ASCII names without '+' only. -EINVAL where the form, the type or the id is
 * not right; the id is computed anew and compared. */
int wl_cosigner_parse(const char *vkey, struct wl_cosigner *ret);

#endif
