/*
 * The list of a volume, within fixed memory.
 *
 * Runs in read-medium (worker-volume). The attacker controls how many entries there are, how deep,
 * how long their paths and how scattered their bytes; every growth is charged against one budget
 * first, so that a medium cannot use more memory than the limit whatever it claims. Kept in memory
 * only: when power goes the reading is begun again.
 */
#include "daemon/volume/listing.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/volume/sort.h"

void wl_listing_init(struct wl_listing *l, uint64_t files_max)
{
	*l = (struct wl_listing){.files_max = files_max < WL_VOLUME_FILES_MAX ? files_max
	                                                                      : WL_VOLUME_FILES_MAX,
	                         .memory_max = WL_VOLUME_METADATA_BYTES_MAX};
}

void wl_listing_clear(struct wl_listing *l)
{
	free(l->entries);
	free(l->text);
	free(l->extents);
	*l = (struct wl_listing){.files_max = 0};
}

int wl_listing_charge(struct wl_listing *l, uint64_t n, struct wl_finding *ret_finding)
{
	if (n > l->memory_max - l->memory_used)
		return wl_refuse(ret_finding, WL_RULE_VOLUME_TOO_MANY_FILES,
		                 "the list of the volume needs more than %llu MiB of memory",
		                 (unsigned long long)l->memory_max >> 20);
	l->memory_used += n;
	return 0;
}

void wl_listing_release(struct wl_listing *l, uint64_t n)
{
	l->memory_used -= n;
}

/* Makes room for `more` things of `size` bytes in *array, by halves, and charges for it. */
static int grow(struct wl_listing *l, void **array, size_t used, size_t *room, size_t more,
                size_t size, struct wl_finding *f)
{
	if (more <= *room - used)
		return 0;
	size_t wanted = used + more + used / 2 + 64;
	int r = wl_listing_charge(l, (uint64_t)(wanted - *room) * size, f);
	if (r < 0)
		return r;
	void *p = reallocarray(*array, wanted, size);
	if (!p)
		return -ENOMEM;
	*array = p;
	*room = wanted;
	return 0;
}

static int check_limits(const struct wl_listing *l, size_t path_bytes, unsigned depth,
                        struct wl_finding *f)
{
	if (l->nentries >= l->files_max)
		return wl_refuse(f, WL_RULE_VOLUME_TOO_MANY_FILES,
		                 "more than %llu files and folders",
		                 (unsigned long long)l->files_max);
	if (depth > WL_VOLUME_DEPTH_MAX)
		return wl_refuse(f, WL_RULE_VOLUME_TOO_DEEP, "folders nested more than %u deep",
		                 WL_VOLUME_DEPTH_MAX);
	if (path_bytes > WL_VOLUME_PATH_BYTES_MAX)
		return wl_refuse(f, WL_RULE_NAME_TOO_LONG, "a path of more than %u bytes",
		                 WL_VOLUME_PATH_BYTES_MAX);
	return 0;
}

int wl_listing_add(struct wl_listing *l, size_t parent, const char *name, size_t name_bytes,
                   bool folder, size_t *ret_index, struct wl_finding *ret_finding)
{
	bool root = parent == SIZE_MAX;
	size_t prefix = root ? 0 : l->entries[parent].path_bytes + 1;
	unsigned depth = root ? 1 : l->entries[parent].depth + 1;
	int r = check_limits(l, prefix + name_bytes, depth, ret_finding);
	if (r == 0)
		r = grow(l, (void **)&l->entries, l->nentries, &l->entries_room, 1,
		         sizeof(l->entries[0]), ret_finding);
	if (r == 0)
		r = grow(l, (void **)&l->text, l->ntext, &l->text_room, prefix + name_bytes, 1,
		         ret_finding);
	if (r < 0)
		return r;
	char *path = l->text + l->ntext;
	if (!root) {
		memcpy(path, l->text + l->entries[parent].path, prefix - 1);
		path[prefix - 1] = '/';
	}
	memcpy(path + prefix, name, name_bytes);
	l->entries[l->nentries] = (struct wl_listing_entry){.path = l->ntext,
	                                                    .path_bytes = prefix + name_bytes,
	                                                    .extent = l->nextents,
	                                                    .depth = depth,
	                                                    .folder = folder};
	l->ntext += prefix + name_bytes;
	*ret_index = l->nentries++;
	return 0;
}

static int append(struct wl_listing *l, size_t *extents, const struct wl_extent *x,
                  struct wl_finding *f)
{
	int r = grow(l, (void **)&l->extents, l->nextents, &l->extents_room, 1,
	             sizeof(l->extents[0]), f);
	if (r < 0)
		return r;
	l->extents[l->nextents++] = *x;
	(*extents)++;
	return 0;
}

int wl_listing_add_extent(struct wl_listing *l, size_t *extents, uint64_t offset, uint64_t bytes,
                          struct wl_finding *ret_finding)
{
	if (*extents > 0) {
		struct wl_extent *last = &l->extents[l->nextents - 1];
		if (last->kind == WL_EXTENT_MEDIUM && last->offset + last->bytes == offset) {
			last->bytes += bytes;
			return 0;
		}
	}
	return append(
	        l, extents,
	        &(struct wl_extent){.offset = offset, .bytes = bytes, .kind = WL_EXTENT_MEDIUM},
	        ret_finding);
}

int wl_listing_add_virtual(struct wl_listing *l, size_t *extents, enum wl_extent_kind kind,
                           uint64_t bytes, struct wl_finding *ret_finding)
{
	return append(l, extents, &(struct wl_extent){.bytes = bytes, .kind = kind}, ret_finding);
}

int wl_listing_add_kept(struct wl_listing *l, size_t *extents, const void *p, size_t n,
                        struct wl_finding *ret_finding)
{
	int r = grow(l, (void **)&l->text, l->ntext, &l->text_room, n, 1, ret_finding);
	if (r == 0)
		r = append(
		        l, extents,
		        &(struct wl_extent){.offset = l->ntext, .bytes = n, .kind = WL_EXTENT_KEPT},
		        ret_finding);
	if (r < 0)
		return r;
	memcpy(l->text + l->ntext, p, n);
	l->ntext += n;
	return 0;
}

const char *wl_listing_path(const struct wl_listing *l, size_t index, size_t *ret_bytes)
{
	*ret_bytes = l->entries[index].path_bytes;
	return l->text + l->entries[index].path;
}

void wl_listing_say(const struct wl_listing *l, size_t index, char *buf, size_t size)
{
	size_t n;
	if (index == SIZE_MAX) {
		(void)snprintf(buf, size, "the root folder");
		return;
	}
	const char *path = wl_listing_path(l, index, &n);
	/* the end of a long path says more than its beginning */
	size_t room = (size - 1) / 3, skip = n > room ? n - room : 0;
	if (wl_path_escape(path + skip, n - skip, buf, size) < 0)
		buf[0] = '\0';
}

static int compare_paths(const void *a, const void *b, void *user)
{
	const struct wl_listing *l = user;
	const struct wl_listing_entry *x = a, *y = b;
	size_t n = x->path_bytes < y->path_bytes ? x->path_bytes : y->path_bytes;
	int c = memcmp(l->text + x->path, l->text + y->path, n);
	if (c != 0)
		return c;
	return (x->path_bytes > y->path_bytes) - (x->path_bytes < y->path_bytes);
}

void wl_listing_sort(struct wl_listing *l)
{
	if (l->nentries > 1)
		wl_sort(l->entries, l->nentries, sizeof(l->entries[0]), compare_paths, l);
}

/* A run of the medium and whose it is. */
struct run {
	uint64_t offset, bytes;
	size_t entry;
};

static int compare_runs(const void *a, const void *b, void *user)
{
	const struct run *x = a, *y = b;
	(void)user;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

static size_t collect_runs(const struct wl_listing *l, struct run *runs)
{
	size_t n = 0;
	for (size_t i = 0; i < l->nentries; i++)
		for (size_t k = 0; k < l->entries[i].extents; k++) {
			const struct wl_extent *x = &l->extents[l->entries[i].extent + k];
			if (x->kind == WL_EXTENT_MEDIUM && x->bytes > 0)
				runs[n++] = (struct run){x->offset, x->bytes, i};
		}
	return n;
}

int wl_listing_check_crossed(struct wl_listing *l, struct wl_finding *ret_finding)
{
	uint64_t bytes = (uint64_t)l->nextents * sizeof(struct run);
	char name[96];
	int r = wl_listing_charge(l, bytes, ret_finding);
	if (r < 0 || l->nextents == 0)
		return r;
	WL_AUTO_FREE struct run *runs = reallocarray(NULL, l->nextents, sizeof(*runs));
	if (!runs)
		return -ENOMEM;
	size_t n = collect_runs(l, runs);
	wl_sort(runs, n, sizeof(*runs), compare_runs, NULL);
	for (size_t i = 1; i < n && r == 0; i++) {
		if (runs[i].offset - runs[i - 1].offset >= runs[i - 1].bytes)
			continue;
		wl_listing_say(l, runs[i].entry, name, sizeof(name));
		r = wl_refuse(ret_finding, WL_RULE_VOLUME_CHAIN_CROSSED,
		              "something else already has byte %llu: %s",
		              (unsigned long long)runs[i].offset, name);
	}
	wl_listing_release(l, bytes);
	return r;
}
