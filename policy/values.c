/*
 * The scalars of a policy: integers, sizes, spans of time, names of files and accounts.
 *
 * The text comes from the policy's author. Nothing is guessed: no sign, no leading zero, no
 * fraction, one space before the unit, one spelling of each unit; a number that does not fit is
 * refused and never wraps. Runs in the broker and in the offline client.
 */
#include <errno.h>
#include <string.h>

#include "daemon/base/bytes.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "policy/schema.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The digits at *s (advanced): 0|[1-9][0-9]*. */
static int take_digits(const char **s, uint64_t *ret)
{
	const char *p = *s;
	uint64_t v = 0;
	if (!is_digit(*p) || (*p == '0' && is_digit(p[1])))
		return -EINVAL;
	for (; is_digit(*p); p++)
		if (wl_mul_overflows(v, (uint64_t)10, &v) ||
		    wl_add_overflows(v, (uint64_t)(*p - '0'), &v))
			return -ERANGE;
	*s = p;
	*ret = v;
	return 0;
}

int wl_value_integer(const char *s, uint64_t *ret)
{
	uint64_t v;
	int r = take_digits(&s, &v);
	if (r < 0)
		return r;
	if (*s != '\0')
		return -EINVAL;
	*ret = v;
	return 0;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static int with_unit(const char *s, const struct unit *units, size_t n, uint64_t *ret)
{
	uint64_t v;
	int r = take_digits(&s, &v);
	if (r < 0)
		return r;
	if (*s++ != ' ')
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(s, units[i].name) != 0)
			continue;
		if (wl_mul_overflows(v, units[i].factor, &v))
			return -ERANGE;
		*ret = v;
		return 0;
	}
	return -EINVAL;
}

int wl_value_size(const char *s, uint64_t *ret_bytes)
{
	static const struct unit units[] = {
	        {"KiB", UINT64_C(1) << 10},
	        {"MiB", UINT64_C(1) << 20},
	        {"GiB", UINT64_C(1) << 30},
	        {"TiB", UINT64_C(1) << 40},
	};
	return with_unit(s, units, WL_ARRAY_LEN(units), ret_bytes);
}

int wl_value_span(const char *s, uint64_t *ret_seconds)
{
	static const struct unit units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
	return with_unit(s, units, WL_ARRAY_LEN(units), ret_seconds);
}

/* YAML 1.1 and 1.2 readers disagree about these: a policy may not contain them as text. */
bool wl_value_is_plain_text(const char *s)
{
	static const char *const words[] = {"true", "false", "yes", "no",  "on",   "off",
	                                    "null", "~",     "y",   "n",   "TRUE", "FALSE",
	                                    "True", "False", "Yes", "No",  "YES",  "NO",
	                                    "On",   "Off",   "ON",  "OFF", "Null", "NULL"};
	for (size_t i = 0; i < WL_ARRAY_LEN(words); i++)
		if (strcmp(s, words[i]) == 0)
			return false;
	if (*s == '\0')
		return false;
	if (*s == '+' || *s == '-' || *s == '.')
		s++;
	return !is_digit(*s);
}

bool wl_value_is_account(const char *s)
{
	uint64_t uid;
	if (strncmp(s, "uid:", 4) == 0)
		return wl_value_integer(s + 4, &uid) == 0 && uid < UINT32_MAX;
	size_t n = strlen(s);
	if (n < 1 || n > 32 || !((*s >= 'a' && *s <= 'z') || *s == '_'))
		return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

#define FILE_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

bool wl_value_is_file(const char *s)
{
	size_t n = strlen(s);
	return n >= 1 && n <= 64 && s[0] != '.' && strspn(s, FILE_CHARACTERS) == n;
}

bool wl_value_is_folder(const char *s)
{
	size_t n = strlen(s);
	uint8_t raw[256];
	size_t raw_n;
	if (n == 0 || s[0] == '/' || s[n - 1] == '/' || strstr(s, "//") || strcmp(s, "..") == 0 ||
	    strncmp(s, "../", 3) == 0 || strstr(s, "/../"))
		return false;
	return wl_path_unescape(s, raw, sizeof(raw), &raw_n) == 0;
}

bool wl_value_is_origin(const char *s)
{
	size_t n = strlen(s);
	if (n < 3 || n > 200 || s[0] == '/' || s[n - 1] == '/' || strstr(s, "//"))
		return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789.-/") == n;
}
