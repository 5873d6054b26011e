/*
 * Public keys (SubjectPublicKeyInfo, RFC 5280, RFC 3279, RFC 5480): only the closed list.
 *
 * RSA of 3072 to 8192 bits with an odd exponent of 65537 or more, and points of P-256 and P-384 on
 * the named curve, uncompressed. RSA of less than 3072 bits is refused: the reference profile
 * allows 2048 only as a dated exception, and this version's policy grammar has no such exception.
 */
#ifndef WL_UPDATE_SPKI_H
#define WL_UPDATE_SPKI_H

#include "daemon/base/bytes.h"
#include "daemon/base/finding.h"

#define WL_RSA_BITS_MIN 3072U
#define WL_RSA_BITS_MAX 8192U

enum wl_key_type { WL_KEY_RSA = 1, WL_KEY_P256, WL_KEY_P384 };

/*
 * What kind of key this is. 0; -EBADMSG with signature.algorithm (a key type not on the list, or
 * badly formed) or signature.key-weak (RSA too short, exponent too small).
 */
int wl_spki_type(struct wl_bytes spki, enum wl_key_type *ret, struct wl_finding *ret_finding);

#endif
