/*
 * One entry of the ledger, read strictly.
 *
 * The bytes were signed by a station that may be lying, so they are hostile. This is a reader of
 * the one canonical form, not of JSON: each thing has exactly one spelling, anything else is
 * refused with its offset. Nothing is copied or allocated; values are ranges of the entry. Two
 * readers that agree on this form cannot be told different stories by one signed byte string.
 */
#include "verify/entry.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define INTEGER_MAX ((INT64_C(1) << 53) - 1)

struct cursor {
	const char *p;
	size_t n, pos;
	struct verify_entry *e;
};

static bool take(struct cursor *c, char want)
{
	if (c->pos >= c->n || c->p[c->pos] != want)
		return false;
	c->pos++;
	return true;
}

static bool is_lower_hex(char ch)
{
	return (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'f');
}

/* After a backslash: `"`, `\` or uXXXX of a character that needed it. */
static bool take_escape(struct cursor *c)
{
	if (take(c, '"') || take(c, '\\'))
		return true;
	if (!take(c, 'u') || c->n - c->pos < 4)
		return false;
	for (int i = 0; i < 4; i++)
		if (!is_lower_hex(c->p[c->pos++]))
			return false;
	const char *hex = c->p + c->pos - 4;
	/* \u00XX of printable ASCII would be a second spelling */
	if (hex[0] == '0' && hex[1] == '0' && hex[2] >= '2' && hex[2] <= '7')
		return hex[2] == '7' && hex[3] == 'f';
	return true;
}

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/*
 * How many of the bytes from here on are plain text, looked at eight at a time. The subtractions
 * mark a byte below the bound or equal to the one looked for; a borrow can mark bytes above such a
 * one wrongly, but the lowest mark is always true, and everything below it is plain.
 */
static size_t plain_bytes(const char *p, size_t n)
{
	size_t at = 0;

	for (; n - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
		uint64_t v, quote, backslash, odd;

		memcpy(&v, p + at, sizeof(v));
		v = le64toh(v);
		quote = v ^ EACH_BYTE('"');
		backslash = v ^ EACH_BYTE('\\');
		odd = (v - EACH_BYTE(0x20)) | (v + EACH_BYTE(1)) | v;
		odd |= (quote - EACH_BYTE(1)) | (backslash - EACH_BYTE(1));
		odd &= EACH_BYTE(0x80);
		if (odd)
			return at + (size_t)__builtin_ctzll(odd) / 8;
	}
	return at;
}

static bool take_string(struct cursor *c, const char **ret, size_t *ret_n)
{
	size_t start;

	if (!take(c, '"'))
		return false;
	start = c->pos;
	c->pos += plain_bytes(c->p + c->pos, c->n - c->pos);
	while (c->pos < c->n) {
		char ch = c->p[c->pos++];

		if (ch == '"') {
			*ret = c->p + start;
			*ret_n = c->pos - 1 - start;
			return true;
		}
		if (ch < ' ' || ch > '~' || (ch == '\\' && !take_escape(c)))
			return false;
	}
	return false;
}

static bool take_integer(struct cursor *c, int64_t *ret)
{
	bool negative = take(c, '-');
	size_t start = c->pos;
	int64_t v = 0;

	while (c->pos < c->n && c->p[c->pos] >= '0' && c->p[c->pos] <= '9') {
		v = v * 10 + (c->p[c->pos++] - '0');
		if (v > INTEGER_MAX)
			return false;
	}
	if (c->pos == start || (c->p[start] == '0' && (c->pos - start > 1 || negative)))
		return false;
	*ret = negative ? -v : v;
	return true;
}

static bool take_word(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	if (c->n - c->pos < n || memcmp(c->p + c->pos, word, n) != 0)
		return false;
	c->pos += n;
	return true;
}

/* An array of text; the opening bracket is taken. */
static bool take_list(struct cursor *c, struct verify_member *m)
{
	const char *s;
	size_t n;

	m->type = VERIFY_LIST;
	m->value = c->p + c->pos;
	if (!take(c, ']')) {
		do {
			if (!take_string(c, &s, &n))
				return false;
		} while (take(c, ','));
		if (!take(c, ']'))
			return false;
	}
	m->value_n = (size_t)(c->p + c->pos - 1 - m->value);
	return true;
}

static bool take_value(struct cursor *c, struct verify_member *m)
{
	m->value = c->p + c->pos;
	if (c->pos < c->n && c->p[c->pos] == '"') {
		m->type = VERIFY_TEXT;
		return take_string(c, &m->value, &m->value_n);
	}
	if (take(c, '['))
		return take_list(c, m);
	if (take_word(c, "true") || take_word(c, "false")) {
		m->type = VERIFY_BOOLEAN;
		m->integer = *m->value == 't';
		return true;
	}
	m->type = VERIFY_INTEGER;
	return take_integer(c, &m->integer);
}

static bool ascends(const char *a, size_t na, const char *b, size_t nb)
{
	int r;

	if (na > 0 && nb > 0 && a[0] != b[0]) /* nearly always */
		return (unsigned char)a[0] < (unsigned char)b[0];
	r = memcmp(a, b, na < nb ? na : nb);
	return r < 0 || (r == 0 && na < nb);
}

static bool take_object(struct cursor *c, bool in_data)
{
	const char *last = NULL;
	size_t last_n = 0;

	if (!take(c, '{'))
		return false;
	if (take(c, '}'))
		return in_data;
	do {
		struct verify_member *m = &c->e->member[c->e->n];

		if (c->e->n == VERIFY_MEMBERS_MAX)
			return false;
		m->in_data = in_data;
		if (!take_string(c, &m->name, &m->name_n) || !take(c, ':'))
			return false;
		if (last && !ascends(last, last_n, m->name, m->name_n))
			return false;
		last = m->name;
		last_n = m->name_n;
		if (!in_data && m->name_n == 4 && memcmp(m->name, "data", 4) == 0) {
			c->e->data_from = c->e->n;
			if (!take_object(c, true))
				return false;
			c->e->data_to = c->e->n;
			continue;
		}
		if (!take_value(c, m))
			return false;
		c->e->n++;
	} while (take(c, ','));
	return take(c, '}');
}

int verify_entry_read(const char *p, size_t n, struct verify_entry *ret, size_t *ret_at)
{
	struct cursor c = {.p = p, .n = n, .e = ret};

	ret->n = ret->data_from = ret->data_to = 0;
	if (take_object(&c, false) && c.pos == n)
		return 0;
	*ret_at = c.pos;
	return -EBADMSG;
}

const struct verify_member *verify_entry_find(const struct verify_entry *e, bool in_data,
                                              const char *name, enum verify_type type)
{
	size_t n = strlen(name);
	unsigned i = in_data ? e->data_from : 0, end = in_data ? e->data_to : e->n;

	for (; i < end; i++) {
		const struct verify_member *m = &e->member[i];

		if (m->in_data != in_data)
			i = e->data_to - 1;
		else if (m->name_n == n && m->name[0] == name[0] && memcmp(m->name, name, n) == 0)
			return m->type == type ? m : NULL;
	}
	return NULL;
}

bool verify_list_next(const struct verify_member *list, size_t *at, const char **ret, size_t *ret_n)
{
	struct cursor c = {.p = list->value, .n = list->value_n, .pos = *at};

	if (c.pos >= c.n || (c.pos > 0 && !take(&c, ',')) || !take_string(&c, ret, ret_n))
		return false;
	*at = c.pos;
	return true;
}

/* The code point of \uXXXX, whose four digits were checked when the entry was read. */
static unsigned hex4(const char *s)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 4 | (unsigned)(s[i] <= '9' ? s[i] - '0' : s[i] - 'a' + 10);
	return v;
}

static size_t put_utf8(unsigned c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | c >> 12);
	out[1] = (char)(0x80 | (c >> 6 & 0x3f));
	out[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

int verify_member_decode(const struct verify_member *m, char *buf, size_t size, size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < m->value_n; i++) {
		char ch = m->value[i];

		if (size - n < 4)
			return -ENOBUFS;
		if (ch != '\\') {
			buf[n++] = ch;
		} else if (m->value[++i] != 'u') {
			buf[n++] = m->value[i];
		} else {
			unsigned c = hex4(m->value + i + 1);
			if (c == 0 || (c >= 0xd800 && c < 0xe000))
				return -EBADMSG; /* of no use where this is called */
			n += put_utf8(c, buf + n);
			i += 4;
		}
	}
	buf[n] = '\0';
	*ret_n = n;
	return 0;
}

bool verify_member_is(const struct verify_member *m, const char *text)
{
	return m && m->value_n == strlen(text) &&
	       (m->value_n == 0 ||
	        (m->value[0] == text[0] && memcmp(m->value, text, m->value_n) == 0));
}

void verify_member_copy(const struct verify_member *m, char *buf, size_t size)
{
	buf[0] = '\0';
	if (!m)
		return;
	size_t n = m->value_n < size ? m->value_n : size - 1;
	memcpy(buf, m->value, n);
	buf[n] = '\0';
}
