/*
 * SHA-256 through libcrypto; see sha256.h.
 *
 * The bytes are anybody's, nothing of them is interpreted. Runs in workers, broker and client. The
 * digest is fetched once per object, because fetching opens configuration and is slow.
 */
#include "daemon/base/sha256.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"

#define CHUNK_BYTES (256U * 1024U)

struct wl_sha256 {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
};

struct wl_sha256 *wl_sha256_new(void)
{
	struct wl_sha256 *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	s->ctx = EVP_MD_CTX_new();
	return s->md && s->ctx ? s : wl_sha256_free(s);
}

struct wl_sha256 *wl_sha256_free(struct wl_sha256 *s)
{
	if (s) {
		EVP_MD_CTX_free(s->ctx);
		EVP_MD_free(s->md);
		free(s);
	}
	return NULL;
}

int wl_sha256_begin(struct wl_sha256 *s)
{
	return EVP_DigestInit_ex(s->ctx, s->md, NULL) == 1 ? 0 : -EIO;
}

int wl_sha256_add(struct wl_sha256 *s, const void *p, size_t n)
{
	return n == 0 || EVP_DigestUpdate(s->ctx, p, n) == 1 ? 0 : -EIO;
}

int wl_sha256_end(struct wl_sha256 *s, uint8_t ret_digest[WL_SHA256_BYTES])
{
	return EVP_DigestFinal_ex(s->ctx, ret_digest, NULL) == 1 ? 0 : -EIO;
}

static void free_digest(struct wl_sha256 **s)
{
	*s = wl_sha256_free(*s);
}

int wl_sha256_of(const void *p, size_t n, uint8_t ret_digest[WL_SHA256_BYTES])
{
	return EVP_Digest(n ? p : "", n, ret_digest, NULL, EVP_sha256(), NULL) == 1 ? 0 : -EIO;
}

int wl_sha256_of_fd(int fd, uint8_t ret_digest[WL_SHA256_BYTES], uint64_t *ret_bytes)
{
	WL_CLEANUP(free_digest) struct wl_sha256 *s = wl_sha256_new();
	WL_AUTO_FREE uint8_t *buf = malloc(CHUNK_BYTES);
	uint64_t at = 0;

	if (!s || !buf)
		return -ENOMEM;
	if (wl_sha256_begin(s) < 0)
		return -EIO;
	for (;;) {
		ssize_t n = wl_pread_full(fd, buf, CHUNK_BYTES, (off_t)at);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		if (wl_sha256_add(s, buf, (size_t)n) < 0)
			return -EIO;
		at += (uint64_t)n;
	}
	if (wl_sha256_end(s, ret_digest) < 0)
		return -EIO;
	*ret_bytes = at;
	return 0;
}
