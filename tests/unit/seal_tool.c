/*
 * Employs `seal` and `unseal` in their sandbox from the command line, for tests/unit/test_seal.py.
 *
 *     seal_tool seal [CERT:DER_SHA256]... -- IN OUT [IN OUT]...
 *     seal_tool unseal KEY IN OUT [IN OUT]...
 *
 * Prints one line per file: "done BYTES SHA256 SHA512 SOURCE_SHA256", or "finding RULE DETAIL", or
 * "fault ERRNO DETAIL"; then "end MAX_RSS_BYTES" where the worker ended well. SEAL_SPAWND names the
 * program weighlock-spawnd, WEIGHLOCK_WORKERS the workers. Exits 77 where no sandbox can be made.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/sha256.h"
#include "daemon/base/work_seal.h"
#include "daemon/base/work_unseal.h"

#define DEADLINE_MS 300000U

static void die(const char *what, int e)
{
	(void)fprintf(stderr, "seal_tool: %s: %s\n", what, strerror(-e));
	exit(99);
}

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		die(path, -errno);
	return fd;
}

static int say_failure(int r, const struct wl_finding *f)
{
	if (r == -EBADMSG)
		printf("finding %s %s\n", wl_rule_id(f->rule), f->detail);
	else
		printf("fault %d %s\n", -r, f->detail);
	return 1;
}

static struct wl_spawn *start(void)
{
	const char *spawnd = getenv("SEAL_SPAWND");
	struct wl_spawn *spawn = NULL;
	struct wl_finding f = {0};
	char words[256];
	int r = wl_spawn_start(spawnd ? spawnd : "weighlock-spawnd", &spawn);

	if (r == 0)
		r = wl_spawn_status(spawn, words, sizeof(words), &f);
	if (r == -EBADMSG && f.rule == WL_RULE_STATION_SANDBOX_MISSING)
		exit(77);
	if (r < 0)
		die("spawnd", r);
	return spawn;
}

static int seal_files(struct wl_job *job, char **argv)
{
	struct wl_finding f = {0};
	struct wl_sealed s;
	char a[65], b[129], c[65];

	for (uint64_t item = 1; argv[0] && argv[1]; item++, argv += 2) {
		WL_AUTO_CLOSE int in = open_or_die(argv[0], O_RDONLY);
		WL_AUTO_CLOSE int out = open_or_die(argv[1], O_WRONLY | O_CREAT | O_TRUNC);
		int r = wl_seal_file(job, item, in, out, &s, &f);
		if (r < 0)
			return say_failure(r, &f);
		wl_hex_encode(s.sha256, sizeof(s.sha256), a);
		wl_hex_encode(s.sha512, sizeof(s.sha512), b);
		wl_hex_encode(s.source_sha256, sizeof(s.source_sha256), c);
		printf("done %llu %s %s %s\n", (unsigned long long)s.bytes, a, b, c);
	}
	return 0;
}

static int do_seal(struct wl_spawn *spawn, char **argv)
{
	struct wl_seal_recipient to[WL_SEAL_RECIPIENTS_MAX + 1];
	struct wl_finding f = {0};
	struct wl_job job = {.control.fd = -1};
	size_t n = 0;
	int r;

	for (; *argv && strcmp(*argv, "--") != 0; argv++, n++) {
		char *colon = strrchr(*argv, ':');
		if (n > WL_SEAL_RECIPIENTS_MAX || !colon ||
		    wl_hex_decode(colon + 1, to[n].der_sha256, 32) < 0)
			die("CERT:DER_SHA256", -EINVAL);
		*colon = 0;
		to[n].fd = open_or_die(*argv, O_RDONLY);
	}
	r = wl_seal_start(spawn, to, n, DEADLINE_MS, &job, &f);
	if (r < 0)
		return say_failure(r, &f);
	r = seal_files(&job, argv + 1);
	if (r == 0) {
		r = wl_seal_end(&job, NULL, &f);
		if (r < 0)
			return say_failure(r, &f);
		printf("end\n");
	}
	wl_job_kill(&job);
	return r;
}

static int do_unseal(struct wl_spawn *spawn, char **argv)
{
	WL_AUTO_CLOSE int key = open_or_die(argv[0], O_RDONLY);
	struct wl_finding f = {0};
	struct wl_job job = {.control.fd = -1};
	struct wl_unsealed u;
	char a[65];
	int r = wl_unseal_start(spawn, key, DEADLINE_MS, &job, &f);

	for (argv++; r == 0 && argv[0] && argv[1]; argv += 2) {
		WL_AUTO_CLOSE int in = open_or_die(argv[0], O_RDONLY);
		WL_AUTO_CLOSE int out = open_or_die(argv[1], O_WRONLY | O_CREAT | O_TRUNC);
		r = wl_unseal_file(&job, 1, in, out, &u, &f);
		if (r < 0)
			break;
		wl_hex_encode(u.sha256, sizeof(u.sha256), a);
		printf("done %llu %s\n", (unsigned long long)u.bytes, a);
	}
	if (r == 0)
		r = wl_unseal_end(&job, &f);
	wl_job_kill(&job);
	if (r < 0)
		return say_failure(r, &f);
	printf("end\n");
	return 0;
}

int main(int argc, char **argv)
{
	struct wl_spawn *spawn;
	int r = 2;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 4)
		return 2;
	spawn = start();
	if (strcmp(argv[1], "seal") == 0)
		r = do_seal(spawn, argv + 2);
	else if (strcmp(argv[1], "unseal") == 0)
		r = do_unseal(spawn, argv + 2);
	wl_spawn_free(spawn);
	return r;
}
