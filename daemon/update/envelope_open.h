/*
 * Opening EnvelopedData of the form envelope.h makes, in constant memory.
 *
 * `openssl cms -decrypt` and libcrypto's CMS_decrypt read a whole message into memory first; here
 * the part with the recipients (at most 64 KiB) is read, and the rest passes through.
 */
#ifndef WL_UPDATE_ENVELOPE_OPEN_H
#define WL_UPDATE_ENVELOPE_OPEN_H

#include <openssl/evp.h>
#include <stdint.h>

#include "daemon/base/finding.h"
#include "daemon/update/bio_sink.h"

/* A private key, PEM without passphrase, RSA or EC. 0; -EBADMSG with bag.not-opened; -ENOMEM. */
int wl_envelope_key(const void *pem, size_t n, EVP_PKEY **ret, struct wl_finding *ret_finding);

/*
 * Decrypts what `fd` holds, all of it, into `sink`. 0 and the number of bytes; -EBADMSG with
 * bag.not-opened: not of the form that is made here, cut short, followed by something, or not for
 * this key (what went to the sink meanwhile is worth nothing); else the sink's error, or negative
 * errno. CBC tells nothing of changes: who calls compares the digest of what came out with the
 * signed one.
 */
int wl_envelope_open(int fd, EVP_PKEY *key, wl_sink_function sink, void *user, uint64_t *ret_bytes,
                     struct wl_finding *ret_finding);

#endif
