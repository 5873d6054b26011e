/*
 * One entry of the ledger, read strictly.
 *
 * The bytes were signed by a station that may be lying, so they are hostile. This is a reader of
 * the one canonical form, not of JSON: each thing has exactly one spelling, anything else is
 * refused with its offset. Nothing is copied or allocated; values are ranges of the entry. Two
 * readers that agree on this form cannot be told different stories by one signed byte string.
 */
#include "verify/entry.h"

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

static bool take_string(struct cursor *c, const char **ret, size_t *ret_n)
{
	size_t start;

	if (!take(c, '"'))
		return false;
	for (start = c->pos; c->pos < c->n;) {
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
	int r = memcmp(a, b, na < nb ? na : nb);

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
		struct verify_member m = {.in_data = in_data};

		if (!take_string(c, &m.name, &m.name_n) || !take(c, ':'))
			return false;
		if (last && !ascends(last, last_n, m.name, m.name_n))
			return false;
		last = m.name;
		last_n = m.name_n;
		if (!in_data && m.name_n == 4 && memcmp(m.name, "data", 4) == 0) {
			if (!take_object(c, true))
				return false;
			continue;
		}
		if (!take_value(c, &m) || c->e->n == VERIFY_MEMBERS_MAX)
			return false;
		c->e->member[c->e->n++] = m;
	} while (take(c, ','));
	return take(c, '}');
}

int verify_entry_read(const char *p, size_t n, struct verify_entry *ret, size_t *ret_at)
{
	struct cursor c = {.p = p, .n = n, .e = ret};

	ret->n = 0;
	if (take_object(&c, false) && c.pos == n)
		return 0;
	*ret_at = c.pos;
	return -EBADMSG;
}

const struct verify_member *verify_entry_find(const struct verify_entry *e, bool in_data,
                                              const char *name, enum verify_type type)
{
	size_t n = strlen(name);

	for (unsigned i = 0; i < e->n; i++) {
		const struct verify_member *m = &e->member[i];
		if (m->in_data == in_data && m->name_n == n && memcmp(m->name, name, n) == 0)
			return m->type == type ? m : NULL;
	}
	return NULL;
}

bool verify_member_is(const struct verify_member *m, const char *text)
{
	return m && m->value_n == strlen(text) && memcmp(m->value, text, m->value_n) == 0;
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
