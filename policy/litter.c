/*
 * What operating systems leave on every stick they see.
 *
 * The list is closed because it is the one thing that may lie on a vendor's medium without being
 * signed: an attacker controls name, place, size and bytes, so each entry says exactly what it may
 * be, and litter is digested and dropped, never kept, judged or delivered. Runs in the broker and
 * in the offline client.
 */
#include "policy/litter.h"

#include <string.h>
#include <strings.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"

/* A name of a path, by position. */
struct part {
	const char *p;
	size_t n;
};

static bool is(struct part part, const char *name)
{
	return part.n == strlen(name) && strncasecmp(part.p, name, part.n) == 0;
}

/* Name number `index` of the path; n 0 where there is none. */
static struct part part_of(const struct wl_item *item, size_t index)
{
	size_t begin = 0;
	for (size_t i = 0; i <= item->path_n; i++) {
		if (i < item->path_n && item->path[i] != '/')
			continue;
		if (index == 0)
			return (struct part){item->path + begin, i - begin};
		index--;
		begin = i + 1;
	}
	return (struct part){0};
}

static struct part last_part(const struct wl_item *item, size_t *ret_index)
{
	size_t index = 0;
	while (part_of(item, index + 1).n > 0)
		index++;
	*ret_index = index;
	return part_of(item, index);
}

/* A file of the closed list, in its own folder of the list. */
struct inside {
	const char *folder; /* at the root */
	const char *name;
	size_t depth; /* names before it */
	uint64_t min, max;
};

static const struct inside inside[] = {
        {"System Volume Information", "IndexerVolumeGuid", 1, 76, 76},
        {"System Volume Information", "WPSettings.dat", 1, 12, 12},
        {"$RECYCLE.BIN", "desktop.ini", 1, 0, 4096},
        {"$RECYCLE.BIN", "desktop.ini", 2, 0, 4096},
};

static const struct {
	const char *name;
	uint64_t max;
} anywhere[] = {
        {"desktop.ini", 4096},
        {"Thumbs.db", WL_MIB(16)},
        {".DS_Store", WL_KIB(64)},
};

/* Folders whose contents count together. */
static const struct {
	const char *name;
	uint64_t files, bytes;
	bool deep; /* folders may lie inside */
} heaps[] = {
        {".Trashes", 0, 0, false},
        {".fseventsd", 64, WL_MIB(1), false},
        {".Spotlight-V100", UINT64_MAX, WL_MIB(64), true},
};

static bool is_sid_folder(struct part part)
{
	return part.n > 4 && strncasecmp(part.p, "S-1-", 4) == 0;
}

/* Below (or at) one of the folders of `inside`. */
static enum wl_litter judge_inside(const struct wl_item *item, size_t depth, struct part last)
{
	struct part root = part_of(item, 0);
	if (depth == 0)
		return item->folder ? WL_LITTER_LEAVE : WL_LITTER_CHANGED;
	bool recycle = is(root, "$RECYCLE.BIN");
	if (recycle && depth == 1 && item->folder && is_sid_folder(last))
		return WL_LITTER_LEAVE;
	if (item->folder || (depth == 2 && !is_sid_folder(part_of(item, 1))))
		return WL_LITTER_CHANGED;
	for (size_t i = 0; i < WL_ARRAY_LEN(inside); i++)
		if (is(root, inside[i].folder) && depth == inside[i].depth &&
		    is(last, inside[i].name))
			return item->size >= inside[i].min && item->size <= inside[i].max
			               ? WL_LITTER_LEAVE
			               : WL_LITTER_CHANGED;
	return WL_LITTER_CHANGED;
}

/* Do the files of this folder at the root stay within its bounds? */
static bool heap_fits(const struct wl_items *items, size_t heap)
{
	uint64_t files = 0, bytes = 0;
	for (size_t i = 0; i < items->n; i++) {
		const struct wl_item *item = &items->v[i];
		if (item->folder || !is(part_of(item, 0), heaps[heap].name) ||
		    part_of(item, 1).n == 0)
			continue;
		files++;
		if (__builtin_add_overflow(bytes, item->size, &bytes))
			return false;
	}
	return files <= heaps[heap].files && bytes <= heaps[heap].bytes;
}

static enum wl_litter judge_heap(const struct wl_item *item, size_t depth, size_t heap, bool fits)
{
	if (depth == 0)
		return item->folder && fits ? WL_LITTER_LEAVE : WL_LITTER_CHANGED;
	if ((item->folder || depth > 1) && !heaps[heap].deep)
		return WL_LITTER_CHANGED;
	return fits ? WL_LITTER_LEAVE : WL_LITTER_CHANGED;
}

/* ._NAME beside NAME: the other half of a file, as macOS writes it. */
static enum wl_litter judge_apple_double(const struct wl_items *items, const struct wl_item *item,
                                         struct part last)
{
	static const uint8_t magic[] = {0x00, 0x05, 0x16, 0x07};
	char sibling[WL_VOLUME_PATH_BYTES_MAX];
	size_t before = item->path_n - last.n;
	if (last.n < 3 || item->path_n > sizeof(sibling))
		return WL_LITTER_NO;
	memcpy(sibling, item->path, before);
	memcpy(sibling + before, last.p + 2, last.n - 2);
	if (!wl_items_find(items, sibling, item->path_n - 2))
		return WL_LITTER_NO;
	bool read = item->has_sha256 || item->head_n > 0;
	if (item->folder || item->size > WL_KIB(64) ||
	    (read &&
	     (item->head_n < sizeof(magic) || memcmp(item->head, magic, sizeof(magic)) != 0)))
		return WL_LITTER_CHANGED;
	return WL_LITTER_LEAVE;
}

static enum wl_litter judge(const struct wl_items *items, const struct wl_item *item,
                            const bool *fits)
{
	size_t depth;
	struct part root = part_of(item, 0);
	struct part last = last_part(item, &depth);
	for (size_t i = 0; i < WL_ARRAY_LEN(inside); i++)
		if (is(root, inside[i].folder))
			return judge_inside(item, depth, last);
	for (size_t i = 0; i < WL_ARRAY_LEN(heaps); i++)
		if (is(root, heaps[i].name))
			return judge_heap(item, depth, i, fits[i]);
	for (size_t i = 0; i < WL_ARRAY_LEN(anywhere); i++)
		if (is(last, anywhere[i].name))
			return !item->folder && item->size <= anywhere[i].max ? WL_LITTER_LEAVE
			                                                      : WL_LITTER_CHANGED;
	if (last.n > 2 && memcmp(last.p, "._", 2) == 0)
		return judge_apple_double(items, item, last);
	return WL_LITTER_NO;
}

void wl_litter_judge(const struct wl_items *items, enum wl_litter *ret)
{
	bool fits[WL_ARRAY_LEN(heaps)];
	for (size_t i = 0; i < WL_ARRAY_LEN(heaps); i++)
		fits[i] = heap_fits(items, i);
	for (size_t i = 0; i < items->n; i++)
		ret[i] = judge(items, &items->v[i], fits);
}
