/* Descriptors and digests: whole reads, sealed memory, durable replacement, SHA-256 of known data.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/fdio.h"
#include "daemon/base/sha256.h"

static char folder[64];
static int dirfd_ = -1;

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/weighlock-test-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	dirfd_ = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dirfd_ < 0;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)unlinkat(dirfd_, "f", 0);
	(void)unlinkat(dirfd_, "f.tmp", 0);
	(void)close(dirfd_);
	return rmdir(folder);
}

static void sealed_memory_stays_as_it_is(void **state)
{
	int fd = -1;
	char buf[4];

	(void)state;
	assert_int_equal(wl_memfd_sealed("x", "abc", 3, &fd), 0);
	assert_int_equal(wl_memfd_check_sealed(fd), 0);
	assert_int_equal(read(fd, buf, sizeof(buf)), 3); /* from offset 0 */
	assert_memory_equal(buf, "abc", 3);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, 9), -1);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	(void)close(fd);
	fd = memfd_create("y", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(wl_memfd_check_sealed(fd), -EPERM);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SEAL), 0);
	assert_int_equal(wl_memfd_check_sealed(fd), -EPERM); /* it may shrink */
	(void)close(fd);
	assert_int_equal(wl_memfd_check_sealed(STDIN_FILENO), -EPERM);
}

static void a_file_is_replaced_whole(void **state)
{
	void *p = NULL;
	size_t n = 0;
	struct stat st;

	(void)state;
	assert_int_equal(wl_file_read(dirfd_, "f", 10, &p, &n), -ENOENT);
	assert_int_equal(wl_file_replace(dirfd_, "f", "old", 3, 0640), 0);
	/* left by a crash, and a link in its place: neither is written through */
	assert_int_equal(symlinkat("f", dirfd_, "f.tmp"), 0);
	assert_int_equal(wl_file_replace(dirfd_, "f", "newer", 5, 0600), 0);
	assert_int_equal(wl_file_read(dirfd_, "f", 5, &p, &n), 0);
	assert_int_equal(n, 5);
	assert_string_equal(p, "newer");
	free(p);
	assert_int_equal(fstatat(dirfd_, "f", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(wl_file_read(dirfd_, "f", 4, &p, &n), -EFBIG);
	assert_int_equal(faccessat(dirfd_, "f.tmp", F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

static void whole_files_of_any_size_are_read(void **state)
{
	static const size_t sizes[] = {0, 1, 4094, 4095, 4096, 4097, 8191, 8192, 100000};
	static uint8_t data[100000];
	uint8_t digest[32];
	void *p = NULL;
	size_t n = 0;
	uint64_t bytes = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int fd = -1;
		uint8_t expected[32];
		assert_int_equal(wl_memfd_sealed("x", data, sizes[i], &fd), 0);
		assert_int_equal(wl_fd_read_all(fd, sizes[i], &p, &n), 0);
		assert_int_equal(n, sizes[i]);
		assert_memory_equal(p, data, n);
		assert_int_equal(((char *)p)[n], 0);
		free(p);
		if (sizes[i] > 0)
			assert_int_equal(wl_fd_read_all(fd, sizes[i] - 1, &p, &n), -EFBIG);
		assert_int_equal(wl_sha256_of(data, sizes[i], expected), 0);
		assert_int_equal(wl_sha256_of_fd(fd, digest, &bytes), 0);
		assert_memory_equal(digest, expected, 32);
		assert_int_equal(bytes, sizes[i]);
		assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
		(void)close(fd);
	}
}

/* FIPS 180-4's examples. */
static void digests_are_those_of_the_standard(void **state)
{
	static const struct {
		const char *text, *digest;
	} cases[] = {
	        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};
	struct wl_sha256 *s = wl_sha256_new();
	uint8_t digest[32];
	char hex[65];

	(void)state;
	assert_non_null(s);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(wl_sha256_begin(s), 0);
		for (const char *c = cases[i].text; *c; c++)
			assert_int_equal(wl_sha256_add(s, c, 1), 0);
		assert_int_equal(wl_sha256_end(s, digest), 0);
		wl_hex_encode(digest, 32, hex);
		assert_string_equal(hex, cases[i].digest);
		assert_int_equal(wl_sha256_of(cases[i].text, strlen(cases[i].text), digest), 0);
		wl_hex_encode(digest, 32, hex);
		assert_string_equal(hex, cases[i].digest);
	}
	assert_null(wl_sha256_free(s));
	assert_null(wl_sha256_free(NULL));
}

static void a_pipe_brings_everything_or_says_how_much(void **state)
{
	int r = -1, w = -1;
	char buf[16];

	(void)state;
	assert_int_equal(wl_pipe(&r, &w), 0);
	assert_int_equal(wl_write_full(w, "0123456789", 10), 0);
	assert_int_equal(wl_read_full(r, buf, 4), 4);
	(void)close(w);
	assert_int_equal(wl_read_full(r, buf, sizeof(buf)), 6);
	assert_int_equal(wl_read_full(r, buf, sizeof(buf)), 0);
	(void)close(r);
	assert_int_equal(wl_read_full(r, buf, 1), -EBADF);
	assert_int_equal(wl_write_full(w, buf, 1), -EBADF);
	assert_int_equal(wl_pread_full(r, buf, 1, 0), -EBADF);
	assert_int_equal(wl_pwrite_full(w, buf, 1, 0), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sealed_memory_stays_as_it_is),
	        cmocka_unit_test_setup_teardown(a_file_is_replaced_whole, make_folder,
	                                        remove_folder),
	        cmocka_unit_test(whole_files_of_any_size_are_read),
	        cmocka_unit_test(digests_are_those_of_the_standard),
	        cmocka_unit_test(a_pipe_brings_everything_or_says_how_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
