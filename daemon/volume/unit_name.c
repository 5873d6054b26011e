/*
 * Names of files on a volume.
 *
 * Runs in read-medium (worker-volume), where the attacker controls every unit, and in build-volume
 * (worker-tool), where names come out of a checked manifest and are checked once more. What two
 * systems would read as different names, or as a path, is refused here; which names a device
 * takes is the policy's affair. Pure, so power does not matter.
 */
#include "daemon/volume/unit_name.h"

#include <stdbool.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

/* Letters that differ in case by a fixed distance, or by being next to each other (step 0: the odd
 * one is the small one where low_is_odd, else the even one). Ranges are of small letters, or of
 * pairs. */
struct fold_range {
	uint16_t first, last;
	uint16_t distance; /* to subtract; 0: neighbours */
	bool low_is_odd;
};

static const struct fold_range fold_ranges[] = {
        {0x0061, 0x007A, 32, false}, {0x00E0, 0x00F6, 32, false}, {0x00F8, 0x00FE, 32, false},
        {0x0100, 0x012F, 0, true},   {0x0132, 0x0137, 0, true},   {0x0139, 0x0148, 0, false},
        {0x014A, 0x0177, 0, true},   {0x0179, 0x017E, 0, false},  {0x01CD, 0x01DC, 0, false},
        {0x01DE, 0x01EF, 0, true},   {0x01F8, 0x021F, 0, true},   {0x0222, 0x0233, 0, true},
        {0x03AD, 0x03AF, 37, false}, {0x03B1, 0x03C1, 32, false}, {0x03C3, 0x03CB, 32, false},
        {0x03CD, 0x03CE, 63, false}, {0x03D8, 0x03EF, 0, true},   {0x0430, 0x044F, 32, false},
        {0x0450, 0x045F, 80, false}, {0x0460, 0x0481, 0, true},   {0x048A, 0x04BF, 0, true},
        {0x04C1, 0x04CE, 0, false},  {0x04D0, 0x052F, 0, true},   {0x0561, 0x0586, 48, false},
        {0x1E00, 0x1E95, 0, true},   {0x1EA0, 0x1EFF, 0, true},   {0xFF41, 0xFF5A, 32, false},
};

/* Letters outside every range. */
static const struct {
	uint16_t small, capital;
} fold_singles[] = {{0x00FF, 0x0178}, {0x03AC, 0x0386}, {0x03C2, 0x03A3},
                    {0x03CC, 0x038C}, {0x04CF, 0x04C0}, {0x0131, 0x0049}};

uint16_t wl_unit_fold(uint16_t unit)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(fold_ranges) && fold_ranges[i].first <= unit; i++) {
		const struct fold_range *r = &fold_ranges[i];
		if (unit > r->last)
			continue;
		if (r->distance)
			return (uint16_t)(unit - r->distance);
		return (unit & 1) == r->low_is_odd ? (uint16_t)(unit - 1) : unit;
	}
	for (size_t i = 0; i < WL_ARRAY_LEN(fold_singles); i++)
		if (unit == fold_singles[i].small)
			return fold_singles[i].capital;
	return unit;
}

/* Controls, and what turns, joins or hides letters on a screen without being seen. */
static bool hides(uint16_t u)
{
	static const uint16_t ranges[][2] = {{0x0000, 0x001F}, {0x007F, 0x009F}, {0x061C, 0x061C},
	                                     {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x2069},
	                                     {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}};
	for (size_t i = 0; i < WL_ARRAY_LEN(ranges); i++)
		if (u >= ranges[i][0] && u <= ranges[i][1])
			return true;
	return false;
}

static int check_unit(uint16_t u, size_t position, struct wl_finding *f)
{
	if (hides(u))
		return wl_refuse(f, WL_RULE_NAME_CONTROL, "U+%04X at place %zu of a name",
		                 (unsigned)u, position + 1);
	if (u < 0x80 && strchr("\"*/:<>?\\|", (int)u))
		return wl_refuse(f, WL_RULE_NAME_RESERVED, "a name has %c at place %zu", (char)u,
		                 position + 1);
	return 0;
}

static int check_whole(const uint16_t *units, size_t n, struct wl_finding *f)
{
	if (n == 0)
		return wl_refuse(f, WL_RULE_NAME_EMPTY, "a name is empty");
	if (n > WL_VOLUME_NAME_UNITS_MAX)
		return wl_refuse(f, WL_RULE_NAME_TOO_LONG, "a name of more than %u UTF-16 units",
		                 WL_VOLUME_NAME_UNITS_MAX);
	for (size_t i = 0; i < n; i++) {
		int r = check_unit(units[i], i, f);
		if (r < 0)
			return r;
	}
	if (units[n - 1] == '.' || units[n - 1] == ' ')
		return wl_refuse(f, WL_RULE_NAME_RESERVED, "a name ends with a %s",
		                 units[n - 1] == '.' ? "dot" : "space");
	return 0;
}

static size_t put_utf8(uint32_t cp, char *to)
{
	if (cp < 0x80) {
		to[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		to[0] = (char)(0xC0 | cp >> 6);
		to[1] = (char)(0x80 | (cp & 0x3F));
		return 2;
	}
	if (cp < 0x10000) {
		to[0] = (char)(0xE0 | cp >> 12);
		to[1] = (char)(0x80 | (cp >> 6 & 0x3F));
		to[2] = (char)(0x80 | (cp & 0x3F));
		return 3;
	}
	to[0] = (char)(0xF0 | cp >> 18);
	to[1] = (char)(0x80 | (cp >> 12 & 0x3F));
	to[2] = (char)(0x80 | (cp >> 6 & 0x3F));
	to[3] = (char)(0x80 | (cp & 0x3F));
	return 4;
}

static bool is_high(uint32_t u)
{
	return u >= 0xD800 && u < 0xDC00;
}

static bool is_low(uint32_t u)
{
	return u >= 0xDC00 && u < 0xE000;
}

int wl_unit_name_to_utf8(const uint16_t *units, size_t n, char ret[WL_NAME_UTF8_MAX],
                         size_t *ret_size, struct wl_finding *ret_finding)
{
	size_t size = 0;
	int r = check_whole(units, n, ret_finding);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		uint32_t cp = units[i];
		if (is_high(cp) && i + 1 < n && is_low(units[i + 1])) {
			cp = 0x10000 + ((cp - 0xD800) << 10) + (units[i + 1] - 0xDC00U);
			i++;
		} else if (is_high(cp) || is_low(cp)) {
			return wl_refuse(ret_finding, WL_RULE_NAME_ENCODING,
			                 "a lone surrogate U+%04X at place %zu of a name",
			                 (unsigned)cp, i + 1);
		}
		size += put_utf8(cp, ret + size);
	}
	*ret_size = size;
	return 0;
}

int wl_unit_name_from_utf8(const char *name, size_t size, uint16_t ret[WL_VOLUME_NAME_UNITS_MAX],
                           size_t *ret_units, struct wl_finding *ret_finding)
{
	uint16_t units[WL_VOLUME_NAME_UNITS_MAX + 2];
	size_t n = 0;
	for (size_t pos = 0; pos < size && n <= WL_VOLUME_NAME_UNITS_MAX;) {
		uint32_t cp;
		if (wl_utf8_next(name, size, &pos, &cp) < 0)
			return wl_refuse(ret_finding, WL_RULE_NAME_ENCODING,
			                 "a name is not valid UTF-8 at byte %zu", pos + 1);
		if (cp >= 0x10000) {
			units[n++] = (uint16_t)(0xD800 + ((cp - 0x10000) >> 10));
			units[n++] = (uint16_t)(0xDC00 + (cp & 0x3FF));
		} else {
			units[n++] = (uint16_t)cp;
		}
	}
	int r = check_whole(units, n, ret_finding);
	if (r < 0)
		return r;
	memcpy(ret, units, n * sizeof(units[0]));
	*ret_units = n;
	return 0;
}
