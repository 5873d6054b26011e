/*
 * Certificates: those the policy names (PEM or DER files with a known digest) and those a signature
 * file carries.
 */
#ifndef WL_UPDATE_CERTIFICATE_H
#define WL_UPDATE_CERTIFICATE_H

#include <openssl/x509.h>

#include "daemon/base/bytes.h"
#include "daemon/base/finding.h"
#include "daemon/base/sha256.h"
#include "daemon/update/cms_prepare.h"

static inline void wl_cleanup_x509(X509 **x)
{
	X509_free(*x);
	*x = NULL;
}
#define WL_AUTO_X509 WL_CLEANUP(wl_cleanup_x509)

/*
 * One certificate, DER or one PEM block. Where `sha256` is given it must be that of the DER.
 * 0; -EBADMSG with policy.reference where it cannot be read or is another; -ENOMEM.
 */
int wl_certificate_read(struct wl_bytes file, const uint8_t *sha256, X509 **ret,
                        struct wl_finding *ret_finding);

/* The same from a descriptor. Also negative errno of reading. */
int wl_certificate_read_fd(int fd, const uint8_t *sha256, X509 **ret,
                           struct wl_finding *ret_finding);

/* One DER certificate from a signature file. 0, -EBADMSG with signature.unreadable. */
int wl_certificate_embedded(struct wl_bytes der, X509 **ret, struct wl_finding *ret_finding);

/* true where the signer's identifier names this certificate, compared byte by byte. */
bool wl_certificate_is(X509 *certificate, const struct wl_cms_signer_id *id);

/* DER SubjectPublicKeyInfo into buf (WL_SPKI_BYTES_MAX). 0, -EMSGSIZE, -EIO. */
int wl_certificate_spki(X509 *certificate, uint8_t *buf, size_t *ret_n);

/* RFC 2253 text, escaped for showing. */
void wl_certificate_subject(X509 *certificate, char *buf, size_t size);

/* Seconds since 1970. 0, or -EINVAL where the certificate's times cannot be read. */
int wl_certificate_validity(X509 *certificate, int64_t *ret_not_before, int64_t *ret_not_after);

#endif
