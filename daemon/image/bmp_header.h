/*
 * The headers of a BMP file: every version of them, read by our own code.
 *
 * Sources: Microsoft's descriptions of BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV4HEADER and
 * BITMAPV5HEADER; the OS/2 2.x header is a longer BITMAPINFOHEADER (its own compressions refuse).
 */
#ifndef WL_IMAGE_BMP_HEADER_H
#define WL_IMAGE_BMP_HEADER_H

#include "daemon/image/decode.h"

#define WL_BMP_PALETTE_MAX 256U

enum wl_bmp_packing { WL_BMP_PLAIN = 0, WL_BMP_RLE8 = 1, WL_BMP_RLE4 = 2, WL_BMP_FIELDS = 3 };

/* One channel within a pixel of 16 or 32 bits. */
struct wl_bmp_field {
	uint32_t mask, max; /* max: mask shifted down; 0: no such channel */
	unsigned shift;
};

struct wl_bmp {
	struct wl_shape shape;
	bool top_down;
	unsigned depth; /* bits a pixel: 1, 2, 4, 8, 16, 24, 32 */
	enum wl_bmp_packing packing;
	struct wl_bmp_field field[4]; /* red, green, blue, alpha */
	unsigned ncolours;
	uint8_t palette[WL_BMP_PALETTE_MAX][3]; /* red, green, blue */
	size_t pixels_at;                       /* offset of the first row */
	size_t profile_at, profile_bytes;       /* 0: none */
};

/* 0; -EBADMSG with image.truncated, image.damaged or image.codec. Counts what is left out. */
int wl_bmp_header_read(struct wl_decode *d, struct wl_bmp *ret, struct wl_finding *ret_finding);

/* Run-length packed rows into indices, one byte a pixel, rows bottom up (what runs skip is index
 * 0). *ret_used: bytes read. 0; -EBADMSG with image.truncated or image.damaged. */
int wl_bmp_rle_unpack(const struct wl_bmp *bmp, struct wl_bytes packed, uint8_t *indices,
                      size_t *ret_used, struct wl_finding *ret_finding);

#endif
