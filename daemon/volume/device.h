/*
 * The medium as a reader sees it: every sector is fetched at most once (invariant 1).
 *
 * A stick may be a computer that answers differently the second time. So nothing here reads a
 * place twice: sectors that help to recognise a volume are kept (peek), the sectors before the
 * data area are marked one by one, the clusters of the data area one by one, and a second demand
 * is -EALREADY, which readers turn into volume.chain-crossed. Page cache and readahead of the
 * kernel lie below this and may fetch more than was asked for, never a second answer for it.
 */
#ifndef WL_VOLUME_DEVICE_H
#define WL_VOLUME_DEVICE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WL_SECTOR_BYTES 512U

struct wl_device; /* opaque */

/* How bytes come from the medium. Tests and fuzzing put their own in place of the kernel's. Both
 * return a number of bytes, 0 at the end, or negative errno. */
struct wl_device_ops {
	ssize_t (*read)(void *user, int fd, void *buf, size_t n, off_t offset);
	/* moves up to n bytes from offset into the pipe `out_fd`; -EINVAL: not possible here */
	ssize_t (*splice)(void *user, int fd, off_t offset, int out_fd, size_t n);
	/* says that these bytes will be asked for next; NULL: does nothing */
	void (*prefetch)(void *user, int fd, off_t offset, size_t n);
	/* says that these bytes will not be asked for again; NULL: does nothing */
	void (*forget)(void *user, int fd, off_t offset, size_t n);
	/* n bytes that are in memory, into `out_fd`; NULL: the kernel's. 0 or negative errno. */
	int (*write)(void *user, int out_fd, const void *p, size_t n);
};

/* `fd` stays the caller's and must outlive the device; `bytes` is its size. 0, -ENOMEM, -EINVAL. */
int wl_device_new(int fd, uint64_t bytes, struct wl_device **ret);
struct wl_device *wl_device_free(struct wl_device *d); /* accepts NULL, returns NULL */
void wl_device_cleanup(struct wl_device **d);          /* for WL_CLEANUP */
void wl_device_set_ops(struct wl_device *d, const struct wl_device_ops *ops, void *user);
uint64_t wl_device_bytes(const struct wl_device *d);

#define WL_DEVICE_KEPT_MAX 224U /* sectors: both copies of a GPT, and the places of all marks */

/* One sector, kept: whoever asks for it again, also by fetch or send, gets it from memory. 0, -EIO,
 * -ENOBUFS (more than WL_DEVICE_KEPT_MAX of them), -ERANGE (beyond the medium). */
int wl_device_peek(struct wl_device *d, uint64_t sector, uint8_t ret[WL_SECTOR_BYTES]);

/* Says where the data area lies: `count` grains of `grain` bytes from `data`; what lies between
 * `start` and `data` (at most 4 GiB) is marked by sector. Once per device. 0, -ENOMEM, -ERANGE. */
int wl_device_track(struct wl_device *d, uint64_t start, uint64_t data, uint32_t grain,
                    uint32_t count);

/* n bytes from `offset` into buf. 0, -EALREADY (some of it was fetched before), -ERANGE (not in
 * the tracked area), -EIO (also where the medium ends early). */
int wl_device_fetch(struct wl_device *d, uint64_t offset, size_t n, void *buf);

/* n bytes that are in memory already to `out_fd`; p NULL: zeros. Errors and progress as send. */
int wl_device_send_memory(struct wl_device *d, const void *p, uint64_t n, int out_fd,
                          int (*progress)(void *user, uint64_t bytes), void *user);

/* n bytes of the data area, from a grain's beginning, to `out_fd` (a pipe, or any file). 0, errors
 * as fetch, and those of writing (-EPIPE where the reader of the pipe went away). `progress`, where
 * given, hears after each part how many bytes more are gone; a negative value from it ends the
 * call. */
int wl_device_send(struct wl_device *d, uint64_t offset, uint64_t n, int out_fd,
                   int (*progress)(void *user, uint64_t bytes), void *user);

#endif
