/*
 * A ledger as it lies in a folder, gone through once.
 *
 * The attacker may have put anything into this folder: wrong lengths, tiles of another log, an
 * older checkpoint, links, a file that never ends. Files are opened without following a last
 * link, must be regular, and are read up to the size their name allows. The checkpoint is read
 * once at the start and everything is measured against it, so a station that goes on writing
 * does not disturb. Read errors are failures, never "no finding".
 */
#include "verify/ledger_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verify/tree.h"
#include "verify/walk.h"

#define BUNDLE_BYTES_MAX (VERIFY_TILE_WIDTH * (2 + 65535))

struct run {
	int dirfd;
	struct verify_report *report;
	struct verify_tree *tree;
	struct verify_walk *walk;
	uint64_t size; /* of the checkpoint */
	const struct verify_request *q;
	bool grown; /* `since` was met and its root was ours */
	uint8_t bundle[BUNDLE_BYTES_MAX + 1];
};

/* tile/<what>/<N in groups of three, all but the last with x>, `.p/W` where width is not full */
static void tile_path(char *buf, size_t size, const char *what, uint64_t n, unsigned width)
{
	unsigned group[8], groups = 0;
	size_t at;

	do {
		group[groups++] = (unsigned)(n % 1000);
		n /= 1000;
	} while (n);
	at = (size_t)snprintf(buf, size, "tile/%s", what);
	while (groups--)
		at += (size_t)snprintf(buf + at, size - at, groups ? "/x%03u" : "/%03u",
		                       group[groups]);
	if (width < VERIFY_TILE_WIDTH)
		(void)snprintf(buf + at, size - at, ".p/%u", width);
}

/* At most max bytes of a regular file; -EFBIG beyond. */
static ssize_t read_file(int dirfd, const char *path, uint8_t *buf, size_t max)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	size_t n = 0;
	ssize_t got = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return -EINVAL;
	}
	while (n <= max && (got = read(fd, buf + n, max + 1 - n)) > 0)
		n += (size_t)got;
	(void)close(fd);
	if (got < 0)
		return -EIO;
	return n > max ? -EFBIG : (ssize_t)n;
}

/* The partial file, or the full one, which begins with the same bytes. */
static ssize_t read_tile(struct run *run, const char *what, uint64_t n, unsigned width,
                         uint8_t *buf, size_t max)
{
	char path[128];
	ssize_t got;

	tile_path(path, sizeof(path), what, n, width);
	got = read_file(run->dirfd, path, buf, max);
	if (got == -ENOENT && width < VERIFY_TILE_WIDTH) {
		tile_path(path, sizeof(path), what, n, VERIFY_TILE_WIDTH);
		got = read_file(run->dirfd, path, buf, max);
	}
	return got;
}

static int compare_tile(void *user, unsigned level, uint64_t index, const uint8_t *hashes,
                        unsigned width)
{
	struct run *run = user;
	uint8_t have[VERIFY_TILE_WIDTH * VERIFY_HASH_BYTES + 1];
	size_t want = (size_t)width * VERIFY_HASH_BYTES;
	char what[8];
	ssize_t got;

	(void)snprintf(what, sizeof(what), "%u", level);
	got = read_tile(run, what, index, width, have, sizeof(have) - 1);
	if (got < 0)
		verify_report_add(run->report, VERIFY_FAILURE, "tile-missing", -1,
		                  "tile %u/%llu of width %u: %s", level, (unsigned long long)index,
		                  width, strerror((int)-got));
	else if ((size_t)got < want || memcmp(have, hashes, want) != 0)
		verify_report_add(run->report, VERIFY_FAILURE, "tile-differs", -1,
		                  "tile %u/%llu of width %u is not what the entries give", level,
		                  (unsigned long long)index, width);
	return 0;
}

static int check_since(struct run *run)
{
	uint8_t root[VERIFY_HASH_BYTES];
	int r;

	if (!run->q->have_since || run->grown || verify_tree_size(run->tree) != run->q->since.size)
		return 0;
	r = verify_tree_root(run->tree, root);
	if (r < 0)
		return r;
	run->grown = true;
	if (memcmp(root, run->q->since.root, sizeof(root)) != 0)
		verify_report_add(run->report, VERIFY_FAILURE, "fork", -1,
		                  "at %llu entries this ledger had another root than the older "
		                  "checkpoint: two histories were signed",
		                  (unsigned long long)run->q->since.size);
	return 0;
}

/* One bundle of `width` entries. -EBADMSG where its framing is wrong: nothing after it counts. */
static int read_bundle(struct run *run, uint64_t index, unsigned width)
{
	ssize_t got = read_tile(run, "entries", index, width, run->bundle, BUNDLE_BYTES_MAX);
	size_t pos = 0;

	if (got < 0) {
		verify_report_add(run->report, VERIFY_FAILURE, "entries-missing",
		                  (int64_t)(index * VERIFY_TILE_WIDTH), "entry bundle %llu: %s",
		                  (unsigned long long)index, strerror((int)-got));
		return -EBADMSG;
	}
	for (unsigned i = 0; i < width; i++) {
		size_t n;
		int r;

		if ((size_t)got - pos < 2)
			break;
		n = (size_t)run->bundle[pos] << 8 | run->bundle[pos + 1];
		pos += 2;
		if ((size_t)got - pos < n)
			break;
		r = verify_tree_add(run->tree, run->bundle + pos, n);
		if (r == 0)
			r = check_since(run);
		if (r < 0)
			return r;
		verify_walk_entry(run->walk, (const char *)run->bundle + pos, n);
		pos += n;
		if (i + 1 == width)
			return 0;
	}
	verify_report_add(run->report, VERIFY_FAILURE, "entries-cut",
	                  (int64_t)verify_tree_size(run->tree), "entry bundle %llu ends early",
	                  (unsigned long long)index);
	return -EBADMSG;
}

static int read_entries(struct run *run)
{
	int r = check_since(run);

	for (uint64_t at = 0; r == 0 && at < run->size; at += VERIFY_TILE_WIDTH) {
		uint64_t left = run->size - at;
		unsigned width = left < VERIFY_TILE_WIDTH ? (unsigned)left : VERIFY_TILE_WIDTH;

		r = read_bundle(run, at / VERIFY_TILE_WIDTH, width);
	}
	return r;
}

static void check_signatures(struct run *run, const uint8_t *note, size_t n)
{
	const struct verify_request *q = run->q;
	int r = verify_note_check(note, n, &q->key, NULL);

	if (r == -ENOENT)
		verify_report_add(run->report, VERIFY_FAILURE, "signature-absent", -1,
		                  "the checkpoint carries no signature of the key %s", q->key.name);
	else if (r < 0)
		verify_report_add(run->report, VERIFY_FAILURE, "signature-wrong", -1,
		                  "the checkpoint's signature does not verify");
	for (unsigned i = 0; i < q->cosigners; i++) {
		r = verify_note_check(note, n, &q->cosigner[i], NULL);
		if (r == 0 && run->report->cosigners < VERIFY_COSIGNERS_MAX)
			run->report->cosigned_by[run->report->cosigners++] = q->cosigner[i].name;
		else if (r < 0)
			verify_report_add(run->report, VERIFY_FAILURE,
			                  r == -ENOENT ? "cosignature-absent" : "cosignature-wrong",
			                  -1, "cosignature of %s", q->cosigner[i].name);
	}
}

static int check_checkpoint(struct run *run, struct verify_checkpoint *ret_cp)
{
	uint8_t note[VERIFY_NOTE_BYTES_MAX + 1];
	ssize_t got = read_file(run->dirfd, "checkpoint", note, VERIFY_NOTE_BYTES_MAX);

	if (got < 0) {
		verify_report_add(run->report, VERIFY_FAILURE, "checkpoint-missing", -1, "%s",
		                  strerror((int)-got));
		return (int)got;
	}
	check_signatures(run, note, (size_t)got);
	if (verify_checkpoint_parse(note, (size_t)got, ret_cp) < 0) {
		verify_report_add(run->report, VERIFY_FAILURE, "checkpoint-malformed", -1,
		                  "not a checkpoint");
		return -EBADMSG;
	}
	(void)snprintf(run->report->origin, sizeof(run->report->origin), "%s", ret_cp->origin);
	run->report->size = run->size = ret_cp->size;
	if (strcmp(ret_cp->origin, run->q->key.name) != 0)
		verify_report_add(run->report, VERIFY_FAILURE, "origin-other", -1,
		                  "the checkpoint is of %s, the key of %s", ret_cp->origin,
		                  run->q->key.name);
	if (run->q->have_since && run->q->since.size > ret_cp->size)
		verify_report_add(run->report, VERIFY_FAILURE, "rollback", -1,
		                  "an older checkpoint knows %llu entries, this ledger only %llu",
		                  (unsigned long long)run->q->since.size,
		                  (unsigned long long)ret_cp->size);
	return 0;
}

static int check_tree(struct run *run, const struct verify_checkpoint *cp)
{
	int r = read_entries(run);

	if (r == 0)
		r = verify_tree_edge(run->tree);
	if (r == 0)
		r = verify_tree_root(run->tree, run->report->root);
	if (r < 0)
		return r == -EBADMSG ? 0 : r;
	run->report->have_root = true;
	if (memcmp(run->report->root, cp->root, sizeof(cp->root)) != 0)
		verify_report_add(run->report, VERIFY_FAILURE, "root-differs", -1,
		                  "the entries give another root than the checkpoint says");
	verify_walk_end(run->walk);
	return 0;
}

int verify_ledger_dir(const struct verify_request *q, struct verify_report *r)
{
	struct run *run = calloc(1, sizeof(*run));
	struct verify_checkpoint cp;
	int result = -ENOMEM;

	if (!run)
		return -ENOMEM;
	run->q = q;
	run->report = r;
	run->dirfd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run->dirfd < 0) {
		result = -errno;
		verify_report_add(r, VERIFY_FAILURE, "unreadable", -1, "%s", strerror(-result));
	} else {
		run->tree = verify_tree_new(compare_tile, run);
		run->walk = verify_walk_new(run->dirfd, r);
		if (run->tree && run->walk)
			result = check_checkpoint(run, &cp);
		if (result == 0)
			result = check_tree(run, &cp);
		(void)close(run->dirfd);
	}
	verify_tree_free(run->tree);
	verify_walk_free(run->walk);
	free(run);
	return result;
}
