/* The one thing the broker must know of a certificate: the digest of its public key. */
#ifndef WL_BROKER_CERTIFICATE_H
#define WL_BROKER_CERTIFICATE_H

#include <stddef.h>
#include <stdint.h>

/*
 * SHA-256 of the SubjectPublicKeyInfo (RFC 5280, 4.1) of the one certificate in a PEM file of the
 * administrator's. 0; -EBADMSG where it is not one certificate; -EIO.
 */
int wl_certificate_spki(const void *pem, size_t n, uint8_t ret_sha256[32]);

#endif
