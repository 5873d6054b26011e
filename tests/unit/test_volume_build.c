/* Building a volume: the order of writing, power cuts at every write, digests, faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/volume/build_fat.h"
#include "daemon/volume/volume.h"

#define MEDIUM_BYTES WL_MIB(40)
#define FILE_BYTES   5000000U

/* A destination that fails from its write number `cut` on, and remembers what came. */
struct medium {
	int fd;
	unsigned calls, cut, flushes;
	unsigned tear; /* how many bytes of the failing write still arrive */
	uint64_t written_to;
	bool first_block_written;
	bool gap; /* step 2 was not one sequential pass */
};

static int write_medium(void *user, int fd, const void *buf, size_t n, uint64_t offset)
{
	struct medium *m = user;
	(void)fd;
	if (m->cut && ++m->calls >= m->cut) {
		size_t part = m->calls == m->cut && m->tear < n ? m->tear : 0;
		(void)wl_pwrite_full(m->fd, buf, part, (off_t)offset);
		return -EIO;
	}
	if (m->flushes == 1) {
		m->gap = m->gap || offset != m->written_to;
		m->written_to = offset + n;
	}
	if (m->flushes == 2)
		m->first_block_written = offset == 0 && n == 512;
	return wl_pwrite_full(m->fd, buf, n, (off_t)offset);
}

static int flush_medium(void *user, int fd)
{
	struct medium *m = user;
	(void)fd;
	if (m->cut && ++m->calls >= m->cut)
		return -EIO;
	m->flushes++;
	m->written_to = 512;
	return 0;
}

static const struct wl_build_ops counted = {.write = write_medium, .flush = flush_medium};

struct content {
	unsigned seed;
	int shorter, longer;
};

/* Always the same bytes for one seed. */
static int open_content(void *user, size_t index, int *ret_fd)
{
	const struct content *c = user;
	size_t n = FILE_BYTES - (size_t)c->shorter + (size_t)c->longer;
	WL_AUTO_FREE uint8_t *p = malloc(n);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 31 + i / 256 + c->seed + index);
	return wl_memfd_sealed("content", p, n, ret_fd);
}

static const struct wl_build_file files[] = {{"A.BIN", 5, FILE_BYTES},
                                             {"Folder with a name/b.bin", 24, FILE_BYTES}};

static int build(struct medium *m, struct content *c, size_t nfiles, struct wl_build_result *ret,
                 struct wl_finding *f)
{
	WL_CLEANUP(wl_layout_cleanup) struct wl_layout *l = NULL;
	const struct wl_build_order order = {.medium_bytes = MEDIUM_BYTES,
	                                     .time = 1795000000,
	                                     .disk_id = 0x11223344,
	                                     .volume_id = 0x55667788,
	                                     .label = "WEIGHLOCK  ",
	                                     .files = files,
	                                     .nfiles = nfiles};
	struct wl_build_source source = {
	        .open = open_content, .user = c, .ops = &counted, .ops_user = m};
	assert_int_equal(wl_layout_plan(&order, &l, f), 0);
	return wl_build_fat(m->fd, l, &source, ret, f);
}

/* A medium full of what was there before: a volume that mounts, and a GPT's copy at its end. */
static int make_medium(void)
{
	int fd = memfd_create("medium", MFD_CLOEXEC);
	WL_AUTO_FREE uint8_t *old = malloc(MEDIUM_BYTES);
	memset(old, 0xA5, MEDIUM_BYTES);
	assert_true(fd >= 0);
	assert_int_equal(wl_pwrite_full(fd, old, MEDIUM_BYTES, 0), 0);
	return fd;
}

static bool mounts(int fd)
{
	WL_CLEANUP(wl_device_cleanup) struct wl_device *d = NULL;
	WL_CLEANUP(wl_volume_cleanup) struct wl_volume *v = NULL;
	struct wl_finding f;
	assert_int_equal(wl_device_new(fd, MEDIUM_BYTES, &d), 0);
	return wl_volume_open(d, 100, &v, &f) == 0;
}

static void digest(int fd, uint64_t bytes, uint8_t ret[WL_SHA256_BYTES])
{
	WL_AUTO_FREE uint8_t *p = malloc(bytes);
	assert_int_equal(wl_pread_full(fd, p, bytes, 0), bytes);
	assert_int_equal(wl_sha256_of(p, bytes, ret), 0);
}

static void test_order_and_digests(void **state)
{
	struct content c = {.seed = 1};
	uint8_t head[WL_SHA256_BYTES], volume[WL_SHA256_BYTES];
	(void)state;
	for (size_t nfiles = 0; nfiles <= 2; nfiles++) {
		struct wl_finding f;
		struct wl_build_result b;
		struct medium m = {.fd = make_medium()};
		assert_int_equal(build(&m, &c, nfiles, &b, &f), 0);
		assert_int_equal(m.flushes, 3);
		assert_false(m.gap);
		assert_true(m.first_block_written);
		assert_true(mounts(m.fd));
		digest(m.fd, WL_MIB(4), head);
		digest(m.fd, b.volume_bytes, volume);
		assert_memory_equal(head, b.head_sha256, WL_SHA256_BYTES);
		assert_memory_equal(volume, b.volume_sha256, WL_SHA256_BYTES);
		(void)close(m.fd);
	}
}

static void test_ends_are_clean(void **state)
{
	struct content c = {.seed = 1};
	struct wl_finding f;
	struct wl_build_result b;
	struct medium m = {.fd = make_medium()};
	static uint8_t tail[1 << 20], zero[1 << 20], between[4096];
	(void)state;
	assert_int_equal(build(&m, &c, 0, &b, &f), 0);
	assert_int_equal(wl_pread_full(m.fd, tail, sizeof(tail), (off_t)(MEDIUM_BYTES - WL_MIB(1))),
	                 sizeof(tail));
	assert_memory_equal(tail, zero, sizeof(tail));
	/* what lies in free space is not touched: quick, and recorded as not sanitised */
	assert_int_equal(wl_pread_full(m.fd, between, sizeof(between), (off_t)WL_MIB(30)),
	                 sizeof(between));
	assert_int_equal(between[0], 0xA5);
	(void)close(m.fd);
}

/* The power goes at every single write and flush, in the middle of a block too. */
static void test_power_cuts(void **state)
{
	struct content c = {.seed = 7};
	unsigned cuts = 0;
	(void)state;
	for (unsigned cut = 1;; cut++) {
		struct wl_finding f = {.rule = WL_RULE_NONE};
		struct wl_build_result b;
		struct medium m = {.fd = make_medium(), .cut = cut, .tear = cut * 100};
		int r = build(&m, &c, 2, &b, &f);
		bool whole = m.calls < cut;
		uint8_t first[512], zero[512] = {0};
		assert_int_equal(r, whole ? 0 : -EBADMSG);
		if (!whole)
			assert_string_equal(wl_rule_id(f.rule), "destination.write-failed");
		assert_int_equal(wl_pread_full(m.fd, first, 512, 0), 512);
		/* cut 1 tears the first write; the last two are the first block and its flush */
		if (cut > 1 && m.flushes < 2)
			assert_memory_equal(first, zero, 512);
		if (m.flushes < 2)
			assert_false(mounts(m.fd));
		(void)close(m.fd);
		if (whole)
			break;
		cuts++;
	}
	assert_true(cuts > 15);
}

static void test_same_bytes_twice(void **state)
{
	struct content c = {.seed = 3};
	struct wl_finding f;
	struct wl_build_result b[2];
	uint8_t whole[2][WL_SHA256_BYTES];
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct medium m = {.fd = make_medium()};
		assert_int_equal(build(&m, &c, 2, &b[i], &f), 0);
		digest(m.fd, MEDIUM_BYTES, whole[i]);
		(void)close(m.fd);
	}
	assert_memory_equal(&b[0], &b[1], sizeof(b[0]));
	assert_memory_equal(whole[0], whole[1], WL_SHA256_BYTES);
}

static void test_content_of_another_size(void **state)
{
	static const struct {
		struct content c;
		int error;
	} cases[] = {{{1, 1, 0}, -ENODATA}, {{1, 0, 1}, -EFBIG}};
	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		struct content c = cases[i].c;
		struct wl_finding f;
		struct wl_build_result b;
		struct medium m = {.fd = make_medium()};
		assert_int_equal(build(&m, &c, 2, &b, &f), cases[i].error);
		assert_false(mounts(m.fd));
		(void)close(m.fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_order_and_digests),
	        cmocka_unit_test(test_ends_are_clean),
	        cmocka_unit_test(test_power_cuts),
	        cmocka_unit_test(test_same_bytes_twice),
	        cmocka_unit_test(test_content_of_another_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
