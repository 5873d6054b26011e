/*
 * The chunks of a PNG file (ISO/IEC 15948), walked by our own code before libpng sees any of it.
 *
 * libpng is given the signature, IHDR, PLTE, tRNS, IDAT and IEND and nothing else: no text, no
 * profile, no private chunk ever reaches a parser of ours or of anybody's.
 */
#ifndef WL_IMAGE_PNG_CHUNKS_H
#define WL_IMAGE_PNG_CHUNKS_H

#include "daemon/image/decode.h"

/*
 * Checks the whole file: every length, every CRC, the order of the critical chunks, nothing behind
 * IEND; and counts what will be left out into d->removed. 0; -EBADMSG with image.truncated,
 * image.damaged, image.codec, image.several-pages, image.trailing-bytes or image.too-large.
 */
int wl_png_chunks_check(struct wl_decode *d, struct wl_finding *ret_finding);

/* Reads the file as if it held only what libpng may see. `bytes` were checked. */
struct wl_png_feed {
	struct wl_bytes bytes;
	size_t pos;  /* next byte */
	size_t left; /* of the part under way */
};

void wl_png_feed_start(struct wl_png_feed *f, struct wl_bytes checked);
/* Up to n bytes; the number copied, less than n only at the end. */
size_t wl_png_feed_read(struct wl_png_feed *f, uint8_t *buf, size_t n);

#endif
