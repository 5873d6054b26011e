/*
 * The vault (weighlockd): folders and files of transfers, by *at() calls below one descriptor.
 *
 * The names are ours (transfer ids, item numbers); the bytes are the vendor's and are never read
 * here. When power goes, an item is either sealed and durable (wl_vault_seal came back) or its
 * transfer is read again: nothing half-written is ever used.
 */
#include "daemon/broker/vault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/ids.h"
#include "daemon/base/limits.h"

#define ITEM_NAME            16
#define FSYNC_EACH_MAX       256U
#define LEDGER_RESERVE_BYTES WL_MIB(256)

static void close_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}
#define AUTO_DIR WL_CLEANUP(close_dir)

int wl_vault_open(struct wl_vault *v, const char *path)
{
	v->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return v->fd < 0 ? -errno : 0;
}

void wl_vault_close(struct wl_vault *v)
{
	wl_cleanup_close(&v->fd);
}

/* A folder below another, as a stream; NULL with errno. */
static DIR *open_dir(int at, const char *name)
{
	WL_AUTO_CLOSE int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (d)
		(void)TAKE_FD(fd);
	return d;
}

/* The next entry that is not "." or ".."; NULL at the end. */
static struct dirent *next_entry(DIR *d)
{
	struct dirent *e;
	do
		e = readdir(d);
	while (e && (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")));
	return e;
}

/* Files of one folder: how many, how many bytes. */
static void count_files(int at, const char *name, uint64_t *items, uint64_t *bytes)
{
	AUTO_DIR DIR *d = open_dir(at, name);
	struct dirent *e;
	while (d && (e = next_entry(d))) {
		struct stat st;
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		(*items)++;
		*bytes += (uint64_t)st.st_size;
	}
}

int wl_vault_each(const struct wl_vault *v, void (*cb)(void *user, const char *transfer),
                  void *user)
{
	AUTO_DIR DIR *d = open_dir(v->fd, ".");
	struct dirent *e;
	if (!d)
		return -errno;
	while ((e = next_entry(d)))
		if (wl_id_is(WL_ID_TRANSFER, e->d_name))
			cb(user, e->d_name);
	return 0;
}

/* Removes what lies in a folder, one level; folders in it are emptied first. */
static int empty_dir(int at, const char *name, unsigned depth)
{
	AUTO_DIR DIR *d = open_dir(at, name);
	struct dirent *e;
	if (!d)
		return -errno;
	while ((e = next_entry(d))) {
		if (unlinkat(dirfd(d), e->d_name, 0) == 0)
			continue;
		if ((errno != EISDIR && errno != EPERM) || depth == 0)
			return -errno;
		int r = empty_dir(dirfd(d), e->d_name, depth - 1);
		if (r < 0)
			return r;
		if (unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR) < 0)
			return -errno;
	}
	return 0;
}

struct usage {
	int fd;
	uint64_t items, bytes;
};

static void add_usage(void *user, const char *transfer)
{
	struct usage *u = user;
	char path[WL_ID_TEXT + 8];
	uint64_t made = 0;
	(void)snprintf(path, sizeof(path), "%.32s/item", transfer);
	count_files(u->fd, path, &u->items, &u->bytes);
	(void)snprintf(path, sizeof(path), "%.32s/out", transfer);
	count_files(u->fd, path, &made, &u->bytes);
}

uint64_t wl_vault_size(const struct wl_vault *v, const char *transfer)
{
	struct usage u = {.fd = v->fd};
	add_usage(&u, transfer);
	return u.bytes;
}

int wl_vault_room(const struct wl_vault *v, uint64_t quota_bytes, uint64_t *ret_used,
                  uint64_t *ret_free)
{
	struct usage u = {.fd = v->fd};
	struct statvfs fs;
	int r = wl_vault_each(v, add_usage, &u);
	if (r < 0)
		return r;
	if (fstatvfs(v->fd, &fs) < 0)
		return -errno;
	uint64_t disk = (uint64_t)fs.f_bavail * fs.f_frsize;
	disk = disk > LEDGER_RESERVE_BYTES ? disk - LEDGER_RESERVE_BYTES : 0;
	uint64_t quota = quota_bytes > u.bytes ? quota_bytes - u.bytes : 0;
	*ret_used = u.bytes;
	*ret_free = quota < disk ? quota : disk;
	return 0;
}

int wl_vault_begin(const struct wl_vault *v, const char *transfer)
{
	uint64_t items, bytes;
	int r = wl_vault_delete(v, transfer, &items, &bytes);
	if (r < 0)
		return r;
	if (mkdirat(v->fd, transfer, 0700) < 0)
		return -errno;
	WL_AUTO_CLOSE int fd =
	        openat(v->fd, transfer, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || mkdirat(fd, "item", 0700) < 0 || mkdirat(fd, "out", 0700) < 0 ||
	    fsync(fd) < 0 || fsync(v->fd) < 0)
		return -errno;
	return 0;
}

static void item_path(char *buf, size_t size, const char *transfer, uint32_t number)
{
	(void)snprintf(buf, size, "%.32s/item/%05u", transfer, number);
}

int wl_vault_item_create(const struct wl_vault *v, const char *transfer, uint32_t number,
                         int *ret_fd)
{
	char path[WL_ID_TEXT + ITEM_NAME];
	item_path(path, sizeof(path), transfer, number);
	int fd = openat(v->fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int wl_vault_item_open(const struct wl_vault *v, const char *transfer, uint32_t number, int *ret_fd)
{
	char path[WL_ID_TEXT + ITEM_NAME];
	item_path(path, sizeof(path), transfer, number);
	int fd = openat(v->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int seal_item(int at, const char *name, bool sync)
{
	WL_AUTO_CLOSE int fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fchmod(fd, 0400) < 0)
		return -errno;
	return sync && fsync(fd) < 0 ? -errno : 0;
}

static int seal_folder(const struct wl_vault *v, const char *transfer, const char *folder)
{
	char path[WL_ID_TEXT + ITEM_NAME];
	(void)snprintf(path, sizeof(path), "%.32s/%s", transfer, folder);
	AUTO_DIR DIR *d = open_dir(v->fd, path);
	struct dirent *e;
	uint64_t items = 0, bytes = 0;
	if (!d)
		return -errno;
	count_files(v->fd, path, &items, &bytes);
	bool each = items <= FSYNC_EACH_MAX; /* of thousands of files the whole system is cheaper */
	while ((e = next_entry(d))) {
		int r = seal_item(dirfd(d), e->d_name, each);
		if (r < 0)
			return r;
	}
	if (!each && syncfs(dirfd(d)) < 0)
		return -errno;
	return fsync(dirfd(d)) < 0 ? -errno : 0;
}

int wl_vault_seal(const struct wl_vault *v, const char *transfer)
{
	return seal_folder(v, transfer, "item");
}

int wl_vault_items_drop(const struct wl_vault *v, const char *transfer, uint32_t number)
{
	char path[WL_ID_TEXT + ITEM_NAME];
	(void)snprintf(path, sizeof(path), "%.32s/item", transfer);
	AUTO_DIR DIR *d = open_dir(v->fd, path);
	struct dirent *e;
	if (!d)
		return -errno;
	while ((e = next_entry(d)))
		if (strtoul(e->d_name, NULL, 10) > number && unlinkat(dirfd(d), e->d_name, 0) < 0)
			return -errno;
	return fsync(dirfd(d)) < 0 ? -errno : 0;
}

/* ---- out/ ---- */

#define OUT_PATH (WL_ID_TEXT + 8U + WL_VAULT_NAME_MAX)

/* The names are ours; one that is none is a fault, never a way out of the folder. */
static int out_path(char buf[OUT_PATH], const char *transfer, const char *name)
{
	if (strlen(name) > WL_VAULT_NAME_MAX || strchr(name, '/') || name[0] == '.' || !name[0])
		return -EINVAL;
	(void)snprintf(buf, OUT_PATH, "%.32s/out/%s", transfer, name);
	return 0;
}

int wl_vault_out_begin(const struct wl_vault *v, const char *transfer)
{
	char path[WL_ID_TEXT + ITEM_NAME];
	(void)snprintf(path, sizeof(path), "%.32s/out", transfer);
	return empty_dir(v->fd, path, 0);
}

static int out_open(const struct wl_vault *v, const char *transfer, const char *name, int flags,
                    int *ret_fd)
{
	char path[OUT_PATH];
	int r = out_path(path, transfer, name);
	if (r < 0)
		return r;
	int fd = openat(v->fd, path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int wl_vault_out_create(const struct wl_vault *v, const char *transfer, const char *name,
                        int *ret_fd)
{
	return out_open(v, transfer, name, O_RDWR | O_CREAT | O_EXCL, ret_fd);
}

int wl_vault_out_open(const struct wl_vault *v, const char *transfer, const char *name, int *ret_fd)
{
	return out_open(v, transfer, name, O_RDONLY, ret_fd);
}

int wl_vault_out_rename(const struct wl_vault *v, const char *transfer, const char *from,
                        const char *to)
{
	char old[OUT_PATH], new[OUT_PATH];
	if (out_path(old, transfer, from) < 0 || out_path(new, transfer, to) < 0)
		return -EINVAL;
	return renameat(v->fd, old, v->fd, new) < 0 ? -errno : 0;
}

int wl_vault_out_remove(const struct wl_vault *v, const char *transfer, const char *name)
{
	char path[OUT_PATH];
	int r = out_path(path, transfer, name);
	return r < 0 ? r : unlinkat(v->fd, path, 0) < 0 ? -errno : 0;
}

int wl_vault_out_seal(const struct wl_vault *v, const char *transfer)
{
	return seal_folder(v, transfer, "out");
}

/* "out/manifest": the folder it lies in, and the name there. */
static int open_place(const struct wl_vault *v, const char *transfer, const char **name)
{
	char path[WL_ID_TEXT + ITEM_NAME];
	const char *slash = strchr(*name, '/');
	int folder = slash ? (int)(slash - *name) : 0;
	(void)snprintf(path, sizeof(path), "%.32s/%.*s", transfer, folder, *name);
	if (slash)
		*name = slash + 1;
	int fd = openat(v->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int wl_vault_put(const struct wl_vault *v, const char *transfer, const char *name, const void *p,
                 size_t n)
{
	WL_AUTO_CLOSE int fd = open_place(v, transfer, &name);
	return fd < 0 ? fd : wl_file_replace(fd, name, p, n, 0400);
}

int wl_vault_get(const struct wl_vault *v, const char *transfer, const char *name, size_t max,
                 void **ret_p, size_t *ret_n)
{
	WL_AUTO_CLOSE int fd = open_place(v, transfer, &name);
	return fd < 0 ? fd : wl_file_read(fd, name, max, ret_p, ret_n);
}

int wl_vault_delete(const struct wl_vault *v, const char *transfer, uint64_t *ret_items,
                    uint64_t *ret_bytes)
{
	char path[WL_ID_TEXT + ITEM_NAME];
	*ret_items = *ret_bytes = 0;
	(void)snprintf(path, sizeof(path), "%.32s/item", transfer);
	count_files(v->fd, path, ret_items, ret_bytes);
	int r = empty_dir(v->fd, transfer, 1);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (unlinkat(v->fd, transfer, AT_REMOVEDIR) < 0 || fsync(v->fd) < 0)
		return -errno;
	return 0;
}
