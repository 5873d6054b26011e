/*
 * The checker of outputs (requirement C-09): accepts the canonical PNG of encode_png.h and nothing
 * else. Written without any of the encoder's code, so that a mistake there is not made twice.
 *
 * Anything that could carry a bit besides the samples refuses: a chunk more, a chunk of another
 * size, another filter or zlib header, rows too many, bits of padding, a byte behind the end.
 */
#ifndef WL_IMAGE_CHECK_PNG_H
#define WL_IMAGE_CHECK_PNG_H

#include "daemon/base/finding.h"
#include "daemon/base/sha256.h"

struct wl_png_facts {
	uint32_t width, height, bits, channels;
	uint64_t bytes;
	uint8_t sha256[WL_SHA256_BYTES];         /* of the file */
	uint8_t samples_sha256[WL_SHA256_BYTES]; /* computed from what the file holds */
};

/* Fetches the digests, while the process may still open files. 0 or -ENOMEM. */
int wl_png_check_prepare(void);

/* Reads the whole of fd by pread. 0; -EBADMSG with image.not-canonical; -ENOMEM, -EIO. */
int wl_png_check(int fd, struct wl_png_facts *ret, struct wl_finding *ret_finding);

#endif
