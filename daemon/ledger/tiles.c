/*
 * The tiles on disk: the right edge in memory, everything left of it read back when asked for.
 *
 * Runs in weighlock-ledgerd. The bytes are ours; still, each entry read back is compared with its
 * leaf hash, so that a disk that lies is found out rather than believed. Power going while tiles
 * are published leaves whole files only (rename), and the journal still holds what they were made
 * from: publishing again writes the same bytes.
 */
#include "daemon/ledger/tiles.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/ledger/folder.h"

#define HASH_BYTES       WL_SHA256_BYTES
#define TILE_BYTES       (WL_TILE_WIDTH * HASH_BYTES)
#define BUNDLE_BYTES_MAX (WL_TILE_WIDTH * (2U + WL_ENTRY_BYTES_MAX))
#define PATH_MAX_TEXT    WL_TILE_PATH_TEXT

/* One tile or bundle: its bytes as they lie in the file. */
struct tile {
	int level;
	uint64_t n;
	unsigned width;
	bool dirty; /* differs from what is published */
	uint8_t *p;
	size_t used, room;
	struct tile *next; /* among the full ones not yet published */
};

struct wl_tiles {
	int dirfd;
	uint64_t size;
	struct tile edge[WL_TILE_LEVELS];  /* the rightmost tile of each level, width 0 to 255 */
	struct tile bundle;                /* the rightmost bundle of entries */
	struct tile *full;                 /* completed since the last publishing */
	struct tile cache[WL_TILE_LEVELS]; /* the last full tile read back of each level */
	struct tile bundle_cache;
};

void wl_tile_path(int level, uint64_t n, unsigned width, char buf[WL_TILE_PATH_TEXT])
{
	char digits[24], groups[40] = "", head[16];
	size_t len, at = 0, first;

	(void)snprintf(digits, sizeof(digits), "%03" PRIu64, n);
	len = strlen(digits);
	first = (len + 2) / 3 * 3 - len; /* zeros missing from the first group */
	for (size_t i = 0; i < len + first; i++) {
		if (i % 3 == 0 && i + 3 < len + first)
			groups[at++] = 'x';
		groups[at++] = i < first ? '0' : digits[i - first];
		if (i % 3 == 2 && i + 1 < len + first)
			groups[at++] = '/';
	}
	groups[at] = '\0';
	if (level == WL_TILE_ENTRIES)
		(void)snprintf(head, sizeof(head), "entries");
	else
		(void)snprintf(head, sizeof(head), "%d", level);
	if (width == WL_TILE_WIDTH)
		(void)snprintf(buf, WL_TILE_PATH_TEXT, "tile/%s/%s", head, groups);
	else
		(void)snprintf(buf, WL_TILE_PATH_TEXT, "tile/%s/%s.p/%u", head, groups, width);
}

static int tile_reserve(struct tile *t, size_t more)
{
	size_t want = t->used + more;
	uint8_t *p;

	if (want <= t->room)
		return 0;
	want = want < 2 * t->room ? 2 * t->room : want;
	p = realloc(t->p, want);
	if (!p)
		return -ENOMEM;
	t->p = p;
	t->room = want;
	return 0;
}

static int tile_add(struct tile *t, const void *p, size_t n)
{
	int r = tile_reserve(t, n);

	if (r < 0)
		return r;
	memcpy(t->p + t->used, p, n);
	t->used += n;
	return 0;
}

static void tile_free(struct tile *t)
{
	free(t->p);
	*t = (struct tile){0};
}

struct wl_tiles *wl_tiles_free(struct wl_tiles *t)
{
	if (!t)
		return NULL;
	for (unsigned i = 0; i < WL_TILE_LEVELS; i++) {
		tile_free(&t->edge[i]);
		tile_free(&t->cache[i]);
	}
	tile_free(&t->bundle);
	tile_free(&t->bundle_cache);
	while (t->full) {
		struct tile *next = t->full->next;
		tile_free(t->full);
		free(t->full);
		t->full = next;
	}
	free(t);
	return NULL;
}

uint64_t wl_tiles_size(const struct wl_tiles *t)
{
	return t->size;
}

/* Reads a tile's file whole into *t; a partial one that is gone is cut from the full one. */
static int read_tile_file(int dirfd, struct tile *t)
{
	size_t max = t->level == WL_TILE_ENTRIES ? BUNDLE_BYTES_MAX : TILE_BYTES;
	char path[PATH_MAX_TEXT];
	void *p;
	size_t n;
	int r;

	wl_tile_path(t->level, t->n, t->width, path);
	r = wl_file_read(dirfd, path, max, &p, &n);
	if (r == -ENOENT && t->width < WL_TILE_WIDTH) {
		wl_tile_path(t->level, t->n, WL_TILE_WIDTH, path);
		r = wl_file_read(dirfd, path, max, &p, &n);
	}
	if (r == -ENOENT || r == -EFBIG)
		return -EUCLEAN;
	if (r < 0)
		return r;
	free(t->p);
	t->p = p;
	t->used = t->room = n;
	return 0;
}

/* Where entry `i` of a bundle lies. -EUCLEAN where the bundle ends before it. */
static int bundle_find(const struct tile *t, unsigned i, size_t *ret_at, size_t *ret_n)
{
	size_t at = 0;

	for (unsigned k = 0;; k++) {
		size_t n;
		if (t->used - at < 2)
			return -EUCLEAN;
		n = (size_t)t->p[at] << 8 | t->p[at + 1];
		if (t->used - at - 2 < n)
			return -EUCLEAN;
		if (k == i) {
			*ret_at = at + 2;
			*ret_n = n;
			return 0;
		}
		at += 2 + n;
	}
}

/* Reads the tile t->level, t->n, t->width and cuts it to that width. */
static int read_tile(int dirfd, struct tile *t)
{
	size_t at, n;
	int r = read_tile_file(dirfd, t);

	if (r < 0)
		return r;
	if (t->level == WL_TILE_ENTRIES) {
		r = bundle_find(t, t->width - 1, &at, &n);
		if (r < 0)
			return r;
		t->used = at + n;
		return 0;
	}
	if (t->used < t->width * HASH_BYTES)
		return -EUCLEAN;
	t->used = t->width * HASH_BYTES;
	return 0;
}

static int open_edge(struct wl_tiles *t, struct tile *edge, int level, uint64_t count)
{
	*edge = (struct tile){
	        .level = level,
	        .n = count / WL_TILE_WIDTH,
	        .width = (unsigned)(count % WL_TILE_WIDTH),
	};
	return edge->width > 0 ? read_tile(t->dirfd, edge) : 0;
}

/* The rightmost bundle's entries must be the leaves that the rightmost tile holds. */
static int check_edge(const struct wl_tiles *t)
{
	size_t at, n;
	struct wl_hash leaf;

	for (unsigned i = 0; i < t->bundle.width; i++) {
		int r = bundle_find(&t->bundle, i, &at, &n);
		if (r == 0)
			r = wl_merkle_leaf(t->bundle.p + at, n, &leaf);
		if (r < 0)
			return r;
		if (memcmp(leaf.b, t->edge[0].p + i * HASH_BYTES, HASH_BYTES) != 0)
			return -EUCLEAN;
	}
	return 0;
}

int wl_tiles_open(int dirfd, uint64_t size, struct wl_tiles **ret)
{
	struct wl_tiles *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	t->dirfd = dirfd;
	t->size = size;
	r = open_edge(t, &t->bundle, WL_TILE_ENTRIES, size);
	for (unsigned i = 0; r == 0 && i < WL_TILE_LEVELS; i++)
		r = open_edge(t, &t->edge[i], (int)i, size >> (8 * i));
	if (r == 0)
		r = check_edge(t);
	if (r < 0) {
		wl_tiles_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

/* A tile reached its width: it waits for publishing, and the edge moves one to the right. */
static int edge_fill(struct wl_tiles *t, struct tile *edge)
{
	struct tile *full = malloc(sizeof(*full));

	if (!full)
		return -ENOMEM;
	*full = *edge;
	full->dirty = true;
	full->next = t->full;
	t->full = full;
	*edge = (struct tile){.level = full->level, .n = full->n + 1};
	return 0;
}

static int fold(const uint8_t *hashes, unsigned count, struct wl_hash *ret)
{
	struct wl_hash h[WL_TILE_WIDTH];

	memcpy(h, hashes, (size_t)count * HASH_BYTES);
	for (; count > 1; count /= 2)
		for (unsigned i = 0; i < count / 2; i++) {
			int r = wl_merkle_node(&h[2 * i], &h[2 * i + 1], &h[i]);
			if (r < 0)
				return r;
		}
	*ret = h[0];
	return 0;
}

static int add_hash(struct wl_tiles *t, const struct wl_hash *leaf)
{
	struct wl_hash up = *leaf;
	int r = 0;

	for (unsigned level = 0; r == 0 && level < WL_TILE_LEVELS; level++) {
		struct tile *edge = &t->edge[level];
		r = tile_add(edge, up.b, HASH_BYTES);
		if (r < 0)
			return r;
		edge->dirty = true;
		if (++edge->width < WL_TILE_WIDTH)
			return 0;
		r = fold(edge->p, WL_TILE_WIDTH, &up);
		if (r == 0)
			r = edge_fill(t, edge);
	}
	return r;
}

int wl_tiles_append(struct wl_tiles *t, const void *entry, size_t n)
{
	const uint8_t length[2] = {(uint8_t)(n >> 8), (uint8_t)n};
	struct wl_hash leaf;
	int r = wl_merkle_leaf(entry, n, &leaf);

	if (r == 0)
		r = tile_add(&t->bundle, length, sizeof(length));
	if (r == 0)
		r = tile_add(&t->bundle, entry, n);
	if (r < 0)
		return r;
	t->bundle.dirty = true;
	if (++t->bundle.width == WL_TILE_WIDTH)
		r = edge_fill(t, &t->bundle);
	if (r == 0)
		r = add_hash(t, &leaf);
	if (r == 0)
		t->size++;
	return r;
}

static int write_tile(int dirfd, const struct tile *tile)
{
	char path[PATH_MAX_TEXT];

	wl_tile_path(tile->level, tile->n, tile->width, path);
	return wl_folder_write(dirfd, path, tile->p, tile->used, 0750, 0640);
}

/* Partial files of a tile that is complete now; what cannot be removed only lies there. */
static void remove_partials(int dirfd, const struct tile *tile)
{
	char path[PATH_MAX_TEXT];

	wl_tile_path(tile->level, tile->n, WL_TILE_WIDTH, path);
	(void)strncat(path, ".p", sizeof(path) - strlen(path) - 1);
	(void)wl_folder_remove(dirfd, path);
}

int wl_tiles_write(const struct wl_tiles *t, int dirfd)
{
	int r = 0;

	for (const struct tile *f = t->full; r == 0 && f; f = f->next)
		r = write_tile(dirfd, f);
	if (r == 0 && t->bundle.dirty && t->bundle.width > 0)
		r = write_tile(dirfd, &t->bundle);
	for (unsigned i = 0; r == 0 && i < WL_TILE_LEVELS; i++)
		if (t->edge[i].dirty && t->edge[i].width > 0)
			r = write_tile(dirfd, &t->edge[i]);
	for (const struct tile *f = t->full; r == 0 && f; f = f->next)
		remove_partials(dirfd, f);
	return r;
}

int wl_tiles_publish(struct wl_tiles *t)
{
	int r = wl_tiles_write(t, t->dirfd);

	if (r < 0)
		return r;
	t->bundle.dirty = false;
	for (unsigned i = 0; i < WL_TILE_LEVELS; i++)
		t->edge[i].dirty = false;
	while (t->full) {
		struct tile *f = t->full;
		t->full = f->next;
		tile_free(f);
		free(f);
	}
	return 0;
}

/* The bytes of a tile: the edge, one not yet published, or one read back. */
static int find_tile(struct wl_tiles *t, int level, uint64_t n, const struct tile **ret)
{
	bool entries = level == WL_TILE_ENTRIES;
	const struct tile *edge = entries ? &t->bundle : &t->edge[level];
	struct tile *cache = entries ? &t->bundle_cache : &t->cache[level];
	int r;

	if (n == edge->n) {
		*ret = edge;
		return 0;
	}
	for (const struct tile *f = t->full; f; f = f->next)
		if (f->level == level && f->n == n) {
			*ret = f;
			return 0;
		}
	if (!cache->p || cache->n != n) {
		tile_free(cache);
		cache->level = level;
		cache->n = n;
		cache->width = WL_TILE_WIDTH;
		r = read_tile(t->dirfd, cache);
		if (r < 0) {
			tile_free(cache);
			return r;
		}
	}
	*ret = cache;
	return 0;
}

/* Of one level: every tile that has something beyond `from` hashes (or entries) up to `to`. */
static int copy_level(struct wl_tiles *t, int level, uint64_t from, uint64_t to, int dirfd)
{
	const struct tile *tile;
	int r = 0;

	if (from == to)
		return 0;
	for (uint64_t n = from / WL_TILE_WIDTH; r == 0 && n * WL_TILE_WIDTH < to; n++) {
		wl_daemon_alive();
		r = find_tile(t, level, n, &tile);
		if (r == 0)
			r = write_tile(dirfd, tile);
	}
	return r;
}

int wl_tiles_copy(struct wl_tiles *t, uint64_t from, uint64_t to, int dirfd)
{
	int r = copy_level(t, WL_TILE_ENTRIES, from, to, dirfd);

	for (unsigned i = 0; r == 0 && i < WL_TILE_LEVELS; i++)
		r = copy_level(t, (int)i, from >> (8 * i), to >> (8 * i), dirfd);
	return r;
}

int wl_tiles_get(void *user, unsigned height, uint64_t index, struct wl_hash *ret)
{
	struct wl_tiles *t = user;
	unsigned level = height / 8, below = height % 8, first;
	const struct tile *tile;
	int r;

	if (level >= WL_TILE_LEVELS || index >= t->size >> height)
		return -ERANGE;
	index <<= below;
	r = find_tile(t, (int)level, index / WL_TILE_WIDTH, &tile);
	if (r < 0)
		return r;
	first = (unsigned)(index % WL_TILE_WIDTH);
	if (first + (1U << below) > tile->width)
		return -EUCLEAN;
	return fold(tile->p + first * HASH_BYTES, 1U << below, ret);
}

int wl_tiles_root(struct wl_tiles *t, uint64_t size, struct wl_hash *ret)
{
	return wl_merkle_root(wl_tiles_get, t, size, ret);
}

int wl_tiles_entry(struct wl_tiles *t, uint64_t seq, const uint8_t **ret_p, size_t *ret_n)
{
	const struct tile *bundle;
	struct wl_hash leaf, known;
	size_t at = 0, n = 0;
	int r;

	if (seq >= t->size)
		return -ERANGE;
	r = find_tile(t, WL_TILE_ENTRIES, seq / WL_TILE_WIDTH, &bundle);
	if (r == 0)
		r = bundle_find(bundle, (unsigned)(seq % WL_TILE_WIDTH), &at, &n);
	if (r == 0)
		r = wl_merkle_leaf(bundle->p + at, n, &leaf);
	if (r == 0)
		r = wl_tiles_get(t, 0, seq, &known);
	if (r < 0)
		return r;
	if (memcmp(leaf.b, known.b, sizeof(leaf.b)) != 0)
		return -EUCLEAN;
	*ret_p = bundle->p + at;
	*ret_n = n;
	return 0;
}
