/*
 * Making the files of an export from what the ledger holds.
 *
 * Runs in weighlock-ledgerd. The broker names a size and a path; a path is read into numbers and
 * nothing of it is ever opened as it was said. A tile that is partial at that size is composed from
 * the entries and hashes, which never change, so an export stays of one size while the ledger grows
 * under it. Nothing is written here; power going loses only the answer.
 */
#include "daemon/ledger/export.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/ledger/audit_facts.h"
#include "daemon/ledger/manifest.h"
#include "daemon/ledger/rotate.h"
#include "daemon/ledger/tiles.h"

#define SEALS        (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define LEVEL_BITS   8U
#define TILE_BYTES   (WL_TILE_WIDTH * WL_SHA256_BYTES)
#define BUNDLE_MAX   (WL_TILE_WIDTH * (2U + WL_ENTRY_BYTES_MAX))
#define AFTER_LEVELS ((int)WL_TILE_LEVELS + 1)

enum { PRESENT, ARCHIVE, ARCHIVE_CHECKPOINT, END };

/* A ledger whose files are given: the present one, or the one before it. */
struct source {
	int dirfd;
	struct wl_store *store;
	struct wl_facts *facts;
	char name[WL_ARCHIVE_TEXT]; /* "" or its folder */
};

static struct source present(struct wl_ledger *l)
{
	return (struct source){.dirfd = l->dirfd, .store = l->store, .facts = l->facts};
}

/* 1 and the ledger whose key was given up, 0 where there is none. */
static int archived(struct wl_ledger *l, struct source *ret)
{
	struct wl_predecessor *p = NULL;
	struct wl_note_key key;
	int r = wl_rotation_archive(l, &p);

	if (r <= 0)
		return r;
	*ret = (struct source){.dirfd = p->dirfd, .store = p->store, .facts = p->facts};
	return wl_rotation_read(l, ret->name, &key);
}

int wl_export_first(struct wl_ledger *l, bool full, uint64_t *ret)
{
	struct wl_audit_cosigned last;
	int r = full ? 0 : wl_audit_cosigned(l->facts, &last);

	*ret = r > 0 ? last.size / WL_TILE_WIDTH * WL_TILE_WIDTH : 0;
	return r < 0 ? r : 0;
}

/* How many entries (level 0) or hashes (1 + L) a ledger of this size has at a level. */
static uint64_t count_at(uint64_t size, int level)
{
	unsigned shift = level == 0 ? 0 : (unsigned)(level - 1) * LEVEL_BITS;

	return size >> shift;
}

static unsigned width_of(uint64_t count, uint64_t n)
{
	uint64_t left = count - n * WL_TILE_WIDTH;

	return left < WL_TILE_WIDTH ? (unsigned)left : WL_TILE_WIDTH;
}

/* The bytes of a bundle: by the file where it is whole, else by its entries. */
static int bundle_bytes(const struct source *l, uint64_t n, unsigned width, const char *path,
                        uint64_t *ret)
{
	struct stat st;
	const uint8_t *p;
	size_t bytes;
	int r = 0;

	if (width == WL_TILE_WIDTH && fstatat(l->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		*ret = (uint64_t)st.st_size;
		return 0;
	}
	*ret = 0;
	for (unsigned i = 0; i < width && r == 0; i++) {
		r = wl_store_entry(l->store, n * WL_TILE_WIDTH + i, &p, &bytes);
		*ret += 2 + bytes;
	}
	return r;
}

static int next_manifest(const struct source *l, struct wl_export_at *at, char path[WL_EXPORT_PATH],
                         uint64_t *ret_bytes)
{
	char sha256[WL_SHA256_HEX + 1];
	struct stat st;
	uint64_t seq;
	int r = wl_audit_next_manifest(l->facts, at->n > at->first ? at->n : at->first, &seq,
	                               sha256);

	if (r <= 0 || seq >= at->size)
		return r < 0 ? r : 0;
	(void)snprintf(path, WL_EXPORT_PATH, "manifests/%s", sha256);
	if (fstatat(l->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	*ret_bytes = (uint64_t)st.st_size;
	at->n = seq + 1;
	return 1;
}

static int next_of(const struct source *l, struct wl_export_at *at, char path[WL_EXPORT_PATH],
                   uint64_t *ret_bytes)
{
	unsigned width;
	int r = 0;

	if (at->level == 0 && at->n < at->first / WL_TILE_WIDTH)
		at->n = at->first / WL_TILE_WIDTH;
	while (at->level < AFTER_LEVELS && at->n * WL_TILE_WIDTH >= count_at(at->size, at->level)) {
		at->level++;
		at->n = 0;
	}
	if (at->level >= AFTER_LEVELS)
		return next_manifest(l, at, path, ret_bytes);
	width = width_of(count_at(at->size, at->level), at->n);
	wl_tile_path(at->level == 0 ? WL_TILE_ENTRIES : at->level - 1, at->n, width, path);
	*ret_bytes = (uint64_t)width * WL_SHA256_BYTES;
	if (at->level == 0)
		r = bundle_bytes(l, at->n, width, path, ret_bytes);
	at->n++;
	return r < 0 ? r : 1;
}

/* The auditor has not seen the new key yet: she needs the end of the old ledger. */
static int is_archive_due(struct wl_ledger *l, struct source *ret)
{
	struct wl_audit_cosigned last;
	int r = wl_audit_cosigned(l->facts, &last);

	if (r != 0)
		return r < 0 ? r : 0;
	return archived(l, ret);
}

static int next_archived(struct wl_ledger *l, struct wl_export_at *at, char path[WL_EXPORT_PATH],
                         uint64_t *ret_bytes)
{
	struct source a;
	struct wl_export_at in = {.level = at->level, .n = at->n};
	char inside[WL_EXPORT_PATH];
	struct stat st;
	int r = is_archive_due(l, &a);

	if (r <= 0)
		return r;
	in.size = wl_store_size(a.store);
	r = at->part == ARCHIVE ? next_of(&a, &in, inside, ret_bytes) : 0;
	at->level = in.level;
	at->n = in.n;
	if (r == 0 && at->part == ARCHIVE)
		at->part = ARCHIVE_CHECKPOINT;
	if (r == 0) {
		(void)snprintf(inside, sizeof(inside), "checkpoint");
		r = fstatat(a.dirfd, inside, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 1;
		*ret_bytes = r > 0 ? (uint64_t)st.st_size : 0;
		at->part = END;
	}
	if (r > 0 && snprintf(path, WL_EXPORT_PATH, "%s/%s", a.name, inside) >= WL_EXPORT_PATH)
		return -ENAMETOOLONG;
	return r;
}

int wl_export_next(struct wl_ledger *l, struct wl_export_at *at, char path[WL_EXPORT_PATH],
                   uint64_t *ret_bytes)
{
	struct source s = present(l);
	int r = at->part == PRESENT ? next_of(&s, at, path, ret_bytes) : 0;

	if (r != 0 || at->part == END)
		return r;
	if (at->part == PRESENT) {
		at->part = ARCHIVE;
		at->level = 0;
		at->n = 0;
	}
	return next_archived(l, at, path, ret_bytes);
}

/* ---- the bytes ---- */

static int new_memfd(int *ret_fd)
{
	int fd = memfd_create("export", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int write_bundle(const struct source *l, uint64_t n, unsigned width, int fd)
{
	const uint8_t *p;
	size_t bytes;
	int r = 0;

	for (unsigned i = 0; i < width && r == 0; i++) {
		r = wl_store_entry(l->store, n * WL_TILE_WIDTH + i, &p, &bytes);
		if (r < 0)
			break;
		const uint8_t head[2] = {(uint8_t)(bytes >> 8), (uint8_t)bytes};
		r = wl_write_full(fd, head, sizeof(head));
		if (r == 0)
			r = wl_write_full(fd, p, bytes);
	}
	return r;
}

static int write_hashes(const struct source *l, int level, uint64_t n, unsigned width, int fd)
{
	uint8_t tile[TILE_BYTES];
	int r = 0;

	for (unsigned i = 0; i < width && r == 0; i++) {
		struct wl_hash h;
		r = wl_store_hash(l->store, (unsigned)level * LEVEL_BITS, n * WL_TILE_WIDTH + i,
		                  &h);
		memcpy(tile + (size_t)i * WL_SHA256_BYTES, h.b, WL_SHA256_BYTES);
	}
	return r < 0 ? r : wl_write_full(fd, tile, (size_t)width * WL_SHA256_BYTES);
}

/* "x001/x234/067": three digits at a time, all but the last with an x. */
static const char *parse_index(const char *s, uint64_t *ret)
{
	uint64_t n = 0;

	for (;;) {
		bool more = *s == 'x';
		s += more;
		for (int i = 0; i < 3; i++, s++) {
			if (*s < '0' || *s > '9' || n > UINT32_MAX)
				return NULL;
			n = n * 10 + (uint64_t)(*s - '0');
		}
		if (!more)
			break;
		if (*s++ != '/')
			return NULL;
	}
	*ret = n;
	return s;
}

/* A path of a tile, read into its numbers; it must be the one path these numbers have. */
static int parse_tile(const char *path, uint64_t size, int *ret_level, uint64_t *ret_n,
                      unsigned *ret_width)
{
	char again[WL_TILE_PATH_TEXT];
	const char *s = path;
	int level = -1;
	uint64_t n;

	if (strncmp(s, "tile/", 5) != 0)
		return -ENOENT;
	s += 5;
	if (strncmp(s, "entries/", 8) == 0) {
		s += 8;
	} else {
		level = *s - '0';
		if (level < 0 || level >= (int)WL_TILE_LEVELS || s[1] != '/')
			return -ENOENT;
		s += 2;
	}
	if (!parse_index(s, &n) || n * WL_TILE_WIDTH >= count_at(size, level + 1))
		return -ENOENT;
	*ret_width = width_of(count_at(size, level + 1), n);
	wl_tile_path(level < 0 ? WL_TILE_ENTRIES : level, n, *ret_width, again);
	if (strcmp(again, path) != 0)
		return -ENOENT;
	*ret_level = level;
	*ret_n = n;
	return 0;
}

static int open_manifest(const struct source *l, const char *sha256, int fd)
{
	WL_AUTO_CLOSE int from = -1;
	char buf[16384];
	off_t at = 0;
	ssize_t n;
	int r = wl_hex_is_sha256(sha256) ? wl_manifest_open(l->dirfd, sha256, &from) : -ENOENT;

	while (r == 0 && (n = wl_pread_full(from, buf, sizeof(buf), at)) != 0) {
		r = n < 0 ? (int)n : wl_write_full(fd, buf, (size_t)n);
		at += n;
	}
	return r;
}

/* A path in the archive: 1 and that ledger with the path inside it; 0 for one of the present
 * ledger. */
static int in_archive(struct wl_ledger *l, const char **path, struct source *ret)
{
	size_t n;
	int r = strncmp(*path, "archive/", 8) == 0 ? archived(l, ret) : 0;

	if (r <= 0)
		return r < 0 || strncmp(*path, "archive/", 8) != 0 ? r : -ENOENT;
	n = strlen(ret->name);
	if (strncmp(*path, ret->name, n) != 0 || (*path)[n] != '/')
		return -ENOENT;
	*path += n + 1;
	return 1;
}

static int write_text(const char *text, int fd)
{
	return wl_write_full(fd, text, strlen(text));
}

int wl_export_open(struct wl_ledger *l, uint64_t size, const char *path, int *ret_fd,
                   uint64_t *ret_bytes)
{
	WL_AUTO_CLOSE int fd = -1;
	struct source s = present(l);
	unsigned width = 0;
	uint64_t n = 0;
	int level = 0, archive = in_archive(l, &path, &s), r;

	if (archive < 0 || size > wl_store_size(l->store))
		return archive < 0 ? archive : -ENOENT;
	if (archive)
		size = wl_store_size(s.store);
	r = new_memfd(&fd);
	if (r < 0)
		return r;
	if (archive && strcmp(path, "checkpoint") == 0)
		r = write_text(wl_store_checkpoint(s.store), fd);
	else if (strncmp(path, "manifests/", 10) == 0)
		r = open_manifest(&s, path + 10, fd);
	else
		r = parse_tile(path, size, &level, &n, &width);
	if (r == 0 && width > 0)
		r = level < 0 ? write_bundle(&s, n, width, fd)
		              : write_hashes(&s, level, n, width, fd);
	off_t end = r == 0 ? lseek(fd, 0, SEEK_END) : 0;
	if (r == 0 && (end < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0))
		r = -errno;
	if (r < 0)
		return r;
	*ret_bytes = (uint64_t)end;
	*ret_fd = TAKE_FD(fd);
	return 0;
}
