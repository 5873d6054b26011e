/*
 * Walking a folder. Names and contents may come from a vendor: names are bounded and escaped where
 * shown, contents are hashed and never interpreted here.
 */
#include "client/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"

static void close_folder(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

struct walk {
	struct wl_items *items;
	char path[WL_VOLUME_PATH_BYTES_MAX + 1]; /* of the entry at hand */
};

static int walk_folder(struct walk *w, int folder, size_t stem, unsigned depth);

/* One entry whose name stands in w->path behind `stem`. */
static int take_entry(struct walk *w, int folder, const char *name, size_t end, unsigned depth)
{
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISREG(st.st_mode))
		return wl_items_add(w->items, w->path, end, false, (uint64_t)st.st_size, 0);
	if (!S_ISDIR(st.st_mode))
		return -ELOOP;
	int r = wl_items_add(w->items, w->path, end, true, 0, 0);
	WL_AUTO_CLOSE int below =
	        r < 0 ? -1 : openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r < 0 || below < 0)
		return r < 0 ? r : -errno;
	w->path[end] = '/';
	return walk_folder(w, TAKE_FD(below), end + 1, depth + 1);
}

/* Takes `folder` over. */
static int walk_folder(struct walk *w, int folder, size_t stem, unsigned depth)
{
	WL_CLEANUP(close_folder) DIR *d = fdopendir(folder);
	struct dirent *e;
	int r = 0;

	if (!d) {
		(void)close(folder);
		return -errno;
	}
	if (depth > WL_VOLUME_DEPTH_MAX)
		return -ENAMETOOLONG;
	while (r == 0 && (e = readdir(d))) {
		size_t n = strlen(e->d_name);
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (stem + n >= sizeof(w->path))
			return -ENAMETOOLONG;
		memcpy(w->path + stem, e->d_name, n + 1);
		r = take_entry(w, dirfd(d), e->d_name, stem + n, depth);
	}
	return r;
}

static int say_failed(const struct wl_cli *cli, const char *root, const char *path, int error)
{
	char shown[WL_VOLUME_PATH_BYTES_MAX + 1];

	wl_text_escape(path, strlen(path), shown, sizeof(shown));
	if (error == -ELOOP)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s/%s is a link or a special file; only plain files are "
		                        "taken."),
		                      root, shown);
	return wl_say_failure(
	        cli, error == -EACCES || error == -EIO ? WL_EXIT_FAULT : WL_EXIT_USAGE,
	        "BadArgument", _("%s/%s cannot be read: %s."), root, shown, strerror(-error));
}

int wl_folder_list(const struct wl_cli *cli, const char *path, struct wl_items *items, int *ret_fd)
{
	WL_AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct walk w = {.items = items};
	int again = fd < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = again < 0 ? -errno : walk_folder(&w, again, 0, 1);

	if (r == -ENOTDIR)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s is no folder. To get files out of an image: weighlock "
		                        "volume cp."),
		                      path);
	if (r < 0)
		return say_failed(cli, path, w.path, r);
	wl_items_number(items);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int wl_folder_open(int folder, const char *path, int *ret_fd)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
	                       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
	                                  RESOLVE_NO_MAGICLINKS};
	int fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return -ELOOP;
	}
	*ret_fd = fd;
	return 0;
}

static int digest_one(int folder, struct wl_item *item)
{
	WL_AUTO_CLOSE int fd = -1;
	uint8_t digest[WL_SHA256_BYTES], head[WL_ITEM_HEAD_BYTES];
	uint64_t bytes = 0;
	int r = wl_folder_open(folder, item->path, &fd);

	if (r == 0)
		r = wl_sha256_of_fd(fd, digest, &bytes);
	ssize_t n = r < 0 ? r : wl_pread_full(fd, head, sizeof(head), 0);
	if (n < 0)
		return (int)n;
	item->size = bytes;
	wl_item_set_digest(item, digest, head, (size_t)n);
	return 0;
}

int wl_folder_digest(const struct wl_cli *cli, int folder, struct wl_items *items)
{
	for (size_t i = 0; i < items->n; i++) {
		int r = items->v[i].folder ? 0 : digest_one(folder, &items->v[i]);
		if (r < 0)
			return say_failed(cli, "", items->v[i].path, r);
	}
	return 0;
}
