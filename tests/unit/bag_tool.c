/*
 * Composes a bag into a folder, for tests/unit/test_bag.py.
 *
 *     bag_tool FOLDER TRANSFER scrubbed|evidence TIME ENCRYPTED TEST CUSTODY P7S RECEIPT [PATH]...
 *     bag_tool path scrubbed|evidence TRANSFER NUMBER NAME ENCRYPTED
 *
 * The payload lies in FOLDER already, at the paths named; its digests are computed here. The tag
 * files are written beside it. Prints the error where there is one, and the path.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/broker/bag.h"

#define FIXED 9

static void die(const char *what, int e)
{
	printf("%s: %s\n", what, strerror(-e));
	exit(1);
}

static struct wl_bytes read_file(int folder, const char *path)
{
	void *p = NULL;
	size_t n = 0;
	int r = wl_file_read(folder, path, 64 << 20, &p, &n);

	if (r < 0)
		die(path, r);
	return (struct wl_bytes){p, n};
}

static enum wl_bag_output output_of(const char *word)
{
	return strcmp(word, "scrubbed") == 0 ? WL_BAG_SCRUBBED : WL_BAG_EVIDENCE;
}

static int say_path(char **w)
{
	char path[WL_BAG_PATH_MAX];
	const char *name = w[3][0] ? w[3] : NULL;
	int r = wl_bag_path(output_of(w[0]), w[1], (uint32_t)strtoul(w[2], NULL, 10), name,
	                    name ? strlen(name) : 0, w[4][0] == '1', path);

	if (r < 0)
		die("path", r);
	printf("%s\n", path);
	return 0;
}

static void payload(int folder, const char *path, struct wl_bag_payload *ret)
{
	struct wl_bytes b = read_file(folder, path);
	unsigned n;

	(void)snprintf(ret->path, sizeof(ret->path), "%s", path);
	ret->bytes = b.n;
	if (wl_sha256_of(b.p, b.n, ret->sha256) < 0 ||
	    EVP_Digest(b.p, b.n, ret->sha512, &n, EVP_sha512(), NULL) != 1)
		die("digest", -EIO);
	free((void *)(uintptr_t)b.p);
}

int main(int argc, char **argv)
{
	struct wl_bag bag = {0};

	if (argc == 7 && strcmp(argv[1], "path") == 0)
		return say_path(argv + 2);
	if (argc < FIXED + 1)
		return 2;
	size_t n = (size_t)argc - FIXED - 1;
	int folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct wl_bag_payload *files = calloc(n + 1, sizeof(*files));
	if (folder < 0 || !files)
		die(argv[1], -errno);
	for (size_t i = 0; i < n; i++)
		payload(folder, argv[FIXED + 1 + i], &files[i]);
	struct wl_bag_order o = {.transfer = argv[2],
	                         .output = output_of(argv[3]),
	                         .time = strtoll(argv[4], NULL, 10),
	                         .encrypted = argv[5][0] == '1',
	                         .test = argv[6][0] == '1',
	                         .payload = files,
	                         .payload_n = n,
	                         .custody = read_file(AT_FDCWD, argv[7]),
	                         .signature = read_file(AT_FDCWD, argv[8]),
	                         .receipt = read_file(AT_FDCWD, argv[9])};
	int r = wl_bag_compose(&o, &bag);
	if (r < 0)
		die("compose", r);
	for (size_t i = 0; i < bag.n; i++)
		if (wl_file_replace(folder, bag.tag[i].name, bag.tag[i].bytes, bag.tag[i].n, 0644) <
		    0)
			die(bag.tag[i].name, -errno);
	wl_bag_clear(&bag);
	free((void *)(uintptr_t)o.custody.p);
	free((void *)(uintptr_t)o.signature.p);
	free((void *)(uintptr_t)o.receipt.p);
	free(files);
	(void)close(folder);
	return 0;
}
