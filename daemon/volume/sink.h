/* A medium written from one place on without a gap, hashed on the way. */
#ifndef WL_VOLUME_SINK_H
#define WL_VOLUME_SINK_H

#include "daemon/volume/build_fat.h"

struct wl_sink; /* opaque */

/* Writing begins at LBA 1; `first` is LBA 0, which is hashed now and written by the caller later.
 * 0, -ENOMEM, -EIO. */
int wl_sink_new(int fd, const struct wl_layout *l, const struct wl_build_source *source,
                const uint8_t first[WL_BUILD_SECTOR_BYTES], struct wl_sink **ret);
struct wl_sink *wl_sink_free(struct wl_sink *s);
void wl_sink_cleanup(struct wl_sink **s);

/* All return 0, or -EBADMSG with destination.write-failed, or what source->progress returned. */
int wl_sink_put(struct wl_sink *s, const void *p, size_t n, struct wl_finding *ret_finding);
int wl_sink_zero(struct wl_sink *s, uint64_t n, struct wl_finding *ret_finding);
/* Exactly n bytes of `content`; -ENODATA where there are fewer, other errors of reading it. */
int wl_sink_copy(struct wl_sink *s, int content, uint64_t n, struct wl_finding *ret_finding);

/* The next byte's place on the medium. */
uint64_t wl_sink_position(const struct wl_sink *s);

/* Writes what is left, flushes, and gives the digests. */
int wl_sink_end(struct wl_sink *s, struct wl_build_result *ret, struct wl_finding *ret_finding);

/* One write outside the sequence; flush. -EBADMSG with destination.write-failed. */
int wl_sink_write_at(int fd, const struct wl_build_source *source, const void *p, size_t n,
                     uint64_t offset, struct wl_finding *ret_finding);
int wl_sink_flush(int fd, const struct wl_build_source *source, struct wl_finding *ret_finding);

#endif
