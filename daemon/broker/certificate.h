/* What the broker must know of a certificate: the digest of its public key, and whether it signs.
 */
#ifndef WL_BROKER_CERTIFICATE_H
#define WL_BROKER_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * SHA-256 of the SubjectPublicKeyInfo (RFC 5280, 4.1) of the one certificate in a PEM file of the
 * administrator's. 0; -EBADMSG where it is not one certificate; -EIO.
 */
int wl_certificate_spki(const void *pem, size_t n, uint8_t ret_sha256[32]);

/*
 * Whether that certificate's key usage (RFC 5280, 4.2.1.3) allows signing; without the extension it
 * does. 0; -EBADMSG where it is not one certificate; -ENOMEM.
 */
int wl_certificate_may_sign(const void *pem, size_t n, bool *ret);

#endif
