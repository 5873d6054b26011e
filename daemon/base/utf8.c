/*
 * Strict UTF-8 (RFC 3629); see text.h.
 *
 * Every byte is hostile: overlong forms, surrogates and code points above U+10FFFF are invalid, not
 * repaired. Runs everywhere text from outside is looked at; keeps no state.
 */
#include <errno.h>

#include "daemon/base/text.h"

/* How many continuation bytes follow a first byte, and the least code point that needs them. */
static int first_byte(uint8_t b, uint32_t *ret_bits, uint32_t *ret_least)
{
	if (b < 0x80) {
		*ret_bits = b;
		*ret_least = 0;
		return 0;
	}
	if ((b & 0xE0) == 0xC0) {
		*ret_bits = b & 0x1FU;
		*ret_least = 0x80;
		return 1;
	}
	if ((b & 0xF0) == 0xE0) {
		*ret_bits = b & 0x0FU;
		*ret_least = 0x800;
		return 2;
	}
	if ((b & 0xF8) == 0xF0) {
		*ret_bits = b & 0x07U;
		*ret_least = 0x10000;
		return 3;
	}
	return -EILSEQ;
}

int wl_utf8_next(const void *p, size_t n, size_t *pos, uint32_t *ret_cp)
{
	const uint8_t *b = p;
	uint32_t cp = 0, least = 0;

	if (*pos >= n)
		return -EILSEQ;
	int more = first_byte(b[*pos], &cp, &least);
	if (more < 0 || (size_t)more > n - *pos - 1)
		return -EILSEQ;
	for (size_t i = 1; i <= (size_t)more; i++) {
		if ((b[*pos + i] & 0xC0) != 0x80)
			return -EILSEQ;
		cp = cp << 6 | (b[*pos + i] & 0x3FU);
	}
	if (cp < least || cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
		return -EILSEQ;
	*pos += (size_t)more + 1;
	*ret_cp = cp;
	return 0;
}

bool wl_utf8_is_valid(const void *p, size_t n)
{
	size_t pos = 0;
	uint32_t cp = 0;

	while (pos < n)
		if (wl_utf8_next(p, n, &pos, &cp) < 0)
			return false;
	return true;
}
