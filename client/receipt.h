/*
 * The receipt in a bag: a C2SP tlog-proof whose `extra` is the entry it proves (weighlock-bag(5)).
 */
#ifndef WL_CLIENT_RECEIPT_H
#define WL_CLIENT_RECEIPT_H

#include <jansson.h>
#include <stdint.h>

#include "daemon/base/finding.h"

struct wl_receipt {
	char origin[201];
	uint64_t index, size; /* of the entry, of the checkpoint's tree */
	json_t *entry;        /* json_decref */
};

/*
 * Does `text` (n bytes) prove, under the verifier key `vkey` (NAME+HEX+BASE64, Ed25519), that its
 * entry is in the ledger of that name (C2SP tlog-proof, signed-note, tlog-checkpoint; RFC 9162
 * 2.1.3.2)? 0; -EBADMSG with bag.receipt; -EINVAL where vkey is none.
 */
int wl_receipt_check(const char *text, size_t n, const char *vkey, struct wl_receipt *ret,
                     struct wl_finding *ret_finding);

#endif
