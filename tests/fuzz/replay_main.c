/*
 * Runs a fuzz target over its seeds without libFuzzer, in `make check` and under sanitizers.
 *
 * Each file of tests/fuzz/corpus/NAME (NAME from the program's own name, replay_NAME; or the
 * folders and files given as arguments) is fed whole, cut short at many places, and with single
 * bytes changed: a fixed series, so that a failure comes back. A target fails by crashing.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"

#define SEED_BYTES_MAX (16U * 1024U * 1024U)
#define VARIANTS_MAX   256U
#define HARD_ERROR     99

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long runs;

/* A copy of exactly this size, so that a sanitizer sees the first byte read beyond. */
static void feed(const uint8_t *data, size_t size)
{
	WL_AUTO_FREE uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		exit(HARD_ERROR);
	if (size > 0)
		memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
	runs++;
}

static void feed_variants(uint8_t *data, size_t size)
{
	static const uint8_t masks[] = {0x01, 0x80, 0xFF, 0x20};
	size_t step = size / VARIANTS_MAX + 1;

	feed(data, size);
	for (size_t n = 0; n < size; n += step)
		feed(data, n);
	for (size_t i = 0, k = 0; i < size; i += step, k++) {
		uint8_t before = data[i];
		data[i] ^= masks[k % sizeof(masks)];
		feed(data, size);
		data[i] = before;
	}
}

static void run_path(int dirfd, const char *name);

static void run_folder(int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e = NULL;

	if (!dir)
		exit(HARD_ERROR);
	while ((e = readdir(dir)))
		if (e->d_name[0] != '.')
			run_path(fd, e->d_name);
	(void)closedir(dir);
}

static void run_path(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		fprintf(stderr, "%s: cannot be read\n", name);
		exit(HARD_ERROR);
	}
	if (S_ISDIR(st.st_mode)) {
		run_folder(fd);
		return;
	}
	void *data = NULL;
	size_t size = 0;
	if (wl_fd_read_all(fd, SEED_BYTES_MAX, &data, &size) < 0)
		exit(HARD_ERROR);
	(void)close(fd);
	feed_variants(data, size);
	free(data);
}

static void run_own_corpus(const char *program)
{
	const char *srcdir = getenv("srcdir");
	const char *name = strrchr(program, '/');
	char path[512];

	name = name ? name + 1 : program;
	if (strncmp(name, "lt-", 3) == 0)
		name += 3;
	if (strncmp(name, "replay_", 7) != 0) {
		fprintf(stderr, "%s: not named replay_NAME, and no seeds given\n", program);
		exit(HARD_ERROR);
	}
	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".",
	               name + 7);
	run_path(AT_FDCWD, path);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		run_own_corpus(argv[0]);
	for (int i = 1; i < argc; i++)
		run_path(AT_FDCWD, argv[i]);
	printf("%lu inputs\n", runs);
	return runs > 0 ? 0 : HARD_ERROR;
}
