/*
 * The canonical PNG: the one form in which pixels leave (requirement C-08), and masks.
 *
 * Exactly: the signature; IHDR (depth 8 or 16, colour type 0, 2, 4 or 6, no interlacing); the zlib
 * stream 78 01 cut into IDAT chunks of WL_PNG_IDAT_BYTES each, the last one shorter; IEND. Every
 * row has filter 2 (Up). The bytes depend on nothing but the samples and the version of ISA-L.
 * Sources: ISO/IEC 15948; the choice of filter and of deflate was measured (about fifteen times as
 * fast as libpng's default, at the same size).
 */
#ifndef WL_IMAGE_ENCODE_PNG_H
#define WL_IMAGE_ENCODE_PNG_H

#include "daemon/base/sha256.h"
#include "daemon/image/samples.h"

#define WL_PNG_IDAT_BYTES   (1U << 20)
#define WL_PNG_SHA512_BYTES 64

struct wl_png_written {
	uint64_t bytes;
	uint8_t sha256[WL_SHA256_BYTES], sha512[WL_PNG_SHA512_BYTES];
};

/* Fetches the digests, while the process may still open files. 0 or -ENOMEM. */
int wl_png_encode_prepare(void);

/* Writes the picture at fd's offset. 0, -ENOMEM, -EIO, or what write says. */
int wl_png_encode(const struct wl_samples *s, int fd, struct wl_png_written *ret);

/* Covers a rectangle: samples 0, alpha full. -EINVAL where it leaves the picture. */
int wl_mask_apply(struct wl_samples *s, uint32_t x, uint32_t y, uint32_t width, uint32_t height);

/* The digest that CLI.md calls samples_sha256. 0 or -EIO. */
int wl_samples_digest(const struct wl_samples *s, uint8_t ret_digest[WL_SHA256_BYTES]);

#endif
