/*
 * The files of one reading: what was found on the medium (or in a folder), as facts.
 *
 * Paths are raw bytes as the volume says them (UTF-8, '/' between names, no leading '/'). Only
 * files are items with a number (INTERFACES 2: from 1, ascending by raw path bytes); folders are
 * kept beside them with number 0: they are judged but never recorded or delivered by themselves.
 */
#ifndef WL_POLICY_ITEMS_H
#define WL_POLICY_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/sha256.h"

#define WL_ITEM_HEAD_BYTES 16

struct wl_item {
	uint32_t number; /* 1…; 0: a folder */
	bool folder;
	char *path; /* raw bytes and a NUL behind them */
	size_t path_n;
	uint64_t size;
	uint64_t cookie; /* the caller's: e.g. the reader's own number of the file */
	bool has_sha256; /* read completely and digested (a fact of the digest tool) */
	uint8_t sha256[WL_SHA256_BYTES];
	uint8_t head[WL_ITEM_HEAD_BYTES]; /* first bytes, a fact of the digest tool */
	size_t head_n;
};

struct wl_items {
	struct wl_item *v;
	size_t n;
	size_t room;
};

/* Adds one entry; copies the path. 0, -ENOMEM, -E2BIG (more than WL_TRANSFER_FILES_MAX files and as
 * many folders). Pointers to items are valid until the next add. */
int wl_items_add(struct wl_items *items, const void *path, size_t path_n, bool folder,
                 uint64_t size, uint64_t cookie);
/* Sorts by raw path bytes (a prefix first) and numbers the files. Call once, after the last add. */
void wl_items_number(struct wl_items *items);
/* Whether the files are at most files_max and their sizes at most bytes_max together. What a parser
 * lists is its claim, whatever limits it was told. */
bool wl_items_are_within(const struct wl_items *items, uint64_t files_max, uint64_t bytes_max);
/* After wl_items_number: the entry with exactly this path, or NULL. */
struct wl_item *wl_items_find(const struct wl_items *items, const void *path, size_t path_n);
/* The file with this number, or NULL. */
struct wl_item *wl_items_get(const struct wl_items *items, uint32_t number);
/* Records what the digest tool said. */
void wl_item_set_digest(struct wl_item *item, const uint8_t sha256[WL_SHA256_BYTES],
                        const void *head, size_t head_n);
void wl_items_clear(struct wl_items *items); /* frees; leaves an empty set; for WL_CLEANUP too */

#endif
