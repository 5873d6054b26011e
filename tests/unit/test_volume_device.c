/* Every sector at most once, and the limits of what a reader keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/volume/device.h"
#include "daemon/volume/listing.h"
#include "daemon/volume/sort.h"
#include "daemon/volume/unit_name.h"

#define BYTES (1U << 20)

static uint8_t content[BYTES];

static int make_medium(void)
{
	int fd = memfd_create("medium", MFD_CLOEXEC);
	for (size_t i = 0; i < BYTES; i++)
		content[i] = (uint8_t)(i * 7 + i / 512);
	assert_int_equal(wl_pwrite_full(fd, content, BYTES, 0), 0);
	return fd;
}

/* Data from byte 4096 on, in grains of 1024. */
static struct wl_device *make_device(int fd)
{
	struct wl_device *d = NULL;
	assert_int_equal(wl_device_new(fd, BYTES, &d), 0);
	assert_int_equal(wl_device_track(d, 0, 4096, 1024, 1000), 0);
	return d;
}

static void test_fetch_once(void **state)
{
	WL_AUTO_CLOSE int fd = make_medium();
	WL_CLEANUP(wl_device_cleanup) struct wl_device *d = make_device(fd);
	static uint8_t buf[BYTES];
	(void)state;
	assert_int_equal(wl_device_fetch(d, 512, 1024, buf), 0);
	assert_memory_equal(buf, content + 512, 1024);
	assert_int_equal(wl_device_fetch(d, 512, 512, buf), -EALREADY);
	assert_int_equal(wl_device_fetch(d, 1024, 1024, buf), -EALREADY);
	assert_int_equal(wl_device_fetch(d, 1536, 512, buf), 0); /* the refusal marked nothing */
	assert_int_equal(wl_device_fetch(d, 4096 + 1024, 100, buf), 0);
	assert_int_equal(wl_device_fetch(d, 4096 + 1024 + 512, 512, buf), -EALREADY);
	assert_int_equal(wl_device_send(d, 4096 + 1024, 1, fd, NULL, NULL), -EALREADY);
	/* across the border, beyond the tracked area, beyond the medium */
	assert_int_equal(wl_device_fetch(d, 3584, 1024, buf), -ERANGE);
	assert_int_equal(wl_device_fetch(d, 4096 + 1000 * 1024, 1, buf), -ERANGE);
	assert_int_equal(wl_device_fetch(d, UINT64_MAX, 1, buf), -ERANGE);
	assert_int_equal(wl_device_fetch(d, 4096, SIZE_MAX, buf), -ERANGE);
}

static void test_peeked_sectors_come_from_memory(void **state)
{
	WL_AUTO_CLOSE int fd = make_medium();
	WL_CLEANUP(wl_device_cleanup) struct wl_device *d = make_device(fd);
	uint8_t sector[512], buf[2048];
	static const uint8_t other[512] = {1, 2, 3};
	(void)state;
	assert_int_equal(wl_device_peek(d, 1, sector), 0);
	assert_memory_equal(sector, content + 512, 512);
	/* a medium that answers differently the second time is not asked a second time */
	assert_int_equal(wl_pwrite_full(fd, other, 512, 512), 0);
	assert_int_equal(wl_device_peek(d, 1, sector), 0);
	assert_memory_equal(sector, content + 512, 512);
	assert_int_equal(wl_device_fetch(d, 100, 1500, buf), 0);
	assert_memory_equal(buf, content + 100, 1500);
}

static void test_peek_limits(void **state)
{
	WL_AUTO_CLOSE int fd = make_medium();
	WL_CLEANUP(wl_device_cleanup) struct wl_device *d = NULL;
	uint8_t sector[512];
	(void)state;
	assert_int_equal(wl_device_new(fd, BYTES + 100, &d), 0);
	assert_int_equal(wl_device_peek(d, BYTES / 512, sector), -ERANGE);
	for (uint64_t i = 0; i < WL_DEVICE_KEPT_MAX; i++)
		assert_int_equal(wl_device_peek(d, i, sector), 0);
	assert_int_equal(wl_device_peek(d, WL_DEVICE_KEPT_MAX - 1, sector), 0);
	assert_int_equal(wl_device_peek(d, WL_DEVICE_KEPT_MAX, sector), -ENOBUFS);
}

/* Where a mark was looked for, a file may lie: its sector is not fetched again. */
static void test_peeked_data_comes_from_memory(void **state)
{
	WL_AUTO_CLOSE int fd = make_medium();
	WL_CLEANUP(wl_device_cleanup) struct wl_device *d = make_device(fd);
	static const uint8_t other[512] = {1, 2, 3};
	uint8_t sector[512], buf[4096];
	int p[2];
	(void)state;
	assert_int_equal(wl_device_peek(d, 11, sector), 0);
	assert_int_equal(wl_pwrite_full(fd, other, 512, 11 * 512), 0);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(wl_device_send(d, 4096 + 1024, 2048, p[1], NULL, NULL), 0);
	assert_int_equal(read(p[0], buf, sizeof(buf)), 2048);
	assert_memory_equal(buf, content + 4096 + 1024, 2048);
	assert_int_equal(wl_device_send_memory(d, NULL, 3, p[1], NULL, NULL), 0);
	assert_int_equal(wl_device_send_memory(d, "abc", 3, p[1], NULL, NULL), 0);
	assert_int_equal(read(p[0], buf, sizeof(buf)), 6);
	assert_memory_equal(buf, "\0\0\0abc", 6);
	(void)close(p[0]);
	(void)close(p[1]);
}

static void test_track_limits(void **state)
{
	WL_CLEANUP(wl_device_cleanup) struct wl_device *d = NULL;
	uint8_t buf[512];
	(void)state;
	assert_int_equal(wl_device_new(-1, WL_GIB(64), &d), 0);
	assert_int_equal(wl_device_fetch(d, 0, 512, buf), -ERANGE);
	assert_int_equal(wl_device_send(d, 0, 512, 1, NULL, NULL), -ERANGE);
	assert_int_equal(wl_device_track(d, 512, 0, 512, 1), -ERANGE);
	assert_int_equal(wl_device_track(d, 0, 512, 0, 1), -ERANGE);
	assert_int_equal(wl_device_track(d, 0, 100, 512, 1), -ERANGE);
	assert_int_equal(wl_device_track(d, 0, WL_GIB(4) + 512, 512, 1), -ERANGE);
	assert_int_equal(wl_device_track(d, 0, WL_GIB(4), UINT32_MAX, UINT32_MAX), -ERANGE);
	assert_int_equal(wl_device_track(d, 0, WL_GIB(4), 512, 1), 0);
	assert_int_equal(wl_device_track(d, 0, WL_GIB(4), 512, 1), -ERANGE);
}

static int count(void *user, uint64_t bytes)
{
	uint64_t *total = user;
	*total += bytes;
	return *total > 900000 ? -ECANCELED : 0;
}

/* To a pipe nothing is copied; to a file the same bytes arrive by copying. */
static void test_send(void **state)
{
	WL_AUTO_CLOSE int fd = make_medium();
	static uint8_t got[BYTES];
	(void)state;
	for (int to_file = 0; to_file <= 1; to_file++) {
		WL_CLEANUP(wl_device_cleanup) struct wl_device *d = make_device(fd);
		uint64_t total = 0;
		int p[2];
		assert_int_equal(pipe(p), 0);
		int file = memfd_create("out", MFD_CLOEXEC);
		assert_int_equal(
		        wl_device_send(d, 4096, 50001, to_file ? file : p[1], count, &total), 0);
		assert_int_equal(total, 50001);
		ssize_t n = to_file ? wl_pread_full(file, got, BYTES, 0) : read(p[0], got, BYTES);
		assert_int_equal(n, 50001);
		assert_memory_equal(got, content + 4096, 50001);
		assert_int_equal(wl_device_send(d, 4096 + 512, 1, file, NULL, NULL), -ERANGE);
		assert_int_equal(wl_device_send(d, 512, 1, file, NULL, NULL), -ERANGE);
		assert_int_equal(
		        wl_device_send(d, 4096 + 100 * 1024, 900 * 1024, file, count, &total),
		        -ECANCELED);
		(void)close(p[0]);
		(void)close(p[1]);
		(void)close(file);
	}
}

/* The medium shrinks while it is read: pulled. */
/* What was sent is let go in order, without a gap, and only well behind what is being sent. */
struct stream {
	uint64_t sent, forgotten;
};

static ssize_t send_nowhere(void *user, int fd, off_t offset, int out_fd, size_t n)
{
	struct stream *s = user;
	(void)fd, (void)out_fd;
	s->sent = (uint64_t)offset - 4096 + n;
	return (ssize_t)n;
}

static void note_forgotten(void *user, int fd, off_t offset, size_t n)
{
	struct stream *s = user;
	(void)fd;
	assert_int_equal((uint64_t)offset - 4096, s->forgotten);
	s->forgotten += n;
	assert_true(s->forgotten + WL_MIB(4) <= s->sent);
}

static void test_forgets_behind(void **state)
{
	static const struct wl_device_ops ops = {.splice = send_nowhere, .forget = note_forgotten};
	WL_CLEANUP(wl_device_cleanup) struct wl_device *d = NULL;
	struct stream s = {0};
	(void)state;
	assert_int_equal(wl_device_new(-1, WL_MIB(64) + 4096, &d), 0);
	wl_device_set_ops(d, &ops, &s);
	assert_int_equal(wl_device_track(d, 0, 4096, 1024, 64 * 1024), 0);
	assert_int_equal(wl_device_send(d, 4096, WL_MIB(64), -1, NULL, NULL), 0);
	assert_int_equal(s.sent, WL_MIB(64));
	assert_true(s.forgotten + 2 * WL_MIB(4) >= WL_MIB(64));
}

static void test_pulled(void **state)
{
	WL_AUTO_CLOSE int fd = make_medium();
	WL_CLEANUP(wl_device_cleanup) struct wl_device *d = make_device(fd);
	WL_AUTO_CLOSE int out = memfd_create("out", MFD_CLOEXEC);
	uint8_t buf[2048];
	int p[2];
	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(ftruncate(fd, 5000), 0);
	assert_int_equal(wl_device_fetch(d, 4096, 2048, buf), -EIO);
	assert_int_equal(wl_device_send(d, 4096 + 2048, 2048, p[1], NULL, NULL), -EIO);
	assert_int_equal(wl_device_send(d, 4096 + 4096, 2048, out, NULL, NULL), -EIO);
	(void)close(p[0]);
	(void)close(p[1]);
}

static void test_charge_limit(void **state)
{
	struct wl_listing l;
	struct wl_finding f;
	(void)state;
	wl_listing_init(&l, 100);
	assert_int_equal(wl_listing_charge(&l, WL_VOLUME_METADATA_BYTES_MAX, &f), 0);
	assert_int_equal(wl_listing_charge(&l, 1, &f), -EBADMSG);
	assert_string_equal(wl_rule_id(f.rule), "volume.too-many-files");
	wl_listing_release(&l, 1);
	assert_int_equal(wl_listing_charge(&l, 2, &f), -EBADMSG);
	assert_int_equal(wl_listing_charge(&l, 1, &f), 0);
	wl_listing_clear(&l);
}

static void test_listing_limits(void **state)
{
	WL_CLEANUP(wl_listing_clear) struct wl_listing l;
	static char name[WL_VOLUME_PATH_BYTES_MAX + 1];
	struct wl_finding f;
	size_t index;
	(void)state;
	memset(name, 'n', sizeof(name));
	wl_listing_init(&l, UINT64_MAX);
	assert_int_equal(
	        wl_listing_add(&l, SIZE_MAX, name, WL_VOLUME_PATH_BYTES_MAX + 1, false, &index, &f),
	        -EBADMSG);
	assert_string_equal(wl_rule_id(f.rule), "name.too-long");
	for (size_t i = 0; i < WL_VOLUME_FILES_MAX; i++)
		assert_int_equal(wl_listing_add(&l, SIZE_MAX, name,
		                                i ? 1 : WL_VOLUME_PATH_BYTES_MAX, false, &index,
		                                &f),
		                 0);
	assert_int_equal(wl_listing_add(&l, SIZE_MAX, name, 1, false, &index, &f), -EBADMSG);
	assert_string_equal(wl_rule_id(f.rule), "volume.too-many-files");
}

/* Scattered bytes use the budget up instead of the machine's memory. */
static void test_scattered_extents(void **state)
{
	WL_CLEANUP(wl_listing_clear) struct wl_listing l;
	struct wl_finding f;
	size_t extents = 0, added = 0;
	int r = 0;
	(void)state;
	wl_listing_init(&l, 10);
	for (; r == 0; added++)
		r = wl_listing_add_extent(&l, &extents, added * 1024, 512, &f);
	assert_int_equal(r, -EBADMSG);
	assert_string_equal(wl_rule_id(f.rule), "volume.too-many-files");
	assert_true(added * sizeof(struct wl_extent) <= WL_VOLUME_METADATA_BYTES_MAX);
	assert_true(added > 1000000);
}

static void test_name_limit(void **state)
{
	uint16_t units[WL_VOLUME_NAME_UNITS_MAX + 1];
	char name[WL_NAME_UTF8_MAX];
	struct wl_finding f;
	size_t n;
	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(units); i++)
		units[i] = 0x4E00;
	assert_int_equal(wl_unit_name_to_utf8(units, WL_VOLUME_NAME_UNITS_MAX, name, &n, &f), 0);
	assert_int_equal(n, WL_NAME_UTF8_MAX);
	assert_int_equal(wl_unit_name_to_utf8(units, WL_VOLUME_NAME_UNITS_MAX + 1, name, &n, &f),
	                 -EBADMSG);
	assert_string_equal(wl_rule_id(f.rule), "name.too-long");
}

static int compare(const void *a, const void *b, void *user)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	(void)user;
	return (x > y) - (x < y);
}

static void test_sort(void **state)
{
	uint32_t v[1000];
	(void)state;
	for (uint32_t n = 0; n <= 1000; n = n * 2 + 1) {
		uint32_t sum = 0;
		for (uint32_t i = 0; i < n; i++)
			sum += v[i] = (i * 2654435761U) % (n / 2 + 1);
		wl_sort(v, n, sizeof(v[0]), compare, NULL);
		for (uint32_t i = 0; i < n; i++) {
			sum -= v[i];
			assert_true(i == 0 || v[i - 1] <= v[i]);
		}
		assert_int_equal(sum, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_fetch_once),
	        cmocka_unit_test(test_peeked_sectors_come_from_memory),
	        cmocka_unit_test(test_peek_limits),
	        cmocka_unit_test(test_peeked_data_comes_from_memory),
	        cmocka_unit_test(test_track_limits),
	        cmocka_unit_test(test_send),
	        cmocka_unit_test(test_forgets_behind),
	        cmocka_unit_test(test_pulled),
	        cmocka_unit_test(test_charge_limit),
	        cmocka_unit_test(test_listing_limits),
	        cmocka_unit_test(test_scattered_extents),
	        cmocka_unit_test(test_name_limit),
	        cmocka_unit_test(test_sort),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
