/*
 * Reads MANIFEST.sha256.
 *
 * The bytes are the vendor's, or an attacker's: nothing in them is signed yet when worker-update
 * reads them, and what it says of them is a claim. worker-tool uses only wl_manifest_next, to put
 * lines side by side. At most WL_MANIFEST_FILE_BYTES_MAX, read whole.
 */
#include "daemon/update/manifest.h"

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/update/names.h"

static void cleanup_names(struct wl_name_set **set)
{
	*set = wl_name_set_free(*set);
}

static int bad(struct wl_finding *f, unsigned number, const char *why)
{
	return wl_refuse(f, WL_RULE_UPDATE_MANIFEST_BAD, "line %u: %s", number, why);
}

/* The bytes up to LF, and past it. */
static bool take_line(struct wl_reader *r, struct wl_bytes *ret)
{
	size_t left = wl_reader_left(r);
	const uint8_t *start = wl_reader_take(r, 0);
	const uint8_t *end = start ? memchr(start, '\n', left) : NULL;

	if (!end)
		return false;
	*ret = (struct wl_bytes){start, (size_t)(end - start)};
	wl_reader_take(r, ret->n + 1);
	return true;
}

static bool is_hex(uint8_t b)
{
	return (b >= '0' && b <= '9') || (b >= 'a' && b <= 'f');
}

static const char *wrong_form(struct wl_bytes line)
{
	if (line.n == 0)
		return "empty";
	if (line.p[line.n - 1] == '\r')
		return "ends in CR LF, not LF";
	if (line.p[0] == '\\')
		return "escaped name; names with a backslash or a line end are not accepted";
	if (line.p[0] == 0xef || line.p[0] == 0xff || line.p[0] == 0xfe)
		return "begins with a byte-order mark";
	return "not 64 lower-case hex digits, two spaces and a path";
}

int wl_manifest_next(struct wl_reader *r, unsigned number, struct wl_manifest_line *ret,
                     struct wl_finding *f)
{
	struct wl_bytes line;

	if (!take_line(r, &line))
		return bad(f, number, "the last line is not ended");
	if (line.n < WL_SHA256_HEX + 3 || line.p[WL_SHA256_HEX] != ' ' ||
	    (line.p[WL_SHA256_HEX + 1] != ' ' && line.p[WL_SHA256_HEX + 1] != '*') ||
	    line.p[line.n - 1] == '\r')
		return bad(f, number, wrong_form(line));
	for (size_t i = 0; i < WL_SHA256_HEX; i++)
		if (!is_hex(line.p[i]))
			return bad(f, number, wrong_form(line));
	ret->hex = (struct wl_bytes){line.p, WL_SHA256_HEX};
	ret->path = (struct wl_bytes){line.p + WL_SHA256_HEX + 2, line.n - WL_SHA256_HEX - 2};
	return 0;
}

/* A path of a manifest is held to the same rules as one of an archive. */
static int check_path(struct wl_name_set *names, unsigned number, struct wl_bytes path,
                      struct wl_finding *f)
{
	struct wl_finding why;
	int e = wl_name_check(path, false, &why);

	if (e == 0)
		e = wl_name_set_add(names, path, false, &why);
	if (e == -EBADMSG)
		return wl_refuse(f, WL_RULE_UPDATE_MANIFEST_BAD, "line %u: %.150s (%s)", number,
		                 why.detail, wl_rule_id(why.rule));
	return e;
}

static int read_entry(struct wl_reader *r, unsigned number, struct wl_name_set *names,
                      wl_manifest_entry_fn entry, void *user, struct wl_finding *f)
{
	struct wl_manifest_line line = {0};
	uint8_t digest[WL_SHA256_BYTES];
	char hex[WL_SHA256_HEX + 1] = "";
	int e = wl_manifest_next(r, number, &line, f);

	if (e < 0)
		return e;
	e = check_path(names, number, line.path, f);
	if (e < 0)
		return e;
	memcpy(hex, line.hex.p, WL_SHA256_HEX);
	e = wl_hex_decode(hex, digest, sizeof(digest));
	return e < 0 ? e : entry(user, line.path, digest);
}

int wl_manifest_read(struct wl_bytes file, wl_manifest_entry_fn entry, void *user,
                     struct wl_finding *f)
{
	WL_CLEANUP(cleanup_names) struct wl_name_set *names = wl_name_set_new();
	struct wl_reader r = wl_reader_from(file.p, file.n);
	unsigned number = 0;

	if (!names)
		return -ENOMEM;
	if (file.n == 0)
		return wl_refuse(f, WL_RULE_UPDATE_MANIFEST_BAD, "the manifest is empty");
	while (wl_reader_left(&r) > 0) {
		int e;

		if (++number > WL_TRANSFER_FILES_MAX)
			return wl_refuse(f, WL_RULE_UPDATE_MANIFEST_BAD, "more than %u lines",
			                 WL_TRANSFER_FILES_MAX);
		e = read_entry(&r, number, names, entry, user, f);
		if (e < 0)
			return e;
	}
	return 0;
}
