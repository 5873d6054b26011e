/*
 * What a reading found, as a file in the vault (weighlockd).
 *
 * Paths come from a medium and stand there escaped. The file is the broker's own; that it is whole
 * is seen by its last line, that the items are what it says by hashing them again. When power goes
 * before the last line was durable the transfer is read again.
 */
#include "daemon/broker/listing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"

#define END_LINE "end\n"

static int write_entry(FILE *out, const struct wl_item *item)
{
	char sha256[WL_SHA256_HEX + 1] = "-", head[2 * WL_ITEM_HEAD_BYTES + 1] = "";
	char path[3 * WL_VOLUME_PATH_BYTES_MAX + 1];
	int r = wl_path_escape(item->path, item->path_n, path, sizeof(path));
	if (r < 0)
		return r;
	if (item->has_sha256)
		wl_hex_encode(item->sha256, WL_SHA256_BYTES, sha256);
	wl_hex_encode(item->head, item->head_n, head);
	return fprintf(out, "%c %s %llu .%s %s\n", item->folder ? 'd' : 'f', sha256,
	               (unsigned long long)item->size, head, path) < 0
	               ? -ENOMEM
	               : 0;
}

static void name_of(unsigned reading, char buf[16])
{
	(void)snprintf(buf, 16, reading > 1 ? "listing.%u" : "listing", reading % 1000U);
}

int wl_listing_save(const struct wl_vault *v, const char *transfer, unsigned reading,
                    const struct wl_items *items)
{
	char name[16];
	WL_AUTO_FREE char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	int r = out ? 0 : -ENOMEM;
	for (size_t i = 0; i < items->n && r == 0; i++)
		r = write_entry(out, &items->v[i]);
	if (out && r == 0)
		(void)fputs(END_LINE, out);
	if (out && fclose(out) != 0)
		r = -ENOMEM;
	name_of(reading, name);
	return r < 0 ? r : wl_vault_put(v, transfer, name, text, n);
}

static int read_entry(char *line, struct wl_items *items)
{
	char kind;
	char sha256[WL_SHA256_HEX + 1], head[2 * WL_ITEM_HEAD_BYTES + 2];
	unsigned long long size;
	int at = 0;
	uint8_t raw[WL_VOLUME_PATH_BYTES_MAX], digest[WL_SHA256_BYTES];
	uint8_t first[WL_ITEM_HEAD_BYTES];
	size_t raw_n = 0;
	if (sscanf(line, "%c %64s %llu %33s%n", &kind, sha256, &size, head, &at) != 4 || at == 0 ||
	    line[at] != ' ')
		return -EBADMSG;
	if (wl_path_unescape(line + at + 1, raw, sizeof(raw), &raw_n) < 0)
		return -EBADMSG;
	int r = wl_items_add(items, raw, raw_n, kind == 'd', size, 0);
	if (r < 0 || sha256[0] == '-')
		return r;
	size_t head_n = strlen(head + 1) / 2;
	if (wl_hex_decode(sha256, digest, sizeof(digest)) < 0 ||
	    wl_hex_decode(head + 1, first, head_n) < 0)
		return -EBADMSG;
	wl_item_set_digest(&items->v[items->n - 1], digest, first, head_n);
	return 0;
}

static int load(const struct wl_vault *v, const char *transfer, unsigned reading,
                struct wl_items *ret_items)
{
	char name[16];
	WL_AUTO_FREE void *text = NULL;
	WL_CLEANUP(wl_items_clear) struct wl_items items = {0};
	size_t n = 0;
	name_of(reading, name);
	int r = wl_vault_get(v, transfer, name, WL_LISTING_BYTES_MAX, &text, &n);
	if (r < 0)
		return r;
	char *line = text;
	while (strcmp(line, END_LINE) != 0) {
		char *end = strchr(line, '\n');
		if (!end)
			return -EBADMSG;
		*end = '\0';
		r = read_entry(line, &items);
		if (r < 0)
			return r;
		line = end + 1;
	}
	wl_items_number(&items);
	*ret_items = items;
	items = (struct wl_items){0};
	return 0;
}

int wl_listing_load(const struct wl_vault *v, const char *transfer, struct wl_items *ret_items)
{
	return load(v, transfer, 1, ret_items);
}

/* Copies what one reading found behind what is there; returns its files, or negative errno. */
static int append(struct wl_items *all, const struct wl_items *one, uint32_t base)
{
	int files = 0;
	for (size_t i = 0; i < one->n; i++) {
		const struct wl_item *item = &one->v[i];
		int r = wl_items_add(all, item->path, item->path_n, item->folder, item->size, 0);
		if (r < 0)
			return r;
		struct wl_item *copy = &all->v[all->n - 1];
		copy->number = item->folder ? 0 : item->number + base;
		files += !item->folder;
		if (item->has_sha256)
			wl_item_set_digest(copy, item->sha256, item->head, item->head_n);
	}
	return files;
}

int wl_listing_load_all(const struct wl_vault *v, const char *transfer, unsigned readings,
                        struct wl_items *ret_items, uint32_t *ret_base)
{
	WL_CLEANUP(wl_items_clear) struct wl_items all = {0};
	uint32_t base = 0, next = 0;
	for (unsigned i = 1; i <= readings; i++) {
		WL_CLEANUP(wl_items_clear) struct wl_items one = {0};
		int r = load(v, transfer, i, &one);
		base = next;
		if (r == 0)
			r = append(&all, &one, base);
		if (r < 0)
			return r;
		next = base + (uint32_t)r;
	}
	*ret_base = base;
	*ret_items = all;
	all = (struct wl_items){0};
	return 0;
}

int wl_listing_check(const struct wl_vault *v, const char *transfer, const struct wl_items *items,
                     const bool *kept)
{
	for (size_t i = 0; i < items->n; i++) {
		const struct wl_item *item = &items->v[i];
		WL_AUTO_CLOSE int fd = -1;
		uint8_t sha256[WL_SHA256_BYTES];
		uint64_t bytes = 0;
		if (item->folder || !kept[i])
			continue;
		int r = wl_vault_item_open(v, transfer, item->number, &fd);
		if (r == 0)
			r = wl_sha256_of_fd(fd, sha256, &bytes);
		if (r < 0)
			return r == -ENOENT ? -EBADMSG : r;
		if (bytes != item->size || memcmp(sha256, item->sha256, sizeof(sha256)) != 0)
			return -EBADMSG;
	}
	return 0;
}
