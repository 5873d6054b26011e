/*
 * The document certificate: only a carrier for the key, whose digest entry 0 names.
 *
 * Runs in weighlock-ledgerd. Readers pin the certificate itself, so it is no CA and has no issuer
 * but itself; ten years, because documents are verified at their own time, vouched for by the
 * receipt. Replaced as a whole: power going leaves the old one or the new one.
 */
#include "daemon/ledger/certificate.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"

#define FILE_NAME    "station.pem"
#define FILE_MAX     8192
#define YEARS_S      (INT64_C(10) * 365 * 86400)
#define SERIAL_BYTES 16

static void free_x509(X509 **c)
{
	X509_free(*c);
}

static int add_extension(X509 *c, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	int ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, c, c, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = e && X509_add_ext(c, e, -1) == 1;
	X509_EXTENSION_free(e);
	return ok ? 0 : -EIO;
}

static int set_names(X509 *c, const char *station, const char *origin)
{
	X509_NAME *name = X509_NAME_new();
	int ok = name &&
	         X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const uint8_t *)"weighlock",
	                                    -1, -1, 0) == 1 &&
	         /* an organisational unit has at most 64 characters; the entry 0 has the whole */
	         (strlen(origin) > 64 ||
	          X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_ASC, (const uint8_t *)origin, -1,
	                                     -1, 0) == 1) &&
	         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)station, -1,
	                                    -1, 0) == 1 &&
	         X509_set_subject_name(c, name) == 1 && X509_set_issuer_name(c, name) == 1;

	X509_NAME_free(name);
	return ok ? 0 : -EIO;
}

static int set_serial(X509 *c)
{
	uint8_t bytes[SERIAL_BYTES];
	BIGNUM *bn;
	int ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return -EIO;
	bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40); /* positive, never zero */
	bn = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = bn && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(c));
	BN_free(bn);
	return ok ? 0 : -EIO;
}

static int write_pem(int dirfd, X509 *c)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p;
	long n;
	int r = -EIO;

	if (bio && PEM_write_bio_X509(bio, c) == 1 && (n = BIO_get_mem_data(bio, &p)) > 0)
		r = wl_file_replace(dirfd, FILE_NAME, p, (size_t)n, 0640);
	BIO_free(bio);
	return r;
}

int wl_certificate_make(int dirfd, const struct wl_keys *k, const char *station, const char *origin,
                        int64_t now)
{
	WL_CLEANUP(free_x509) X509 *c = X509_new();
	EVP_PKEY *pk = wl_keys_document(k);

	if (!c || X509_set_version(c, X509_VERSION_3) != 1 || set_serial(c) < 0 ||
	    set_names(c, station, origin) < 0 || X509_set_pubkey(c, pk) != 1 ||
	    !ASN1_TIME_set(X509_getm_notBefore(c), (time_t)now) ||
	    !ASN1_TIME_set(X509_getm_notAfter(c), (time_t)(now + YEARS_S)) ||
	    add_extension(c, NID_basic_constraints, "critical,CA:FALSE") < 0 ||
	    add_extension(c, NID_key_usage, "critical,digitalSignature") < 0 ||
	    add_extension(c, NID_subject_key_identifier, "hash") < 0 ||
	    X509_sign(c, pk, EVP_sha384()) <= 0)
		return -EIO;
	return write_pem(dirfd, c);
}

int wl_certificate_load(int dirfd, const struct wl_keys *k, X509 **ret)
{
	WL_CLEANUP(free_x509) X509 *c = NULL;
	WL_AUTO_FREE void *p = NULL;
	size_t n;
	BIO *bio;
	int r = wl_file_read(dirfd, FILE_NAME, FILE_MAX, &p, &n);

	if (r < 0)
		return r == -EFBIG ? -EBADMSG : r;
	bio = BIO_new_mem_buf(p, (int)n);
	c = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	if (!c || EVP_PKEY_eq(X509_get0_pubkey(c), wl_keys_document(k)) != 1)
		return -EBADMSG;
	*ret = TAKE_PTR(c);
	return 0;
}

int wl_certificate_digest(const X509 *certificate, uint8_t ret[WL_SHA256_BYTES])
{
	unsigned n = 0;

	return X509_digest(certificate, EVP_sha256(), ret, &n) == 1 && n == WL_SHA256_BYTES ? 0
	                                                                                    : -EIO;
}
