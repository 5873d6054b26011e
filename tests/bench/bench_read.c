/*
 * A medium's files from the first read to sealed in a file, by the real workers in their sandboxes.
 *
 * usage: bench_read WEIGHLOCK-SPAWND IMAGE OUT-FOLDER; WEIGHLOCK_WORKERS names uninstalled workers.
 * Every file of the volume goes through read-medium, a pipe and digest into OUT-FOLDER/ITEM, which
 * is made durable (fsync of file and folder). Prints "ITEM SHA256 BYTES" per file, then "seconds
 * S".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/sha256.h"
#include "daemon/base/work.h"

#define DEADLINE_MS 600000U
#define FILES_MAX   1000U

static struct wl_message message = {.fd = -1};
static struct wl_finding why;
static struct {
	uint64_t item, bytes;
} files[FILES_MAX];
static size_t nfiles;

static int begin(struct wl_spawn *s, const char *kind, int input_fd, struct wl_job *ret)
{
	const struct wl_job_order order = {
	        .kind = kind, .deadline_ms = DEADLINE_MS, .input_fd = input_fd};
	return wl_job_start(s, &order, ret, &why);
}

static int receive(struct wl_job *j)
{
	int r = wl_job_receive(j, &message, &why, NULL, NULL);
	if (r == 0 && message.id == WL_MSG_WORK_FINDING) {
		why.rule = wl_rule_find(wl_message_text(&message, WL_T_RULE));
		(void)snprintf(why.detail, sizeof(why.detail), "%s",
		               wl_message_text(&message, WL_T_DETAIL));
		return -EBADMSG;
	}
	return r;
}

static int list(struct wl_job *reader, uint64_t size)
{
	wl_message_start(&message, WL_MSG_MEDIUM_BEGIN, 0);
	wl_message_put_u64(&message, WL_T_SIZE, size);
	wl_message_put_u64(&message, WL_T_FILES_MAX, FILES_MAX);
	wl_message_put_u64(&message, WL_T_BYTES_MAX, WL_TRANSFER_BYTES_MAX);
	int r = wl_job_send(reader, &message);
	while (r == 0) {
		r = receive(reader);
		if (r < 0 || message.id == WL_MSG_VOLUME_LISTED)
			break;
		if (message.id != WL_MSG_VOLUME_ENTRY || nfiles == FILES_MAX ||
		    strcmp(wl_message_text(&message, WL_T_KIND), "file") != 0)
			continue;
		files[nfiles].item = wl_message_u64(&message, WL_T_ITEM);
		files[nfiles++].bytes = wl_message_u64(&message, WL_T_SIZE);
	}
	return r;
}

static int keep(struct wl_job *reader, struct wl_job *digest, size_t i, int folder)
{
	WL_AUTO_CLOSE int from = -1, to = -1, sink = -1;
	char name[32], hex[WL_SHA256_HEX + 1];
	(void)snprintf(name, sizeof(name), "%llu", (unsigned long long)files[i].item);
	sink = openat(folder, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	int r = sink < 0 ? -errno : wl_pipe(&from, &to);
	if (r == 0)
		r = wl_job_next(digest, files[i].item, WL_ROLE_PIPE, files[i].bytes, from, NULL);
	if (r == 0)
		r = wl_job_next(digest, files[i].item, WL_ROLE_SINK, files[i].bytes, sink, NULL);
	if (r == 0)
		r = wl_job_next(reader, files[i].item, WL_ROLE_PIPE, files[i].bytes, to, NULL);
	wl_cleanup_close(&from);
	wl_cleanup_close(&to);
	if (r == 0)
		r = receive(reader);
	if (r == 0)
		r = receive(digest);
	if (r < 0)
		return r;
	if (fsync(sink) < 0)
		return -errno;
	wl_hex_encode(wl_message_sha256(&message, WL_T_SHA256), WL_SHA256_BYTES, hex);
	printf("%s %s %llu\n", name, hex, (unsigned long long)wl_message_u64(&message, WL_T_BYTES));
	return wl_message_bool(&message, WL_T_COMPLETE) ? 0 : -EPROTO;
}

static int run(struct wl_spawn *s, int image, int folder)
{
	struct wl_job reader = {0}, digest = {0};
	struct stat st;
	if (fstat(image, &st) < 0)
		return -errno;
	int r = begin(s, "read-medium", image, &reader);
	if (r == 0)
		r = begin(s, "digest", -1, &digest);
	if (r == 0)
		r = list(&reader, (uint64_t)st.st_size);
	for (size_t i = 0; r == 0 && i < nfiles; i++)
		r = keep(&reader, &digest, i, folder);
	if (r == 0 && fsync(folder) < 0)
		r = -errno;
	wl_job_kill(&reader);
	wl_job_kill(&digest);
	return r;
}

int main(int argc, char **argv)
{
	WL_AUTO_CLOSE int image = argc > 3 ? open(argv[2], O_RDONLY | O_CLOEXEC) : -1;
	WL_AUTO_CLOSE int folder =
	        argc > 3 ? open(argv[3], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct wl_spawn *s = NULL;
	struct timespec a, b;
	if (image < 0 || folder < 0)
		return 2;
	int r = wl_spawn_start(argv[1], &s);
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	if (r == 0)
		r = run(s, image, folder);
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	(void)wl_spawn_free(s);
	if (r < 0) {
		fprintf(stderr, "%s %s %s\n", strerrordesc_np(-r), wl_rule_id(why.rule),
		        why.detail);
		return 1;
	}
	printf("seconds %.3f\n",
	       (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9);
	return 0;
}
