/*
 * Making, loading and using the station's keys.
 *
 * Runs in weighlock-ledgerd only. Nobody chooses anything here: the broker asks for a signature on
 * nothing, the callers sign what they composed themselves. A power cut while keys are made leaves
 * none or one of them; the station was not confirmed yet, and making goes on with what is missing.
 */
#include "daemon/ledger/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"

#define LEDGER_KEY         "ledger.key"
#define DOCUMENT_KEY       "document.key"
#define SEED_BYTES         32
#define DOCUMENT_KEY_MAX   512
#define SECURE_ARENA_BYTES (64U << 10)
#define SECURE_MINIMUM     32
#define DOCUMENT_CURVE     "P-384"

struct wl_keys {
	EVP_PKEY *ledger;
	EVP_PKEY *document;
};

int wl_keys_init_memory(void)
{
	if (CRYPTO_secure_malloc_initialized())
		return 0;
	return CRYPTO_secure_malloc_init(SECURE_ARENA_BYTES, SECURE_MINIMUM) > 0 ? 0 : -ENOMEM;
}

struct wl_keys *wl_keys_free(struct wl_keys *k)
{
	if (k) {
		EVP_PKEY_free(k->ledger);
		EVP_PKEY_free(k->document);
		free(k);
	}
	return NULL;
}

static bool file_exists(int dirfd, const char *name)
{
	return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int make_ledger_key(int dirfd)
{
	uint8_t *seed = OPENSSL_secure_malloc(SEED_BYTES);
	int r = -ENOMEM;

	if (seed && RAND_priv_bytes(seed, SEED_BYTES) == 1)
		r = wl_file_replace(dirfd, LEDGER_KEY, seed, SEED_BYTES, 0400);
	OPENSSL_secure_clear_free(seed, SEED_BYTES);
	return r;
}

static int make_document_key(int dirfd)
{
	EVP_PKEY *pk = EVP_PKEY_Q_keygen(NULL, NULL, "EC", DOCUMENT_CURVE);
	PKCS8_PRIV_KEY_INFO *p8 = pk ? EVP_PKEY2PKCS8(pk) : NULL;
	int n = p8 ? i2d_PKCS8_PRIV_KEY_INFO(p8, NULL) : -1, r = -EIO;
	uint8_t *der = n > 0 ? OPENSSL_secure_malloc((size_t)n) : NULL, *at = der;

	if (der && i2d_PKCS8_PRIV_KEY_INFO(p8, &at) == n)
		r = wl_file_replace(dirfd, DOCUMENT_KEY, der, (size_t)n, 0400);
	if (der)
		OPENSSL_secure_clear_free(der, (size_t)n);
	PKCS8_PRIV_KEY_INFO_free(p8);
	EVP_PKEY_free(pk);
	return r;
}

int wl_keys_make_ledger(int dirfd)
{
	return file_exists(dirfd, LEDGER_KEY) ? 0 : make_ledger_key(dirfd);
}

int wl_keys_make(int dirfd)
{
	int r = wl_keys_make_ledger(dirfd);

	if (r == 0 && !file_exists(dirfd, DOCUMENT_KEY))
		r = make_document_key(dirfd);
	return r;
}

/* A key file into locked memory, at most max bytes. */
static int read_secret(int dirfd, const char *name, uint8_t *buf, size_t max, size_t *ret_n)
{
	WL_AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = wl_read_full(fd, buf, max);
	if (n < 0)
		return (int)n;
	*ret_n = (size_t)n;
	return 0;
}

static int load_ledger_key(int dirfd, struct wl_keys *k)
{
	uint8_t *seed = OPENSSL_secure_malloc(SEED_BYTES + 1);
	size_t n = 0;
	int r = seed ? read_secret(dirfd, LEDGER_KEY, seed, SEED_BYTES + 1, &n) : -ENOMEM;

	if (r == 0 && n != SEED_BYTES)
		r = -EBADMSG;
	if (r == 0) {
		k->ledger = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SEED_BYTES);
		r = k->ledger ? 0 : -EBADMSG;
	}
	OPENSSL_secure_clear_free(seed, SEED_BYTES + 1);
	return r;
}

static int load_document_key(int dirfd, struct wl_keys *k)
{
	uint8_t *der = OPENSSL_secure_malloc(DOCUMENT_KEY_MAX);
	const uint8_t *at = der;
	char group[32] = "";
	size_t n = 0;
	int r = der ? read_secret(dirfd, DOCUMENT_KEY, der, DOCUMENT_KEY_MAX, &n) : -ENOMEM;

	if (r == 0) {
		k->document = d2i_AutoPrivateKey(NULL, &at, (long)n);
		r = k->document &&
		                    EVP_PKEY_get_group_name(k->document, group, sizeof(group),
		                                            NULL) == 1 &&
		                    strcmp(group, "secp384r1") == 0
		            ? 0
		            : -EBADMSG;
	}
	OPENSSL_secure_clear_free(der, DOCUMENT_KEY_MAX);
	return r;
}

int wl_keys_load_both(int ledger_dirfd, int document_dirfd, struct wl_keys **ret)
{
	struct wl_keys *k = calloc(1, sizeof(*k));
	int r;

	if (!k)
		return -ENOMEM;
	r = load_ledger_key(ledger_dirfd, k);
	if (r == 0)
		r = load_document_key(document_dirfd, k);
	if (r < 0) {
		wl_keys_free(k);
		return r;
	}
	*ret = k;
	return 0;
}

int wl_keys_load(int dirfd, struct wl_keys **ret)
{
	return wl_keys_load_both(dirfd, dirfd, ret);
}

int wl_keys_ledger_public(const struct wl_keys *k, uint8_t ret[WL_ED25519_PUBLIC])
{
	size_t n = WL_ED25519_PUBLIC;

	return EVP_PKEY_get_raw_public_key(k->ledger, ret, &n) == 1 && n == WL_ED25519_PUBLIC
	               ? 0
	               : -EIO;
}

int wl_keys_sign_note(const struct wl_keys *k, const struct wl_note_key *key, const char *text,
                      char *buf, size_t size)
{
	uint8_t signature[WL_ED25519_SIGNED];
	size_t n = sizeof(signature);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->ledger) == 1 &&
	         EVP_DigestSign(ctx, signature, &n, (const uint8_t *)text, strlen(text)) == 1 &&
	         n == sizeof(signature);
	int r;

	EVP_MD_CTX_free(ctx);
	if (!ok)
		return -EIO;
	r = wl_note_compose(key, text, signature, buf, size);
	return r < 0 ? r : 0;
}

EVP_PKEY *wl_keys_document(const struct wl_keys *k)
{
	return k->document;
}

int wl_keys_document_spki(const struct wl_keys *k, uint8_t ret[WL_SHA256_BYTES])
{
	uint8_t *der = NULL;
	int n = i2d_PUBKEY(k->document, &der);
	int r = n > 0 ? wl_sha256_of(der, (size_t)n, ret) : -EIO;

	OPENSSL_free(der);
	return r;
}

int wl_keys_fingerprint(const char *vkey, char buf[WL_FINGERPRINT_TEXT])
{
	uint8_t digest[WL_SHA256_BYTES];
	int r = wl_sha256_of(vkey, strlen(vkey), digest);

	if (r < 0)
		return r;
	for (size_t i = 0; i < 8; i++) {
		wl_hex_encode(digest + 2 * i, 2, buf + 5 * i);
		buf[5 * i + 4] = i < 7 ? '-' : '\0';
	}
	return 0;
}

/* The next hex digit in lower case, or the NUL. */
static char next_digit(const char **s)
{
	while (**s == ' ' || **s == '-')
		(*s)++;
	char c = **s;
	if (c != '\0')
		(*s)++;
	return c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
}

bool wl_keys_fingerprint_equal(const char *a, const char *b)
{
	char x, y;

	do {
		x = next_digit(&a);
		y = next_digit(&b);
	} while (x == y && x != '\0');
	return x == y;
}
