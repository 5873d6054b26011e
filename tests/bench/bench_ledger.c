/*
 * What it costs to have an entry in the ledger for good, against the least that any disk asks for.
 *
 * usage: bench_ledger FOLDER [ROUNDS [ENTRIES]]; FOLDER is on the disk to be measured and stays
 * empty. Prints
 * `name ours_us theirs_us ours_cpu_us` per line, medians of interleaved rounds: one entry (checked,
 * rendered, signed, durable, published, its facts indexed) against one write and fdatasync of as
 * many bytes; and a thousand entries in as few commits as their limit allows against one write and
 * fdatasync of all their bytes. With ENTRIES a ledger is filled up to so many and opened again:
 * `start` has wall time and the processor's. The same code as weighlock-ledgerd, without its
 * socket.
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
#include "tests/unit/ledger_fixture.h"

#define ROUNDS_MAX  101U
#define MANY        1000U
#define ENTRY_BYTES 512U /* about what an entry has */

static uint8_t bytes[MANY * ENTRY_BYTES];

static double now_us(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double cpu_us(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), ascending);
	return v[n / 2];
}

static unsigned stages; /* media seen so far */

/* The broker's part: random enough for the index, without the kernel's help. */
static const uint8_t *next_nonce(void)
{
	static uint64_t nonce[2], counter;

	for (size_t i = 0; i < WL_ARRAY_LEN(nonce); i++) {
		uint64_t z = counter += UINT64_C(0x9e3779b97f4a7c15);
		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		nonce[i] = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	}
	return (const uint8_t *)nonce;
}

/* A stick seen: what a station says most often. Insertions are numbered without a gap. */
static int stage(struct fixture *x)
{
	char insertion[64];

	(void)snprintf(insertion, sizeof(insertion), "insertion=STN3-I%06u", stages + 1);
	int r = fixture_stage(x, next_nonce(), "medium.seen", "station", 990, "", -1, insertion,
	                      "port=b1", "diskseq:=77", "medium=?9f3c51a2b07e", "bytes:=1000000",
	                      "serial=S1", NULL);
	stages += r == 0;
	return r;
}

/* `n` entries; a full group is committed and the next one begun, as the daemon does. */
static int append(struct fixture *x, unsigned n)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < n; i++) {
		r = stage(x);
		if (r == -ENOSPC)
			r = wl_ledger_commit(x->l);
		else
			continue;
		if (r == 0)
			r = stage(x);
	}
	return r < 0 ? r : wl_ledger_commit(x->l);
}

static int write_bare(int fd, size_t n)
{
	int r = wl_write_full(fd, bytes, n);

	return r == 0 && fdatasync(fd) < 0 ? -errno : r;
}

/* One row: `rounds` times ours, theirs, ours, theirs. */
static int measure(struct fixture *x, int fd, const char *name, unsigned entries, size_t rounds)
{
	static double ours[ROUNDS_MAX], theirs[ROUNDS_MAX], cpu[ROUNDS_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < rounds; i++) {
		double start = now_us(), used = cpu_us();
		r = append(x, entries);
		cpu[i] = cpu_us() - used;
		double middle = now_us();
		if (r == 0)
			r = write_bare(fd, (size_t)entries * ENTRY_BYTES);
		ours[i] = middle - start;
		theirs[i] = now_us() - middle;
	}
	if (r == 0)
		printf("%s %.0f %.0f %.0f\n", name, median(ours, rounds), median(theirs, rounds),
		       median(cpu, rounds));
	return r;
}

/* A visit after another: a medium, a transfer and what was decided of its items. */
static int stage_story(struct fixture *x, uint64_t i)
{
	char transfer[WL_ID_TEXT], item[64];
	uint64_t visit = i / 16;

	wl_id_transfer("STN3", visit + 1, transfer);
	if (i % 16 == 0)
		return stage(x);
	if (i % 16 == 1)
		return fixture_stage(x, next_nonce(), "transfer.opened", "tech-1", 2001, transfer,
		                     -1, "direction=inbound", "device=x-0042", "outputs[]=delivery",
		                     NULL);
	(void)snprintf(item, sizeof(item), "item=%s.%05u", transfer, (unsigned)(i % 16));
	return fixture_stage(x, next_nonce(), "item.decided", "station", 990, transfer, -1, item,
	                     "path=a/file", "bytes:=812", "verdict=refuse", "rule=image.format",
	                     "rules[]=image.format", "policy_key=", NULL);
}

static int fill(struct fixture *x, uint64_t entries)
{
	int r = 0;

	for (uint64_t i = 0; r == 0 && wl_store_staged(x->l->store) < entries; i++) {
		r = stage_story(x, i);
		if (r == -ENOSPC) {
			r = wl_ledger_settle(x->l);
			i--;
		}
	}
	return r < 0 ? r : wl_ledger_settle(x->l);
}

/* The start from an index that matches; the page cache is warm. */
static int measure_start(struct fixture *x, uint64_t entries)
{
	double wall[5], cpu[5], began = cpu_us();
	int r;

	fixture_close(x);
	fixture_remove(x);
	if (mkdir(x->dir, 0700) < 0)
		return -errno;
	fixture_policy(x);
	r = fill(x, entries);
	if (r == 0)
		printf("fill_cpu %.0f %llu\n", cpu_us() - began, (unsigned long long)entries);
	for (size_t i = 0; r == 0 && i < WL_ARRAY_LEN(wall); i++) {
		fixture_close(x);
		wall[i] = now_us();
		cpu[i] = cpu_us();
		r = fixture_open(x);
		wall[i] = now_us() - wall[i];
		cpu[i] = cpu_us() - cpu[i];
	}
	if (r == 0)
		printf("start %.0f %.0f\n", median(wall, WL_ARRAY_LEN(wall)),
		       median(cpu, WL_ARRAY_LEN(cpu)));
	return r;
}

int main(int argc, char **argv)
{
	WL_AUTO_CLOSE int fd = -1;
	struct fixture x = {.manifest_fd = -1};
	size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 51;
	char path[256];
	int n = argc > 1 ? snprintf(x.dir, sizeof(x.dir), "%s/ledger-XXXXXX", argv[1]) : -1;

	if (n < 0 || (size_t)n >= sizeof(x.dir) || rounds < 1 || rounds > ROUNDS_MAX ||
	    !mkdtemp(x.dir))
		return 2;
	(void)snprintf(path, sizeof(path), "%s/bare", argv[1]);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	fixture_station(&x);
	int r = fd < 0 ? -errno : measure(&x, fd, "one", 1, rounds);
	if (r == 0)
		r = measure(&x, fd, "thousand", MANY, 5);
	if (r == 0 && argc > 3) {
		stages = 0;
		r = measure_start(&x, strtoull(argv[3], NULL, 10));
	}
	if (r < 0)
		(void)fprintf(stderr, "%s %s\n", strerrordesc_np(-r), x.f.detail);
	fixture_remove(&x);
	(void)unlink(path);
	return r < 0;
}
