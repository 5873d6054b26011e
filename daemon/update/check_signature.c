/*
 * Verifies one signature over one content, streaming.
 *
 * The claim may be forged in any way, the content may be any bytes of any length (hashed in 1 MiB
 * pieces with 64-bit counts: a signature that covered only the first bytes of a large file was
 * another product's hole). Runs in worker-tool; says yes only to what it computed itself.
 */
#include "daemon/update/check_signature.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/update/cms_algorithms.h"
#include "daemon/update/cms_attributes.h"
#include "daemon/update/spki.h"

#define PIECE_BYTES ((size_t)1 << 20)

static void cleanup_md_ctx(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
	*c = NULL;
}

static void cleanup_pkey(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
	*k = NULL;
}

static const struct {
	uint64_t digest;
	const char *name;
} digests[] = {
        {WL_DIGEST_SHA256, "SHA2-256"},
        {WL_DIGEST_SHA384, "SHA2-384"},
        {WL_DIGEST_SHA512, "SHA2-512"},
};
static EVP_MD *fetched[WL_ARRAY_LEN(digests)];

static const struct algorithm_row {
	uint64_t signature;
	enum wl_key_type key;
	int padding; /* 0: none */
} algorithms[] = {
        {WL_SIGNATURE_RSA_PKCS1, WL_KEY_RSA, RSA_PKCS1_PADDING},
        {WL_SIGNATURE_RSA_PSS, WL_KEY_RSA, RSA_PKCS1_PSS_PADDING},
        {WL_SIGNATURE_ECDSA_P256, WL_KEY_P256, 0},
        {WL_SIGNATURE_ECDSA_P384, WL_KEY_P384, 0},
};

int wl_check_prepare(void)
{
	/* no configuration file: it could put another provider between us and the arithmetic */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
	                        NULL) != 1)
		return -EIO;
	for (size_t i = 0; i < WL_ARRAY_LEN(digests); i++) {
		if (!fetched[i])
			fetched[i] = EVP_MD_fetch(NULL, digests[i].name, NULL);
		if (!fetched[i])
			return -EIO;
	}
	return 0;
}

static const EVP_MD *digest_of(uint64_t number)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(digests); i++)
		if (digests[i].digest == number)
			return fetched[i];
	return NULL;
}

static int hash_content(int fd, uint64_t size, const EVP_MD *md, uint8_t *ret, unsigned *ret_n)
{
	WL_CLEANUP(cleanup_md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	static uint8_t piece[PIECE_BYTES]; /* one question at a time in this process */
	uint64_t at = 0;
	ssize_t got;

	if (!ctx || EVP_DigestInit_ex2(ctx, md, NULL) != 1)
		return -ENOMEM;
	while ((got = wl_pread_full(fd, piece, PIECE_BYTES, (off_t)at)) > 0) {
		if (EVP_DigestUpdate(ctx, piece, (size_t)got) != 1)
			return -EIO;
		at += (uint64_t)got;
	}
	if (got < 0)
		return (int)got;
	if (at != size || EVP_DigestFinal_ex(ctx, ret, ret_n) != 1)
		return -EIO;
	return 0;
}

static int is_pinned(struct wl_bytes spki, const uint8_t (*pins)[WL_SHA256_BYTES], unsigned npins,
                     uint8_t ret_sha256[WL_SHA256_BYTES], struct wl_finding *f)
{
	int e = wl_sha256_of(spki.p, spki.n, ret_sha256);

	if (e < 0)
		return e;
	for (unsigned i = 0; i < npins; i++)
		if (memcmp(pins[i], ret_sha256, WL_SHA256_BYTES) == 0)
			return 0;
	return wl_refuse(f, WL_RULE_SIGNATURE_SIGNER_UNTRUSTED,
	                 "the signing key is not one that was named");
}

/* The row of the claimed algorithm, if the key is really of its kind. */
static int find_algorithm(const struct wl_check_claim *claim, const struct algorithm_row **ret,
                          struct wl_finding *f)
{
	enum wl_key_type key;
	int e = wl_spki_type(claim->spki, &key, f);

	if (e < 0)
		return e;
	for (size_t i = 0; i < WL_ARRAY_LEN(algorithms); i++) {
		if (algorithms[i].signature == claim->signature && algorithms[i].key == key) {
			*ret = &algorithms[i];
			return 0;
		}
	}
	return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM,
	                 "signature algorithm does not belong to the key");
}

/* 1 good, 0 not, negative where libcrypto failed. */
static int verify(const struct wl_check_claim *claim, const struct algorithm_row *row,
                  const EVP_MD *md)
{
	WL_CLEANUP(cleanup_md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	WL_CLEANUP(cleanup_pkey) EVP_PKEY *key = NULL;
	const unsigned char *p = claim->spki.p;
	EVP_PKEY_CTX *pctx = NULL;
	int good;

	if (!ctx)
		return -ENOMEM;
	key = d2i_PUBKEY(NULL, &p, (long)claim->spki.n);
	if (!key || p != claim->spki.p + claim->spki.n ||
	    EVP_DigestVerifyInit(ctx, &pctx, md, NULL, key) != 1)
		return 0; /* a point that is not on its curve, for one */
	if (row->padding && EVP_PKEY_CTX_set_rsa_padding(pctx, row->padding) != 1)
		return -EIO;
	if (row->padding == RSA_PKCS1_PSS_PADDING &&
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) != 1)
		return -EIO;
	good = EVP_DigestVerify(ctx, claim->value.p, claim->value.n, claim->attributes.p,
	                        claim->attributes.n);
	return good == 1;
}

static int find_digest(const struct wl_check_claim *claim, const struct wl_check_content *content,
                       const EVP_MD *md, uint8_t *ret, unsigned *ret_n)
{
	if (claim->digest != WL_DIGEST_SHA256 || !content->sha256)
		return hash_content(content->fd, content->size, md, ret, ret_n);
	memcpy(ret, content->sha256, WL_SHA256_BYTES);
	*ret_n = WL_SHA256_BYTES;
	return 0;
}

int wl_check_signature(const struct wl_check_claim *claim, const struct wl_check_content *content,
                       const uint8_t (*pins)[WL_SHA256_BYTES], unsigned npins,
                       uint8_t ret_spki_sha256[WL_SHA256_BYTES], struct wl_finding *f)
{
	const struct algorithm_row *row = NULL;
	const EVP_MD *md = digest_of(claim->digest);
	uint8_t spki_sha256[WL_SHA256_BYTES], digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	int e;

	if (!md)
		return wl_refuse(f, WL_RULE_SIGNATURE_ALGORITHM,
		                 "digest algorithm not on the list");
	e = is_pinned(claim->spki, pins, npins, spki_sha256, f);
	if (e == 0)
		e = find_algorithm(claim, &row, f);
	if (e == 0)
		e = find_digest(claim, content, md, digest, &n);
	if (e == 0)
		e = wl_cms_match_attributes(claim->attributes, (struct wl_bytes){digest, n}, f);
	if (e < 0)
		return e;
	if (!row)
		return -EINVAL; /* not reached: a finding or a row */
	e = verify(claim, row, md);
	ERR_clear_error();
	if (e < 0)
		return e;
	if (e == 0)
		return wl_refuse(f, WL_RULE_SIGNATURE_MISMATCH,
		                 "the signature does not verify under the signer's key");
	memcpy(ret_spki_sha256, spki_sha256, sizeof(spki_sha256));
	return 0;
}
