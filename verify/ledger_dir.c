/*
 * A ledger as it lies in a folder, gone through once.
 *
 * The attacker may have put anything into this folder: wrong lengths, tiles of another log, an
 * older checkpoint, links, a file that never ends. The checkpoint is read once at the start and
 * everything is measured against it, so a station that goes on writing does not disturb. Read
 * errors are failures, never "no finding". What earlier checkpoints said of smaller sizes is
 * compared as the tree passes them. Nothing is written.
 */
#include "verify/ledger_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verify/files.h"
#include "verify/pool.h"
#include "verify/say.h"
#include "verify/tree.h"

/* A size at which the root is known: of `since`, or of a receipt. */
struct known {
	uint64_t size;
	const uint8_t *root;
	bool visited; /* of `since` */
};

struct run {
	int dirfd;
	struct verify_report *report;
	struct verify_tree *tree;
	struct verify_walk *walk;
	struct verify_hash *sha;
	const struct verify_request *q;
	struct verify_walk_asked asked;
	struct known known[VERIFY_SINCE_MAX + VERIFY_RECEIPTS_MAX];
	unsigned knowns, passed; /* sorted by size; those already compared */
	bool read_some;
};

/* ---- tiles above the lowest (that one is compared where its entries are hashed) ---- */

static int compare_tile(void *user, unsigned level, uint64_t index, const uint8_t *hashes,
                        unsigned width)
{
	struct run *run = user;
	uint8_t have[VERIFY_TILE_WIDTH * VERIFY_HASH_BYTES + 1];
	size_t want = (size_t)width * VERIFY_HASH_BYTES;
	char what[16];
	ssize_t got;

	if (level == 0)
		return 0;
	(void)snprintf(what, sizeof(what), "%u", level);
	got = verify_tile_read(run->dirfd, what, index, width, have, sizeof(have) - 1);
	if (got < 0)
		verify_report_add(run->report, VERIFY_TILE_MISSING, NO_ENTRY,
		                  _("tile %u/%llu of width %u: %s"), level,
		                  (unsigned long long)index, width, strerror((int)-got));
	else if ((size_t)got < want || memcmp(have, hashes, want) != 0)
		verify_report_add(run->report, VERIFY_TILE_DIFFERS, NO_ENTRY,
		                  _("tile %u/%llu of width %u is not what the entries give"), level,
		                  (unsigned long long)index, width);
	return 0;
}

static void say_lowest_tile(struct run *run, const struct verify_bundle *b)
{
	if (b->tile < 0)
		verify_report_add(run->report, VERIFY_TILE_MISSING, NO_ENTRY,
		                  _("tile %u/%llu of width %u: %s"), 0U,
		                  (unsigned long long)b->index, b->width, strerror(-b->tile));
	else if (b->tile > 0)
		verify_report_add(run->report, VERIFY_TILE_DIFFERS, NO_ENTRY,
		                  _("tile %u/%llu of width %u is not what the entries give"), 0U,
		                  (unsigned long long)b->index, b->width);
}

/* ---- growth ---- */

static int by_size(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return x->size < y->size ? -1 : x->size > y->size;
}

static void collect_known(struct run *run)
{
	const struct verify_request *q = run->q;

	for (unsigned i = 0; i < q->sinces; i++)
		run->known[run->knowns++] =
		        (struct known){q->since[i].size, q->since[i].root, true};
	for (unsigned i = 0; i < q->receipts; i++)
		run->known[run->knowns++] = (struct known){q->receipt[i].checkpoint.size,
		                                           q->receipt[i].checkpoint.root, false};
	qsort(run->known, run->knowns, sizeof(run->known[0]), by_size);
}

/* The tree has the size of one or more known roots: are they its? */
static int check_known(struct run *run)
{
	uint8_t root[VERIFY_HASH_BYTES];

	while (run->passed < run->knowns &&
	       run->known[run->passed].size == verify_tree_size(run->tree)) {
		const struct known *k = &run->known[run->passed++];
		int r = verify_tree_root(run->tree, root);
		if (r < 0)
			return r;
		if (memcmp(root, k->root, sizeof(root)) != 0)
			verify_report_add(run->report, VERIFY_FORK, NO_ENTRY,
			                  _("at %llu entries this ledger had another root than the "
			                    "checkpoint kept elsewhere: two histories were signed"),
			                  (unsigned long long)k->size);
		else if (k->visited)
			run->report->since = k->size;
	}
	return 0;
}

static void say_rollbacks(struct run *run, uint64_t size)
{
	for (unsigned i = 0; i < run->knowns; i++)
		if (run->known[i].size > size)
			verify_report_add(run->report, VERIFY_ROLLBACK, NO_ENTRY,
			                  _("a checkpoint kept elsewhere knows %llu entries, this "
			                    "ledger only %llu"),
			                  (unsigned long long)run->known[i].size,
			                  (unsigned long long)size);
}

/* ---- entries ---- */

static int add_leaves(struct run *run, struct verify_bundle *b)
{
	uint64_t before = verify_tree_size(run->tree);
	bool inside =
	        run->passed < run->knowns && run->known[run->passed].size < before + b->entries;
	int r = 0;

	if (b->result == 0 && b->width == VERIFY_TILE_WIDTH && !inside) {
		r = verify_tree_add_tile(run->tree, b->root);
		return r == 0 ? check_known(run) : r;
	}
	for (unsigned i = 0; r == 0 && i < b->entries; i++) {
		r = verify_tree_add(run->tree, b->hash[i]);
		if (r == 0)
			r = check_known(run);
	}
	return r;
}

static void note_receipts(struct run *run, const struct verify_bundle *b)
{
	for (unsigned i = 0; i < run->q->receipts; i++) {
		struct verify_receipt *r = &run->q->receipt[i];

		if (r->index / VERIFY_TILE_WIDTH != b->index ||
		    r->index % VERIFY_TILE_WIDTH >= b->entries)
			continue;
		memcpy(r->leaf, b->hash[r->index % VERIFY_TILE_WIDTH], sizeof(r->leaf));
		r->have_leaf = true;
	}
}

static int walk_entries(struct run *run, const struct verify_bundle *b)
{
	uint64_t seq = b->index * VERIFY_TILE_WIDTH;

	if (!run->read_some)
		run->report->read_from = seq;
	run->read_some = true;
	for (unsigned i = 0; i < b->entries; i++, seq++) {
		const char *p = (const char *)b->buf + b->at[i];
		const struct verify_entry *e;
		int r = 0;

		verify_walk_entry(run->walk, seq, p, b->length[i]);
		e = verify_walk_last(run->walk);
		if (run->q->on_entry && e)
			r = run->q->on_entry(run->q->user, seq, e, p, b->length[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_bundle(void *user, struct verify_bundle *b)
{
	struct run *run = user;
	int r;

	if ((b->result < 0 && b->result != -EBADMSG) || (b->from_tile && run->read_some)) {
		verify_report_add(run->report, VERIFY_ENTRIES_MISSING,
		                  ENTRIES(b->index * VERIFY_TILE_WIDTH), _("entry bundle %llu: %s"),
		                  (unsigned long long)b->index,
		                  strerror(b->result < 0 ? -b->result : ENOENT));
		return -EBADMSG;
	}
	r = add_leaves(run, b);
	if (r < 0)
		return r;
	note_receipts(run, b);
	if (!b->from_tile)
		r = walk_entries(run, b);
	if (r == 0 && b->result == -EBADMSG) {
		verify_report_add(run->report, VERIFY_ENTRIES_CUT,
		                  ENTRIES(b->index * VERIFY_TILE_WIDTH + b->entries),
		                  _("entry bundle %llu ends early"), (unsigned long long)b->index);
		return -EBADMSG;
	}
	say_lowest_tile(run, b);
	return r;
}

/* ---- the checkpoint ---- */

static void check_cosigners(struct run *run, const uint8_t *note, size_t n,
                            const struct verify_key *key, unsigned keys, bool required)
{
	struct verify_report *rep = run->report;

	for (unsigned i = 0; i < keys; i++) {
		uint64_t when = 0;
		int r = verify_note_check(note, n, &key[i], &when);

		if (r == 0 && rep->cosigners < VERIFY_COSIGNERS_MAX) {
			rep->cosigned_by[rep->cosigners] = key[i].name;
			rep->cosigned_at[rep->cosigners++] = when;
		} else if (r == -ENOENT && required) {
			verify_report_add(rep, VERIFY_COSIGNATURE_ABSENT, NO_ENTRY,
			                  _("%s did not countersign this checkpoint"), key[i].name);
		} else if (r < 0 && r != -ENOENT) {
			verify_report_add(rep, VERIFY_COSIGNATURE_WRONG, NO_ENTRY,
			                  _("the countersignature of %s does not verify"),
			                  key[i].name);
		}
	}
}

static void check_signatures(struct run *run, const uint8_t *note, size_t n)
{
	const struct verify_request *q = run->q;
	int r = verify_note_check(note, n, &q->key, NULL);

	if (r == -ENOENT)
		verify_report_add(run->report, VERIFY_SIGNATURE_ABSENT, NO_ENTRY,
		                  _("the checkpoint carries no signature of the key %s"),
		                  q->key.name);
	else if (r < 0)
		verify_report_add(run->report, VERIFY_SIGNATURE_WRONG, NO_ENTRY,
		                  _("the checkpoint's signature does not verify"));
	check_cosigners(run, note, n, q->required, q->requireds, true);
	check_cosigners(run, note, n, q->known, q->knowns, false);
}

static int check_checkpoint(struct run *run, struct verify_result *ret)
{
	struct verify_checkpoint *cp = &ret->checkpoint;
	ssize_t got = verify_file_read(run->dirfd, "checkpoint", ret->note, VERIFY_NOTE_BYTES_MAX);

	if (got < 0) {
		verify_report_add(run->report, VERIFY_CHECKPOINT_MISSING, NO_ENTRY, "%s",
		                  strerror((int)-got));
		return (int)got;
	}
	ret->note_bytes = (size_t)got;
	check_signatures(run, ret->note, (size_t)got);
	if (verify_checkpoint_parse(ret->note, (size_t)got, cp) < 0) {
		verify_report_add(run->report, VERIFY_CHECKPOINT_MALFORMED, NO_ENTRY,
		                  _("not a checkpoint"));
		return -EBADMSG;
	}
	ret->have_checkpoint = true;
	(void)snprintf(run->report->origin, sizeof(run->report->origin), "%s", cp->origin);
	run->report->size = cp->size;
	if (strcmp(cp->origin, run->q->key.name) != 0)
		verify_report_add(run->report, VERIFY_ORIGIN_OTHER, NO_ENTRY,
		                  _("the checkpoint is of %s, the key of %s"), cp->origin,
		                  run->q->key.name);
	say_rollbacks(run, cp->size);
	return 0;
}

/* ---- the whole ---- */

static uint64_t vouched(const struct verify_request *q)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < q->sinces; i++)
		if (q->since[i].size > most)
			most = q->since[i].size;
	return most;
}

static void check_receipts(struct run *run)
{
	for (unsigned i = 0; i < run->q->receipts; i++) {
		const struct verify_receipt *r = &run->q->receipt[i];

		if (r->have_leaf && verify_receipt_check(run->sha, r) < 0)
			verify_report_add(run->report, VERIFY_RECEIPT_WRONG, ENTRIES(r->index),
			                  _("the receipt does not prove the entry that stands here "
			                    "as %llu"),
			                  (unsigned long long)r->index);
	}
}

static void end_walk(struct run *run, struct verify_result *ret)
{
	if (!run->read_some)
		run->report->read_from = ret->checkpoint.size;
	if (run->report->read_from > 0)
		verify_report_add(run->report, VERIFY_PAST_UNREAD, NO_ENTRY,
		                  _("the entries before %llu are not in this copy; your checkpoint "
		                    "at %llu vouches for them"),
		                  (unsigned long long)run->report->read_from,
		                  (unsigned long long)vouched(run->q));
	verify_walk_end(run->walk);
	ret->previous = *verify_walk_previous(run->walk);
	(void)snprintf(ret->rotated_to, sizeof(ret->rotated_to), "%s",
	               verify_walk_rotated_to(run->walk));
	(void)snprintf(ret->newest, sizeof(ret->newest), "%s", verify_walk_time(run->walk));
}

static int check_tree(struct run *run, struct verify_result *ret)
{
	const struct verify_checkpoint *cp = &ret->checkpoint;
	int r = check_known(run); /* a checkpoint of the empty ledger */

	if (r == 0)
		r = verify_pool_run(run->dirfd, cp->size, vouched(run->q), run->q->threads,
		                    take_bundle, run);
	if (r == 0)
		r = verify_tree_edge(run->tree);
	if (r == 0)
		r = verify_tree_root(run->tree, run->report->root);
	if (r < 0)
		return r == -EBADMSG ? 0 : r;
	run->report->have_root = true;
	if (memcmp(run->report->root, cp->root, sizeof(cp->root)) != 0)
		verify_report_add(run->report, VERIFY_ROOT_DIFFERS, NO_ENTRY,
		                  _("the entries give another root than the checkpoint says"));
	check_receipts(run);
	end_walk(run, ret);
	return 0;
}

static int verify(struct run *run, struct verify_result *ret)
{
	int r;

	collect_known(run);
	run->tree = verify_tree_new(compare_tile, run);
	run->sha = verify_hash_new();
	if (!run->tree || !run->sha)
		return -ENOMEM;
	r = check_checkpoint(run, ret);
	if (r < 0)
		return r;
	run->asked.origin = ret->checkpoint.origin;
	run->asked.key = &run->q->key;
	run->walk = verify_walk_new(run->dirfd, &run->asked, run->report);
	return run->walk ? check_tree(run, ret) : -ENOMEM;
}

int verify_ledger_dir(const struct verify_request *q, struct verify_report *r,
                      struct verify_result *ret)
{
	struct run *run = calloc(1, sizeof(*run));
	int result;

	memset(ret, 0, sizeof(*ret));
	if (!run)
		return -ENOMEM;
	run->q = q;
	run->report = r;
	run->dirfd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run->dirfd < 0) {
		result = -errno;
		verify_report_add(r, VERIFY_UNREADABLE, NO_ENTRY, "%s", strerror(-result));
	} else {
		result = verify(run, ret);
		(void)close(run->dirfd);
	}
	verify_walk_free(run->walk);
	verify_tree_free(run->tree);
	verify_hash_free(run->sha);
	free(run);
	return result;
}

int verify_ledger_peek(const char *dir, struct verify_checkpoint *ret)
{
	static uint8_t note[VERIFY_NOTE_BYTES_MAX + 1];
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = verify_file_read(fd, "checkpoint", note, VERIFY_NOTE_BYTES_MAX);
	(void)close(fd);
	return got < 0 ? (int)got : verify_checkpoint_parse(note, (size_t)got, ret);
}
