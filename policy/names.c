/*
 * The rules for names.
 *
 * Every byte here comes from a medium. A name that means two things (to DOS and to Linux, to a
 * person's eye and to the file system, in two spellings of case) is how a file that was checked
 * becomes another that was not, so doubtful names are refused, never repaired. Runs in the broker
 * and in the offline client; keeps nothing.
 */
#include "policy/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"

#define DETAIL_BYTES 160

static int refuse(struct wl_finding *f, enum wl_rule rule, const void *path, size_t n)
{
	char shown[DETAIL_BYTES];
	wl_text_escape(path, n, shown, sizeof(shown));
	return wl_refuse(f, rule, "%s", shown);
}

struct span {
	uint32_t from, to;
};

static bool in_spans(uint32_t cp, const struct span *spans, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cp >= spans[i].from && cp <= spans[i].to)
			return true;
	return false;
}

/* Characters that do not show, or that turn what stands beside them. */
static bool is_control(uint32_t cp)
{
	static const struct span spans[] = {
	        {0x00, 0x1F},       {0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},
	        {0x180E, 0x180E},   {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F},
	        {0xFDD0, 0xFDEF},   {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFF},
	        {0xE0000, 0xE0FFF},
	};
	return in_spans(cp, spans, WL_ARRAY_LEN(spans)) || (cp & 0xFFFE) == 0xFFFE;
}

static bool is_dos_device(const char *name, size_t n)
{
	static const char *const devices[] = {"CON",    "PRN",    "AUX",    "NUL",
	                                      "CLOCK$", "CONIN$", "CONOUT$"};
	size_t base = 0;
	while (base < n && name[base] != '.')
		base++;
	while (base > 0 && name[base - 1] == ' ')
		base--;
	for (size_t i = 0; i < WL_ARRAY_LEN(devices); i++)
		if (base == strlen(devices[i]) && strncasecmp(name, devices[i], base) == 0)
			return true;
	return base == 4 &&
	       (strncasecmp(name, "COM", 3) == 0 || strncasecmp(name, "LPT", 3) == 0) &&
	       name[3] >= '0' && name[3] <= '9';
}

static bool is_reserved(const char *name, size_t n)
{
	if (name[n - 1] == '.' || name[n - 1] == ' ' || name[0] == ' ')
		return true;
	for (size_t i = 0; i < n; i++)
		if (strchr("<>:\"\\|?*", name[i]))
			return true;
	return is_dos_device(name, n);
}

/* One name between slashes; the path is shown in the detail. */
static int check_name(const char *name, size_t n, const void *path, size_t path_n,
                      struct wl_finding *f)
{
	if (n == 0)
		return refuse(f, WL_RULE_NAME_EMPTY, path, path_n);
	size_t units = 0;
	for (size_t pos = 0; pos < n;) {
		uint32_t cp;
		if (wl_utf8_next(name, n, &pos, &cp) < 0)
			return refuse(f, WL_RULE_NAME_ENCODING, path, path_n);
		if (is_control(cp))
			return refuse(f, WL_RULE_NAME_CONTROL, path, path_n);
		units += cp > 0xFFFF ? 2 : 1;
	}
	if (units > WL_VOLUME_NAME_UNITS_MAX)
		return refuse(f, WL_RULE_NAME_TOO_LONG, path, path_n);
	if (is_reserved(name, n))
		return refuse(f, WL_RULE_NAME_RESERVED, path, path_n);
	return 0;
}

int wl_names_check(const void *path, size_t n, struct wl_finding *ret_finding)
{
	const char *p = path;
	if (n == 0)
		return refuse(ret_finding, WL_RULE_NAME_EMPTY, "", 0);
	if (n > WL_VOLUME_PATH_BYTES_MAX)
		return refuse(ret_finding, WL_RULE_NAME_TOO_LONG, p, DETAIL_BYTES);
	for (size_t i = 0, begin = 0; i <= n; i++) {
		if (i < n && p[i] != '/')
			continue;
		int r = check_name(p + begin, i - begin, p, n, ret_finding);
		if (r < 0)
			return r;
		begin = i + 1;
	}
	return 0;
}

/* ---- device profiles ---- */

#define LETTERS                 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define DOS_SAFE_PATH_BYTES_MAX 240

static bool is_dos_safe(const char *p, size_t n)
{
	if (n > DOS_SAFE_PATH_BYTES_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strchr(LETTERS "!#$%&'()+,-.=@[]^_`{}~ /", p[i]) || p[i] == '\0')
			return false;
	return true;
}

/* Letters, digits, `_`, `-`; the last name may have one dot with something on both sides. */
static bool is_hi_scan(const char *p, size_t n)
{
	size_t begin = 0, dot = 0;
	bool has_dot = false;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '/') {
			if (has_dot)
				return false;
			begin = i + 1;
		} else if (p[i] == '.') {
			if (has_dot || i == begin)
				return false;
			has_dot = true;
			dot = i;
		} else if (p[i] == '\0' || !strchr(LETTERS "_-", p[i])) {
			return false;
		}
	}
	return !has_dot || dot + 1 < n;
}

int wl_names_check_device(enum wl_names_profile profile, const void *path, size_t n,
                          struct wl_finding *ret_finding)
{
	bool good = true;
	if (profile == WL_NAMES_DOS_SAFE)
		good = is_dos_safe(path, n);
	else if (profile == WL_NAMES_HI_SCAN)
		good = is_hi_scan(path, n);
	return good ? 0 : refuse(ret_finding, WL_RULE_NAME_DEVICE_RULE, path, n);
}

/* ---- case ---- */

/* Simple case folding of the scripts a volume of ours may meet. */
static uint32_t fold(uint32_t cp)
{
	if ((cp >= 'A' && cp <= 'Z') || (cp >= 0xC0 && cp <= 0xDE && cp != 0xD7) ||
	    (cp >= 0x391 && cp <= 0x3A9) || (cp >= 0x410 && cp <= 0x42F))
		return cp + 32;
	if ((cp >= 0x100 && cp <= 0x12F) || (cp >= 0x132 && cp <= 0x137) ||
	    (cp >= 0x14A && cp <= 0x177) || (cp >= 0x460 && cp <= 0x481) ||
	    (cp >= 0x48A && cp <= 0x4BF) || (cp >= 0x1E00 && cp <= 0x1EFF))
		return cp | 1;
	if ((cp >= 0x139 && cp <= 0x148) || (cp >= 0x179 && cp <= 0x17E))
		return cp + (cp & 1);
	if (cp >= 0x400 && cp <= 0x40F)
		return cp + 80;
	if (cp == 0x178)
		return 0xFF;
	return cp == 0x3C2 ? 0x3C3 : cp;
}

int wl_names_compare_folded(const void *a, size_t an, const void *b, size_t bn)
{
	size_t i = 0, j = 0;
	while (i < an && j < bn) {
		uint32_t x, y;
		/* bytes that are no UTF-8 are refused elsewhere; here they only need an order */
		if (wl_utf8_next(a, an, &i, &x) < 0)
			x = 0x110000U + ((const uint8_t *)a)[i++];
		if (wl_utf8_next(b, bn, &j, &y) < 0)
			y = 0x110000U + ((const uint8_t *)b)[j++];
		x = fold(x);
		y = fold(y);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return (i < an) - (j < bn);
}

static int compare_entries(const void *a, const void *b)
{
	const struct wl_item *x = *(const struct wl_item *const *)a;
	const struct wl_item *y = *(const struct wl_item *const *)b;
	return wl_names_compare_folded(x->path, x->path_n, y->path, y->path_n);
}

int wl_names_find_duplicates(const struct wl_items *items, bool *same)
{
	if (items->n == 0)
		return 0;
	WL_AUTO_FREE const struct wl_item **sorted = calloc(items->n, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < items->n; i++) {
		sorted[i] = &items->v[i];
		same[i] = false;
	}
	qsort(sorted, items->n, sizeof(*sorted), compare_entries);
	for (size_t i = 1; i < items->n; i++)
		if (compare_entries(&sorted[i - 1], &sorted[i]) == 0)
			same[sorted[i - 1] - items->v] = same[sorted[i] - items->v] = true;
	return 0;
}
