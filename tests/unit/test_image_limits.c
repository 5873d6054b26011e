/*
 * The limits on pictures (limits.h), each at N and at N + 1: at N the source is not refused for its
 * size, one beyond it is image.too-large (pages: image.several-pages). Sources are put together
 * here, as small as they can be.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/work_picture.h"
#include "daemon/image/decode.h"

struct file {
	uint8_t *p;
	size_t n, room;
};

static void put(struct file *f, const void *p, size_t n)
{
	if (f->room < f->n + n) {
		f->room = (f->n + n) * 2;
		f->p = realloc(f->p, f->room);
		assert_non_null(f->p);
	}
	memcpy(f->p + f->n, p, n);
	f->n += n;
}

static void put_number(struct file *f, uint64_t v, unsigned bytes, bool big)
{
	for (unsigned i = 0; i < bytes; i++) {
		uint8_t b = (uint8_t)(v >> 8 * (big ? bytes - 1 - i : i));
		put(f, &b, 1);
	}
}

static void clear(struct file *f)
{
	free(f->p);
}

/* The rule that refuses, WL_RULE_NONE where none does. */
static enum wl_rule decode(const struct file *f, size_t n)
{
	WL_AUTO_CLOSE int fd = memfd_create("samples", MFD_CLOEXEC);
	struct wl_decode d = {
	        .source = {f->p, n}, .page = 1, .side_max = WL_IMAGE_SIDE_MAX, .samples_fd = fd};
	struct wl_finding why = {.rule = WL_RULE_NONE};
	const char *name = "";
	int r = wl_decode(&d, WL_FORMAT_ALL, "", &name, &why);

	assert_true(r == 0 || r == -EBADMSG);
	wl_samples_clear(&d.samples);
	return r == 0 ? WL_RULE_NONE : why.rule;
}

static enum wl_rule shape(uint32_t width, uint32_t height, uint32_t bits, uint32_t channels,
                          uint32_t side_max)
{
	struct wl_shape s = {width, height, bits, channels};
	struct wl_finding f = {.rule = WL_RULE_NONE};

	return wl_shape_check(&s, side_max, &f) == 0 ? WL_RULE_NONE : f.rule;
}

static void sides_and_samples(void **state)
{
	uint32_t n = WL_IMAGE_SIDE_MAX, rows = (uint32_t)(WL_IMAGE_SAMPLES_BYTES_MAX / n);

	(void)state;
	assert_int_equal(shape(n, 1, 8, 1, n), WL_RULE_NONE);
	assert_int_equal(shape(1, n, 8, 1, n), WL_RULE_NONE);
	assert_int_equal(shape(n + 1, 1, 8, 1, n), WL_RULE_IMAGE_TOO_LARGE);
	assert_int_equal(shape(1, n + 1, 8, 1, n), WL_RULE_IMAGE_TOO_LARGE);
	assert_int_equal(shape(n + 1, 1, 8, 1, UINT32_MAX), WL_RULE_IMAGE_TOO_LARGE);
	/* the policy's own, lower */
	assert_int_equal(shape(100, 1, 8, 1, 100), WL_RULE_NONE);
	assert_int_equal(shape(101, 1, 8, 1, 100), WL_RULE_IMAGE_TOO_LARGE);
	assert_int_equal(shape(n, rows, 8, 1, n), WL_RULE_NONE);
	assert_int_equal(shape(n, rows / 8, 16, 4, n), WL_RULE_NONE);
	assert_int_equal(shape(n, rows + 1, 8, 1, n), WL_RULE_IMAGE_TOO_LARGE);
	assert_int_equal(shape(n, rows / 8 + 1, 16, 4, n), WL_RULE_IMAGE_TOO_LARGE);
	assert_int_equal(shape(n, n, 16, 4, n), WL_RULE_IMAGE_TOO_LARGE);
	assert_int_equal(shape(0, 5, 8, 1, n), WL_RULE_IMAGE_DAMAGED);
}

/* A file of zeros behind a magic: at N it is refused for what it is, beyond for its size. */
static void source_bytes(void **state)
{
	size_t n = WL_IMAGE_SOURCE_BYTES_MAX;
	uint8_t *p = mmap(NULL, n + 1, PROT_READ | PROT_WRITE,
	                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct file f = {.p = p};

	(void)state;
	assert_true(p != MAP_FAILED);
	memcpy(p, "\xff\xd8\xff\xe0", 4);
	assert_int_not_equal(decode(&f, n), WL_RULE_IMAGE_TOO_LARGE);
	assert_int_equal(decode(&f, n + 1), WL_RULE_IMAGE_TOO_LARGE);
	(void)munmap(p, n + 1);
}

/* n chunks in all: IHDR, IDAT, IEND and empty private ones. CRCs of the fixed ones are known. */
static enum wl_rule png_of(unsigned n)
{
	static const uint8_t head[] =
	        "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0\x3a\x7e\x9b\x55";
	static const uint8_t empty[] = "\0\0\0\0prVt\xa6\x87\x8c\x49";
	static const uint8_t tail[] = "\0\0\0\nIDAT\x78\x9c\x63\x60\0\0\0\2\0\1\x48\xaf\xa4\x71\0\0"
	                              "\0\0IEND\xae\x42\x60\x82";
	WL_CLEANUP(clear) struct file f = {0};

	put(&f, head, sizeof(head) - 1);
	for (unsigned i = 3; i < n; i++)
		put(&f, empty, sizeof(empty) - 1);
	put(&f, tail, sizeof(tail) - 1);
	return decode(&f, f.n);
}

static void png_chunks(void **state)
{
	(void)state;
	assert_int_equal(png_of(3), WL_RULE_NONE);
	assert_int_equal(png_of(WL_IMAGE_CHUNKS_MAX), WL_RULE_NONE);
	assert_int_equal(png_of(WL_IMAGE_CHUNKS_MAX + 1), WL_RULE_IMAGE_TOO_LARGE);
}

static enum wl_rule jpeg_of(unsigned comments, unsigned scans)
{
	static const uint8_t frame[] = "\xff\xc2\0\x0b\x08\0\1\0\1\1\1\x11\0";
	static const uint8_t scan[] = "\xff\xda\0\x08\1\1\0\0\0\0";
	WL_CLEANUP(clear) struct file f = {0};

	put(&f, "\xff\xd8", 2);
	for (unsigned i = 0; i < comments; i++)
		put(&f, "\xff\xfe\0\2", 4);
	put(&f, frame, sizeof(frame) - 1);
	for (unsigned i = 0; i < scans; i++)
		put(&f, scan, sizeof(scan) - 1);
	put(&f, "\xff\xd9", 2);
	return decode(&f, f.n);
}

/* These have no tables, so that a decoder refuses them too, but not for their size. */
static void jpeg_segments_and_scans(void **state)
{
	unsigned others = 3; /* frame, scan, EOI */

	(void)state;
	assert_int_equal(jpeg_of(WL_IMAGE_CHUNKS_MAX - others, 1), WL_RULE_IMAGE_DAMAGED);
	assert_int_equal(jpeg_of(WL_IMAGE_CHUNKS_MAX - others + 1, 1), WL_RULE_IMAGE_TOO_LARGE);
	assert_int_equal(jpeg_of(0, WL_IMAGE_SCANS_MAX), WL_RULE_IMAGE_DAMAGED);
	assert_int_equal(jpeg_of(0, WL_IMAGE_SCANS_MAX + 1), WL_RULE_IMAGE_TOO_LARGE);
}

static void put_entry(struct file *f, unsigned tag, unsigned type, uint32_t count, uint32_t value)
{
	put_number(f, tag, 2, false);
	put_number(f, type, 2, false);
	put_number(f, count, 4, false);
	put_number(f, value, 4, false);
}

/* Pages of 1 x `height` gray pixels with a row a strip, `more` entries that nobody knows. */
static enum wl_rule tiff_of(unsigned pages, uint32_t height, unsigned more)
{
	WL_CLEANUP(clear) struct file f = {0};
	uint32_t strip = 8, offsets = strip + 4, counts = offsets + 4 * height;
	uint32_t first = counts + 4 * height, entries = 9 + more, each = 2 + 12 * entries + 4;

	put(&f, "II*", 4);
	put_number(&f, first, 4, false);
	put(&f, "gray", 4);
	for (uint32_t i = 0; i < height; i++)
		put_number(&f, strip, 4, false);
	for (uint32_t i = 0; i < height; i++)
		put_number(&f, 1, 4, false);
	for (unsigned p = 0; p < pages; p++) {
		put_number(&f, entries, 2, false);
		put_entry(&f, 256, 4, 1, 1);
		put_entry(&f, 257, 4, 1, height);
		put_entry(&f, 258, 3, 1, 8);
		put_entry(&f, 259, 3, 1, 1);
		put_entry(&f, 262, 3, 1, 1);
		put_entry(&f, 273, 4, height, height == 1 ? strip : offsets);
		put_entry(&f, 277, 3, 1, 1);
		put_entry(&f, 278, 4, 1, 1);
		put_entry(&f, 279, 4, height, height == 1 ? 1 : counts);
		for (unsigned i = 0; i < more; i++)
			put_entry(&f, 60000 + i, 4, 1, 0);
		put_number(&f, p + 1 < pages ? first + each * (p + 1) : 0, 4, false);
	}
	return decode(&f, f.n);
}

static void tiff_pages_entries_and_strips(void **state)
{
	(void)state;
	assert_int_equal(tiff_of(WL_IMAGE_PAGES_MAX, 1, 0), WL_RULE_NONE);
	assert_int_equal(tiff_of(WL_IMAGE_PAGES_MAX + 1, 1, 0), WL_RULE_IMAGE_SEVERAL_PAGES);
	assert_int_equal(tiff_of(1, 1, WL_IMAGE_TIFF_ENTRIES_MAX - 9), WL_RULE_NONE);
	assert_int_equal(tiff_of(1, 1, WL_IMAGE_TIFF_ENTRIES_MAX - 8), WL_RULE_IMAGE_TOO_LARGE);
	assert_int_equal(tiff_of(1, WL_IMAGE_SIDE_MAX, 0), WL_RULE_NONE);
	assert_int_equal(tiff_of(1, WL_IMAGE_SIDE_MAX + 1, 0), WL_RULE_IMAGE_TOO_LARGE);
}

/* Tiles of one pixel: as many as there are pixels. */
static enum wl_rule tiled(uint32_t width, uint32_t height, uint32_t tile)
{
	WL_CLEANUP(clear) struct file f = {0};
	uint32_t n = (width + tile - 1) / tile * ((height + tile - 1) / tile), pixels = tile * tile;
	uint32_t data = 8, offsets = data + pixels, counts = offsets + 4 * n;

	put(&f, "II*", 4);
	put_number(&f, counts + 4 * n, 4, false);
	for (uint32_t i = 0; i < pixels; i++)
		put(&f, "x", 1);
	for (uint32_t i = 0; i < n; i++)
		put_number(&f, data, 4, false);
	for (uint32_t i = 0; i < n; i++)
		put_number(&f, pixels, 4, false);
	put_number(&f, 10, 2, false);
	put_entry(&f, 256, 4, 1, width);
	put_entry(&f, 257, 4, 1, height);
	put_entry(&f, 258, 3, 1, 8);
	put_entry(&f, 259, 3, 1, 1);
	put_entry(&f, 262, 3, 1, 1);
	put_entry(&f, 277, 3, 1, 1);
	put_entry(&f, 322, 4, 1, tile);
	put_entry(&f, 323, 4, 1, tile);
	put_entry(&f, 324, 4, n, n == 1 ? data : offsets);
	put_entry(&f, 325, 4, n, n == 1 ? pixels : counts);
	put_number(&f, 0, 4, false);
	return decode(&f, f.n);
}

static void tiff_tiles(void **state)
{
	uint32_t n = WL_IMAGE_TIFF_STRIPS_MAX / 256;

	(void)state;
	/* libtiff wants tiles whose sides are multiples of 16 */
	assert_int_equal(tiled(16 * n, 16 * 256, 16), WL_RULE_NONE);
	assert_int_equal(tiled(16 * n + 16, 16 * 256, 16), WL_RULE_IMAGE_TOO_LARGE);
}

/* Names of pictures, and what an extension says. */
static void names_of_formats(void **state)
{
	static const char *const says[][2] = {
	        {"a.png", "png"},
	        {"a.PNG", "png"},
	        {"x/y.jpeg", "jpeg"},
	        {"a.b.JPG", "jpeg"},
	        {"a.tif", "tiff"},
	        {"a.dib", "bmp"},
	        {"a", ""},
	        {"x.png/a", ""},
	        {"a.", ""},
	        {"a.png.exe", "other"},
	        {"a.pngx", "other"},
	        {".png", "png"},
	};

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(says); i++)
		assert_string_equal(wl_picture_format_of_name(says[i][0]), says[i][1]);
	assert_int_equal(wl_picture_format_find("tiff"), WL_FORMAT_TIFF);
	assert_int_equal(wl_picture_format_find("gif"), 0);
	assert_string_equal(wl_picture_format_name(WL_FORMAT_BMP), "bmp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sides_and_samples),
	        cmocka_unit_test(source_bytes),
	        cmocka_unit_test(png_chunks),
	        cmocka_unit_test(jpeg_segments_and_scans),
	        cmocka_unit_test(tiff_pages_entries_and_strips),
	        cmocka_unit_test(tiff_tiles),
	        cmocka_unit_test(names_of_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
