/*
 * The directories of a TIFF file (TIFF 6.0), read and checked by our own code before libtiff.
 *
 * What libtiff then gets is not the source's directory but one of ours (tiff_virtual.h), with the
 * dozen tags that samples need. Read here: gray and RGB, with or without unassociated alpha, 8 and
 * 16 bits, strips and tiles, both byte orders, chunky and planar; no compression, LZW, deflate and
 * PackBits. Everything else is image.codec, by name.
 */
#ifndef WL_IMAGE_TIFF_DIRECTORY_H
#define WL_IMAGE_TIFF_DIRECTORY_H

#include "daemon/image/decode.h"

struct wl_tiff_page {
	struct wl_shape shape;
	bool white_is_zero, planar, tiled;
	uint32_t compression, predictor, fill_order;
	uint32_t rows_per_strip;          /* strips */
	uint32_t tile_width, tile_height; /* tiles */
	uint32_t nparts;                  /* strips or tiles */
	uint32_t *offsets, *counts;       /* of each part; belong to the page */
};

struct wl_tiff {
	bool big_endian;
	uint32_t pages;           /* pictures of their own */
	struct wl_tiff_page page; /* the one asked for */
};

/*
 * Walks every directory of d->source, also those that only tags point to, and reads page d->page.
 * 0; -EBADMSG with image.truncated, image.damaged, image.codec, image.too-large,
 * image.several-pages (more than WL_IMAGE_PAGES_MAX, or none but previews), image.trailing-bytes.
 */
int wl_tiff_read(struct wl_decode *d, struct wl_tiff *ret, struct wl_finding *ret_finding);
void wl_tiff_clear(struct wl_tiff *t);

/* One entry of a directory, its values found and within the file. */
struct wl_tiff_entry {
	unsigned tag, type;
	uint32_t count;
	size_t at; /* of the first value, in the source */
};

#define WL_TIFF_DIRECTORIES_MAX 256U

struct wl_tiff_reading {
	struct wl_decode *d;
	struct wl_tiff *tiff;
	struct wl_finding *finding;
	size_t last;          /* the first byte that nothing points to so far */
	uint64_t referenced;  /* bytes that something points to */
	unsigned directories; /* walked so far */
	size_t walked[WL_TIFF_DIRECTORIES_MAX];
};

/* Value i of an entry of type BYTE, SHORT or LONG (checked); 0 beyond them. */
uint32_t wl_tiff_value(const struct wl_tiff_reading *w, const struct wl_tiff_entry *e, uint32_t i);
uint32_t wl_tiff_load(const struct wl_tiff_reading *w, size_t at, unsigned bytes);
/* Marks bytes as pointed to; image.truncated where they lie beyond the file. */
int wl_tiff_refer(struct wl_tiff_reading *w, uint64_t at, uint64_t bytes);

/* Reads the tags of samples into ret (arrays allocated). 0, -EBADMSG, -ENOMEM. */
int wl_tiff_page_read(struct wl_tiff_reading *w, const struct wl_tiff_entry *entries, size_t n,
                      struct wl_tiff_page *ret);
void wl_tiff_page_clear(struct wl_tiff_page *p);

#endif
