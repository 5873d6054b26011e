/*
 * The bytes of an archive as libarchive gets them: the file itself, or one gzip member unpacked.
 *
 * Compression is undone here and not by libarchive, so that exactly one member is accepted, nothing
 * stands after it, and what was handed on is counted to the last byte.
 */
#ifndef WL_UPDATE_ARCHIVE_STREAM_H
#define WL_UPDATE_ARCHIVE_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "daemon/base/finding.h"

struct wl_archive_stream; /* opaque */

/* Reads `fd` by pread from 0; it holds exactly `size` bytes. 0, -ENOMEM. */
int wl_archive_stream_open(int fd, uint64_t size, bool gzip, struct wl_archive_stream **ret);
struct wl_archive_stream *
wl_archive_stream_free(struct wl_archive_stream *s); /* NULL; accepts NULL */

/*
 * The next piece, valid until the next call. Number of bytes; 0 at the end; -EBADMSG (the finding
 * then stays in the stream) with archive.format (no gzip), archive.filter (another compression),
 * archive.structure (damaged), archive.truncated, archive.trailing-bytes or archive.bomb (more than
 * WL_ARCHIVE_RATIO_MAX times the file, beyond WL_ARCHIVE_RATIO_FREE_BYTES); -EIO.
 */
ssize_t wl_archive_stream_next(struct wl_archive_stream *s, const void **ret);

/* Moves to an absolute position; only where not gzip. 0 or -EINVAL. */
int wl_archive_stream_seek(struct wl_archive_stream *s, uint64_t position);

const struct wl_finding *wl_archive_stream_finding(const struct wl_archive_stream *s);
uint64_t wl_archive_stream_position(const struct wl_archive_stream *s); /* bytes handed out */
bool wl_archive_stream_ended(const struct wl_archive_stream *s);        /* said 0 */

/*
 * What these first bytes look like: archive.filter for a compression, archive.format for another
 * known kind of file, WL_RULE_NONE otherwise; *ret_what names it.
 */
enum wl_rule wl_archive_recognise(const uint8_t *p, size_t n, const char **ret_what);

#endif
