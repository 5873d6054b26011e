/* The layout of tiles for the sizes of C2SP's example and around every boundary, read back whole
 * and in pieces; damage is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/ledger/tiles.h"
#include "tests/unit/ledger_fixture.h"

static void paths(void **state)
{
	char buf[WL_TILE_PATH_TEXT];
	static const struct {
		int level;
		uint64_t n;
		unsigned width;
		const char *path;
	} rows[] = {
	        {0, 0, 256, "tile/0/000"},
	        {0, 273, 112, "tile/0/273.p/112"},
	        {1, 999, 256, "tile/1/999"},
	        {2, 1000, 256, "tile/2/x001/000"},
	        {0, 1234067, 256, "tile/0/x001/x234/067"},
	        {WL_TILE_ENTRIES, 1234067, 1, "tile/entries/x001/x234/067.p/1"},
	};

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++) {
		wl_tile_path(rows[i].level, rows[i].n, rows[i].width, buf);
		assert_string_equal(buf, rows[i].path);
	}
}

static int64_t size_of(int dirfd, const char *path)
{
	struct stat st;

	return fstatat(dirfd, path, &st, 0) == 0 ? st.st_size : -1;
}

static void fill(struct wl_tiles *t, uint64_t from, uint64_t to)
{
	char entry[32];

	for (uint64_t i = from; i < to; i++) {
		int n = snprintf(entry, sizeof(entry), "entry %llu", (unsigned long long)i);
		assert_int_equal(wl_tiles_append(t, entry, (size_t)n), 0);
	}
}

/* Everything can be read again from the files alone, and has the root it had in memory. */
static void check_again(int dirfd, uint64_t size, const struct wl_hash *root)
{
	struct wl_tiles *t;
	struct wl_hash again;
	const uint8_t *p;
	char want[32];
	size_t n;

	assert_int_equal(wl_tiles_open(dirfd, size, &t), 0);
	assert_int_equal(wl_tiles_root(t, size, &again), 0);
	assert_memory_equal(again.b, root->b, sizeof(again.b));
	for (uint64_t i = 0; i < size; i += 1 + size / 97) {
		assert_int_equal(wl_tiles_entry(t, i, &p, &n), 0);
		(void)snprintf(want, sizeof(want), "entry %llu", (unsigned long long)i);
		assert_int_equal(n, strlen(want));
		assert_memory_equal(p, want, n);
	}
	assert_int_equal(wl_tiles_entry(t, size, &p, &n), -ERANGE);
	wl_tiles_free(t);
}

static void layouts(void **state)
{
	static const struct {
		uint64_t size;
		const char *there[6], *absent[3];
	} rows[] = {
	        {0, {NULL}, {"tile", NULL}},
	        {1, {"tile/0/000.p/1", "tile/entries/000.p/1", NULL}, {"tile/1", NULL}},
	        {2, {"tile/0/000.p/2", "tile/entries/000.p/2", NULL}, {"tile/1", NULL}},
	        {255, {"tile/0/000.p/255", NULL}, {"tile/0/000", "tile/1", NULL}},
	        {256,
	         {"tile/0/000", "tile/entries/000", "tile/1/000.p/1", NULL},
	         {"tile/0/001.p", NULL}},
	        {257,
	         {"tile/0/000", "tile/0/001.p/1", "tile/entries/001.p/1", "tile/1/000.p/1", NULL},
	         {"tile/2", NULL}},
	        {65536,
	         {"tile/0/255", "tile/1/000", "tile/2/000.p/1", NULL},
	         {"tile/0/256.p", NULL}},
	        {70000,
	         {"tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17",
	          "tile/2/000.p/1", NULL},
	         {"tile/3", "tile/0/273", NULL}},
	};
	struct fixture x;

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++) {
		struct wl_tiles *t;
		struct wl_hash root;
		fixture_make(&x);
		int dirfd = open(x.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(wl_tiles_open(dirfd, 0, &t), 0);
		fill(t, 0, rows[i].size);
		assert_int_equal(wl_tiles_publish(t), 0);
		assert_int_equal(wl_tiles_root(t, rows[i].size, &root), 0);
		wl_tiles_free(t);
		for (size_t k = 0; rows[i].there[k]; k++)
			assert_true(size_of(dirfd, rows[i].there[k]) > 0);
		for (size_t k = 0; rows[i].absent[k]; k++)
			assert_int_equal(size_of(dirfd, rows[i].absent[k]), -1);
		check_again(dirfd, rows[i].size, &root);
		(void)close(dirfd);
		fixture_remove(&x);
	}
}

/* Growing by ones, with publishing in between, gives the same files as growing at once; partials go
 * when their tile is full. */
static void growing(void **state)
{
	struct fixture x;
	struct wl_tiles *t;
	struct wl_hash root, once;

	(void)state;
	fixture_make(&x);
	int dirfd = open(x.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(wl_tiles_open(dirfd, 0, &t), 0);
	for (uint64_t i = 0; i < 260; i++) {
		fill(t, i, i + 1);
		if (i % 5 == 0 || i > 250)
			assert_int_equal(wl_tiles_publish(t), 0);
	}
	assert_int_equal(wl_tiles_root(t, 260, &root), 0);
	assert_int_equal(wl_tiles_root(t, 200, &once), 0);
	wl_tiles_free(t);
	assert_int_equal(size_of(dirfd, "tile/0/000"), 8192);
	assert_int_equal(size_of(dirfd, "tile/0/000.p"), -1);
	assert_int_equal(size_of(dirfd, "tile/entries/000.p"), -1);
	check_again(dirfd, 260, &root);
	check_again(dirfd, 200, &once); /* a partial that is gone is cut from the full one */
	(void)close(dirfd);
	fixture_remove(&x);
}

static void damage_one(const char *path, off_t at)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	uint8_t b;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &b, 1, at), 1);
	b ^= 1;
	assert_int_equal(pwrite(fd, &b, 1, at), 1);
	(void)close(fd);
}

static void damage(void **state)
{
	struct fixture x;
	struct wl_tiles *t;
	const uint8_t *p;
	size_t n;
	char path[160];

	(void)state;
	fixture_make(&x);
	int dirfd = open(x.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(wl_tiles_open(dirfd, 0, &t), 0);
	fill(t, 0, 300);
	assert_int_equal(wl_tiles_publish(t), 0);
	wl_tiles_free(t);
	(void)snprintf(path, sizeof(path), "%s/tile/entries/001.p/44", x.dir);
	damage_one(path, 5);
	assert_int_equal(wl_tiles_open(dirfd, 300, &t), -EUCLEAN);
	damage_one(path, 5);
	(void)snprintf(path, sizeof(path), "%s/tile/entries/000", x.dir);
	damage_one(path, 5);
	assert_int_equal(wl_tiles_open(dirfd, 300, &t), 0);
	assert_int_equal(wl_tiles_entry(t, 0, &p, &n), -EUCLEAN);
	wl_tiles_free(t);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(wl_tiles_open(dirfd, 300, &t), 0);
	assert_int_equal(wl_tiles_entry(t, 3, &p, &n), -EUCLEAN);
	wl_tiles_free(t);
	(void)close(dirfd);
	fixture_remove(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(paths),
	        cmocka_unit_test(layouts),
	        cmocka_unit_test(growing),
	        cmocka_unit_test(damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
