/*
 * The set of files of one reading.
 *
 * Paths come from a medium: hostile bytes, but they are only stored and compared here, never
 * interpreted. The number of entries is bounded by the limits of a transfer, so that a medium with
 * a million names cannot eat the memory of the process that keeps the set. Runs in the broker and
 * in the offline client. Nothing is durable: a lost set is read again.
 */
#include "policy/items.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"

static int compare_paths(const void *a, size_t an, const void *b, size_t bn)
{
	size_t n = an < bn ? an : bn;
	int c = n > 0 ? memcmp(a, b, n) : 0;
	if (c != 0)
		return c;
	return an < bn ? -1 : an > bn;
}

static int compare_items(const void *a, const void *b)
{
	const struct wl_item *x = a, *y = b;
	return compare_paths(x->path, x->path_n, y->path, y->path_n);
}

static int grow(struct wl_items *items)
{
	if (items->n < items->room)
		return 0;
	size_t room = items->room ? items->room * 2 : 64;
	struct wl_item *v = realloc(items->v, room * sizeof(*v));
	if (!v)
		return -ENOMEM;
	items->v = v;
	items->room = room;
	return 0;
}

int wl_items_add(struct wl_items *items, const void *path, size_t path_n, bool folder,
                 uint64_t size, uint64_t cookie)
{
	if (items->n >= 2 * (size_t)WL_TRANSFER_FILES_MAX)
		return -E2BIG;
	int r = grow(items);
	if (r < 0)
		return r;
	WL_AUTO_FREE char *copy = malloc(path_n + 1);
	if (!copy)
		return -ENOMEM;
	if (path_n > 0)
		memcpy(copy, path, path_n);
	copy[path_n] = '\0';
	items->v[items->n++] = (struct wl_item){.folder = folder,
	                                        .path = TAKE_PTR(copy),
	                                        .path_n = path_n,
	                                        .size = folder ? 0 : size,
	                                        .cookie = cookie};
	return 0;
}

void wl_items_number(struct wl_items *items)
{
	if (items->n > 0)
		qsort(items->v, items->n, sizeof(*items->v), compare_items);
	uint32_t number = 0;
	for (size_t i = 0; i < items->n; i++)
		items->v[i].number = items->v[i].folder ? 0 : ++number;
}

bool wl_items_are_within(const struct wl_items *items, uint64_t files_max, uint64_t bytes_max)
{
	uint64_t files = 0, bytes = 0;
	for (size_t i = 0; i < items->n; i++) {
		files += !items->v[i].folder;
		if (__builtin_add_overflow(bytes, items->v[i].size, &bytes))
			return false;
	}
	return files <= files_max && bytes <= bytes_max;
}

struct wl_item *wl_items_find(const struct wl_items *items, const void *path, size_t path_n)
{
	size_t low = 0, high = items->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		struct wl_item *item = &items->v[mid];
		int c = compare_paths(path, path_n, item->path, item->path_n);
		if (c == 0)
			return item;
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

struct wl_item *wl_items_get(const struct wl_items *items, uint32_t number)
{
	/* numbers ascend, so item `number` stands at index number-1 or, past folders, later */
	for (size_t i = number > 0 ? number - 1 : items->n; i < items->n; i++)
		if (items->v[i].number == number)
			return &items->v[i];
	return NULL;
}

void wl_item_set_digest(struct wl_item *item, const uint8_t sha256[WL_SHA256_BYTES],
                        const void *head, size_t head_n)
{
	memcpy(item->sha256, sha256, WL_SHA256_BYTES);
	item->has_sha256 = true;
	item->head_n = head_n < WL_ITEM_HEAD_BYTES ? head_n : WL_ITEM_HEAD_BYTES;
	if (item->head_n > 0)
		memcpy(item->head, head, item->head_n);
}

void wl_items_clear(struct wl_items *items)
{
	for (size_t i = 0; i < items->n; i++)
		free(items->v[i].path);
	free(items->v);
	*items = (struct wl_items){0};
}
