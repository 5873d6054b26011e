/*
 * Writing a fresh FAT32 or exFAT volume in an order that leaves nothing mountable until it is
 * whole.
 *
 * 1. LBA 0 and the last 1 MiB are zeroed; flush. Whatever was there no longer mounts.
 * 2. Everything from LBA 1 on, in one sequential pass; flush.
 * 3. LBA 0; flush. Only now there is a volume.
 *
 * What lies beyond the last cluster in use keeps its old bytes (quick): that is recorded as not
 * sanitised. The first 4 MiB are always written, so that head_sha256 says what the medium holds.
 */
#ifndef WL_VOLUME_BUILD_FAT_H
#define WL_VOLUME_BUILD_FAT_H

#include "daemon/base/sha256.h"
#include "daemon/volume/layout.h"

/* How bytes go to the medium. Tests put their own in place of the kernel's. 0 or negative errno. */
struct wl_build_ops {
	int (*write)(void *user, int fd, const void *buf, size_t n, uint64_t offset);
	int (*flush)(void *user, int fd);
	/* says that these bytes may go to the medium now; may do nothing */
	void (*start)(void *user, int fd, uint64_t offset, uint64_t n);
};

struct wl_build_source {
	/* The content of file `index` of the order; closed by the builder. 0 or negative errno. */
	int (*open)(void *user, size_t index, int *ret_fd);
	/* May be NULL. A negative value ends the work. */
	int (*progress)(void *user, uint64_t done, uint64_t total);
	void *user;
	const struct wl_build_ops *ops; /* NULL: the kernel's */
	void *ops_user;
};

struct wl_build_result {
	uint8_t volume_sha256[WL_SHA256_BYTES]; /* of the first volume_bytes bytes of the medium */
	uint8_t head_sha256[WL_SHA256_BYTES];   /* of its first min(size, 4 MiB) */
	uint64_t volume_bytes;
};

/*
 * Builds `l` on `fd`. 0; -EBADMSG with destination.write-failed; -ENODATA where a content ends
 * before its size, -EFBIG where it goes on behind it; other errors of the source; -ENOMEM. After
 * any error LBA 0 is zero, or, where even that could not be written, as it was.
 */
int wl_build_fat(int fd, const struct wl_layout *l, const struct wl_build_source *source,
                 struct wl_build_result *ret, struct wl_finding *ret_finding);

#endif
