/*
 * Files of a ledger's folder.
 *
 * The attacker may have put anything into this folder: links, pipes, devices, a file that never
 * ends. Files are opened without following a last link and without waiting, must be regular, and
 * are read up to the size their name allows. The one thing written (a cosignature, the auditor's
 * memory) is written beside and renamed, so that power going leaves the old or the new.
 */
#include "verify/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FULL 256U

void verify_tile_path(char *buf, size_t size, const char *what, uint64_t n, unsigned width)
{
	unsigned group[8], groups = 0;
	size_t at;

	do {
		group[groups++] = (unsigned)(n % 1000);
		n /= 1000;
	} while (n);
	at = (size_t)snprintf(buf, size, "tile/%s", what);
	while (groups--)
		at += (size_t)snprintf(buf + at, size - at, groups ? "/x%03u" : "/%03u",
		                       group[groups]);
	if (width < FULL)
		(void)snprintf(buf + at, size - at, ".p/%u", width);
}

static int open_regular(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	(void)close(fd);
	return -EINVAL;
}

ssize_t verify_file_read(int dirfd, const char *path, uint8_t *buf, size_t max)
{
	int fd = open_regular(dirfd, path);
	size_t n = 0;
	ssize_t got = 0;

	if (fd < 0)
		return fd;
	while (n <= max && (got = read(fd, buf + n, max + 1 - n)) > 0)
		n += (size_t)got;
	(void)close(fd);
	if (got < 0)
		return -EIO;
	return n > max ? -EFBIG : (ssize_t)n;
}

int verify_file_hash(int dirfd, const char *path, struct verify_hash *sha, uint8_t *ret)
{
	int fd = open_regular(dirfd, path), r = 0;
	char buf[16384];
	ssize_t got;

	if (fd < 0)
		return fd;
	r = verify_hash_begin(sha);
	while (r == 0 && (got = read(fd, buf, sizeof(buf))) != 0)
		r = got < 0 ? -EIO : verify_hash_part(sha, buf, (size_t)got);
	(void)close(fd);
	return r == 0 ? verify_hash_end(sha, ret) : r;
}

ssize_t verify_tile_read(int dirfd, const char *what, uint64_t n, unsigned width, uint8_t *buf,
                         size_t max)
{
	char path[VERIFY_PATH_MAX];
	ssize_t got;

	verify_tile_path(path, sizeof(path), what, n, width);
	got = verify_file_read(dirfd, path, buf, max);
	if (got == -ENOENT && width < FULL) {
		verify_tile_path(path, sizeof(path), what, n, FULL);
		got = verify_file_read(dirfd, path, buf, max);
	}
	return got;
}

static int write_all(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t put = write(fd, at, n);
		if (put < 0)
			return -errno;
		at += put;
		n -= (size_t)put;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

int verify_file_replace(int dirfd, const char *name, const void *p, size_t n)
{
	char other[300];
	int fd, r;

	if (snprintf(other, sizeof(other), "%s.new", name) >= (int)sizeof(other))
		return -ENAMETOOLONG;
	(void)unlinkat(dirfd, other, 0);
	fd = openat(dirfd, other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	r = write_all(fd, p, n);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && renameat(dirfd, other, dirfd, name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dirfd, other, 0);
	else if (fsync(dirfd) < 0 && errno != EINVAL)
		r = -errno;
	return r;
}
