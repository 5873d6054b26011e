/*
 * The opener of an encrypted file on any bytes, with the recipient's key at hand: everything but
 * what a station writes for this key is bag.not-opened, and what passes was counted to the byte.
 * The first byte says which key is at hand ('e' EC, else RSA); both were made for this target.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/rules.h"
#include "daemon/update/envelope_open.h"
#include "tests/fuzz/bag_keys.h"

#define EC 'e'

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count(void *user, const void *p, size_t n)
{
	uint64_t *sum = user;
	const uint8_t *bytes = p;

	for (size_t i = 0; i < n; i++) /* touched, so that a sanitizer sees what was handed out */
		sum[1] += bytes[i];
	sum[0] += n;
	return 0;
}

static EVP_PKEY *key_of(uint8_t which)
{
	static EVP_PKEY *keys[2];
	const unsigned char *at = which == EC ? fuzz_ec_key : fuzz_rsa_key;
	long n = which == EC ? (long)sizeof(fuzz_ec_key) : (long)sizeof(fuzz_rsa_key);
	EVP_PKEY **key = &keys[which == EC];

	if (!*key)
		*key = d2i_AutoPrivateKey(NULL, &at, n);
	if (!*key)
		abort();
	return *key;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wl_finding f = {.rule = WL_RULE_NONE};
	uint64_t sum[2] = {0}, bytes = 0;

	if (size == 0)
		return 0;
	WL_AUTO_CLOSE int fd = memfd_create("sealed", MFD_CLOEXEC);
	if (fd < 0 || wl_write_full(fd, data + 1, size - 1) < 0)
		abort();
	int r = wl_envelope_open(fd, key_of(data[0]), count, sum, &bytes, &f);
	assert(r == 0 || (r == -EBADMSG && f.rule == WL_RULE_BAG_NOT_OPENED));
	assert(r < 0 || (bytes == sum[0] && bytes < size));
	return 0;
}
