/*
 * The marker segments of a JPEG file (ITU-T T.81 Annex B), walked before libjpeg-turbo sees them.
 *
 * Refused by name here: 12 bits, arithmetic coding, lossless and hierarchical frames, two or more
 * than three components (CMYK), several frames, a second picture or anything else behind EOI.
 */
#ifndef WL_IMAGE_JPEG_SEGMENTS_H
#define WL_IMAGE_JPEG_SEGMENTS_H

#include "daemon/image/decode.h"

struct wl_jpeg {
	struct wl_shape shape; /* one channel, or three */
	bool progressive;
	unsigned scans;
};

/* 0; -EBADMSG with image.truncated, image.damaged, image.codec, image.several-pages,
 * image.trailing-bytes or image.too-large. Counts what is left out into d->removed. */
int wl_jpeg_segments_check(struct wl_decode *d, struct wl_jpeg *ret,
                           struct wl_finding *ret_finding);

#endif
