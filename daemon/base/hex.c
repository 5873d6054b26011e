/* Lower-case hexadecimal, and only that, so that a digest has one spelling; see sha256.h. */
#include <errno.h>
#include <string.h>

#include "daemon/base/sha256.h"

void wl_hex_encode(const uint8_t *p, size_t n, char *buf)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		buf[2 * i] = digits[p[i] >> 4];
		buf[2 * i + 1] = digits[p[i] & 15];
	}
	buf[2 * n] = 0;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int wl_hex_decode(const char *hex, uint8_t *ret, size_t n)
{
	if (strlen(hex) != 2 * n)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (nibble(hex[2 * i]) < 0 || nibble(hex[2 * i + 1]) < 0)
			return -EINVAL;
	for (size_t i = 0; i < n; i++)
		ret[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
	return 0;
}

bool wl_hex_is_sha256(const char *s)
{
	uint8_t digest[WL_SHA256_BYTES];

	return wl_hex_decode(s, digest, sizeof(digest)) == 0;
}
