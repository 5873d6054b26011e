/*
 * The fact "this content was signed by a key that was named beforehand" (DESIGN 2).
 *
 * Everything but the content and the pins is a parser's claim. Nothing claimed is believed: the
 * content is hashed here, its digest is looked for in the signed bytes by comparison, and the
 * signature over them is verified under a key whose SHA-256 the policy or the ticket named.
 */
#ifndef WL_UPDATE_CHECK_SIGNATURE_H
#define WL_UPDATE_CHECK_SIGNATURE_H

#include "daemon/base/finding.h"
#include "daemon/base/message.h"
#include "daemon/base/sha256.h"

struct wl_check_claim {
	uint64_t digest;            /* enum wl_digest_algorithm, if it is one */
	uint64_t signature;         /* enum wl_signature_algorithm, if it is one */
	struct wl_bytes attributes; /* DER SET OF */
	struct wl_bytes value;
	struct wl_bytes spki;
};

struct wl_check_content {
	int fd;                /* read by pread from 0 */
	uint64_t size;         /* exactly so many bytes, of any number */
	const uint8_t *sha256; /* NULL, or the vault's own digest of it, used instead of reading */
};

/* Loads what libcrypto loads on first use. Before the system-call filter. 0 or -EIO. */
int wl_check_prepare(void);

/*
 * 0 and the SHA-256 of the key; -EBADMSG with signature.signer-untrusted (key not among the pins),
 * signature.algorithm, signature.key-weak, signature.no-signed-attributes,
 * signature.attribute-duplicate or signature.mismatch; -EIO where the content could not be read or
 * has another size; -ENOMEM.
 */
int wl_check_signature(const struct wl_check_claim *claim, const struct wl_check_content *content,
                       const uint8_t (*pins)[WL_SHA256_BYTES], unsigned npins,
                       uint8_t ret_spki_sha256[WL_SHA256_BYTES], struct wl_finding *ret_finding);

#endif
