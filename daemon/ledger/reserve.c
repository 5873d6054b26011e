/*
 * The reserve: blocks that are allocated and never written.
 *
 * Runs in weighlock-ledgerd; its size comes from the command line. What another program leaves of
 * the disk is looked at anew each time. When power goes the file has some size or other; the next
 * start looks at it like every balance.
 */
#include "daemon/ledger/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"

#define PIECE (UINT64_C(1) << 20)

static int free_bytes(const struct wl_reserve *r, uint64_t *ret)
{
	struct statvfs v;

	if (fstatvfs(r->fd, &v) < 0)
		return -errno;
	*ret = (uint64_t)v.f_bavail * v.f_frsize;
	return 0;
}

int wl_reserve_open(int dirfd, uint64_t bytes, struct wl_reserve *ret)
{
	struct statvfs v;
	struct stat st;

	*ret = (struct wl_reserve){.fd = -1};
	if (bytes == 0)
		return 0;
	ret->fd = openat(dirfd, "reserve", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (ret->fd < 0)
		return -errno;
	if (fstat(ret->fd, &st) < 0 || fstatvfs(ret->fd, &v) < 0)
		return -errno;
	ret->want = (uint64_t)v.f_blocks * v.f_frsize / 16;
	if (ret->want > bytes)
		ret->want = bytes;
	/* what is allocated counts, not what the file's size says */
	ret->have = (uint64_t)st.st_size < (uint64_t)st.st_blocks * 512
	                    ? (uint64_t)st.st_size
	                    : (uint64_t)st.st_blocks * 512;
	return wl_reserve_balance(ret);
}

void wl_reserve_close(struct wl_reserve *r)
{
	wl_cleanup_close(&r->fd);
}

static int resize(struct wl_reserve *r, uint64_t bytes)
{
	if (bytes < r->have ? ftruncate(r->fd, (off_t)bytes) < 0
	                    : fallocate(r->fd, 0, 0, (off_t)bytes) < 0)
		return -errno;
	r->have = bytes;
	return 0;
}

bool wl_reserve_give(struct wl_reserve *r)
{
	uint64_t left = 0;

	if (r->fd < 0 || r->have == 0 || free_bytes(r, &left) < 0 || left >= WL_RESERVE_BYTES_FREE)
		return false;
	return resize(r, r->have > PIECE ? r->have - PIECE : 0) == 0;
}

int wl_reserve_balance(struct wl_reserve *r)
{
	uint64_t left = 0, missing;
	int e;

	if (r->fd < 0)
		return 0;
	while (wl_reserve_give(r))
		continue;
	e = free_bytes(r, &left);
	if (e < 0 || r->have >= r->want)
		return e;
	missing = r->want - r->have;
	if (left < missing + 2 * WL_RESERVE_BYTES_FREE)
		return 0;
	e = resize(r, r->want);
	return e == -ENOSPC ? resize(r, r->have)
	                    : e; /* somebody was faster: what was taken is given back */
}

bool wl_reserve_is_whole(const struct wl_reserve *r)
{
	return r->fd < 0 || r->have >= r->want;
}
