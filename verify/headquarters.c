/*
 * The signature of headquarters on the book of stations.
 *
 * The book and its signature may come on a medium through other hands; the certificate must not: it
 * is pinned on the auditor's own machine, where only she or root can write, and never beside the
 * book, or whoever changes the book would bring a certificate along. Once pinned for the machine,
 * no option turns the check off. The pin is the certificate itself; chains and dates say nothing
 * more and are not asked. Exactly one signer, signed over exactly these bytes, with SHA-256 or
 * better.
 */
#include "verify/headquarters.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/cms.h>
#include <openssl/pem.h>

#include "verify/files.h"
#include "verify/say.h"

#define SIGNATURE_BYTES_MAX 65536U

/* Can only its reader or root write to it, and does it lie elsewhere than the book? */
static bool is_safe(const char *pin, const char *book_path)
{
	char one[PATH_MAX], other[PATH_MAX];
	struct stat st, folder, books;

	if (strlen(pin) >= sizeof(one) || strlen(book_path) >= sizeof(other) || stat(pin, &st) < 0)
		return false;
	(void)snprintf(one, sizeof(one), "%s", pin);
	(void)snprintf(other, sizeof(other), "%s", book_path);
	if (stat(dirname(one), &folder) < 0 || stat(dirname(other), &books) < 0)
		return false;
	return S_ISREG(st.st_mode) && (st.st_mode & 022) == 0 &&
	       (st.st_uid == 0 || st.st_uid == geteuid()) &&
	       (folder.st_dev != books.st_dev || folder.st_ino != books.st_ino);
}

static X509 *read_pin(const char *pin)
{
	BIO *bio = BIO_new_file(pin, "r");
	X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return x;
}

/* One signer, a strong digest, and nothing carried inside. */
static bool is_plain(CMS_ContentInfo *cms)
{
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
	X509_ALGOR *digest = NULL;
	int nid;

	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed || CMS_is_detached(cms) != 1 ||
	    OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data || !signers ||
	    sk_CMS_SignerInfo_num(signers) != 1)
		return false;
	CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(signers, 0), NULL, NULL, &digest, NULL);
	nid = OBJ_obj2nid(digest->algorithm);
	return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512;
}

static bool is_signed(X509 *pin, const uint8_t *der, size_t n, const void *text, size_t size)
{
	const uint8_t *at = der;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)n);
	BIO *bio = BIO_new_mem_buf(text, (int)size);
	STACK_OF(X509) *only = sk_X509_new_null();
	bool good = cms && bio && only && at == der + n && is_plain(cms) &&
	            sk_X509_push(only, pin) > 0 &&
	            CMS_verify(cms, only, NULL, bio, NULL,
	                       CMS_BINARY | CMS_DETACHED | CMS_NOINTERN |
	                               CMS_NO_SIGNER_CERT_VERIFY) == 1;

	sk_X509_free(only);
	BIO_free(bio);
	CMS_ContentInfo_free(cms);
	return good;
}

enum verify_pin verify_headquarters_check(const char *pin, const char *book_path, const void *text,
                                          size_t n)
{
	static uint8_t der[SIGNATURE_BYTES_MAX + 1];
	char path[PATH_MAX];
	enum verify_pin result;
	ssize_t got;
	X509 *x;

	if (!pin && access(VERIFY_HEADQUARTERS, F_OK) < 0 && errno == ENOENT)
		return VERIFY_PIN_NONE;
	pin = pin ? pin : VERIFY_HEADQUARTERS;
	if (!is_safe(pin, book_path))
		return VERIFY_PIN_OPEN;
	x = read_pin(pin);
	if (!x)
		return VERIFY_PIN_UNREADABLE;
	(void)snprintf(path, sizeof(path), "%s.p7s", book_path);
	got = verify_file_read(AT_FDCWD, path, der, SIGNATURE_BYTES_MAX);
	if (got < 0)
		result = VERIFY_PIN_UNSIGNED;
	else
		result = is_signed(x, der, (size_t)got, text, n) ? VERIFY_PIN_GOOD
		                                                 : VERIFY_PIN_WRONG;
	X509_free(x);
	return result;
}

const char *verify_pin_words(enum verify_pin pin)
{
	static const char *const words[] = {
	        [VERIFY_PIN_GOOD] = N_("signed by headquarters"),
	        [VERIFY_PIN_NONE] = N_("no certificate of headquarters is pinned on this machine"),
	        [VERIFY_PIN_OPEN] =
	                N_("the certificate of headquarters must be yours or root's, not writable "
	                   "by others, and lie in another folder than the book"),
	        [VERIFY_PIN_UNREADABLE] = N_("the certificate of headquarters cannot be read"),
	        [VERIFY_PIN_UNSIGNED] =
	                N_("the book has no signature beside it (the file BOOK.p7s)"),
	        [VERIFY_PIN_WRONG] = N_("the book's signature is not by the pinned certificate of "
	                                "headquarters, or the book was changed since"),
	};

	return _(words[pin]);
}
