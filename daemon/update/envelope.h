/*
 * CMS EnvelopedData (RFC 5652) for recipients whose certificates the policy names: made as a
 * stream, in constant memory. AES-256-CBC; the key by RSA-OAEP with SHA-256 (RFC 4055), or by
 * ephemeral ECDH with SHA-256 and AES-256 key wrap (RFC 5753). CBC and not GCM, because
 * AuthEnvelopedData is not read by the EnvelopedCms of Windows; that nothing was changed is said by
 * the digests of plain and of sealed bytes in the signed custody record. Requirement C-18.
 */
#ifndef WL_UPDATE_ENVELOPE_H
#define WL_UPDATE_ENVELOPE_H

#include <openssl/x509.h>

#include "daemon/base/finding.h"
#include "daemon/update/bio_sink.h"

struct wl_envelope; /* opaque: one message being made */

/* Loads what libcrypto loads on first use. Before the system-call filter. 0 or -EIO. */
int wl_envelope_prepare(void);

/*
 * Can this certificate be a recipient's? 0; -EBADMSG with export.recipient-weak (RSA under 3072
 * bits) or export.recipient-unfit (another kind of key, or one its certificate does not give for
 * this).
 */
int wl_envelope_check(X509 *recipient, struct wl_finding *ret_finding);

/* Begins a message to n recipients (each checked), which goes to `sink`; an error of the sink is
 * what the functions below return. 0, -EIO, -ENOMEM; free with wl_envelope_free. */
int wl_envelope_new(X509 *const *recipients, size_t n, wl_sink_function sink, void *user,
                    struct wl_envelope **ret);
int wl_envelope_add(struct wl_envelope *e, const void *p, size_t n); /* any size */
int wl_envelope_end(struct wl_envelope *e);                  /* padding and closing octets */
struct wl_envelope *wl_envelope_free(struct wl_envelope *e); /* wipes; accepts NULL */
void wl_envelope_cleanup(struct wl_envelope **e);            /* for WL_CLEANUP */

#endif
