/*
 * Decoding one page of a picture into plain samples: the order, the answer, one function a format.
 *
 * The source is hostile from its first byte; every decoder runs in worker-image, one process per
 * page, and can write nothing but the samples. Each format has two parts: our own check of the
 * structure, which refuses by name what is not read here and counts what is not samples, and the
 * unpacking of samples (libpng, libjpeg-turbo, libtiff, or our own for BMP), which is handed only
 * what it needs for that. Any warning of a library refuses (image.warning): a decoder that is in
 * doubt reads something that another decoder may read differently.
 */
#ifndef WL_IMAGE_DECODE_H
#define WL_IMAGE_DECODE_H

#include "daemon/base/bytes.h"
#include "daemon/image/rows.h"
#include "daemon/image/samples.h"

/* What a source may hold besides its samples; none of it is kept. */
enum wl_removed {
	WL_REMOVED_EXIF = 0,
	WL_REMOVED_XMP,
	WL_REMOVED_IPTC,
	WL_REMOVED_ICC,
	WL_REMOVED_TEXT,      /* comments and descriptions */
	WL_REMOVED_THUMBNAIL, /* previews and pages marked as such */
	WL_REMOVED_VENDOR,    /* segments, chunks and tags of makers of cameras and programs */
	WL_REMOVED_COLOUR,    /* how colours are meant: gamma, white point, orientation */
	WL_REMOVED_SIZE,      /* resolution, density, offsets */
	WL_REMOVED_TIME,
	WL_REMOVED_UNUSED, /* bytes that no structure points to */
	WL_REMOVED_MAX
};

/* "exif", "xmp", …: the words of picture.removed and of `removed[]`. */
const char *wl_removed_name(enum wl_removed what);

struct wl_decode {
	struct wl_bytes source;
	uint32_t page;     /* from 1 */
	uint32_t side_max; /* pixels */
	int samples_fd;    /* an empty memory file */
	/* answers */
	uint32_t pages;
	struct wl_samples samples; /* belongs to the caller; p is NULL where rows were written */
	uint64_t removed[WL_REMOVED_MAX];
};

static inline void wl_removed_add(struct wl_decode *d, enum wl_removed what, uint64_t bytes)
{
	d->removed[what] += bytes;
}

/* "libpng 1.6.39,zlib 1.2.13": what takes a picture of this format apart, as the libraries say
 * where they can be asked; "" where it is our own code. Valid until the next call. */
const char *wl_decode_tools(const char *format);

/* What libraries do once and ask the system for, before the last locks go on. 0 or -ENOMEM. */
int wl_decode_prepare(void);

/* Makes d->samples, once the shape is known. 0 or as wl_samples_create. */
int wl_decode_shape(struct wl_decode *d, const struct wl_shape *shape,
                    struct wl_finding *ret_finding);
/* Instead of it where the rows come in their order. 0 or as wl_rows_start. */
int wl_decode_rows(struct wl_decode *d, const struct wl_shape *shape, struct wl_rows *ret_rows,
                   struct wl_finding *ret_finding);

/* One per format. 0 with every sample written; -EBADMSG with image.*; other negative errno. */
typedef int wl_decoder(struct wl_decode *d, struct wl_finding *ret_finding);
wl_decoder wl_decode_png, wl_decode_jpeg, wl_decode_tiff, wl_decode_bmp;

/*
 * By the first bytes of the source: `formats` are those that may be read (enum wl_source_format),
 * `named_as` what its name says ("": nothing). 0 with *ret_name; -EBADMSG with image.format or
 * image.type-mismatch (or any rule of a decoder); other negative errno.
 */
int wl_decode(struct wl_decode *d, unsigned formats, const char *named_as, const char **ret_name,
              struct wl_finding *ret_finding);

#endif
