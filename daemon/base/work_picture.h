/*
 * One picture from its source to a checked output: the blocking driver that broker threads and the
 * offline client share. Three processes do the work, one after the other: `decode` (a parser, what
 * it says is a claim), `encode` and `check-picture` (tools, what they say are facts).
 *
 * Between decode and encode lie nothing but samples: rows packed, 8 bits, or 16 little-endian, one
 * to four channels (gray, gray and alpha, RGB, RGBA) in a memfd that is sealed before it is handed
 * on. The output is the canonical PNG of image/encode_png.h (requirements C-06 to C-10).
 */
#ifndef WL_BASE_WORK_PICTURE_H
#define WL_BASE_WORK_PICTURE_H

#include "daemon/base/sha256.h"
#include "daemon/base/work.h"
#include "daemon/base/work_tools.h"

/* Bits: what a source may be. The numbers are those of the policy's outbound.formats. */
enum wl_source_format {
	WL_FORMAT_PNG = 1,
	WL_FORMAT_JPEG = 2,
	WL_FORMAT_BMP = 4,
	WL_FORMAT_TIFF = 8,
	WL_FORMAT_ALL = 15
};

#define WL_SHA512_BYTES         64
#define WL_PICTURE_REMOVED_TEXT 33

/* "png", "jpeg", "bmp", "tiff"; "" for none of them. */
const char *wl_picture_format_name(enum wl_source_format format);
/* 0 where the name is none of them. */
enum wl_source_format wl_picture_format_find(const char *name);
/*
 * What the extension of `path` says the file is: the name of a format; "" where the last component
 * has no extension; "other" for any extension that belongs to no picture read here. Case does not
 * matter. (A source whose content is not what this says is image.type-mismatch.)
 */
const char *wl_picture_format_of_name(const char *path);

/* A rectangle to be covered in pictures of exactly this width and height. */
struct wl_picture_mask {
	uint32_t width, height; /* of the picture */
	uint32_t rect[4];       /* x, y, width, height */
};

struct wl_picture_order {
	int source_fd;        /* readable by pread; not changed meanwhile */
	int output_fd;        /* an empty regular file, open for reading and writing */
	const char *named_as; /* wl_picture_format_of_name of its path */
	unsigned formats;     /* which may be read */
	uint32_t page;        /* from 1 */
	uint32_t side_max;    /* 1 to WL_IMAGE_SIDE_MAX */
	uint64_t deadline_ms; /* of each of the three; 0: WL_PICTURE_DEADLINE_MS */
	const struct wl_picture_mask *masks;
	size_t nmasks;
	/* a picture of a size no mask is for: refused where there are masks and this is set */
	bool refuse_unknown_size;
	bool want_sha512;       /* of the output: a manifest of a bag lists it, nothing else does */
	struct wl_tools *tools; /* NULL, or what the three say they worked with is added here */
};

struct wl_picture_removed {
	char kind[WL_PICTURE_REMOVED_TEXT]; /* "exif", "comment", …: a parser's word, escaped */
	uint64_t bytes;
};

struct wl_picture {
	enum wl_source_format format; /* claims: format, pages, removed */
	uint32_t pages;
	struct wl_picture_removed removed[WL_PICTURE_REMOVED_MAX];
	size_t nremoved;
	uint32_t width, height, bits, channels; /* facts, from here on */
	uint64_t output_bytes;
	uint8_t output_sha256[WL_SHA256_BYTES];
	uint8_t output_sha512[WL_SHA512_BYTES];  /* zeros where it was not wanted */
	uint8_t samples_sha256[WL_SHA256_BYTES]; /* of the output; as CLI.md defines it */
	uint8_t decoded_sha256[WL_SHA256_BYTES]; /* before masks: never leaves with the output */
	size_t nmasked;                          /* masks that were laid */
	bool was_masked[WL_IMAGE_MASKS_MAX];     /* which of order->masks */
};

/*
 * Rebuilds one page. 0 with *ret filled and the output written (not synced: its owner does it);
 * -EBADMSG with image.* or station.worker-* in *ret_finding: then the output is to be thrown away;
 * any other negative errno is a fault of the machine, with words in ret_finding->detail perhaps.
 * ret->format, pages and removed are filled as far as the decoder got.
 */
int wl_picture_rebuild(struct wl_spawn *s, const struct wl_picture_order *order,
                       struct wl_picture *ret, struct wl_finding *ret_finding);

#endif
