/*
 * Reads certificates through libcrypto.
 *
 * In worker-update the embedded ones are the attacker's; the policy's files were named with their
 * digests under the policy's signature. In worker-tool only the policy's are ever read.
 */
#include "daemon/update/certificate.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/update/der.h"

static void cleanup_bio(BIO **b)
{
	BIO_free_all(*b);
	*b = NULL;
}

static void cleanup_openssl(unsigned char **p)
{
	OPENSSL_free(*p);
	*p = NULL;
}

#define AUTO_BIO     WL_CLEANUP(cleanup_bio)
#define AUTO_OPENSSL WL_CLEANUP(cleanup_openssl)

static X509 *from_der(struct wl_bytes der)
{
	const unsigned char *p = der.p;
	WL_AUTO_X509 X509 *x = der.n <= WL_CERTIFICATE_FILE_BYTES_MAX && wl_der_is_valid(der)
	                               ? d2i_X509(NULL, &p, (long)der.n)
	                               : NULL;

	if (!x || p != der.p + der.n) {
		ERR_clear_error();
		return NULL;
	}
	return TAKE_PTR(x);
}

/* Exactly one block "CERTIFICATE"; text before it is let pass, as `openssl x509 -text` writes it.
 */
static X509 *from_pem(struct wl_bytes file)
{
	AUTO_BIO BIO *bio = BIO_new_mem_buf(file.p, (int)file.n);
	AUTO_OPENSSL unsigned char *der = NULL, *second = NULL;
	WL_AUTO_X509 X509 *x = NULL;
	long n = 0;

	if (bio && PEM_bytes_read_bio(&der, &n, NULL, PEM_STRING_X509, bio, NULL, NULL) == 1)
		x = from_der((struct wl_bytes){der, (size_t)n});
	if (x && PEM_bytes_read_bio(&second, &n, NULL, PEM_STRING_X509, bio, NULL, NULL) == 1)
		wl_cleanup_x509(&x);
	ERR_clear_error();
	return TAKE_PTR(x);
}

/* 1 where the DER of x has this digest. */
static bool has_digest(X509 *x, const uint8_t *sha256)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	return X509_digest(x, EVP_sha256(), digest, &n) == 1 && n == WL_SHA256_BYTES &&
	       memcmp(digest, sha256, n) == 0;
}

int wl_certificate_read(struct wl_bytes file, const uint8_t *sha256, X509 **ret,
                        struct wl_finding *f)
{
	WL_AUTO_X509 X509 *x = NULL;

	if (file.n > 0 && file.n <= WL_CERTIFICATE_FILE_BYTES_MAX)
		x = file.p[0] == WL_DER_SEQUENCE ? from_der(file) : from_pem(file);
	if (!x)
		return wl_refuse(f, WL_RULE_POLICY_REFERENCE,
		                 "a file of the policy is not one certificate");
	if (sha256 && !has_digest(x, sha256))
		return wl_refuse(f, WL_RULE_POLICY_REFERENCE,
		                 "a certificate has another digest than the policy says");
	*ret = TAKE_PTR(x);
	return 0;
}

int wl_certificate_read_fd(int fd, const uint8_t *sha256, X509 **ret, struct wl_finding *f)
{
	WL_AUTO_FREE void *file = NULL;
	size_t n = 0;
	int e = wl_fd_read_all(fd, WL_CERTIFICATE_FILE_BYTES_MAX, &file, &n);

	if (e == -EFBIG)
		return wl_refuse(f, WL_RULE_POLICY_REFERENCE,
		                 "a certificate file of the policy is too large");
	if (e < 0)
		return e;
	return wl_certificate_read((struct wl_bytes){file, n}, sha256, ret, f);
}

int wl_certificate_embedded(struct wl_bytes der, X509 **ret, struct wl_finding *f)
{
	X509 *x = from_der(der);

	if (!x)
		return wl_refuse(f, WL_RULE_SIGNATURE_UNREADABLE,
		                 "a certificate in the signature file cannot be read");
	*ret = x;
	return 0;
}

static bool serial_is(X509 *x, struct wl_bytes serial)
{
	AUTO_OPENSSL unsigned char *der = NULL;
	int n = i2d_ASN1_INTEGER(X509_get0_serialNumber(x), &der);
	struct wl_reader r = wl_reader_from(der, n > 0 ? (size_t)n : 0);
	struct wl_der e;

	return wl_der_take(&r, WL_DER_INTEGER, &e) && wl_bytes_equal(e.body, serial);
}

bool wl_certificate_is(X509 *x, const struct wl_cms_signer_id *id)
{
	AUTO_OPENSSL unsigned char *issuer = NULL;
	const ASN1_OCTET_STRING *key_id;
	int n;

	if (id->key_id.n) {
		key_id = X509_get0_subject_key_id(x);
		return key_id &&
		       wl_bytes_equal(id->key_id,
		                      (struct wl_bytes){ASN1_STRING_get0_data(key_id),
		                                        (size_t)ASN1_STRING_length(key_id)});
	}
	n = i2d_X509_NAME(X509_get_issuer_name(x), &issuer);
	return n > 0 && wl_bytes_equal(id->issuer, (struct wl_bytes){issuer, (size_t)n}) &&
	       serial_is(x, id->serial);
}

int wl_certificate_spki(X509 *x, uint8_t *buf, size_t *ret_n)
{
	AUTO_OPENSSL unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);

	if (n <= 0)
		return -EIO;
	if ((size_t)n > WL_SPKI_BYTES_MAX)
		return -EMSGSIZE;
	memcpy(buf, der, (size_t)n);
	*ret_n = (size_t)n;
	return 0;
}

void wl_certificate_subject(X509 *x, char *buf, size_t size)
{
	AUTO_BIO BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n = 0;

	if (bio && X509_NAME_print_ex(bio, X509_get_subject_name(x), 0,
	                              XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0)
		n = BIO_get_mem_data(bio, &text);
	wl_text_escape(text ? text : "", n > 0 ? (size_t)n : 0, buf, size);
}

static int seconds_of(const ASN1_TIME *t, int64_t *ret)
{
	struct tm tm;

	if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
		return -EINVAL;
	*ret = (int64_t)timegm(&tm);
	return 0;
}

int wl_certificate_validity(X509 *x, int64_t *ret_not_before, int64_t *ret_not_after)
{
	int64_t before, after;
	int e = seconds_of(X509_get0_notBefore(x), &before);

	if (e == 0)
		e = seconds_of(X509_get0_notAfter(x), &after);
	if (e < 0)
		return e;
	*ret_not_before = before;
	*ret_not_after = after;
	return 0;
}
