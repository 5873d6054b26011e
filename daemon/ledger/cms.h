/* Detached CMS over bytes ledgerd composed itself. */
#ifndef WL_LEDGER_CMS_H
#define WL_LEDGER_CMS_H

#include "daemon/ledger/keys.h"

/*
 * Signs what `fd` holds from its beginning: SignedData, detached, DER, ECDSA P-384 with SHA-384
 * over signedAttrs, without certificates. free(*ret). 0 or -EIO.
 */
int wl_cms_sign(int fd, const X509 *certificate, EVP_PKEY *key, uint8_t **ret, size_t *ret_n);

/* Signs nothing of worth once, so that libcrypto has loaded whatever it loads before the filter. */
int wl_cms_warm_up(const X509 *certificate, EVP_PKEY *key);

#endif
