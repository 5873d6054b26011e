/*
 * The closed list of digest and signature algorithms (DESIGN 2), by object identifier.
 *
 * RFC 5754 (RSA, ECDSA with SHA-2 in CMS), RFC 4055 and RFC 4056 (RSASSA-PSS). What is not in the
 * tables is refused by name before any key or digest is looked at.
 */
#ifndef WL_UPDATE_CMS_ALGORITHMS_H
#define WL_UPDATE_CMS_ALGORITHMS_H

#include "daemon/base/finding.h"
#include "daemon/base/message.h"
#include "daemon/update/der.h"
#include "daemon/update/spki.h"

/* A signature algorithm before the key is known: ECDSA is split by the curve of the key. */
enum wl_cms_scheme { WL_CMS_RSA_PKCS1 = 1, WL_CMS_RSA_PSS, WL_CMS_ECDSA };

/* digestAlgorithm: an AlgorithmIdentifier. 0, or -EBADMSG with signature.algorithm. */
int wl_cms_read_digest(const struct wl_der *algorithm, enum wl_digest_algorithm *ret,
                       struct wl_finding *ret_finding);

/* signatureAlgorithm; a digest it names must be `digest`, and a PSS salt as long as it. */
int wl_cms_read_scheme(const struct wl_der *algorithm, enum wl_digest_algorithm digest,
                       enum wl_cms_scheme *ret, struct wl_finding *ret_finding);

/* The number of message.h for a scheme with a key. 0, or -EBADMSG where they do not belong
 * together. */
int wl_cms_signature_algorithm(enum wl_cms_scheme scheme, enum wl_key_type key,
                               enum wl_signature_algorithm *ret, struct wl_finding *ret_finding);

/* 32, 48 or 64; 0 for a number not on the list. */
size_t wl_digest_bytes(enum wl_digest_algorithm digest);

#endif
