/*
 * CMS signatures of documents.
 *
 * Runs in weighlock-ledgerd, which signs nothing it did not compose from durable entries. The
 * result is in memory; who keeps it durably is the caller.
 */
#include "daemon/ledger/cms.h"

#include <errno.h>
#include <openssl/cms.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"

#define SIGN_FLAGS (CMS_DETACHED | CMS_BINARY | CMS_NOSMIMECAP | CMS_NOCERTS)

static int encode(CMS_ContentInfo *cms, uint8_t **ret, size_t *ret_n)
{
	int n = i2d_CMS_ContentInfo(cms, NULL);
	uint8_t *p = n > 0 ? malloc((size_t)n) : NULL, *at = p;

	if (!p || i2d_CMS_ContentInfo(cms, &at) != n) {
		free(p);
		return -EIO;
	}
	*ret = p;
	*ret_n = (size_t)n;
	return 0;
}

int wl_cms_sign(int fd, const X509 *certificate, EVP_PKEY *key, uint8_t **ret, size_t *ret_n)
{
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, SIGN_FLAGS | CMS_PARTIAL);
	BIO *content = BIO_new_fd(fd, BIO_NOCLOSE);
	X509 *signer = X509_dup(certificate);
	int r = -EIO;

	if (cms && content && signer && lseek(fd, 0, SEEK_SET) == 0 &&
	    CMS_add1_signer(cms, signer, key, EVP_sha384(), SIGN_FLAGS) &&
	    CMS_final(cms, content, NULL, SIGN_FLAGS) == 1)
		r = encode(cms, ret, ret_n);
	X509_free(signer);
	BIO_free(content);
	CMS_ContentInfo_free(cms);
	return r;
}

int wl_cms_warm_up(const X509 *certificate, EVP_PKEY *key)
{
	WL_AUTO_CLOSE int fd = -1;
	WL_AUTO_FREE uint8_t *p = NULL;
	size_t n;
	int r = wl_memfd_sealed("warm-up", "", 0, &fd);

	return r < 0 ? r : wl_cms_sign(fd, certificate, key, &p, &n);
}
