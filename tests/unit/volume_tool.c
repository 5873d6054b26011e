/*
 * The volume code on image files, for the scripts that compare it with other people's tools.
 *
 *   volume_tool sums IMAGE             a line per entry: digest (or "folder"), bytes, escaped path
 *   volume_tool list IMAGE             the same without reading a file
 *   volume_tool build IMAGE LIST TIME DISK-ID VOLUME-ID [exfat]
 *                                      LIST: lines "PATH<TAB>FILE"; IMAGE exists with its size
 *   volume_tool bench IMAGE            delivers every file into a pipe nobody looks at
 *
 * A refusal is printed as "refused RULE DETAIL" and ends with 1, a fault with 3.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/base/sha256.h"
#include "daemon/base/text.h"
#include "daemon/volume/build_fat.h"
#include "daemon/volume/volume.h"

static int finish(int r, const struct wl_finding *f)
{
	if (r == -EBADMSG) {
		printf("refused %s %s\n", wl_rule_id(f->rule), f->detail);
		return 1;
	}
	if (r < 0)
		fprintf(stderr, "fault: %s\n", strerror(-r));
	return r < 0 ? 3 : 0;
}

static int open_image(const char *path, int flags, int *ret_fd, uint64_t *ret_bytes)
{
	WL_AUTO_CLOSE int fd = open(path, flags | O_CLOEXEC);
	off_t end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END); /* a device too */
	if (end < 0)
		return -errno;
	*ret_bytes = (uint64_t)end;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static bool digests = true;

static int print_entry(struct wl_volume *v, size_t i, struct wl_finding *f)
{
	struct wl_volume_entry e;
	uint8_t digest[WL_SHA256_BYTES];
	char hex[WL_SHA256_HEX + 1] = "folder", path[3 * WL_VOLUME_PATH_BYTES_MAX + 1];
	uint64_t bytes = 0;
	int r = wl_volume_get_entry(v, i, &e);
	if (r == 0)
		r = wl_path_escape(e.path, e.path_bytes, path, sizeof(path));
	if (r == 0 && e.refused) {
		printf("refused %s %s\n", wl_rule_id(e.refused), path);
		return wl_volume_deliver(v, i, -1, NULL, NULL, f) == -EBADMSG ? 0 : -EIO;
	}
	if (r == 0 && !e.folder && digests) {
		WL_AUTO_CLOSE int out = memfd_create("file", MFD_CLOEXEC);
		if (out < 0)
			return -errno;
		r = wl_volume_deliver(v, i, out, NULL, NULL, f);
		if (r == 0)
			r = wl_sha256_of_fd(out, digest, &bytes);
		if (r == 0 && bytes != e.bytes)
			r = -EIO;
		wl_hex_encode(digest, sizeof(digest), hex);
	}
	if (r == 0)
		printf("%s %" PRIu64 " %s\n", hex, e.bytes, path);
	return r;
}

static int run_sums(char **argv)
{
	WL_CLEANUP(wl_device_cleanup) struct wl_device *d = NULL;
	WL_CLEANUP(wl_volume_cleanup) struct wl_volume *v = NULL;
	WL_AUTO_CLOSE int fd = -1;
	struct wl_finding f = {.rule = WL_RULE_NONE};
	struct wl_volume_info info = {.entries = 0};
	uint64_t bytes;
	int r = open_image(argv[0], O_RDONLY, &fd, &bytes);
	if (r == 0)
		r = wl_device_new(fd, bytes, &d);
	if (r == 0)
		r = wl_volume_open(d, WL_TRANSFER_FILES_MAX, &v, &f);
	if (r == 0) {
		wl_volume_get_info(v, &info);
		printf("volume %s %s %.*s\n", info.filesystem, info.table, (int)info.label_bytes,
		       (const char *)info.label);
	}
	for (size_t i = 0; r == 0 && i < info.entries; i++)
		r = print_entry(v, i, &f);
	return finish(r, &f);
}

static int run_list(char **argv)
{
	digests = false;
	return run_sums(argv);
}

struct order_list {
	struct wl_build_file *files;
	char **sources;
	size_t n;
	char *text;
};

static int read_list(const char *path, struct order_list *ret)
{
	void *p;
	size_t n;
	int r = wl_file_read(AT_FDCWD, path, (size_t)WL_MIB(64), &p, &n);
	if (r < 0)
		return r;
	ret->text = p;
	ret->files = calloc(n + 1, sizeof(ret->files[0]));
	ret->sources = calloc(n + 1, sizeof(ret->sources[0]));
	for (char *line = ret->text, *end; (end = strchr(line, '\n')); line = end + 1) {
		char *tab = strchr(line, '\t');
		struct stat st;
		*end = '\0';
		if (!tab || stat(tab + 1, &st) < 0)
			return -ENOENT;
		*tab = '\0';
		ret->sources[ret->n] = tab + 1;
		ret->files[ret->n++] = (struct wl_build_file){
		        .path = line, .path_bytes = strlen(line), .bytes = (uint64_t)st.st_size};
	}
	return 0;
}

static int open_source(void *user, size_t index, int *ret_fd)
{
	const struct order_list *list = user;
	*ret_fd = open(list->sources[index], O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

static void print_result(const struct wl_build_result *b)
{
	char volume[WL_SHA256_HEX + 1], head[WL_SHA256_HEX + 1];
	wl_hex_encode(b->volume_sha256, WL_SHA256_BYTES, volume);
	wl_hex_encode(b->head_sha256, WL_SHA256_BYTES, head);
	printf("built %s %s %" PRIu64 "\n", volume, head, b->volume_bytes);
}

static int run_build(char **argv)
{
	WL_CLEANUP(wl_layout_cleanup) struct wl_layout *l = NULL;
	WL_AUTO_CLOSE int fd = -1;
	struct order_list list = {.n = 0};
	struct wl_finding f = {.rule = WL_RULE_NONE};
	struct wl_build_result built;
	struct wl_build_source source = {.open = open_source, .user = &list};
	struct wl_build_order order = {.exfat = argv[5] && strcmp(argv[5], "exfat") == 0,
	                               .time = strtoll(argv[2], NULL, 0),
	                               .disk_id = (uint32_t)strtoul(argv[3], NULL, 0),
	                               .volume_id = (uint32_t)strtoul(argv[4], NULL, 0)};
	int r = open_image(argv[0], O_RDWR, &fd, &order.medium_bytes);
	if (r == 0)
		r = read_list(argv[1], &list);
	memcpy(order.label, "WEIGHLOCK  ", sizeof(order.label));
	order.files = list.files;
	order.nfiles = list.n;
	if (r == 0)
		r = wl_layout_plan(&order, &l, &f);
	if (r == 0)
		r = wl_build_fat(fd, l, &source, &built, &f);
	if (r == 0)
		print_result(&built);
	free(list.files);
	free(list.sources);
	free(list.text);
	return finish(r, &f);
}

/* A child that reads the pipe to its end. */
static pid_t start_drain(int *ret_write)
{
	static char buf[1 << 20];
	int p[2];
	if (pipe2(p, O_CLOEXEC) < 0)
		return -1;
	(void)fcntl(p[1], F_SETPIPE_SZ, 1 << 20);
	pid_t pid = fork();
	if (pid == 0) {
		(void)close(p[1]);
		while (read(p[0], buf, sizeof(buf)) > 0)
			;
		_exit(0);
	}
	(void)close(p[0]);
	*ret_write = p[1];
	return pid;
}

static int run_bench(char **argv)
{
	WL_CLEANUP(wl_device_cleanup) struct wl_device *d = NULL;
	WL_CLEANUP(wl_volume_cleanup) struct wl_volume *v = NULL;
	WL_AUTO_CLOSE int fd = -1, out = -1;
	struct wl_finding f = {.rule = WL_RULE_NONE};
	struct wl_volume_info info = {.entries = 0};
	struct wl_volume_entry e;
	struct timespec a, b;
	uint64_t bytes;
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	pid_t pid = start_drain(&out);
	int r = open_image(argv[0], O_RDONLY, &fd, &bytes);
	if (r == 0)
		r = wl_device_new(fd, bytes, &d);
	if (r == 0)
		r = wl_volume_open(d, WL_TRANSFER_FILES_MAX, &v, &f);
	if (r == 0)
		wl_volume_get_info(v, &info);
	for (size_t i = 0; r == 0 && i < info.entries; i++)
		if (wl_volume_get_entry(v, i, &e) == 0 && !e.folder)
			r = wl_volume_deliver(v, i, out, NULL, NULL, &f);
	wl_cleanup_close(&out);
	(void)waitpid(pid, NULL, 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	double s = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
	printf("%" PRIu64 " bytes in %.3f s, %.0f MB/s\n", info.bytes, s,
	       (double)info.bytes / 1e6 / s);
	return finish(r, &f);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args;
		int (*run)(char **argv);
	} verbs[] = {{"sums", 1, run_sums},
	             {"list", 1, run_list},
	             {"build", 5, run_build},
	             {"build", 6, run_build},
	             {"bench", 1, run_bench}};
	for (size_t i = 0; i < WL_ARRAY_LEN(verbs); i++)
		if (argc == 2 + verbs[i].args && strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argv + 2);
	fprintf(stderr, "usage: volume_tool sums|build|bench IMAGE ...\n");
	return 2;
}
