/*
 * Folders of the ledger: every new folder and file is durable in its parent before it is counted
 * on.
 *
 * Runs in weighlock-ledgerd on its own state only; no name here comes from a person or a medium.
 * When power goes between mkdir and fsync the folder may be missing again: whoever needed it has
 * not reported success yet, and recovery makes it again.
 */
#include "daemon/ledger/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static int open_one(int dirfd, const char *name, int *ret_fd)
{
	int fd = openat(dirfd, name, FOLDER_FLAGS);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int make_one(int dirfd, const char *name, mode_t mode, int *ret_fd)
{
	int r = open_one(dirfd, name, ret_fd);

	if (r != -ENOENT)
		return r;
	if (mkdirat(dirfd, name, mode) < 0 && errno != EEXIST)
		return -errno;
	if (fsync(dirfd) < 0)
		return -errno;
	return open_one(dirfd, name, ret_fd);
}

static int walk(int dirfd, const char *path, bool make, mode_t mode, int *ret_fd)
{
	WL_AUTO_CLOSE int at = -1;
	char name[256];
	int r = open_one(dirfd, ".", &at);

	while (r == 0 && *path) {
		size_t n = strcspn(path, "/");
		int next = -1;

		if (n == 0 || n >= sizeof(name))
			return -EINVAL;
		memcpy(name, path, n);
		name[n] = '\0';
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			return -EINVAL;
		r = make ? make_one(at, name, mode, &next) : open_one(at, name, &next);
		if (r < 0)
			return r;
		(void)close(at);
		at = next;
		path += n + (path[n] == '/');
	}
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(at);
	return 0;
}

int wl_folder_make(int dirfd, const char *path, mode_t mode, int *ret_fd)
{
	return walk(dirfd, path, true, mode, ret_fd);
}

int wl_folder_open(int dirfd, const char *path, int *ret_fd)
{
	return walk(dirfd, path, false, 0, ret_fd);
}

int wl_folder_write(int dirfd, const char *path, const void *p, size_t n, mode_t folder_mode,
                    mode_t file_mode)
{
	WL_AUTO_CLOSE int fd = -1;
	const char *slash = strrchr(path, '/');
	char folder[256] = "";
	int r;

	if (slash) {
		if ((size_t)(slash - path) >= sizeof(folder))
			return -ENAMETOOLONG;
		memcpy(folder, path, (size_t)(slash - path));
	}
	r = wl_folder_make(dirfd, folder, folder_mode, &fd);
	if (r < 0)
		return r;
	return wl_file_replace(fd, slash ? slash + 1 : path, p, n, file_mode);
}

static int remove_files(int fd)
{
	DIR *d = fdopendir(fd);
	const struct dirent *e;
	int r = 0;

	if (!d) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	errno = 0;
	while ((e = readdir(d)) != NULL) { /* cppcheck-suppress readdirCalled */
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(d), e->d_name, 0) < 0 && errno != ENOENT)
			r = -errno;
		errno = 0;
	}
	if (errno != 0)
		r = -errno;
	(void)closedir(d);
	return r;
}

int wl_folder_remove(int dirfd, const char *name)
{
	int fd, r;

	r = wl_folder_open(dirfd, name, &fd);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	r = remove_files(fd);
	if (r < 0)
		return r;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}
