/*
 * The medium, each sector at most once.
 *
 * Runs in read-medium (worker-volume). The attacker controls every byte that comes in and, with a
 * device of their own making, also when it comes and whether it comes again; offsets asked for here
 * come out of hostile structures and are checked against the medium's size and the tracked area
 * before they reach a system call. Nothing is written but to the pipe. When power goes nothing
 * is lost: a source is read again from the beginning, as a new reading.
 */
#include "daemon/volume/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"

#define LOW_BYTES_MAX WL_GIB(4)
#define SEND_BYTES    ((size_t)1 << 20)
#define AHEAD_BYTES   ((uint64_t)8 << 20)
#define BEHIND_BYTES  ((uint64_t)4 << 20) /* more than a pipe still holds */

struct kept_sector {
	uint64_t sector;
	uint8_t data[WL_SECTOR_BYTES];
};

/* `count` places of `grain` bytes from `start`; one bit each, set when fetched. */
struct marked_area {
	uint64_t start;
	uint64_t count;
	uint32_t grain;
	uint8_t *bits;
};

struct wl_device {
	int fd;
	uint64_t bytes;
	const struct wl_device_ops *ops;
	void *user;
	unsigned nkept;
	bool no_splice;
	struct marked_area low, data;
	uint8_t *buffer; /* SEND_BYTES, made when splice does not work */
	struct kept_sector kept[WL_DEVICE_KEPT_MAX];
};

static ssize_t read_kernel(void *user, int fd, void *buf, size_t n, off_t offset)
{
	(void)user;
	ssize_t got = pread(fd, buf, n, offset);
	return got < 0 ? -errno : got;
}

static ssize_t splice_kernel(void *user, int fd, off_t offset, int out_fd, size_t n)
{
	(void)user;
	loff_t at = offset;
	ssize_t got = splice(fd, &at, out_fd, NULL, n, SPLICE_F_MOVE | SPLICE_F_MORE);
	return got < 0 ? -errno : got;
}

static void prefetch_kernel(void *user, int fd, off_t offset, size_t n)
{
	(void)user;
	(void)posix_fadvise(fd, offset, (off_t)n, POSIX_FADV_WILLNEED);
}

static void forget_kernel(void *user, int fd, off_t offset, size_t n)
{
	(void)user;
	(void)posix_fadvise(fd, offset, (off_t)n, POSIX_FADV_DONTNEED);
}

static int write_kernel(void *user, int out_fd, const void *p, size_t n)
{
	(void)user;
	return wl_write_full(out_fd, p, n);
}

static const struct wl_device_ops kernel_ops = {.read = read_kernel,
                                                .splice = splice_kernel,
                                                .prefetch = prefetch_kernel,
                                                .forget = forget_kernel,
                                                .write = write_kernel};

int wl_device_new(int fd, uint64_t bytes, struct wl_device **ret)
{
	if (bytes > INT64_MAX)
		return -EINVAL;
	struct wl_device *d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->fd = fd;
	d->bytes = bytes;
	d->ops = &kernel_ops;
	*ret = d;
	return 0;
}

struct wl_device *wl_device_free(struct wl_device *d)
{
	if (d) {
		free(d->low.bits);
		free(d->data.bits);
		free(d->buffer);
		free(d);
	}
	return NULL;
}

void wl_device_cleanup(struct wl_device **d)
{
	*d = wl_device_free(*d);
}

void wl_device_set_ops(struct wl_device *d, const struct wl_device_ops *ops, void *user)
{
	d->ops = ops;
	d->user = user;
}

uint64_t wl_device_bytes(const struct wl_device *d)
{
	return d->bytes;
}

/* All n bytes, or -EIO: a medium that ends before its size is a medium that cannot be read. */
static int read_whole(struct wl_device *d, uint64_t offset, size_t n, uint8_t *buf)
{
	if (n > d->bytes || offset > d->bytes - n)
		return -ERANGE;
	for (size_t done = 0; done < n;) {
		ssize_t got =
		        d->ops->read(d->user, d->fd, buf + done, n - done, (off_t)(offset + done));
		if (got == -EINTR)
			continue;
		if (got <= 0)
			return got == 0 ? -EIO : (int)got;
		done += (size_t)got;
	}
	return 0;
}

static const uint8_t *find_kept(const struct wl_device *d, uint64_t sector)
{
	for (unsigned i = 0; i < d->nkept; i++)
		if (d->kept[i].sector == sector)
			return d->kept[i].data;
	return NULL;
}

int wl_device_peek(struct wl_device *d, uint64_t sector, uint8_t ret[WL_SECTOR_BYTES])
{
	const uint8_t *have = find_kept(d, sector);
	if (!have) {
		if (d->nkept == WL_DEVICE_KEPT_MAX)
			return -ENOBUFS;
		if (sector >= d->bytes / WL_SECTOR_BYTES)
			return -ERANGE;
		struct kept_sector *k = &d->kept[d->nkept];
		int r = read_whole(d, sector * WL_SECTOR_BYTES, WL_SECTOR_BYTES, k->data);
		if (r < 0)
			return r;
		k->sector = sector;
		d->nkept++;
		have = k->data;
	}
	memcpy(ret, have, WL_SECTOR_BYTES);
	return 0;
}

int wl_device_track(struct wl_device *d, uint64_t start, uint64_t data, uint32_t grain,
                    uint32_t count)
{
	uint64_t end;
	if (d->data.bits || grain == 0 || data < start || data - start > LOW_BYTES_MAX ||
	    start % WL_SECTOR_BYTES || data % WL_SECTOR_BYTES ||
	    __builtin_add_overflow(data, (uint64_t)grain * count, &end) || end > d->bytes)
		return -ERANGE;
	uint64_t low_count = (data - start) / WL_SECTOR_BYTES;
	uint8_t *low = calloc(1, (size_t)(low_count / 8 + 1));
	uint8_t *high = calloc(1, (size_t)count / 8 + 1);
	if (!low || !high) {
		free(low);
		free(high);
		return -ENOMEM;
	}
	d->low = (struct marked_area){start, low_count, WL_SECTOR_BYTES, low};
	d->data = (struct marked_area){data, count, grain, high};
	return 0;
}

/* Marks the places that [offset, offset + n) touches; nothing is marked where one of them already
 * was. The last place may be touched in part only: what is left of it is never asked for. */
static int mark(struct marked_area *a, uint64_t offset, uint64_t n)
{
	uint64_t first = (offset - a->start) / a->grain;
	uint64_t end = (offset - a->start + n + a->grain - 1) / a->grain;
	if (end > a->count)
		return -ERANGE;
	for (uint64_t i = first; i < end; i++)
		if (a->bits[i / 8] & (1U << (i % 8)))
			return -EALREADY;
	for (uint64_t i = first; i < end; i++)
		a->bits[i / 8] = (uint8_t)(a->bits[i / 8] | (1U << (i % 8)));
	return 0;
}

static int mark_range(struct wl_device *d, uint64_t offset, uint64_t n)
{
	if (!d->data.bits || n > d->bytes || offset > d->bytes - n || offset < d->low.start)
		return -ERANGE;
	return mark(offset < d->data.start ? &d->low : &d->data, offset, n);
}

/* How many of the n bytes from `offset` come before the next kept sector. */
static size_t before_kept(const struct wl_device *d, uint64_t offset, size_t n)
{
	for (unsigned i = 0; i < d->nkept; i++) {
		uint64_t at = d->kept[i].sector * WL_SECTOR_BYTES;
		if (at >= offset && at - offset < n)
			n = (size_t)(at - offset);
	}
	return n;
}

/* What a kept sector has of the n bytes from `offset`; NULL: that one is not kept. */
static const uint8_t *find_part(const struct wl_device *d, uint64_t offset, size_t n, size_t *ret_n)
{
	const uint8_t *kept = find_kept(d, offset / WL_SECTOR_BYTES);
	size_t part = WL_SECTOR_BYTES - (size_t)(offset % WL_SECTOR_BYTES);
	*ret_n = part < n ? part : n;
	return kept ? kept + offset % WL_SECTOR_BYTES : NULL;
}

/* Sectors that were peeked at are in memory and are taken from there. */
static int read_around_kept(struct wl_device *d, uint64_t offset, size_t n, uint8_t *buf)
{
	for (size_t done = 0; done < n;) {
		uint64_t at = offset + done;
		size_t part;
		const uint8_t *kept = find_part(d, at, n - done, &part);
		if (kept) {
			memcpy(buf + done, kept, part);
			done += part;
			continue;
		}
		part = before_kept(d, at, n - done);
		int r = read_whole(d, at, part, buf + done);
		if (r < 0)
			return r;
		done += part;
	}
	return 0;
}

int wl_device_fetch(struct wl_device *d, uint64_t offset, size_t n, void *buf)
{
	int r = mark_range(d, offset, n);
	if (r < 0)
		return r;
	return read_around_kept(d, offset, n, buf);
}

static int write_out(struct wl_device *d, int out_fd, const void *p, size_t n)
{
	return d->ops->write ? d->ops->write(d->user, out_fd, p, n) : wl_write_full(out_fd, p, n);
}

/* Up to SEND_BYTES through our own memory. */
static ssize_t copy_part(struct wl_device *d, uint64_t offset, int out_fd, size_t n)
{
	if (!d->buffer && !(d->buffer = malloc(SEND_BYTES)))
		return -ENOMEM;
	n = n < SEND_BYTES ? n : SEND_BYTES;
	int r = read_whole(d, offset, n, d->buffer);
	if (r == 0)
		r = write_out(d, out_fd, d->buffer, n);
	return r < 0 ? r : (ssize_t)n;
}

static ssize_t send_part(struct wl_device *d, uint64_t offset, int out_fd, size_t n)
{
	size_t part;
	const uint8_t *kept = find_part(d, offset, n, &part);
	if (kept) {
		int r = write_out(d, out_fd, kept, part);
		return r < 0 ? r : (ssize_t)part;
	}
	n = before_kept(d, offset, n);
	if (!d->no_splice && d->ops->splice) {
		ssize_t got = d->ops->splice(d->user, d->fd, (off_t)offset, out_fd, n);
		if (got != -EINVAL)
			return got == 0 ? -EIO : got;
		d->no_splice = true; /* out_fd is no pipe, or the medium cannot do it */
	}
	return copy_part(d, offset, out_fd, n);
}

/* Keeps the medium busy while the pipe is emptied: asks for what comes next of [offset, offset +
 * n), `done` bytes of which are gone and `asked` were asked for. Never beyond what was marked. */
static uint64_t ask_ahead(struct wl_device *d, uint64_t offset, uint64_t n, uint64_t done,
                          uint64_t asked)
{
	uint64_t wanted = done + AHEAD_BYTES < n ? done + AHEAD_BYTES : n;
	if (!d->ops->prefetch || (wanted < n && wanted - asked < AHEAD_BYTES / 2))
		return asked;
	if (wanted > asked)
		d->ops->prefetch(d->user, d->fd, (off_t)(offset + asked), (size_t)(wanted - asked));
	return wanted;
}

/* The memory that held what is gone serves for what comes: nothing is asked for twice. `forgotten`
 * of the `done` bytes from offset were let go before. */
static uint64_t forget_behind(struct wl_device *d, uint64_t offset, uint64_t done,
                              uint64_t forgotten)
{
	if (!d->ops->forget || done - forgotten < 2 * BEHIND_BYTES)
		return forgotten;
	uint64_t n = done - BEHIND_BYTES - forgotten;
	d->ops->forget(d->user, d->fd, (off_t)(offset + forgotten), (size_t)n);
	return forgotten + n;
}

int wl_device_send(struct wl_device *d, uint64_t offset, uint64_t n, int out_fd,
                   int (*progress)(void *user, uint64_t bytes), void *user)
{
	if (!d->data.bits || offset < d->data.start || (offset - d->data.start) % d->data.grain)
		return -ERANGE;
	int r = mark_range(d, offset, n);
	if (r < 0)
		return r;
	for (uint64_t done = 0, asked = 0, forgotten = 0; done < n;) {
		uint64_t left = n - done;
		asked = ask_ahead(d, offset, n, done, asked);
		ssize_t got = send_part(d, offset + done, out_fd,
		                        left < SEND_BYTES ? (size_t)left : SEND_BYTES);
		if (got == -EINTR)
			continue;
		if (got < 0)
			return (int)got;
		done += (uint64_t)got;
		forgotten = forget_behind(d, offset, done, forgotten);
		r = progress ? progress(user, (uint64_t)got) : 0;
		if (r != 0)
			return r;
	}
	return 0;
}

int wl_device_send_memory(struct wl_device *d, const void *p, uint64_t n, int out_fd,
                          int (*progress)(void *user, uint64_t bytes), void *user)
{
	static const uint8_t zeros[65536];
	const uint8_t *from = p;
	for (uint64_t done = 0; done < n;) {
		size_t part = n - done < sizeof(zeros) ? (size_t)(n - done) : sizeof(zeros);
		int r = write_out(d, out_fd, from ? from + done : zeros, part);
		if (r == 0 && progress)
			r = progress(user, part);
		if (r != 0)
			return r;
		done += part;
	}
	return 0;
}
