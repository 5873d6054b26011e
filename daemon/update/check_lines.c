/*
 * Compares a manifest with the lines it must consist of.
 *
 * The manifest is the vendor's or an attacker's bytes. Runs in worker-tool, which does not
 * interpret them: both texts are cut at LF, sorted by path and put side by side.
 */
#include "daemon/update/check_lines.h"

#include <stdlib.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/update/manifest.h"

struct lines {
	struct wl_manifest_line *line;
	size_t n;
};

static void cleanup_lines(struct lines *l)
{
	free(l->line);
	*l = (struct lines){0};
}

static int by_path(const void *pa, const void *pb)
{
	const struct wl_manifest_line *a = pa, *b = pb;
	size_t n = a->path.n < b->path.n ? a->path.n : b->path.n;
	int c = memcmp(a->path.p, b->path.p, n);

	if (c)
		return c;
	return (a->path.n > b->path.n) - (a->path.n < b->path.n);
}

static size_t count_line_ends(struct wl_bytes text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

static int refuse_path(struct wl_finding *f, enum wl_rule rule, struct wl_bytes path)
{
	char shown[3 * 50 + 1] = "";

	(void)wl_path_escape(path.p, path.n < 50 ? path.n : 50, shown, sizeof(shown));
	return wl_refuse(f, rule, "%s%s", shown, path.n > 50 ? "..." : "");
}

/* Cut into lines, sorted by path; no path twice. What is in *l is the caller's, also on failure. */
static int split(struct wl_bytes text, struct lines *l, struct wl_finding *f)
{
	struct wl_reader r = wl_reader_from(text.p, text.n);
	size_t max = count_line_ends(text);

	if (max > WL_TRANSFER_FILES_MAX)
		return wl_refuse(f, WL_RULE_UPDATE_MANIFEST_BAD, "more than %u lines",
		                 WL_TRANSFER_FILES_MAX);
	l->line = calloc(max + 1, sizeof(*l->line));
	if (!l->line)
		return -ENOMEM;
	while (wl_reader_left(&r) > 0) {
		/* a line without its end comes once, is refused, and needs no place */
		int e = wl_manifest_next(&r, (unsigned)l->n + 1, &l->line[l->n], f);

		if (e < 0)
			return e;
		l->n++;
	}
	qsort(l->line, l->n, sizeof(*l->line), by_path);
	for (size_t i = 1; i < l->n; i++)
		if (by_path(&l->line[i - 1], &l->line[i]) == 0)
			return refuse_path(f, WL_RULE_UPDATE_MANIFEST_BAD, l->line[i].path);
	return 0;
}

/* The first difference of each kind; NULL where there is none. */
struct differences {
	const struct wl_manifest_line *extra, *missing, *changed;
};

static void compare(const struct lines *expected, const struct lines *manifest,
                    struct differences *d)
{
	size_t i = 0, k = 0;

	while (i < expected->n || k < manifest->n) {
		const struct wl_manifest_line *a = i < expected->n ? &expected->line[i] : NULL;
		const struct wl_manifest_line *b = k < manifest->n ? &manifest->line[k] : NULL;
		int c = !a ? 1 : !b ? -1 : by_path(a, b);

		if (c < 0 && !d->extra)
			d->extra = a;
		if (c > 0 && !d->missing)
			d->missing = b;
		if (c == 0 && !d->changed && memcmp(a->hex.p, b->hex.p, a->hex.n) != 0)
			d->changed = b;
		i += c <= 0;
		k += c >= 0;
	}
}

int wl_check_lines(struct wl_bytes expected, struct wl_bytes manifest, struct wl_finding *f)
{
	WL_CLEANUP(cleanup_lines) struct lines a = {0};
	WL_CLEANUP(cleanup_lines) struct lines b = {0};
	struct differences d = {0};
	struct wl_finding ours;
	int e = split(expected, &a, &ours);

	if (e < 0)
		return e == -EBADMSG ? -EINVAL : e;
	if (manifest.n == 0)
		return wl_refuse(f, WL_RULE_UPDATE_MANIFEST_BAD, "the manifest is empty");
	e = split(manifest, &b, f);
	if (e < 0)
		return e;
	compare(&a, &b, &d);
	if (d.extra)
		return refuse_path(f, WL_RULE_UPDATE_FILE_EXTRA, d.extra->path);
	if (d.missing)
		return refuse_path(f, WL_RULE_UPDATE_FILE_MISSING, d.missing->path);
	if (d.changed)
		return refuse_path(f, WL_RULE_UPDATE_FILE_CHANGED, d.changed->path);
	return 0;
}
