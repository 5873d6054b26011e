/*
 * The checker of outputs against files that carry something: each differs from what the encoder
 * wrote in one way, and each is image.not-canonical. The files are put together here with zlib, not
 * with the encoder's code; the encoder's own outputs are accepted, at every shape. And masks.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/image/check_png.h"
#include "daemon/image/encode_png.h"

#define WIDTH     5U
#define HEIGHT    3U
#define ROW_BYTES (WIDTH * 2 + 1)
#define FILE_MAX  4096U

/* A canonical gray 16-bit picture, and the knobs that spoil it. */
struct recipe {
	uint8_t ihdr[13];
	uint8_t raw[ROW_BYTES * (HEIGHT + 1)];
	size_t raw_bytes;
	uint8_t zlib_head[2];
	uint32_t adler_xor;
	uint8_t last_bits;                     /* or-ed into the last byte of the deflate stream */
	size_t cut;                            /* bytes of the first IDAT; 0: all of it in one */
	const char *before_idat, *before_iend; /* type of an empty chunk put there */
	size_t behind_stream, behind_file;     /* zero bytes */
	uint8_t iend_data;
	bool spoil_crc;
};

static size_t put_chunk(uint8_t *at, const char *type, const uint8_t *data, size_t n, bool spoil)
{
	uint8_t *start = at;

	for (int i = 24; i >= 0; i -= 8)
		*at++ = (uint8_t)(n >> i);
	memcpy(at, type, 4);
	if (n)
		memcpy(at + 4, data, n);
	uint32_t crc = (uint32_t)crc32(0, at, (uInt)n + 4) ^ (spoil ? 1U : 0U);
	at += 4 + n;
	for (int i = 24; i >= 0; i -= 8)
		*at++ = (uint8_t)(crc >> i);
	return (size_t)(at - start);
}

static struct recipe canonical(void)
{
	struct recipe r = {.ihdr = {0, 0, 0, WIDTH, 0, 0, 0, HEIGHT, 16, 0, 0, 0, 0},
	                   .raw_bytes = (size_t)ROW_BYTES * HEIGHT,
	                   .zlib_head = {0x78, 0x01}};

	for (size_t i = 0; i < sizeof(r.raw); i++)
		r.raw[i] = i % ROW_BYTES == 0 ? 2 : (uint8_t)(i * 37);
	return r;
}

/* head, deflated rows, Adler: the bytes of the zlib stream. */
static size_t make_stream(const struct recipe *r, uint8_t *stream)
{
	z_stream z = {0};
	size_t n = 2;

	memcpy(stream, r->zlib_head, 2);
	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, -15, 8, Z_FIXED), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)r->raw;
	z.avail_in = (uInt)r->raw_bytes;
	z.next_out = stream + n;
	z.avail_out = 1024;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	n += z.total_out;
	(void)deflateEnd(&z);
	stream[n - 1] |= r->last_bits;
	uint32_t adler = (uint32_t)adler32(1, r->raw, (uInt)r->raw_bytes) ^ r->adler_xor;
	for (int i = 24; i >= 0; i -= 8)
		stream[n++] = (uint8_t)(adler >> i);
	memset(stream + n, 0, r->behind_stream);
	return n + r->behind_stream;
}

static size_t make_file(const struct recipe *r, uint8_t *file)
{
	static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
	uint8_t stream[2048];
	size_t n = sizeof(signature), bytes = make_stream(r, stream);
	size_t first = r->cut ? r->cut : bytes;

	memcpy(file, signature, n);
	n += put_chunk(file + n, "IHDR", r->ihdr, sizeof(r->ihdr), r->spoil_crc);
	if (r->before_idat)
		n += put_chunk(file + n, r->before_idat, NULL, 0, false);
	n += put_chunk(file + n, "IDAT", stream, first, false);
	if (first < bytes)
		n += put_chunk(file + n, "IDAT", stream + first, bytes - first, false);
	if (r->before_iend)
		n += put_chunk(file + n, r->before_iend, NULL, 0, false);
	n += put_chunk(file + n, "IEND", &r->iend_data, r->iend_data ? 1 : 0, false);
	memset(file + n, 0, r->behind_file);
	return n + r->behind_file;
}

static int check_bytes(const uint8_t *file, size_t n, struct wl_png_facts *facts)
{
	WL_AUTO_CLOSE int fd = memfd_create("file", MFD_CLOEXEC);
	struct wl_finding f = {.rule = WL_RULE_NONE};

	assert_true(fd >= 0 && wl_write_full(fd, file, n) == 0);
	int r = wl_png_check(fd, facts, &f);
	assert_int_equal(f.rule, r == 0 ? WL_RULE_NONE : WL_RULE_IMAGE_NOT_CANONICAL);
	return r;
}

static int check(const struct recipe *r)
{
	uint8_t file[FILE_MAX];
	struct wl_png_facts facts;

	return check_bytes(file, make_file(r, file), &facts);
}

static void the_canonical_form_is_accepted(void **state)
{
	struct recipe r = canonical();

	(void)state;
	assert_int_equal(check(&r), 0);
}

static void what_carries_something_is_refused(void **state)
{
	struct recipe bad[40], *b = bad;

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(bad); i++)
		bad[i] = canonical();
	(b++)->before_idat = "tEXt";
	(b++)->before_idat = "pHYs";
	(b++)->before_iend = "tIME";
	(b++)->before_iend = "IDAT"; /* an empty one */
	(b++)->behind_file = 1;
	(b++)->behind_stream = 1; /* behind the Adler checksum, inside IDAT */
	(b++)->behind_stream = 40;
	(b++)->iend_data = 7;
	(b++)->spoil_crc = true;
	(b++)->adler_xor = 1;
	(b++)->cut = 2;
	(b++)->cut = 20;
	(b++)->zlib_head[1] = 0xDA; /* 78 DA: the same stream, said to be packed harder */
	(b++)->zlib_head[1] = 0x9C;
	(b++)->last_bits = 0x80;
	(b++)->raw[0] = 0; /* filter None, whose samples would be others */
	(b++)->raw[ROW_BYTES] = 4;
	(b++)->raw_bytes += ROW_BYTES; /* a row too many */
	(b++)->raw_bytes += 1;
	(b++)->raw_bytes -= 1;
	(b++)->raw_bytes -= ROW_BYTES;
	(b++)->ihdr[8] = 4;
	(b++)->ihdr[9] = 3; /* palette */
	(b++)->ihdr[9] = 1;
	(b++)->ihdr[10] = 1;
	(b++)->ihdr[11] = 1;
	(b++)->ihdr[12] = 1;
	(b++)->ihdr[3] = 0;
	(b++)->ihdr[7] = 0;
	(b++)->ihdr[0] = 0x80;
	(b++)->ihdr[3] = WIDTH + 1;
	(b++)->ihdr[7] = HEIGHT - 1;
	for (const struct recipe *r = bad; r < b; r++)
		if (check(r) == 0)
			fail_msg("number %td was accepted", r - bad);
}

/* Whether zlib does not care about the highest `n` bits of the last byte of the deflate stream. */
static bool are_spare(struct recipe r, unsigned n)
{
	uint8_t stream[2048], out[256];

	r.last_bits = (uint8_t)(0xFF00U >> n);
	z_stream z = {.next_in = stream + 2,
	              .avail_in = (uInt)make_stream(&r, stream) - 6,
	              .next_out = out,
	              .avail_out = sizeof(out)};
	assert_int_equal(inflateInit2(&z, -15), Z_OK);
	int said = inflate(&z, Z_FINISH);
	(void)inflateEnd(&z);
	return said == Z_STREAM_END && z.avail_in == 0 && z.total_out == r.raw_bytes &&
	       memcmp(out, r.raw, r.raw_bytes) == 0;
}

static void bits_behind_the_last_block_are_refused(void **state)
{
	struct recipe r = canonical();
	uint8_t file[FILE_MAX];
	struct wl_png_facts facts;

	(void)state;
	for (unsigned i = 0; i < 1000 && !are_spare(r, 3); i++)
		r.raw[1 + i % 8]++; /* another picture, whose stream ends earlier in its byte */
	assert_true(are_spare(r, 3));
	assert_int_equal(check(&r), 0);
	for (unsigned bit = 5; bit < 8; bit++) {
		WL_AUTO_CLOSE int fd = memfd_create("file", MFD_CLOEXEC);
		struct wl_finding f = {.rule = WL_RULE_NONE};
		r.last_bits = (uint8_t)(1U << bit);
		assert_int_equal(wl_write_full(fd, file, make_file(&r, file)), 0);
		assert_int_equal(wl_png_check(fd, &facts, &f), -EBADMSG);
		assert_string_equal(f.detail, "bits behind the last block");
	}
}

static void a_file_cut_short_anywhere_is_refused(void **state)
{
	struct recipe r = canonical();
	struct wl_png_facts facts;
	uint8_t file[FILE_MAX];
	size_t n = make_file(&r, file);

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(check_bytes(file, i, &facts), -EBADMSG);
}

static void no_single_bit_can_be_changed(void **state)
{
	struct recipe r = canonical();
	struct wl_png_facts facts;
	uint8_t file[FILE_MAX];
	size_t n = make_file(&r, file);

	(void)state;
	for (size_t i = 0; i < n * 8; i++) {
		file[i / 8] ^= (uint8_t)(1U << i % 8);
		assert_int_equal(check_bytes(file, n, &facts), -EBADMSG);
		file[i / 8] ^= (uint8_t)(1U << i % 8);
	}
}

/* ---- the encoder's outputs ---- */

/* A sealed memory file of some samples; *ret_p: the same, to be freed. */
static int make_samples(const struct wl_shape *shape, uint8_t **ret_p)
{
	size_t n = wl_shape_bytes(shape);
	uint8_t *p = malloc(n);
	int fd = -1;

	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * i >> 3 ^ i * 7);
	assert_int_equal(wl_memfd_sealed("samples", p, n, &fd), 0);
	*ret_p = p;
	return fd;
}

/* The digest that CLI.md defines, from samples in memory. */
static void digest_of(const struct wl_shape *shape, const uint8_t *p, uint8_t ret[WL_SHA256_BYTES])
{
	struct wl_sha256 *sha256 = wl_sha256_new();
	uint8_t head[16];

	assert_non_null(sha256);
	wl_shape_head(shape, head);
	assert_int_equal(wl_sha256_begin(sha256), 0);
	assert_int_equal(wl_sha256_add(sha256, head, sizeof(head)), 0);
	assert_int_equal(wl_sha256_add(sha256, p, wl_shape_bytes(shape)), 0);
	assert_int_equal(wl_sha256_end(sha256, ret), 0);
	(void)wl_sha256_free(sha256);
}

static void every_shape_comes_back_with_its_samples(void **state)
{
	static const uint32_t sides[][2] = {{1, 1},     {1, 400},   {400, 1},  {33, 21},
	                                    {700, 900}, {32768, 3}, {3, 32768}};

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(sides) * 8; i++) {
		struct wl_shape shape = {.width = sides[i / 8][0],
		                         .height = sides[i / 8][1],
		                         .bits = i % 2 ? 16 : 8,
		                         .channels = (uint32_t)(i / 2 % 4 + 1)};
		WL_AUTO_FREE uint8_t *p = NULL;
		WL_AUTO_CLOSE int in = make_samples(&shape, &p);
		WL_AUTO_CLOSE int out = memfd_create("out", MFD_CLOEXEC);
		const struct wl_png_order order = {
		        .samples_fd = in, .shape = shape, .output_fd = out};
		struct wl_png_written written;
		struct wl_png_facts facts;
		struct wl_finding f;
		uint8_t digest[WL_SHA256_BYTES];
		assert_int_equal(wl_png_encode(&order, &written), 0);
		assert_int_equal(wl_png_check(out, &facts, &f), 0);
		digest_of(&shape, p, digest);
		assert_int_equal(facts.bytes, written.bytes);
		assert_memory_equal(written.decoded_sha256, digest, sizeof(digest));
		assert_memory_equal(written.samples_sha256, digest, sizeof(digest));
		assert_memory_equal(facts.samples_sha256, digest, sizeof(digest));
	}
}

static void the_same_samples_give_the_same_bytes(void **state)
{
	struct wl_shape shape = {.width = 500, .height = 700, .bits = 16, .channels = 3};
	WL_AUTO_FREE uint8_t *p = NULL;
	WL_AUTO_CLOSE int in = make_samples(&shape, &p);
	struct wl_png_facts facts[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		WL_AUTO_CLOSE int out = memfd_create("out", MFD_CLOEXEC);
		const struct wl_png_order order = {
		        .samples_fd = in, .shape = shape, .output_fd = out};
		struct wl_png_written written;
		struct wl_finding f;
		assert_int_equal(wl_png_encode(&order, &written), 0);
		assert_int_equal(wl_png_check(out, &facts[i], &f), 0);
	}
	assert_memory_equal(&facts[0], &facts[1], sizeof(facts[0]));
}

static void a_file_is_digested_where_it_is_wanted(void **state)
{
	struct wl_shape shape = {.width = 500, .height = 700, .bits = 16, .channels = 3};
	WL_AUTO_FREE uint8_t *p = NULL;
	WL_AUTO_FREE void *file = NULL;
	WL_AUTO_CLOSE int in = make_samples(&shape, &p);
	WL_AUTO_CLOSE int out = memfd_create("out", MFD_CLOEXEC);
	struct wl_png_order order = {.samples_fd = in, .shape = shape, .output_fd = out};
	uint8_t digest[WL_PNG_SHA512_BYTES], none[WL_PNG_SHA512_BYTES] = {0};
	struct wl_png_written written;
	size_t n = 0;

	(void)state;
	assert_int_equal(wl_png_encode(&order, &written), 0);
	assert_memory_equal(written.sha512, none, sizeof(none));
	assert_int_equal(wl_fd_read_all(out, WL_MIB(16), &file, &n), 0);
	assert_int_equal(EVP_Digest(file, n, digest, NULL, EVP_sha512(), NULL), 1);
	assert_int_equal(ftruncate(out, 0), 0);
	assert_int_equal(lseek(out, 0, SEEK_SET), 0);
	order.want_sha512 = true;
	assert_int_equal(wl_png_encode(&order, &written), 0);
	assert_memory_equal(written.sha512, digest, sizeof(digest));
}

/* ---- masks ---- */

/* The picture with its mask, made here pixel by pixel. */
static void cover(const struct wl_shape *s, const struct wl_png_mask *m, uint8_t *p)
{
	for (size_t i = 0; i < wl_shape_bytes(s); i++) {
		size_t pixel = i / (s->channels * s->bits / 8), c = i / (s->bits / 8) % s->channels;
		bool in = pixel % s->width >= m->x && pixel % s->width < m->x + m->width &&
		          pixel / s->width >= m->y && pixel / s->width < m->y + m->height;
		bool alpha = s->channels % 2 == 0 && c == s->channels - 1;
		p[i] = in ? (alpha ? 0xFF : 0) : p[i];
	}
}

/* In a small picture, and in one that is worked on in several bands. */
static void a_mask_covers_its_rectangle_and_nothing_else(void **state)
{
	static const uint32_t sides[][2] = {{20, 10}, {900, 900}};

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(sides) * 8; i++) {
		struct wl_shape shape = {sides[i / 8][0], sides[i / 8][1], i % 2 ? 16 : 8,
		                         (uint32_t)(i / 2 % 4 + 1)};
		const struct wl_png_mask masks[2] = {
		        {3, 2, 5, 4}, {shape.width / 2, 1, shape.width / 4, shape.height - 2}};
		WL_AUTO_FREE uint8_t *p = NULL;
		WL_AUTO_CLOSE int in = make_samples(&shape, &p);
		WL_AUTO_CLOSE int out = memfd_create("out", MFD_CLOEXEC);
		const struct wl_png_order order = {.samples_fd = in,
		                                   .shape = shape,
		                                   .masks = masks,
		                                   .nmasks = 2,
		                                   .output_fd = out};
		struct wl_png_written written;
		struct wl_png_facts facts;
		struct wl_finding f;
		uint8_t before[WL_SHA256_BYTES], after[WL_SHA256_BYTES];
		digest_of(&shape, p, before);
		cover(&shape, &masks[0], p);
		cover(&shape, &masks[1], p);
		digest_of(&shape, p, after);
		assert_int_equal(wl_png_encode(&order, &written), 0);
		assert_int_equal(wl_png_check(out, &facts, &f), 0);
		assert_memory_equal(written.decoded_sha256, before, sizeof(before));
		assert_memory_equal(written.samples_sha256, after, sizeof(after));
		assert_memory_equal(facts.samples_sha256, after, sizeof(after));
	}
}

static void a_mask_beyond_the_picture_is_a_mistake(void **state)
{
	static const struct wl_png_mask beyond[] = {
	        {1, 0, 20, 10}, {0, 1, 20, 10}, {21, 0, 0, 0}, {5, 5, UINT32_MAX, 1}};
	const struct wl_png_mask whole = {0, 0, 20, 10};
	struct wl_shape shape = {20, 10, 8, 1};
	WL_AUTO_FREE uint8_t *p = NULL;
	WL_AUTO_CLOSE int in = make_samples(&shape, &p);
	WL_AUTO_CLOSE int out = memfd_create("out", MFD_CLOEXEC);
	struct wl_png_order order = {
	        .samples_fd = in, .shape = shape, .nmasks = 1, .output_fd = out};
	struct wl_png_written written;

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(beyond); i++) {
		order.masks = &beyond[i];
		assert_int_equal(wl_png_encode(&order, &written), -EINVAL);
		assert_int_equal(lseek(out, 0, SEEK_END), 0);
	}
	order.masks = &whole;
	assert_int_equal(wl_png_encode(&order, &written), 0);
}

static void samples_that_are_not_sealed_are_not_taken(void **state)
{
	struct wl_shape shape = {20, 10, 8, 1};
	WL_AUTO_CLOSE int fd = memfd_create("samples", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)state;
	assert_int_equal(ftruncate(fd, 200), 0);
	assert_int_equal(wl_samples_check(fd, &shape), -EPERM);
	assert_int_equal(
	        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL),
	        0);
	shape.height = 11;
	assert_int_equal(wl_samples_check(fd, &shape), -EINVAL);
	shape.height = 10;
	assert_int_equal(wl_samples_check(fd, &shape), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_canonical_form_is_accepted),
	        cmocka_unit_test(what_carries_something_is_refused),
	        cmocka_unit_test(bits_behind_the_last_block_are_refused),
	        cmocka_unit_test(a_file_cut_short_anywhere_is_refused),
	        cmocka_unit_test(no_single_bit_can_be_changed),
	        cmocka_unit_test(every_shape_comes_back_with_its_samples),
	        cmocka_unit_test(the_same_samples_give_the_same_bytes),
	        cmocka_unit_test(a_file_is_digested_where_it_is_wanted),
	        cmocka_unit_test(a_mask_covers_its_rectangle_and_nothing_else),
	        cmocka_unit_test(a_mask_beyond_the_picture_is_a_mistake),
	        cmocka_unit_test(samples_that_are_not_sealed_are_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
