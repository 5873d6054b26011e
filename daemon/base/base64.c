/*
 * Base64 with padding (RFC 4648 section 4), strict when reading; see text.h.
 *
 * What is read may be hostile: one spelling per value, so a space, a missing '=' or left-over bits
 * that are not zero are errors. Keeps no state.
 */
#include <errno.h>
#include <string.h>

#include "daemon/base/text.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void wl_base64_encode(const void *p, size_t n, char *buf)
{
	const uint8_t *b = p;
	size_t at = 0;

	for (size_t i = 0; i < n; i += 3) {
		size_t have = n - i < 3 ? n - i : 3;
		uint32_t v = (uint32_t)b[i] << 16;
		if (have > 1)
			v |= (uint32_t)b[i + 1] << 8;
		if (have > 2)
			v |= b[i + 2];
		buf[at++] = alphabet[v >> 18];
		buf[at++] = alphabet[v >> 12 & 63];
		buf[at++] = have > 1 ? alphabet[v >> 6 & 63] : '=';
		buf[at++] = have > 2 ? alphabet[v & 63] : '=';
	}
	buf[at] = 0;
}

static int value_of(char c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

/* One group of four; *ret_n is how many bytes it holds. */
static int decode_group(const char *s, bool last, uint8_t out[3], size_t *ret_n)
{
	uint32_t v = 0;
	size_t pad = 0;

	if (last && s[3] == '=')
		pad = s[2] == '=' ? 2 : 1;
	for (size_t i = 0; i < 4; i++) {
		int d = i >= 4 - pad ? 0 : value_of(s[i]);
		if (d < 0)
			return -EINVAL;
		v = v << 6 | (uint32_t)d;
	}
	if ((pad == 1 && (v & 0xFF)) || (pad == 2 && (v & 0xFFFF)))
		return -EINVAL;
	out[0] = (uint8_t)(v >> 16);
	out[1] = (uint8_t)(v >> 8);
	out[2] = (uint8_t)v;
	*ret_n = 3 - pad;
	return 0;
}

int wl_base64_decode(const char *s, size_t n, uint8_t *buf, size_t size, size_t *ret_n)
{
	size_t at = 0;

	if (n % 4 != 0)
		return -EINVAL;
	for (size_t i = 0; i < n; i += 4) {
		uint8_t out[3];
		size_t have = 0;
		if (decode_group(s + i, i + 4 == n, out, &have) < 0)
			return -EINVAL;
		if (have > size - at)
			return -EMSGSIZE;
		memcpy(buf + at, out, have);
		at += have;
	}
	*ret_n = at;
	return 0;
}
