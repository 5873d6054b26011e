/*
 * A detached CMS signature as INTERFACES 4 wants it, made with a person's own key on a machine of
 * theirs. Never used at a station: there ledgerd signs, and only what it composed itself.
 */
#ifndef WL_CLIENT_CMS_SIGN_H
#define WL_CLIENT_CMS_SIGN_H

#include <stddef.h>

enum wl_cms_fault {
	WL_CMS_OK = 0,
	WL_CMS_CERTIFICATE, /* the certificate cannot be read */
	WL_CMS_KEY,         /* the key cannot be read (or its pass phrase is wrong) */
	WL_CMS_MISMATCH,    /* the key is not the certificate's */
	WL_CMS_WEAK,        /* RSA below 3072 bits, or a curve no station takes */
	WL_CMS_SIGN,        /* libcrypto could not */
};

/*
 * Signs n bytes at p: detached, DER, SHA-384, with signedAttrs, binary, carrying the signer's
 * certificate. cert_path and key_path are PEM files. On success *ret is for free().
 */
enum wl_cms_fault wl_cms_sign(const void *p, size_t n, const char *cert_path, const char *key_path,
                              unsigned char **ret, size_t *ret_n);

/* What to do about a fault; translated. */
const char *wl_cms_fault_words(enum wl_cms_fault fault);

#endif
