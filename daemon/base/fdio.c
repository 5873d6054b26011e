/*
 * Whole reads and writes, sealed memory files, durable replacement of a file; see fdio.h.
 *
 * What is read may be anybody's; sizes are bounded by the caller. wl_file_replace leaves either the
 * old file or the new one whole when power goes, and a temporary file that the next call removes.
 */
#include "daemon/base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#define SEALS       (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define FIRST_BYTES 4096U
#define PIPE_BYTES  (1 << 20)

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

void wl_pages_ready(const void *p, size_t n, bool for_writing)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)p & ~(page - 1);

	if (n > 0)
		(void)madvise((void *)first, n + ((uintptr_t)p - first),
		              for_writing ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
}

ssize_t wl_read_full(int fd, void *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = read(fd, (char *)buf + done, n - done);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		done += (size_t)r;
	}
	return (ssize_t)done;
}

ssize_t wl_pread_full(int fd, void *buf, size_t n, off_t offset)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = pread(fd, (char *)buf + done, n - done, offset + (off_t)done);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		done += (size_t)r;
	}
	return (ssize_t)done;
}

int wl_write_full(int fd, const void *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = write(fd, (const char *)buf + done, n - done);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		done += (size_t)r;
	}
	return 0;
}

int wl_pwrite_full(int fd, const void *buf, size_t n, off_t offset)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = pwrite(fd, (const char *)buf + done, n - done, offset + (off_t)done);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		done += (size_t)r;
	}
	return 0;
}

int wl_memfd_sealed(const char *name, const void *p, size_t n, int *ret_fd)
{
	/* Kernels before 6.3 do not know NOEXEC_SEAL. */
	WL_AUTO_CLOSE int fd =
	        memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	int r = wl_pwrite_full(fd, p, n, 0);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int wl_memfd_check_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS) == SEALS ? 0 : -EPERM;
}

int wl_pipe(int *ret_read, int *ret_write)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	(void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES); /* faster, no more */
	*ret_read = ends[0];
	*ret_write = ends[1];
	return 0;
}

int wl_fd_read_all(int fd, size_t max, void **ret_p, size_t *ret_n)
{
	WL_AUTO_FREE char *buf = NULL;
	size_t have = 0, room = 0;

	for (;;) {
		size_t want = room == 0 ? FIRST_BYTES : room * 2;
		if (want > max + 2) /* one beyond max shows that there is more, one for the NUL */
			want = max + 2;
		char *bigger = realloc(buf, want);
		if (!bigger)
			return -ENOMEM;
		buf = bigger;
		room = want;
		ssize_t n = wl_pread_full(fd, buf + have, room - 1 - have, (off_t)have);
		if (n < 0)
			return (int)n;
		have += (size_t)n;
		if (have > max)
			return -EFBIG;
		if (have < room - 1)
			break;
	}
	buf[have] = 0;
	*ret_p = TAKE_PTR(buf);
	*ret_n = have;
	return 0;
}

int wl_file_read(int dirfd, const char *name, size_t max, void **ret_p, size_t *ret_n)
{
	WL_AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : wl_fd_read_all(fd, max, ret_p, ret_n);
}

static int sync_folder(int dirfd)
{
	WL_AUTO_CLOSE int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int write_new(int dirfd, const char *name, const void *p, size_t n, mode_t mode)
{
	WL_AUTO_CLOSE int fd =
	        openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	int r = wl_write_full(fd, p, n);
	if (r < 0)
		return r;
	if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return -errno;
	return close(TAKE_FD(fd)) < 0 ? -errno : 0;
}

int wl_file_replace(int dirfd, const char *name, const void *p, size_t n, mode_t mode)
{
	char tmp[256];

	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.tmp", name) >= sizeof(tmp))
		return -ENAMETOOLONG;
	if (unlinkat(dirfd, tmp, 0) < 0 && errno != ENOENT)
		return -errno;
	int r = write_new(dirfd, tmp, p, n, mode);
	if (r == 0 && renameat(dirfd, tmp, dirfd, name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dirfd, tmp, 0);
		return r;
	}
	return sync_folder(dirfd);
}
