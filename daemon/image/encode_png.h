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

#include <stdbool.h>

#include "daemon/base/sha256.h"
#include "daemon/image/samples.h"

#define WL_PNG_IDAT_BYTES   (1U << 20)
#define WL_PNG_SHA512_BYTES 64

/* A rectangle to be covered: samples 0, alpha full. */
struct wl_png_mask {
	uint32_t x, y, width, height;
};

struct wl_png_order {
	int samples_fd; /* sealed, exactly of the shape */
	struct wl_shape shape;
	const struct wl_png_mask *masks;
	size_t nmasks;
	int output_fd; /* written at its offset */
	bool want_sha512;
};

struct wl_png_written {
	uint64_t bytes;
	uint8_t sha512[WL_PNG_SHA512_BYTES]; /* of the file; zeros where it was not wanted */
	/* as CLI.md defines samples_sha256: before the masks, and of what was written */
	uint8_t decoded_sha256[WL_SHA256_BYTES], samples_sha256[WL_SHA256_BYTES];
};

/* Fetches the digests, while the process may still open files. 0 or -ENOMEM. */
int wl_png_encode_prepare(void);

/*
 * Reads the samples once, digests, masks, filters, deflates and writes them band by band. 0;
 * -EPERM where they are not sealed; -EINVAL where their size is not that of the shape, or a mask
 * leaves the picture; -ENOMEM, -EIO, or what reading and writing say.
 */
int wl_png_encode(const struct wl_png_order *order, struct wl_png_written *ret);

/* -EINVAL where the mask leaves the picture. */
int wl_mask_check(const struct wl_shape *shape, const struct wl_png_mask *m);
/* Covers what of the mask lies in a band: `rows` whole rows at `p`, the first of them row `y`. */
void wl_mask_apply(const struct wl_shape *shape, const struct wl_png_mask *m, uint8_t *p,
                   uint32_t y, uint32_t rows);

#endif
