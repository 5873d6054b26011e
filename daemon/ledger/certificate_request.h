/* The station's certificate: asked for at an authority, taken in, and its end. */
#ifndef WL_LEDGER_CERTIFICATE_REQUEST_H
#define WL_LEDGER_CERTIFICATE_REQUEST_H

#include "daemon/ledger/ledger.h"

#define WL_CERTIFICATE_TEXT 16384U

/* A PKCS#10 request for the key of documents, in PEM with NUL. 0 or negative errno. */
int wl_certificate_request(struct wl_ledger *l, char *buf, size_t size);

/*
 * Takes in a certificate (DER, one, read by a worker before) for that very key and says so in the
 * ledger; the one before is kept under certificates/. -EBADMSG with station.certificate-unreadable,
 * or station.certificate-other where key, use or dates are not right; station.retired after the
 * end.
 */
int wl_certificate_install(struct wl_ledger *l, const uint8_t *der, size_t n, const char *actor,
                           uint64_t uid, uint64_t *ret_seq, struct wl_finding *f);

/* The certificate in use, in PEM with NUL. */
int wl_certificate_pem(const struct wl_ledger *l, char *buf, size_t size);

/* When it ends; 0 where there is none. */
int64_t wl_certificate_not_after(const struct wl_ledger *l);

#endif
