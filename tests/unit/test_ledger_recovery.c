/*
 * Whatever happens while the ledger is written: the journal torn at every byte, every byte of it
 * flipped, the process killed at every system call that writes, and every one of those calls
 * failing. Afterwards the ledger opens with exactly what was acknowledged, plus at most the group
 * that was being written, or refuses.
 *
 * Linked with --wrap for the calls that write; each run is a child process, so its end is as sudden
 * as kill -9. (What a power cut takes from the page cache is played by cutting files.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/ledger/journal.h"
#include "tests/unit/ledger_fixture.h"

#define KILLED  77
#define ENTRIES 12U /* appended by the script, in groups of one to three */

/* Shared with the children. */
static struct shared {
	long calls;    /* writing calls so far */
	long kill_at;  /* end the process instead of making this one; 0: never */
	long fail_at;  /* answer EIO instead of making this one; 0: never */
	uint64_t told; /* entries acknowledged */
	unsigned settle;
} * shared;

/* The wrapped calls: 1 to go on, -1 to fail. */
static int gate(void)
{
	shared->calls++;
	if (shared->kill_at && shared->calls == shared->kill_at)
		_exit(KILLED);
	if (shared->fail_at && shared->calls == shared->fail_at) {
		errno = EIO;
		return -1;
	}
	return 1;
}

#define WRAP(type, name, parameters, arguments)                                                    \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return gate() < 0 ? -1 : __real_##name arguments;                                  \
	}
WRAP(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n))
WRAP(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, fdatasync, (int fd), (fd))
WRAP(int, renameat, (int a, const char *x, int b, const char *y), (a, x, b, y))
WRAP(int, ftruncate, (int fd, off_t n), (fd, n))
WRAP(int, mkdirat, (int fd, const char *p, mode_t m), (fd, p, m))
WRAP(int, unlinkat, (int fd, const char *p, int f), (fd, p, f))

static int add(struct fixture *x, unsigned i)
{
	uint8_t nonce[WL_NONCE_BYTES] = {0xee, (uint8_t)i};
	char method[32];

	(void)snprintf(method, sizeof(method), "method=m%u", i);
	return fixture_stage(x, nonce, "call.denied", "uid:1000", 1000, "", -1, method,
	                     "rule=person.unknown", NULL);
}

/* Groups of 1, 2, 3, 1, 2, 3, the files brought up to date after every `settle` groups: the number
 * acknowledged is counted where a power cut cannot reach. */
static int script(struct fixture *x)
{
	unsigned group = 1, in_group = 0, groups = 0;
	int r;

	for (unsigned i = 0; i < ENTRIES; i++) {
		r = add(x, i);
		if (r < 0)
			return r;
		if (++in_group < group && i + 1 < ENTRIES)
			continue;
		r = wl_ledger_commit(x->l);
		if (r < 0)
			return r;
		shared->told += in_group;
		in_group = 0;
		if (shared->settle && ++groups % shared->settle == 0)
			r = wl_ledger_settle(x->l);
		if (r < 0)
			return r;
		group = group % 3 + 1;
	}
	return 0;
}

/* A child runs the script; 0, KILLED, or 1 where it was told of the failure. */
static int run_script(struct fixture *x, long kill_at, long fail_at, unsigned settle)
{
	int status;
	pid_t pid;

	*shared = (struct shared){.kill_at = kill_at, .fail_at = fail_at, .settle = settle};
	pid = fork();
	if (pid == 0) {
		int r = fixture_open(x);
		if (r == 0)
			r = script(x);
		/* after a failure nothing more may be accepted */
		if (r < 0 && x->l && x->l->failed && add(x, 99) >= 0)
			_exit(99);
		_exit(r == 0 ? 0 : 1);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	shared->kill_at = shared->fail_at = 0;
	return WEXITSTATUS(status);
}

static int run_child(struct fixture *x, long kill_at, long fail_at)
{
	return run_script(x, kill_at, fail_at, 2);
}

/* The entry `i` of the script lies at its place. */
static void check_entry(struct fixture *x, uint64_t first, unsigned i)
{
	WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
	char method[32];

	assert_int_equal(wl_ledger_entry(x->l, first + i, &e), 0);
	(void)snprintf(method, sizeof(method), "m%u", i);
	assert_string_equal(wl_draft_get_text(&e.draft, WL_M_METHOD), method);
}

/* Opens again: all that was acknowledged, at most one group more; then the script is said again
 * with the same nonces, and every entry is there once. Gives what the ledger had when it was
 * opened. */
static uint64_t check_after(struct fixture *x, uint64_t first, bool again)
{
	uint64_t told = shared->told, size;

	assert_int_equal(fixture_open(x), 0);
	size = wl_store_size(x->l->store);
	assert_true(size >= first + told);
	assert_true(size <= first + told + 3);
	for (unsigned i = 0; i < size - first; i++)
		check_entry(x, first, i);
	if (again) {
		assert_int_equal(script(x), 0);
		assert_int_equal(wl_store_size(x->l->store), first + ENTRIES);
		for (unsigned i = 0; i < ENTRIES; i++)
			check_entry(x, first, i);
	}
	fixture_close(x);
	return size;
}

/* A station, copied for every run. */
static char pristine[64];
static uint64_t first_entry;

static void copy_folder(const char *from, const char *to)
{
	char command[256];

	(void)snprintf(command, sizeof(command), "rm -rf %s && cp -a --sparse=always %s %s", to,
	               from, to);
	assert_int_equal(system(command), 0);
}

static void fresh(struct fixture *x)
{
	fixture_make(x);
	copy_folder(pristine, x->dir);
}

static int group_setup(void **state)
{
	struct fixture x;

	(void)state;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	              0);
	if (shared == MAP_FAILED)
		return -1;
	fixture_make(&x);
	fixture_policy(&x);
	/* so that the script crosses a full tile */
	for (uint64_t size = wl_store_size(x.l->store); size < 250; size++)
		if (fixture_stage(&x, NULL, "call.denied", "uid:1", 1, "", -1, "method=x",
		                  "rule=person.unknown", NULL) < 0)
			return -1;
	if (wl_ledger_settle(x.l) < 0)
		return -1;
	first_entry = wl_store_size(x.l->store);
	fixture_close(&x);
	memcpy(pristine, x.dir, sizeof(pristine));
	return 0;
}

static int group_teardown(void **state)
{
	struct fixture x = {.manifest_fd = -1};

	(void)state;
	memcpy(x.dir, pristine, sizeof(pristine));
	fixture_remove(&x);
	return 0;
}

static long count_calls(void)
{
	struct fixture x;

	fresh(&x);
	assert_int_equal(run_child(&x, 0, 0), 0);
	assert_int_equal(shared->told, ENTRIES);
	fixture_remove(&x);
	return shared->calls;
}

static void killed_at_every_call(void **state)
{
	long calls = count_calls();

	(void)state;
	assert_true(calls > 40);
	for (long at = 1; at <= calls; at += fixture_step(1)) {
		struct fixture x;
		fresh(&x);
		assert_int_equal(run_child(&x, at, 0), KILLED);
		check_after(&x, first_entry, true);
		fixture_remove(&x);
	}
}

static void failing_at_every_call(void **state)
{
	long calls = count_calls();

	(void)state;
	for (long at = 1; at <= calls; at += fixture_step(1)) {
		struct fixture x;
		int r;
		fresh(&x);
		r = run_child(&x, 0, at);
		/* the removal of a partial tile may fail without harm; everything else stops it */
		assert_true(r == 1 || (r == 0 && shared->told == ENTRIES));
		check_after(&x, first_entry, true);
		fixture_remove(&x);
	}
}

/* The script ran to its end, everything was acknowledged, and then the power went: six records in
 * the journal, none of it in the files. */
struct stopped {
	struct fixture x;
	uint8_t *journal;
	size_t at[ENTRIES], n[ENTRIES], records; /* where each record lies */
};

static size_t record_bytes(const uint8_t *p)
{
	size_t n = (size_t)p[12] << 24 | (size_t)p[13] << 16 | (size_t)p[14] << 8 | p[15];
	size_t data = WL_JOURNAL_BLOCK - WL_JOURNAL_BLOCK_TAG;

	return (n + data - 1) / data * WL_JOURNAL_BLOCK;
}

static void stop_unsettled(struct stopped *s)
{
	char path[128];
	size_t n;
	void *p;

	*s = (struct stopped){.records = 0};
	fresh(&s->x);
	assert_int_equal(run_script(&s->x, 0, 0, 0), 0);
	assert_int_equal(shared->told, ENTRIES);
	(void)snprintf(path, sizeof(path), "%s/.state/journal", s->x.dir);
	assert_int_equal(wl_file_read(AT_FDCWD, path, WL_JOURNAL_BYTES, &p, &n), 0);
	assert_int_equal(n, WL_JOURNAL_BYTES);
	s->journal = p;
	for (size_t at = 0; memcmp(s->journal + at + 8, "WLJ2", 4) == 0; at += WL_JOURNAL_PAGE) {
		s->at[s->records] = at;
		s->n[s->records] = record_bytes(s->journal + at);
		assert_true(s->n[s->records] <= WL_JOURNAL_PAGE);
		s->records++;
	}
	assert_int_equal(s->records, 6);
}

static void stopped_free(struct stopped *s)
{
	free(s->journal);
	fixture_remove(&s->x);
}

/* `make check-long` goes by the byte. */
static size_t stride(size_t usual)
{
	return getenv("WL_LONG") ? 1 : (size_t)fixture_step((long)usual);
}

/* The blocks' ends and what is around them, and now and then something between. */
static size_t next_cut(size_t cut)
{
	size_t in_block = (cut + 2) % WL_JOURNAL_BLOCK,
	       step = in_block < 4 || in_block == 11 ? 1 : 97;

	step = step > WL_JOURNAL_BLOCK - in_block ? WL_JOURNAL_BLOCK - in_block : step;
	return cut + stride(step);
}

/* A copy of it with `n` bytes from `at` on replaced. */
static void copy_with(const struct stopped *s, struct fixture *x, size_t at, const uint8_t *p,
                      size_t n)
{
	char path[128];

	fixture_make(x);
	copy_folder(s->x.dir, x->dir);
	(void)snprintf(path, sizeof(path), "%s/.state/journal", x->dir);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(wl_pwrite_full(fd, p, n, (off_t)at), 0);
	(void)close(fd);
	shared->told = ENTRIES;
}

/* The last record is torn: what comes after the cut is as it was before, zeros or older bytes. A
 * disk writes whole blocks, and then the record never was; torn within one, it may be refused. */
static void journal_torn_at_every_byte(void **state)
{
	struct stopped s;
	uint8_t old[2][WL_JOURNAL_PAGE] = {{0}};

	(void)state;
	stop_unsettled(&s);
	size_t last = s.records - 1, n = s.n[last];
	memcpy(old[1], s.journal + s.at[0], WL_JOURNAL_PAGE); /* of an earlier record */
	for (size_t cut = 0; cut <= n; cut = next_cut(cut)) {
		struct fixture x;
		copy_with(&s, &x, s.at[last] + cut, old[cut / 3 % 2] + cut, n - cut);
		int r = fixture_open(&x);
		uint64_t size = r == 0 ? wl_store_size(x.l->store) : 0;
		if (r < 0) {
			assert_int_equal(r, -EUCLEAN);
			assert_true(cut % WL_JOURNAL_BLOCK != 0);
			assert_non_null(strstr(x.f.detail, "journal"));
		} else if (size == first_entry + ENTRIES) {
			assert_true(cut > n - WL_JOURNAL_BLOCK); /* only filling was cut */
		} else {
			assert_int_equal(size, first_entry + ENTRIES - 3);
			fixture_close(&x);
			shared->told = ENTRIES - 3;
			check_after(&x, first_entry, cut % 64 == 0);
		}
		fixture_remove(&x);
	}
	stopped_free(&s);
}

/* A bit flipped in any byte of what was acknowledged: everything is there, or it is refused. */
static void journal_with_a_flipped_bit(void **state)
{
	struct stopped s;
	unsigned refused = 0;

	(void)state;
	stop_unsettled(&s);
	for (size_t i = 0; i < s.records; i++)
		for (size_t at = s.at[i]; at < s.at[i] + s.n[i];
		     at += stride(i + 1 == s.records ? 5 : 41)) {
			uint8_t b = s.journal[at] ^ (uint8_t)(1U << at % 8);
			struct fixture x;
			copy_with(&s, &x, at, &b, 1);
			int r = fixture_open(&x);
			assert_true(r == 0 || r == -EUCLEAN);
			if (r == 0)
				assert_int_equal(wl_store_size(x.l->store), first_entry + ENTRIES);
			else
				assert_non_null(strstr(x.f.detail, "journal"));
			refused += r < 0;
			fixture_remove(&x);
		}
	assert_true(refused > 200 / fixture_step(1));
	stopped_free(&s);
}

/* A record that is gone while a later one is there: not a torn write. */
static void journal_with_a_hole(void **state)
{
	struct stopped s;

	(void)state;
	stop_unsettled(&s);
	for (size_t i = 0; i + 1 < s.records; i++) {
		static const uint8_t zeros[WL_JOURNAL_BLOCK];
		struct fixture x;
		copy_with(&s, &x, s.at[i], zeros, sizeof(zeros));
		assert_int_equal(fixture_open(&x), -EUCLEAN);
		assert_non_null(strstr(x.f.detail, "lacks"));
		fixture_remove(&x);
		copy_with(&s, &x, s.at[i] + WL_JOURNAL_BLOCK, zeros, sizeof(zeros));
		assert_int_equal(fixture_open(&x), -EUCLEAN);
		fixture_remove(&x);
	}
	stopped_free(&s);
}

static void journal_cut_or_missing(void **state)
{
	static const off_t sizes[] = {0, 1, 4096, 12000, WL_JOURNAL_BYTES - 1, -1};
	struct stopped s;

	(void)state;
	stop_unsettled(&s);
	for (size_t i = 0; i < WL_ARRAY_LEN(sizes); i++) {
		struct fixture x;
		char path[128];
		copy_with(&s, &x, 0, s.journal, 0);
		(void)snprintf(path, sizeof(path), "%s/.state/journal", x.dir);
		assert_int_equal(sizes[i] < 0 ? unlink(path) : truncate(path, sizes[i]), 0);
		assert_int_equal(fixture_open(&x), -EUCLEAN);
		assert_non_null(strstr(x.f.detail, sizes[i] < 0 ? "missing" : "cut"));
		fixture_remove(&x);
	}
	stopped_free(&s);
}

static int keep_record(void *user, const struct wl_record *r)
{
	struct wl_record *to = user;

	if (to->count > 0)
		return 0;
	to->first = r->first;
	to->checkpoint = strdup(r->checkpoint);
	return to->checkpoint ? wl_record_add(to, r->entries + 2, r->entries_n - 2) : -ENOMEM;
}

/* A record with a right digest but entries that are not those signed is refused, and stays. */
static void journal_with_another_entry(void **state)
{
	struct wl_record rec = {0};
	struct wl_journal j;
	struct wl_finding f;
	struct wl_note_key key;
	struct stopped s;
	struct fixture *x = &s.x;

	(void)state;
	stop_unsettled(&s);
	assert_int_equal(fixture_open(x), 0);
	key = x->l->id.key;
	fixture_close(x);
	fixture_remove(x);
	stopped_free(&s);
	stop_unsettled(&s);
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/.state", x->dir);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(wl_journal_open(fd, &key, false, &j), 0);
	assert_int_equal(wl_journal_read(&j, first_entry, keep_record, &rec, &f), 0);
	rec.entries[20] ^= 1;
	j.at = 0;
	assert_int_equal(wl_journal_write(&j, &rec, rec.checkpoint), 0);
	for (int i = 0; i < 2; i++) { /* and again: it is left for people to look at */
		assert_int_equal(fixture_open(x), -EUCLEAN);
		assert_int_equal(x->f.rule, WL_RULE_STATION_LEDGER_FAILED);
		assert_non_null(strstr(x->f.detail, "root"));
	}
	wl_record_clear(&rec);
	wl_journal_close(&j);
	(void)close(fd);
	stopped_free(&s);
}

/* The journal is written over and over: more than it holds, and every entry is there. */
static void journal_goes_round(void **state)
{
	struct fixture x;
	uint64_t size;

	(void)state;
	fresh(&x);
	assert_int_equal(fixture_open(&x), 0);
	size = wl_store_size(x.l->store);
	for (unsigned i = 0; i < 1100; i++) {
		assert_true(fixture_stage(&x, NULL, "call.denied", "uid:1", 1, "", -1, "method=x",
		                          "rule=person.unknown", NULL) >= 0);
		assert_int_equal(wl_ledger_commit(x.l), 0);
	}
	/* once round without being asked to settle; what came after that is in the journal alone */
	assert_true(wl_store_settled(x.l->store) > size);
	assert_true(wl_store_settled(x.l->store) < size + 1100);
	fixture_close(&x);
	assert_int_equal(fixture_open(&x), 0);
	assert_int_equal(wl_store_size(x.l->store), size + 1100);
	assert_int_equal(wl_store_settled(x.l->store), size + 1100);
	fixture_remove(&x);
}

static void flip(const struct fixture *x, const char *name, off_t at)
{
	char path[160];
	uint8_t b;

	(void)snprintf(path, sizeof(path), "%s/%s", x->dir, name);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &b, 1, at), 1);
	b ^= 1;
	assert_int_equal(pwrite(fd, &b, 1, at), 1);
	(void)close(fd);
}

static void damage_is_refused(void **state)
{
	static const struct {
		const char *name;
		off_t at;
	} rows[] = {
	        {"checkpoint", 3},        {"checkpoint", 24},
	        {"tile/0/000.p/250", 40}, {"tile/entries/000.p/250", 40},
	        {"keys/station", 9},
	};

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++) {
		struct fixture x;
		fresh(&x);
		flip(&x, rows[i].name, rows[i].at);
		int r = fixture_open(&x);
		assert_true(r == -EUCLEAN || r == -EBADMSG);
		fixture_remove(&x);
	}
}

static void missing_parts_are_refused(void **state)
{
	static const char *const names[] = {"checkpoint", "tile/0/000.p/250", "keys/station"};

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(names); i++) {
		struct fixture x;
		char path[160];
		fresh(&x);
		(void)snprintf(path, sizeof(path), "%s/%s", x.dir, names[i]);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(fixture_open(&x), -EUCLEAN);
		fixture_remove(&x);
	}
}

/* The ledger's files put back to an older state beside the newer index. */
static void rolled_back_is_refused(void **state)
{
	struct fixture x;
	char command[512];

	(void)state;
	fresh(&x);
	assert_int_equal(run_script(&x, 0, 0, 1), 0);
	assert_int_equal(fixture_open(&x), 0); /* what the journal held is in the files */
	fixture_close(&x);
	(void)snprintf(command, sizeof(command),
	               "cd %s && rm -r tile checkpoint && cp -a %s/tile %s/checkpoint .", x.dir,
	               pristine, pristine);
	assert_int_equal(system(command), 0);
	assert_int_equal(fixture_open(&x), -EUCLEAN);
	assert_non_null(strstr(x.f.detail, "older state"));
	fixture_remove(&x);
}

/* Another writer is kept out. */
static void one_writer(void **state)
{
	struct fixture x, y;

	(void)state;
	fresh(&x);
	assert_int_equal(fixture_open(&x), 0);
	y = x;
	y.l = NULL;
	assert_int_equal(fixture_open(&y), -EBUSY);
	fixture_remove(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(killed_at_every_call),
	        cmocka_unit_test(failing_at_every_call),
	        cmocka_unit_test(journal_torn_at_every_byte),
	        cmocka_unit_test(journal_with_a_flipped_bit),
	        cmocka_unit_test(journal_with_a_hole),
	        cmocka_unit_test(journal_cut_or_missing),
	        cmocka_unit_test(journal_with_another_entry),
	        cmocka_unit_test(journal_goes_round),
	        cmocka_unit_test(damage_is_refused),
	        cmocka_unit_test(missing_parts_are_refused),
	        cmocka_unit_test(rolled_back_is_refused),
	        cmocka_unit_test(one_writer),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
