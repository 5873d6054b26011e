/*
 * Walking the directories of a TIFF; see tiff_directory.h.
 *
 * Every offset is the attacker's: directories may form a loop, overlap or lie beyond the file. Each
 * is walked at most once within a number of them; nothing of a value is believed but its place.
 * Runs in worker-image. Power: no state.
 */
#include "daemon/image/tiff_directory.h"

#include <stdlib.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"

#define HEADER_BYTES      8U
#define ENTRY_BYTES       12U
#define DEPTH_MAX         4U
#define PAD_BYTES_MAX     3U
#define NOT_A_PICTURE     5U /* NewSubfileType: reduced, or a mask */
#define TAG_SUBFILE       254U
#define TAG_STRIP_OFFSETS 273U
#define TAG_STRIP_COUNTS  279U
#define TAG_TILE_OFFSETS  324U
#define TAG_TILE_COUNTS   325U
#define TYPE_LONG         4U

static const unsigned type_bytes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};

/* Tags whose values are offsets of directories. */
static const unsigned pointers[] = {330, 34665, 34853, 40965};

static const struct {
	unsigned tag;
	enum wl_removed what;
} kinds[] = {
        {269, WL_REMOVED_TEXT},   {270, WL_REMOVED_TEXT},      {271, WL_REMOVED_VENDOR},
        {272, WL_REMOVED_VENDOR}, {274, WL_REMOVED_COLOUR},    {282, WL_REMOVED_SIZE},
        {283, WL_REMOVED_SIZE},   {285, WL_REMOVED_TEXT},      {296, WL_REMOVED_SIZE},
        {305, WL_REMOVED_VENDOR}, {306, WL_REMOVED_TIME},      {315, WL_REMOVED_TEXT},
        {316, WL_REMOVED_VENDOR}, {318, WL_REMOVED_COLOUR},    {319, WL_REMOVED_COLOUR},
        {700, WL_REMOVED_XMP},    {33432, WL_REMOVED_TEXT},    {33723, WL_REMOVED_IPTC},
        {34377, WL_REMOVED_IPTC}, {34665, WL_REMOVED_EXIF},    {34675, WL_REMOVED_ICC},
        {34853, WL_REMOVED_EXIF}, {330, WL_REMOVED_THUMBNAIL},
};

static int damaged(struct wl_tiff_reading *w, const char *words)
{
	return wl_refuse(w->finding, WL_RULE_IMAGE_DAMAGED, "%s", words);
}

uint32_t wl_tiff_load(const struct wl_tiff_reading *w, size_t at, unsigned bytes)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v |= (uint32_t)w->d->source.p[at + i]
		     << 8 * (w->tiff->big_endian ? bytes - 1 - i : i);
	return v;
}

uint32_t wl_tiff_value(const struct wl_tiff_reading *w, const struct wl_tiff_entry *e, uint32_t i)
{
	unsigned bytes = type_bytes[e->type];

	return i < e->count ? wl_tiff_load(w, e->at + (size_t)i * bytes, bytes) : 0;
}

int wl_tiff_refer(struct wl_tiff_reading *w, uint64_t at, uint64_t bytes)
{
	if (at > w->d->source.n || bytes > w->d->source.n - at)
		return wl_refuse(w->finding, WL_RULE_IMAGE_TRUNCATED,
		                 "it points beyond its end, at %llu bytes",
		                 (unsigned long long)(at + bytes));
	if (at + bytes > w->last)
		w->last = (size_t)(at + bytes);
	w->referenced += bytes;
	return 0;
}

static int read_entry(struct wl_tiff_reading *w, size_t at, struct wl_tiff_entry *ret)
{
	*ret = (struct wl_tiff_entry){.tag = wl_tiff_load(w, at, 2),
	                              .type = wl_tiff_load(w, at + 2, 2),
	                              .count = wl_tiff_load(w, at + 4, 4)};
	if (ret->type == 0 || ret->type >= WL_ARRAY_LEN(type_bytes)) {
		ret->count = 0; /* a type of later times: whatever it is, it is not read */
		ret->type = 1;
		return 0;
	}
	uint64_t bytes = (uint64_t)ret->count * type_bytes[ret->type];
	ret->at = at + 8;
	if (bytes <= 4)
		return 0;
	ret->at = wl_tiff_load(w, at + 8, 4);
	return wl_tiff_refer(w, ret->at, bytes);
}

static void count(struct wl_tiff_reading *w, const struct wl_tiff_entry *e)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(kinds); i++)
		if (kinds[i].tag == e->tag) {
			wl_removed_add(w->d, kinds[i].what,
			               ENTRY_BYTES + (uint64_t)e->count * type_bytes[e->type]);
			return;
		}
	if (e->tag > 339)
		wl_removed_add(w->d, WL_REMOVED_VENDOR,
		               ENTRY_BYTES + (uint64_t)e->count * type_bytes[e->type]);
}

/* The entries of one directory; *ret_next is what its chain goes on with. */
static int read_directory(struct wl_tiff_reading *w, size_t at,
                          struct wl_tiff_entry entries[WL_IMAGE_TIFF_ENTRIES_MAX], size_t *ret_n,
                          size_t *ret_next)
{
	for (unsigned i = 0; i < w->directories; i++)
		if (w->walked[i] == at)
			return damaged(w, "a directory that is reached twice");
	if (w->directories == WL_TIFF_DIRECTORIES_MAX)
		return damaged(w, "too many directories");
	w->walked[w->directories++] = at;
	int r = at < HEADER_BYTES ? damaged(w, "a directory within the header")
	                          : wl_tiff_refer(w, at, 2);
	if (r < 0)
		return r;
	size_t n = wl_tiff_load(w, at, 2);
	if (n == 0)
		return damaged(w, "a directory without entries");
	if (n > WL_IMAGE_TIFF_ENTRIES_MAX)
		return wl_refuse(w->finding, WL_RULE_IMAGE_TOO_LARGE,
		                 "a directory of %zu entries; %u may be", n,
		                 WL_IMAGE_TIFF_ENTRIES_MAX);
	r = wl_tiff_refer(w, at + 2, n * ENTRY_BYTES + 4);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = read_entry(w, at + 2 + i * ENTRY_BYTES, &entries[i]);
		if (r == 0)
			count(w, &entries[i]);
	}
	*ret_n = n;
	if (r == 0)
		*ret_next = wl_tiff_load(w, at + 2 + n * ENTRY_BYTES, 4);
	return r;
}

static const struct wl_tiff_entry *find(const struct wl_tiff_entry *entries, size_t n, unsigned tag)
{
	for (size_t i = 0; i < n; i++)
		if (entries[i].tag == tag)
			return &entries[i];
	return NULL;
}

/* Strips or tiles of a directory that is not decoded: only where they end matters. */
static int refer_parts(struct wl_tiff_reading *w, const struct wl_tiff_entry *entries, size_t n)
{
	static const unsigned pairs[][2] = {{TAG_STRIP_OFFSETS, TAG_STRIP_COUNTS},
	                                    {TAG_TILE_OFFSETS, TAG_TILE_COUNTS},
	                                    {513, 514}}; /* an old preview in JPEG */
	int r = 0;

	for (size_t p = 0; p < WL_ARRAY_LEN(pairs); p++) {
		const struct wl_tiff_entry *at = find(entries, n, pairs[p][0]);
		const struct wl_tiff_entry *bytes = find(entries, n, pairs[p][1]);
		if (!at || !bytes || at->type > TYPE_LONG || bytes->type > TYPE_LONG)
			continue;
		for (uint32_t i = 0; r == 0 && i < at->count && i < bytes->count; i++)
			r = wl_tiff_refer(w, wl_tiff_value(w, at, i), wl_tiff_value(w, bytes, i));
	}
	return r;
}

/* Directories that tags point to: they hold metadata and previews, nothing that is decoded. */
static int walk_pointers(struct wl_tiff_reading *w, const struct wl_tiff_entry *entries, size_t n,
                         unsigned depth)
{
	WL_AUTO_FREE struct wl_tiff_entry *inner =
	        malloc(WL_IMAGE_TIFF_ENTRIES_MAX * sizeof(*inner));
	int r = inner ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && depth < DEPTH_MAX && i < n; i++) {
		bool points = false;
		for (size_t p = 0; p < WL_ARRAY_LEN(pointers); p++)
			points = points || entries[i].tag == pointers[p];
		if (!points || (entries[i].type != TYPE_LONG && entries[i].type != 13))
			continue;
		for (uint32_t v = 0; r == 0 && v < entries[i].count; v++) {
			size_t ninner = 0, next = 0, at = wl_tiff_value(w, &entries[i], v);
			if (at == 0)
				continue;
			r = read_directory(w, at, inner, &ninner, &next);
			if (r == 0)
				r = refer_parts(w, inner, ninner);
			if (r == 0)
				r = walk_pointers(w, inner, ninner, depth + 1);
		}
	}
	return r;
}

static int take_page(struct wl_tiff_reading *w, const struct wl_tiff_entry *entries, size_t n)
{
	const struct wl_tiff_entry *subfile = find(entries, n, TAG_SUBFILE);

	if (subfile && subfile->type <= TYPE_LONG &&
	    (wl_tiff_value(w, subfile, 0) & NOT_A_PICTURE)) {
		wl_removed_add(w->d, WL_REMOVED_THUMBNAIL, n * ENTRY_BYTES + 6);
		return 0;
	}
	if (++w->tiff->pages > WL_IMAGE_PAGES_MAX)
		return wl_refuse(w->finding, WL_RULE_IMAGE_SEVERAL_PAGES, "more than %u pages",
		                 WL_IMAGE_PAGES_MAX);
	return w->tiff->pages == w->d->page ? wl_tiff_page_read(w, entries, n, &w->tiff->page) : 0;
}

static int walk_chain(struct wl_tiff_reading *w)
{
	WL_AUTO_FREE struct wl_tiff_entry *entries =
	        malloc(WL_IMAGE_TIFF_ENTRIES_MAX * sizeof(*entries));
	size_t at = wl_tiff_load(w, 4, 4), n = 0;
	int r = entries ? 0 : -ENOMEM;

	while (r == 0 && at != 0) {
		r = read_directory(w, at, entries, &n, &at);
		if (r == 0)
			r = refer_parts(w, entries, n);
		if (r == 0)
			r = take_page(w, entries, n);
		if (r == 0)
			r = walk_pointers(w, entries, n, 0);
	}
	return r;
}

static int check_end(struct wl_tiff_reading *w)
{
	struct wl_bytes s = w->d->source;
	size_t left = s.n - w->last, zeros = 0;

	while (zeros < left && zeros < PAD_BYTES_MAX && s.p[s.n - 1 - zeros] == 0)
		zeros++;
	if (left > zeros)
		return wl_refuse(w->finding, WL_RULE_IMAGE_TRAILING_BYTES,
		                 "%zu bytes that nothing points to, at its end", left);
	if (w->referenced < s.n)
		wl_removed_add(w->d, WL_REMOVED_UNUSED, s.n - w->referenced);
	return 0;
}

int wl_tiff_read(struct wl_decode *d, struct wl_tiff *ret, struct wl_finding *ret_finding)
{
	struct wl_tiff_reading w = {.d = d, .tiff = ret, .finding = ret_finding};

	*ret = (struct wl_tiff){0};
	int r = wl_tiff_refer(&w, 0, HEADER_BYTES);
	if (r < 0)
		return r;
	ret->big_endian = d->source.p[0] == 'M';
	if (wl_tiff_load(&w, 2, 2) != 42)
		return wl_refuse(ret_finding, WL_RULE_IMAGE_CODEC, "a BigTIFF");
	r = walk_chain(&w);
	if (r == 0 && ret->pages < d->page)
		r = wl_refuse(ret_finding, WL_RULE_IMAGE_SEVERAL_PAGES, "no page %u", d->page);
	return r < 0 ? r : check_end(&w);
}

void wl_tiff_clear(struct wl_tiff *t)
{
	wl_tiff_page_clear(&t->page);
}
