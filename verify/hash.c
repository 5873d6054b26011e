/*
 * SHA-256 as a Merkle tree needs it.
 *
 * The attacker chose what is hashed and hopes that two different things give one hash; nothing is
 * believed but the hash function. The algorithm is fetched once and one context is used again and
 * again, which is two to three times as fast on short inputs as asking for both each time. Runs in
 * the auditor's own process, one context per thread; nothing is shared.
 */
#include "verify/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

struct verify_hash {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
};

struct verify_hash *verify_hash_free(struct verify_hash *h)
{
	if (h) {
		EVP_MD_CTX_free(h->ctx);
		EVP_MD_free(h->md);
		free(h);
	}
	return NULL;
}

struct verify_hash *verify_hash_new(void)
{
	struct verify_hash *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	h->ctx = EVP_MD_CTX_new();
	return h->md && h->ctx ? h : verify_hash_free(h);
}

int verify_hash_begin(struct verify_hash *h)
{
	return EVP_DigestInit_ex2(h->ctx, h->md, NULL) == 1 ? 0 : -EIO;
}

int verify_hash_part(struct verify_hash *h, const void *p, size_t n)
{
	return EVP_DigestUpdate(h->ctx, p, n) == 1 ? 0 : -EIO;
}

int verify_hash_end(struct verify_hash *h, uint8_t *ret)
{
	return EVP_DigestFinal_ex(h->ctx, ret, NULL) == 1 ? 0 : -EIO;
}

int verify_hash_bytes(struct verify_hash *h, const void *p, size_t n, uint8_t *ret)
{
	int r = verify_hash_begin(h);

	if (r == 0)
		r = verify_hash_part(h, p, n);
	return r == 0 ? verify_hash_end(h, ret) : r;
}

void verify_hex(const uint8_t *p, size_t n, char *ret)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		ret[2 * i] = digit[p[i] >> 4];
		ret[2 * i + 1] = digit[p[i] & 15];
	}
	ret[2 * n] = '\0';
}

int verify_hash_node(struct verify_hash *h, const uint8_t *left, const uint8_t *right, uint8_t *ret)
{
	uint8_t both[1 + 2 * VERIFY_HASH_BYTES];

	both[0] = 0x01;
	memcpy(both + 1, left, VERIFY_HASH_BYTES);
	memcpy(both + 1 + VERIFY_HASH_BYTES, right, VERIFY_HASH_BYTES);
	return verify_hash_bytes(h, both, sizeof(both), ret);
}

int verify_hash_perfect(struct verify_hash *h, const uint8_t (*hash)[VERIFY_HASH_BYTES], unsigned n,
                        uint8_t *ret)
{
	uint8_t work[VERIFY_TILE_WIDTH][VERIFY_HASH_BYTES];

	memcpy(work, hash, (size_t)n * VERIFY_HASH_BYTES);
	for (; n > 1; n /= 2)
		for (unsigned i = 0; i < n / 2; i++) {
			int r = verify_hash_node(h, work[2 * i], work[2 * i + 1], work[i]);
			if (r < 0)
				return r;
		}
	memcpy(ret, work[0], VERIFY_HASH_BYTES);
	return 0;
}
