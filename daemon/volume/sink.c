/*
 * The sequential pass over a destination.
 *
 * Runs in build-volume (worker-tool). Bytes come from the layout and from the vault's copies; the
 * medium may fail at any write, be pulled, or lie about what it did (read-back finds that). Parts
 * of 1 MiB are written at multiples of 1 MiB and sent on their way at once; the one before the last
 * 32 is waited for, so that neither memory nor the last flush grows with the volume. When power
 * goes here, LBA 0 is zero and nothing mounts.
 */
#include "daemon/volume/sink.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"

#define PART_BYTES  ((size_t)1 << 20)
#define AHEAD_BYTES ((uint64_t)32 << 20)

struct wl_sink {
	int fd;
	const struct wl_build_source *source;
	uint64_t offset; /* of the buffer's first byte on the medium */
	size_t used;
	uint64_t volume_bytes, head_bytes, total;
	struct wl_sha256 *volume, *head;
	uint8_t *buffer;
};

static int write_kernel(void *user, int fd, const void *buf, size_t n, uint64_t offset)
{
	(void)user;
	return wl_pwrite_full(fd, buf, n, (off_t)offset);
}

static int flush_kernel(void *user, int fd)
{
	(void)user;
	return fsync(fd) < 0 ? -errno : 0;
}

/* Errors do not matter here: the flush at the end reports them. */
static void start_kernel(void *user, int fd, uint64_t offset, uint64_t n)
{
	(void)user;
	(void)sync_file_range(fd, (off_t)offset, (off_t)n, SYNC_FILE_RANGE_WRITE);
	if (offset >= AHEAD_BYTES)
		(void)sync_file_range(fd, (off_t)(offset - AHEAD_BYTES), (off_t)n,
		                      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
		                              SYNC_FILE_RANGE_WAIT_AFTER);
}

static const struct wl_build_ops kernel_ops = {
        .write = write_kernel, .flush = flush_kernel, .start = start_kernel};

static const struct wl_build_ops *ops_of(const struct wl_build_source *source)
{
	return source->ops ? source->ops : &kernel_ops;
}

static int refuse_write(int error, const char *what, uint64_t offset, struct wl_finding *f)
{
	return wl_refuse(f, WL_RULE_DESTINATION_WRITE_FAILED, "%s at byte %llu: %s", what,
	                 (unsigned long long)offset, strerrordesc_np(-error));
}

int wl_sink_write_at(int fd, const struct wl_build_source *source, const void *p, size_t n,
                     uint64_t offset, struct wl_finding *ret_finding)
{
	int r = ops_of(source)->write(source->ops_user, fd, p, n, offset);
	return r < 0 ? refuse_write(r, "writing", offset, ret_finding) : 0;
}

int wl_sink_flush(int fd, const struct wl_build_source *source, struct wl_finding *ret_finding)
{
	int r = ops_of(source)->flush(source->ops_user, fd);
	return r < 0 ? refuse_write(r, "flushing what was written", 0, ret_finding) : 0;
}

/* Both digests cover a beginning of the medium of their own length. */
static int hash(struct wl_sink *s, uint64_t offset, const uint8_t *p, size_t n)
{
	const struct {
		struct wl_sha256 *digest;
		uint64_t bytes;
	} parts[] = {{s->volume, s->volume_bytes}, {s->head, s->head_bytes}};
	for (size_t i = 0; i < WL_ARRAY_LEN(parts); i++) {
		uint64_t left = parts[i].bytes > offset ? parts[i].bytes - offset : 0;
		int r = left > 0 ? wl_sha256_add(parts[i].digest, p, left < n ? (size_t)left : n)
		                 : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

int wl_sink_new(int fd, const struct wl_layout *l, const struct wl_build_source *source,
                const uint8_t first[WL_BUILD_SECTOR_BYTES], struct wl_sink **ret)
{
	WL_CLEANUP(wl_sink_cleanup) struct wl_sink *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->fd = fd;
	s->source = source;
	s->offset = WL_BUILD_SECTOR_BYTES;
	s->volume_bytes = l->volume_bytes;
	s->head_bytes = l->head_bytes;
	s->total = l->volume_bytes > l->head_bytes ? l->volume_bytes : l->head_bytes;
	s->volume = wl_sha256_new();
	s->head = wl_sha256_new();
	s->buffer = malloc(PART_BYTES);
	if (!s->volume || !s->head || !s->buffer)
		return -ENOMEM;
	int r = wl_sha256_begin(s->volume);
	if (r == 0)
		r = wl_sha256_begin(s->head);
	if (r == 0)
		r = hash(s, 0, first, WL_BUILD_SECTOR_BYTES);
	if (r == 0)
		*ret = TAKE_PTR(s);
	return r;
}

struct wl_sink *wl_sink_free(struct wl_sink *s)
{
	if (s) {
		(void)wl_sha256_free(s->volume);
		(void)wl_sha256_free(s->head);
		free(s->buffer);
		free(s);
	}
	return NULL;
}

void wl_sink_cleanup(struct wl_sink **s)
{
	*s = wl_sink_free(*s);
}

uint64_t wl_sink_position(const struct wl_sink *s)
{
	return s->offset + s->used;
}

static int write_out(struct wl_sink *s, struct wl_finding *f)
{
	const struct wl_build_ops *ops = ops_of(s->source);
	if (s->used == 0)
		return 0;
	int r = wl_sink_write_at(s->fd, s->source, s->buffer, s->used, s->offset, f);
	if (r < 0)
		return r;
	if (ops->start)
		ops->start(s->source->ops_user, s->fd, s->offset, s->used);
	r = hash(s, s->offset, s->buffer, s->used);
	s->offset += s->used;
	s->used = 0;
	if (r == 0 && s->source->progress)
		r = s->source->progress(s->source->user, s->offset, s->total);
	return r;
}

/* How much more goes into the buffer before it ends at a multiple of its size. */
static size_t room(const struct wl_sink *s)
{
	return PART_BYTES - (size_t)(s->offset % PART_BYTES) - s->used;
}

static int advance(struct wl_sink *s, size_t n, struct wl_finding *f)
{
	s->used += n;
	return room(s) == 0 ? write_out(s, f) : 0;
}

int wl_sink_put(struct wl_sink *s, const void *p, size_t n, struct wl_finding *ret_finding)
{
	const uint8_t *from = p;
	int r = 0;
	while (n > 0 && r == 0) {
		size_t part = n < room(s) ? n : room(s);
		memcpy(s->buffer + s->used, from, part);
		from += part;
		n -= part;
		r = advance(s, part, ret_finding);
	}
	return r;
}

int wl_sink_zero(struct wl_sink *s, uint64_t n, struct wl_finding *ret_finding)
{
	int r = 0;
	while (n > 0 && r == 0) {
		size_t part = n < room(s) ? (size_t)n : room(s);
		memset(s->buffer + s->used, 0, part);
		n -= part;
		r = advance(s, part, ret_finding);
	}
	return r;
}

int wl_sink_copy(struct wl_sink *s, int content, uint64_t n, struct wl_finding *ret_finding)
{
	int r = 0;
	while (n > 0 && r == 0) {
		size_t part = n < room(s) ? (size_t)n : room(s);
		ssize_t got = wl_read_full(content, s->buffer + s->used, part);
		if (got < 0)
			return (int)got;
		if ((size_t)got < part)
			return -ENODATA;
		n -= part;
		r = advance(s, part, ret_finding);
	}
	return r;
}

int wl_sink_end(struct wl_sink *s, struct wl_build_result *ret, struct wl_finding *ret_finding)
{
	int r = write_out(s, ret_finding);
	if (r == 0)
		r = wl_sink_flush(s->fd, s->source, ret_finding);
	if (r == 0)
		r = wl_sha256_end(s->volume, ret->volume_sha256);
	if (r == 0)
		r = wl_sha256_end(s->head, ret->head_sha256);
	ret->volume_bytes = s->volume_bytes;
	return r;
}
