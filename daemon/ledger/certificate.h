/* The station's document certificate (station.pem): self-signed, P-384, made at `station init`. */
#ifndef WL_LEDGER_CERTIFICATE_H
#define WL_LEDGER_CERTIFICATE_H

#include "daemon/ledger/keys.h"

/* Makes and durably writes station.pem (0640) into `dirfd`. now: seconds since 1970. */
int wl_certificate_make(int dirfd, const struct wl_keys *k, const char *station, const char *origin,
                        int64_t now);
/* Reads it and checks that it is of our document key. X509_free(*ret). -ENOENT, -EBADMSG. */
int wl_certificate_load(int dirfd, const struct wl_keys *k, X509 **ret);
/* SHA-256 of its DER. */
int wl_certificate_digest(const X509 *certificate, uint8_t ret[WL_SHA256_BYTES]);

#endif
