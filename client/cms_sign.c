/*
 * Signing by libcrypto. Key, certificate and content are the officer's own; the key's bytes are
 * freed by libcrypto, which wipes them. Written nowhere here.
 */
#include "client/cms_sign.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/i18n.h"
#include "daemon/base/cleanup.h"

#define RSA_BITS_MIN 3072

static void free_bio(BIO **b)
{
	BIO_free_all(*b);
}

static void free_x509(X509 **x)
{
	X509_free(*x);
}

static void free_key(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}

static void free_cms(CMS_ContentInfo **c)
{
	CMS_ContentInfo_free(*c);
}

/* The algorithms of DESIGN 2: RSA, ECDSA on P-256 and P-384. */
static bool key_will_do(const EVP_PKEY *key)
{
	char group[32];
	size_t n;

	if (EVP_PKEY_is_a(key, "RSA"))
		return EVP_PKEY_get_bits(key) >= RSA_BITS_MIN;
	if (!EVP_PKEY_is_a(key, "EC") ||
	    EVP_PKEY_get_group_name((EVP_PKEY *)(uintptr_t)key, group, sizeof(group), &n) != 1)
		return false;
	return !strcmp(group, "prime256v1") || !strcmp(group, "secp384r1");
}

static enum wl_cms_fault load(const char *cert_path, const char *key_path, X509 **ret_cert,
                              EVP_PKEY **ret_key)
{
	WL_CLEANUP(free_bio) BIO *cert_file = BIO_new_file(cert_path, "re");
	WL_CLEANUP(free_bio) BIO *key_file = BIO_new_file(key_path, "re");

	*ret_cert = cert_file ? PEM_read_bio_X509(cert_file, NULL, NULL, NULL) : NULL;
	if (!*ret_cert)
		return WL_CMS_CERTIFICATE;
	/* an encrypted key: libcrypto asks for its pass phrase at the terminal */
	*ret_key = key_file ? PEM_read_bio_PrivateKey(key_file, NULL, NULL, NULL) : NULL;
	if (!*ret_key)
		return WL_CMS_KEY;
	if (X509_check_private_key(*ret_cert, *ret_key) != 1)
		return WL_CMS_MISMATCH;
	return key_will_do(*ret_key) ? WL_CMS_OK : WL_CMS_WEAK;
}

static int finish(CMS_ContentInfo *cms, const void *p, size_t n, unsigned flags,
                  unsigned char **ret, size_t *ret_n)
{
	WL_CLEANUP(free_bio) BIO *content = BIO_new_mem_buf(p, (int)n);
	unsigned char *der = NULL;

	if (!content || CMS_final(cms, content, NULL, flags) != 1)
		return -1;
	int size = i2d_CMS_ContentInfo(cms, &der);
	if (size <= 0)
		return -1;
	*ret = malloc((size_t)size);
	if (*ret) {
		memcpy(*ret, der, (size_t)size);
		*ret_n = (size_t)size;
	}
	OPENSSL_free(der);
	return *ret ? 0 : -1;
}

enum wl_cms_fault wl_cms_sign(const void *p, size_t n, const char *cert_path, const char *key_path,
                              unsigned char **ret, size_t *ret_n)
{
	WL_CLEANUP(free_x509) X509 *cert = NULL;
	WL_CLEANUP(free_key) EVP_PKEY *key = NULL;
	unsigned flags = CMS_DETACHED | CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
	enum wl_cms_fault fault = load(cert_path, key_path, &cert, &key);

	if (fault == WL_CMS_OK) {
		WL_CLEANUP(free_cms)
		CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
		if (!cms || !CMS_add1_signer(cms, cert, key, EVP_sha384(), flags) ||
		    finish(cms, p, n, flags, ret, ret_n) < 0)
			fault = WL_CMS_SIGN;
	}
	ERR_clear_error();
	return fault;
}

const char *wl_cms_fault_words(enum wl_cms_fault fault)
{
	static const char *const words[] = {
	        [WL_CMS_OK] = N_("signed"),
	        [WL_CMS_CERTIFICATE] = N_("the certificate cannot be read as PEM"),
	        [WL_CMS_KEY] = N_("the key cannot be read as PEM, or its pass phrase is wrong"),
	        [WL_CMS_MISMATCH] = N_("this key does not belong to this certificate"),
	        [WL_CMS_WEAK] = N_("stations take only RSA of 3072 bits and more, P-256 and P-384"),
	        [WL_CMS_SIGN] = N_("the signature could not be made"),
	};
	return _(words[fault]);
}
