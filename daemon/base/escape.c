/*
 * The two escapes for text from outside; see text.h.
 *
 * The bytes are hostile: names that rewrite a terminal, reverse the reading direction, or are no
 * text at all. Paths are escaped without loss and to one spelling (INTERFACES 2); everything else
 * is escaped for the eye and may be cut. Runs everywhere such text is shown or recorded.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

static bool stays_in_path(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c != 0 && strchr("._-/()+,=@ ", c) != NULL);
}

int wl_path_escape(const void *p, size_t n, char *buf, size_t size)
{
	static const char digits[] = "0123456789ABCDEF";
	const uint8_t *b = p;
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		size_t need = stays_in_path(b[i]) ? 1 : 3;
		if (at + need >= size)
			return -ENAMETOOLONG;
		if (need == 1) {
			buf[at++] = (char)b[i];
		} else {
			buf[at++] = '%';
			buf[at++] = digits[b[i] >> 4];
			buf[at++] = digits[b[i] & 15];
		}
	}
	if (at >= size)
		return -ENAMETOOLONG;
	buf[at] = 0;
	return 0;
}

static int upper_nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int wl_path_unescape(const char *s, uint8_t *buf, size_t size, size_t *ret_n)
{
	size_t at = 0;

	for (; *s; s++) {
		uint8_t c = (uint8_t)*s;
		if (c == '%') {
			int high = upper_nibble(s[1]);
			int low = high < 0 ? -1 : upper_nibble(s[2]);
			if (low < 0)
				return -EINVAL;
			c = (uint8_t)(high << 4 | low);
			if (stays_in_path(c)) /* one spelling only */
				return -EINVAL;
			s += 2;
		} else if (!stays_in_path(c)) {
			return -EINVAL;
		}
		if (at >= size)
			return -ENAMETOOLONG;
		buf[at++] = c;
	}
	*ret_n = at;
	return 0;
}

/* Code points that steer a screen or hide: C0, DEL, C1, soft hyphen, bidi and zero-width controls,
 * separators, annotations, tags. Ascending. */
static const struct {
	uint32_t from, to;
} hidden[] = {
        {0x0000, 0x001F}, {0x007F, 0x009F},   {0x00AD, 0x00AD},   {0x034F, 0x034F},
        {0x061C, 0x061C}, {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180F},
        {0x200B, 0x200F}, {0x2028, 0x202E},   {0x2060, 0x206F},   {0x3164, 0x3164},
        {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},
        {0xFFFE, 0xFFFF}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
};

static bool is_hidden(uint32_t cp)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(hidden); i++)
		if (cp >= hidden[i].from && cp <= hidden[i].to)
			return true;
	return false;
}

/* One piece of output for what stands at *pos: the text as it is, or its escape. */
static size_t escape_one(const uint8_t *p, size_t n, size_t *pos, char piece[16])
{
	uint32_t cp = 0;
	size_t from = *pos;

	if (wl_utf8_next(p, n, pos, &cp) < 0) {
		(*pos)++;
		return (size_t)snprintf(piece, 16, "\\x%02X", p[from]);
	}
	if (cp < 0x100 && is_hidden(cp))
		return (size_t)snprintf(piece, 16, "\\x%02X", cp);
	if (is_hidden(cp))
		return (size_t)snprintf(piece, 16, "\\u{%04X}", cp);
	memcpy(piece, p + from, *pos - from);
	return *pos - from;
}

void wl_text_escape(const void *p, size_t n, char *buf, size_t size)
{
	static const char cut[] = "\xE2\x80\xA6"; /* … */
	size_t at = 0, pos = 0, last_fit = 0;
	char piece[16];

	if (size == 0)
		return;
	while (pos < n) {
		size_t m = escape_one(p, n, &pos, piece);
		if (at + m >= size) {
			at = last_fit;
			if (at + sizeof(cut) <= size) {
				memcpy(buf + at, cut, sizeof(cut) - 1);
				at += sizeof(cut) - 1;
			}
			break;
		}
		memcpy(buf + at, piece, m);
		at += m;
		if (at + sizeof(cut) <= size)
			last_fit = at;
	}
	buf[at] = 0;
}
