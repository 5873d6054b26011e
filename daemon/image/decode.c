/*
 * Which decoder a source is for: by its first bytes, held against what its name says.
 *
 * Both are the attacker's. A file whose name and content disagree is read differently by different
 * programs, so it is refused (image.type-mismatch); so is every kind that is not in the table, with
 * its name where it is a known one. Runs in worker-image.
 */
#include "daemon/image/decode.h"

#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/base/work_picture.h"

static const struct {
	enum wl_source_format format;
	const char *magic;
	size_t n;
	wl_decoder *decode;
} formats_known[] = {
        {WL_FORMAT_PNG, "\x89PNG\r\n\x1a\n", 8, wl_decode_png},
        {WL_FORMAT_JPEG, "\xff\xd8\xff", 3, wl_decode_jpeg},
        {WL_FORMAT_TIFF, "II*\0", 4, wl_decode_tiff},
        {WL_FORMAT_TIFF, "MM\0*", 4, wl_decode_tiff},
        {WL_FORMAT_TIFF, "II+\0", 4, wl_decode_tiff},
        {WL_FORMAT_TIFF, "MM\0+", 4, wl_decode_tiff},
        {WL_FORMAT_BMP, "BM", 2, wl_decode_bmp},
};

/* Not read here, but a person is helped by the name. */
static const struct {
	size_t at;
	const char *magic;
	size_t n;
	const char *name;
} strangers[] = {
        {0, "GIF8", 4, "GIF"},       {8, "WEBP", 4, "WebP"},
        {128, "DICM", 4, "DICOM"},   {4, "ftyp", 4, "HEIF or MP4"},
        {4, "jP  ", 4, "JPEG 2000"}, {0, "%PDF", 4, "PDF"},
        {0, "PK\x03\x04", 4, "ZIP"}, {0, "BA", 2, "an array of bitmaps"},
        {0, "P5", 2, "PGM"},         {0, "P6", 2, "PPM"},
};

static const char *const removed_names[WL_REMOVED_MAX] = {
        [WL_REMOVED_EXIF] = "exif",     [WL_REMOVED_XMP] = "xmp",
        [WL_REMOVED_IPTC] = "iptc",     [WL_REMOVED_ICC] = "icc",
        [WL_REMOVED_TEXT] = "text",     [WL_REMOVED_THUMBNAIL] = "thumbnail",
        [WL_REMOVED_VENDOR] = "vendor", [WL_REMOVED_COLOUR] = "colour",
        [WL_REMOVED_SIZE] = "size",     [WL_REMOVED_TIME] = "time",
        [WL_REMOVED_UNUSED] = "unused",
};

const char *wl_removed_name(enum wl_removed what)
{
	return (unsigned)what < WL_REMOVED_MAX ? removed_names[what] : "";
}

int wl_decode_shape(struct wl_decode *d, const struct wl_shape *shape,
                    struct wl_finding *ret_finding)
{
	return wl_samples_create(d->samples_fd, shape, d->side_max, &d->samples, ret_finding);
}

int wl_decode_rows(struct wl_decode *d, const struct wl_shape *shape, struct wl_rows *ret_rows,
                   struct wl_finding *ret_finding)
{
	int r = wl_rows_start(ret_rows, d->samples_fd, shape, d->side_max, ret_finding);

	if (r == 0)
		d->samples = (struct wl_samples){.shape = *shape, .bytes = wl_shape_bytes(shape)};
	return r;
}

static bool starts(struct wl_bytes b, size_t at, const char *magic, size_t n)
{
	return b.n >= at && b.n - at >= n && memcmp(b.p + at, magic, n) == 0;
}

static int stranger(struct wl_bytes source, struct wl_finding *ret_finding)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(strangers); i++)
		if (starts(source, strangers[i].at, strangers[i].magic, strangers[i].n))
			return wl_refuse(ret_finding, WL_RULE_IMAGE_FORMAT, "it is %s",
			                 strangers[i].name);
	return wl_refuse(ret_finding, WL_RULE_IMAGE_FORMAT,
	                 source.n ? "its first bytes are those of no known kind" : "it is empty");
}

int wl_decode(struct wl_decode *d, unsigned formats, const char *named_as, const char **ret_name,
              struct wl_finding *ret_finding)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(formats_known); i++) {
		if (!starts(d->source, 0, formats_known[i].magic, formats_known[i].n))
			continue;
		*ret_name = wl_picture_format_name(formats_known[i].format);
		if (named_as[0] && strcmp(named_as, *ret_name) != 0)
			return wl_refuse(ret_finding, WL_RULE_IMAGE_TYPE_MISMATCH,
			                 "the content is %s", *ret_name);
		if (!(formats & (unsigned)formats_known[i].format))
			return wl_refuse(ret_finding, WL_RULE_IMAGE_FORMAT, "%s is not allowed",
			                 *ret_name);
		if (d->source.n > WL_IMAGE_SOURCE_BYTES_MAX)
			return wl_refuse(ret_finding, WL_RULE_IMAGE_TOO_LARGE,
			                 "a file of %zu bytes; %llu may be", d->source.n,
			                 (unsigned long long)WL_IMAGE_SOURCE_BYTES_MAX);
		wl_pages_ready(d->source.p, d->source.n, false);
		return formats_known[i].decode(d, ret_finding);
	}
	return stranger(d->source, ret_finding);
}
