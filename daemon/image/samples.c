/*
 * The memory file of samples: made by the decoder, opened sealed by the encoder; see samples.h.
 *
 * The shape is what a hostile source said until it was checked here against the limits. Runs in
 * worker-image and worker-tool. Power: memory only.
 */
#include "daemon/image/samples.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/bytes.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"

int wl_shape_check(const struct wl_shape *shape, uint32_t side_max, struct wl_finding *ret_finding)
{
	if (shape->channels < 1 || shape->channels > 4 || (shape->bits != 8 && shape->bits != 16))
		return -EINVAL;
	if (shape->width == 0 || shape->height == 0)
		return wl_refuse(ret_finding, WL_RULE_IMAGE_DAMAGED, "%u x %u pixels", shape->width,
		                 shape->height);
	if (side_max > WL_IMAGE_SIDE_MAX)
		side_max = WL_IMAGE_SIDE_MAX;
	if (shape->width > side_max || shape->height > side_max)
		return wl_refuse(ret_finding, WL_RULE_IMAGE_TOO_LARGE,
		                 "%u x %u pixels; a side may have %u", shape->width, shape->height,
		                 side_max);
	if (wl_shape_bytes(shape) > WL_IMAGE_SAMPLES_BYTES_MAX)
		return wl_refuse(ret_finding, WL_RULE_IMAGE_TOO_LARGE,
		                 "%zu bytes of samples; %llu may be", wl_shape_bytes(shape),
		                 (unsigned long long)WL_IMAGE_SAMPLES_BYTES_MAX);
	return 0;
}

int wl_samples_create(int fd, const struct wl_shape *shape, uint32_t side_max,
                      struct wl_samples *ret, struct wl_finding *ret_finding)
{
	int r = wl_shape_check(shape, side_max, ret_finding);

	if (r < 0)
		return r;
	size_t bytes = wl_shape_bytes(shape);
	if (ftruncate(fd, (off_t)bytes) < 0)
		return -errno;
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	wl_pages_ready(p, bytes, true);
	*ret = (struct wl_samples){.shape = *shape, .p = p, .bytes = bytes};
	return 0;
}

int wl_samples_check(int fd, const struct wl_shape *shape)
{
	struct stat st;
	struct wl_finding ignored;

	if (wl_shape_check(shape, WL_IMAGE_SIDE_MAX, &ignored) < 0)
		return -EINVAL;
	int r = wl_memfd_check_sealed(fd);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_size < 0 || (size_t)st.st_size != wl_shape_bytes(shape) ? -EINVAL : 0;
}

void wl_samples_clear(struct wl_samples *s)
{
	if (s->p)
		(void)munmap(s->p, s->bytes);
	s->p = NULL;
}

void wl_shape_head(const struct wl_shape *shape, uint8_t ret_head[16])
{
	wl_store_u32le(ret_head, shape->width);
	wl_store_u32le(ret_head + 4, shape->height);
	wl_store_u32le(ret_head + 8, shape->bits);
	wl_store_u32le(ret_head + 12, shape->channels);
}
