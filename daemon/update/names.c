/*
 * The policy of names. The path is the attacker's bytes; this runs in worker-archive and
 * worker-update, allocates nothing and asks no locale: the tables are compiled in.
 */
#include "daemon/update/names.h"

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"

static const struct range {
	uint32_t first, last;
} allowed[] = {
#define RANGE(first, last) {first, last},
#define FOLD(...)
#include "daemon/update/name_table.def"
#undef RANGE
#undef FOLD
};

static const struct fold {
	uint32_t first, last, step;
	int32_t delta;
} folds[] = {
#define RANGE(...)
#define FOLD(first, last, step, delta) {first, last, step, delta},
#include "daemon/update/name_table.def"
#undef RANGE
#undef FOLD
};

/* What reorders, joins or hides text, and C0, DEL, C1. */
static const struct range controls[] = {
        {0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x034f, 0x034f},
        {0x061c, 0x061c},   {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
        {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},
        {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
        {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

static const char *const devices[] = {"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"};
static const char *const numbered_devices[] = {"com", "lpt"};

static bool in_ranges(const struct range *table, size_t n, uint32_t cp)
{
	for (size_t i = 0; i < n; i++)
		if (cp >= table[i].first && cp <= table[i].last)
			return true;
	return false;
}

uint32_t wl_name_fold(uint32_t cp)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(folds); i++)
		if (cp >= folds[i].first && cp <= folds[i].last &&
		    (cp - folds[i].first) % folds[i].step == 0)
			return (uint32_t)((int32_t)cp + folds[i].delta);
	return cp;
}

/* The path for a detail: ASCII only and short. */
static int refuse(struct wl_finding *f, enum wl_rule rule, const char *why, struct wl_bytes path)
{
	char shown[3 * 40 + 1] = "";

	(void)wl_path_escape(path.p, path.n < 40 ? path.n : 40, shown, sizeof(shown));
	return wl_refuse(f, rule, "%s: %s%s", why, shown, path.n > 40 ? "..." : "");
}

static bool is_letter(uint8_t b)
{
	return (b | 0x20) >= 'a' && (b | 0x20) <= 'z';
}

/* ".." as a part, whichever separator the reader at the other end believes in. */
static bool has_parent(struct wl_bytes path)
{
	size_t start = 0;

	for (size_t i = 0; i <= path.n; i++) {
		if (i < path.n && path.p[i] != '/' && path.p[i] != '\\')
			continue;
		if (i - start == 2 && path.p[start] == '.' && path.p[start + 1] == '.')
			return true;
		start = i + 1;
	}
	return false;
}

static int check_characters(struct wl_bytes path, struct wl_finding *f)
{
	size_t pos = 0;
	uint32_t cp;

	while (pos < path.n) {
		if (wl_utf8_next(path.p, path.n, &pos, &cp) < 0)
			return refuse(f, WL_RULE_NAME_ENCODING, "not UTF-8", path);
		if (in_ranges(controls, WL_ARRAY_LEN(controls), cp))
			return refuse(f, WL_RULE_NAME_CONTROL, "control character", path);
		if (!in_ranges(allowed, WL_ARRAY_LEN(allowed), cp))
			return refuse(f, WL_RULE_NAME_ENCODING, "character not accepted in names",
			              path);
		if (cp < 0x80 && strchr("\\:*?\"<>|", (int)cp))
			return refuse(f, WL_RULE_NAME_RESERVED, "character reserved by Windows",
			              path);
	}
	return 0;
}

/* part equals word without ASCII case up to its first dot (Windows takes NUL.txt for NUL). */
static bool is_word(struct wl_bytes stem, const char *word)
{
	size_t n = strlen(word);

	if (stem.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((is_letter(stem.p[i]) ? stem.p[i] | 0x20 : stem.p[i]) != (uint8_t)word[i])
			return false;
	return true;
}

static bool is_device(struct wl_bytes part)
{
	const uint8_t *dot = memchr(part.p, '.', part.n);
	struct wl_bytes stem = {part.p, dot ? (size_t)(dot - part.p) : part.n};

	while (stem.n && stem.p[stem.n - 1] == ' ')
		stem.n--;
	for (size_t i = 0; i < WL_ARRAY_LEN(devices); i++)
		if (is_word(stem, devices[i]))
			return true;
	if (stem.n != 4 || stem.p[3] < '0' || stem.p[3] > '9')
		return false;
	stem.n = 3;
	for (size_t i = 0; i < WL_ARRAY_LEN(numbered_devices); i++)
		if (is_word(stem, numbered_devices[i]))
			return true;
	return false;
}

static int check_part(struct wl_bytes part, struct wl_bytes path, struct wl_finding *f)
{
	if (part.n == 0 || (part.n == 1 && part.p[0] == '.'))
		return refuse(f, WL_RULE_NAME_EMPTY, "empty part", path);
	if (part.n > WL_ARCHIVE_COMPONENT_BYTES_MAX)
		return refuse(f, WL_RULE_NAME_TOO_LONG, "part too long", path);
	if (part.p[part.n - 1] == '.' || part.p[part.n - 1] == ' ' || part.p[0] == ' ')
		return refuse(f, WL_RULE_NAME_RESERVED, "dot or space at the edge of a part", path);
	if (is_device(part))
		return refuse(f, WL_RULE_NAME_RESERVED, "name of a DOS device", path);
	return 0;
}

static int check_parts(struct wl_bytes path, struct wl_finding *f)
{
	unsigned depth = 0;
	size_t start = 0;

	for (size_t i = 0; i <= path.n; i++) {
		int e;

		if (i < path.n && path.p[i] != '/')
			continue;
		if (++depth > WL_ARCHIVE_DEPTH_MAX)
			return refuse(f, WL_RULE_NAME_TOO_LONG, "too deep", path);
		e = check_part((struct wl_bytes){path.p + start, i - start}, path, f);
		if (e < 0)
			return e;
		start = i + 1;
	}
	return 0;
}

int wl_name_check_direction(struct wl_bytes path, struct wl_finding *f)
{
	if (path.n > 0 && (path.p[0] == '/' || path.p[0] == '\\' ||
	                   (path.n >= 2 && is_letter(path.p[0]) && path.p[1] == ':')))
		return refuse(f, WL_RULE_ARCHIVE_PATH_ABSOLUTE, "absolute path", path);
	if (has_parent(path))
		return refuse(f, WL_RULE_ARCHIVE_PATH_PARENT, "path leads out of its folder", path);
	return 0;
}

int wl_name_check(struct wl_bytes path, bool folder, struct wl_finding *f)
{
	int e;

	if (folder && path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	if (path.n == 0)
		return refuse(f, WL_RULE_NAME_EMPTY, "no name", path);
	e = wl_name_check_direction(path, f);
	if (e < 0)
		return e;
	if (path.n > WL_ARCHIVE_PATH_BYTES_MAX)
		return refuse(f, WL_RULE_NAME_TOO_LONG, "path too long", path);
	e = check_characters(path, f);
	return e < 0 ? e : check_parts(path, f);
}
