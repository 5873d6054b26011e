/*
 * Renders the sentence of a rule in the reader's language; see rules.h.
 *
 * The sentence is ours; the values come from outside and are already escaped (text.h), so they can
 * neither steer the screen nor be taken for a place, which is looked for in the sentence alone.
 */
#include <libintl.h>
#include <stdbool.h>
#include <string.h>

#include "daemon/base/rules.h"

#define UNKNOWN "\xe2\x80\xa6" /* an ellipsis: nobody is shown our braces */

static const char *value_of(const struct wl_rule_arg *args, size_t nargs, const char *name,
                            size_t n)
{
	for (size_t i = 0; i < nargs; i++)
		if (strlen(args[i].name) == n && strncmp(args[i].name, name, n) == 0)
			return args[i].value;
	return NULL;
}

/* A name of lower-case letters that a brace closes. */
static bool is_place(const char *name, size_t n)
{
	return n > 0 && name[n] == '}' && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == n;
}

static size_t add(char *buf, size_t size, size_t at, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (at + i + 1 < size)
			buf[at + i] = p[i];
	return at + n;
}

size_t wl_rule_render(const char *text, const struct wl_rule_arg *args, size_t nargs, char *buf,
                      size_t size)
{
	const char *s = *text ? gettext(text) : text; /* "" is the catalogue's own header */
	size_t at = 0;

	while (*s) {
		size_t n = strcspn(s, "{");
		at = add(buf, size, at, s, n);
		s += n;
		if (!*s)
			break;
		size_t name = strcspn(s + 1, "}");
		if (!is_place(s + 1, name)) {
			at = add(buf, size, at, s, 1);
			s++;
			continue;
		}
		const char *value = value_of(args, nargs, s + 1, name);
		if (!value || !*value)
			value = UNKNOWN;
		at = add(buf, size, at, value, strlen(value));
		s += name + 2;
	}
	if (size > 0)
		buf[at < size ? at : size - 1] = 0;
	return at;
}
