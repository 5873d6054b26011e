/*
 * Device operations for libntfs-3g.
 *
 * Runs in read-medium (worker-volume). The library asks for what hostile structures tell it to; an
 * offset outside the volume is an error, a place is fetched once and kept (charged to the listing's
 * budget), and writing always fails. The library itself is C that parses hostile bytes: it is
 * believed about nothing but this one volume, and dies with its process. When power goes the
 * reading is begun again.
 */
#include "daemon/volume/ntfs_device.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ntfs-3g/types.h>

#include <ntfs-3g/device.h>

#include "daemon/base/cleanup.h"

#define PAGE_GRAINS  512U /* grains whose places stand in one page of the index */
#define STREAM_SLOTS 64U  /* grains of data that may be asked for in more than one piece */

struct stream_slot {
	bool used;
	uint64_t grain;
	uint8_t *p;
};

struct wl_ntfs_medium {
	struct wl_device *device;
	uint64_t start, bytes, grains, charged;
	uint32_t grain;
	struct wl_listing *budget;
	s64 position;
	bool streaming;
	struct stream_slot slots[STREAM_SLOTS];
	int error;
	struct wl_finding finding;
	size_t npages;
	uint8_t **pages[]; /* page, then grain in it; NULL: nothing there yet */
};

int wl_ntfs_medium_new(struct wl_device *d, uint64_t start, uint64_t bytes, uint32_t grain,
                       struct wl_listing *budget, struct wl_ntfs_medium **ret,
                       struct wl_finding *ret_finding)
{
	uint64_t grains = bytes / grain;
	size_t npages = (size_t)(grains / PAGE_GRAINS + 1);
	int r = wl_listing_charge(budget, npages * sizeof(void *), ret_finding);
	if (r < 0)
		return r;
	struct wl_ntfs_medium *m = calloc(1, sizeof(*m) + npages * sizeof(m->pages[0]));
	if (!m)
		return -ENOMEM;
	m->device = d;
	m->start = start;
	m->bytes = grains * grain;
	m->grains = grains;
	m->grain = grain;
	m->budget = budget;
	m->npages = npages;
	m->charged = npages * sizeof(void *);
	*ret = m;
	return 0;
}

struct wl_ntfs_medium *wl_ntfs_medium_free(struct wl_ntfs_medium *m)
{
	if (!m)
		return NULL;
	for (size_t i = 0; i < m->npages; i++) {
		for (size_t k = 0; m->pages[i] && k < PAGE_GRAINS; k++)
			free(m->pages[i][k]);
		free(m->pages[i]);
	}
	for (size_t i = 0; i < STREAM_SLOTS; i++)
		free(m->slots[i].p);
	wl_listing_release(m->budget, m->charged);
	free(m);
	return NULL;
}

static int charge(struct wl_ntfs_medium *m, uint64_t n)
{
	int r = wl_listing_charge(m->budget, n, &m->finding);
	if (r == 0)
		m->charged += n;
	return r;
}

static int fetch(struct wl_ntfs_medium *m, uint64_t grain, uint8_t *to)
{
	int r = wl_device_fetch(m->device, m->start + grain * m->grain, m->grain, to);
	if (r == -EALREADY)
		return wl_refuse(&m->finding, WL_RULE_VOLUME_CHAIN_CROSSED,
		                 "byte %llu of the volume belongs to two things",
		                 (unsigned long long)(grain * m->grain));
	return r;
}

/* Where a grain is kept; *ret NULL: it is not. With `make`, it is fetched and kept. */
static int find_kept(struct wl_ntfs_medium *m, uint64_t grain, bool make, const uint8_t **ret)
{
	uint8_t ***page = &m->pages[grain / PAGE_GRAINS];
	*ret = *page ? (*page)[grain % PAGE_GRAINS] : NULL;
	if (*ret || !make)
		return 0;
	int r = charge(m, m->grain + (*page ? 0 : PAGE_GRAINS * sizeof(void *)));
	if (r < 0)
		return r;
	if (!*page && !(*page = calloc(PAGE_GRAINS, sizeof(**page))))
		return -ENOMEM;
	WL_AUTO_FREE uint8_t *p = malloc(m->grain);
	if (!p)
		return -ENOMEM;
	r = fetch(m, grain, p);
	if (r == 0)
		*ret = (*page)[grain % PAGE_GRAINS] = TAKE_PTR(p);
	return r;
}

static int find_streamed(struct wl_ntfs_medium *m, uint64_t grain, const uint8_t **ret)
{
	struct stream_slot *slot = &m->slots[grain % STREAM_SLOTS];
	if (!slot->p && !(slot->p = malloc(m->grain)))
		return -ENOMEM;
	if (!slot->used || slot->grain != grain) {
		slot->used = false;
		int r = fetch(m, grain, slot->p);
		if (r < 0)
			return r;
		slot->used = true;
		slot->grain = grain;
	}
	*ret = slot->p;
	return 0;
}

static int find(struct wl_ntfs_medium *m, uint64_t grain, const uint8_t **ret)
{
	int r = find_kept(m, grain, !m->streaming, ret);
	if (r == 0 && !*ret)
		r = find_streamed(m, grain, ret);
	return r;
}

static s64 op_pread(struct ntfs_device *dev, void *buf, s64 count, s64 offset)
{
	struct wl_ntfs_medium *m = dev->d_private;
	uint64_t n = (uint64_t)count, at = (uint64_t)offset, done = 0;
	if (count < 0 || offset < 0 || n > m->bytes || at > m->bytes - n || m->error) {
		errno = EIO;
		return -1;
	}
	while (done < n) {
		const uint8_t *p = NULL;
		uint64_t from = (at + done) % m->grain, part = m->grain - from;
		int r = find(m, (at + done) / m->grain, &p);
		if (r < 0 || !p) {
			m->error = r < 0 ? r : -EIO;
			errno = EIO;
			return -1;
		}
		part = part < n - done ? part : n - done;
		memcpy((uint8_t *)buf + done, p + from, (size_t)part);
		done += part;
	}
	return count;
}

static s64 op_seek(struct ntfs_device *dev, s64 offset, int whence)
{
	struct wl_ntfs_medium *m = dev->d_private;
	s64 base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? m->position : (s64)m->bytes;
	s64 to;
	/* the volume's last sectors hold a copy of the first one and are never read */
	if (__builtin_add_overflow(base, offset, &to) || to < 0 ||
	    (uint64_t)to > m->bytes + m->grain) {
		errno = EINVAL;
		return -1;
	}
	return m->position = to;
}

static s64 op_read(struct ntfs_device *dev, void *buf, s64 count)
{
	struct wl_ntfs_medium *m = dev->d_private;
	s64 got = op_pread(dev, buf, count, m->position);
	if (got > 0)
		m->position += got;
	return got;
}

static int op_open(struct ntfs_device *dev, int flags)
{
	(void)flags;
	NDevSetReadOnly(dev);
	return 0;
}

static int op_nothing(struct ntfs_device *dev)
{
	(void)dev;
	return 0;
}

static s64 op_pwrite(struct ntfs_device *dev, const void *buf, s64 count, s64 offset)
{
	(void)dev;
	(void)buf;
	(void)count;
	(void)offset;
	errno = EROFS;
	return -1;
}

static s64 op_write(struct ntfs_device *dev, const void *buf, s64 count)
{
	return op_pwrite(dev, buf, count, 0);
}

static int op_stat(struct ntfs_device *dev, struct stat *buf)
{
	const struct wl_ntfs_medium *m = dev->d_private;
	*buf = (struct stat){.st_mode = S_IFREG | 0400, .st_size = (off_t)m->bytes};
	return 0;
}

static int op_ioctl(struct ntfs_device *dev, unsigned long request, void *argp)
{
	const struct wl_ntfs_medium *m = dev->d_private;
	if (request == BLKGETSIZE64) {
		*(uint64_t *)argp = m->bytes;
		return 0;
	}
	errno = EOPNOTSUPP;
	return -1;
}

static struct ntfs_device_operations operations = {.open = op_open,
                                                   .close = op_nothing,
                                                   .seek = op_seek,
                                                   .read = op_read,
                                                   .write = op_write,
                                                   .pread = op_pread,
                                                   .pwrite = op_pwrite,
                                                   .sync = op_nothing,
                                                   .stat = op_stat,
                                                   .ioctl = op_ioctl};

struct ntfs_device *wl_ntfs_medium_device(struct wl_ntfs_medium *m)
{
	return ntfs_device_alloc("medium", 0, &operations, m);
}

void wl_ntfs_medium_stream(struct wl_ntfs_medium *m)
{
	m->streaming = true;
}

int wl_ntfs_medium_error(const struct wl_ntfs_medium *m, struct wl_finding *ret_finding)
{
	if (m->error == -EBADMSG)
		*ret_finding = m->finding;
	return m->error;
}
