/*
 * Journal, tiles and checkpoint together: commit and recovery.
 *
 * Runs in weighlock-ledgerd, the only writer (flock). Entries are ours. Power may go anywhere: up
 * to the journal's fdatasync the entries never were; after it a start writes tiles and checkpoint
 * with the same bytes and the same signature. A disk that says something else than was signed is
 * refused and left as it is, for people to look at.
 */
#include "daemon/ledger/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/ledger/folder.h"
#include "daemon/ledger/journal.h"
#include "daemon/ledger/mirror.h"
#include "daemon/ledger/tiles.h"

struct wl_store {
	struct wl_store_options o;
	int state_fd, lock_fd;
	struct wl_journal journal;
	struct wl_tiles *tiles;
	struct wl_mirror *mirror;
	struct wl_finding mirror_finding; /* why there is none though one was asked for */
	uint64_t size, settled;
	struct wl_hash root;
	char checkpoint[WL_CHECKPOINT_MAX];
	struct wl_record group;
	bool failed;
};

struct wl_store *wl_store_free(struct wl_store *s)
{
	if (!s)
		return NULL;
	wl_record_clear(&s->group);
	wl_mirror_free(s->mirror);
	wl_tiles_free(s->tiles);
	wl_journal_close(&s->journal);
	wl_cleanup_close(&s->lock_fd);
	wl_cleanup_close(&s->state_fd);
	free(s);
	return NULL;
}

uint64_t wl_store_size(const struct wl_store *s)
{
	return s->size;
}

uint64_t wl_store_settled(const struct wl_store *s)
{
	return s->settled;
}

uint64_t wl_store_staged(const struct wl_store *s)
{
	return s->size + s->group.count;
}

const char *wl_store_checkpoint(const struct wl_store *s)
{
	return s->checkpoint;
}

const struct wl_hash *wl_store_root(const struct wl_store *s)
{
	return &s->root;
}

/* Says what does not agree; the word for "not ours to mend" is -EUCLEAN. */
#define DISAGREE(f, ...) (wl_refuse((f), WL_RULE_STATION_LEDGER_FAILED, __VA_ARGS__), -EUCLEAN)

static int take_lock(struct wl_store *s)
{
	int r = wl_folder_make(s->o.dirfd, ".state", 0700, &s->state_fd);

	if (r < 0)
		return r;
	s->lock_fd = openat(s->state_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return -errno;
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return 0;
}

/* The published checkpoint: absent (size 0), or one of ours. */
static int read_checkpoint(struct wl_store *s, struct wl_checkpoint *ret, struct wl_finding *f)
{
	WL_AUTO_FREE void *p = NULL;
	size_t n = 0;
	int r = wl_file_read(s->o.dirfd, "checkpoint", sizeof(s->checkpoint) - 1, &p, &n);

	if (r == -ENOENT) {
		*ret = (struct wl_checkpoint){0};
		s->checkpoint[0] = '\0';
		return wl_merkle_empty(&ret->root);
	}
	if (r == -EFBIG || (r == 0 && wl_checkpoint_open(s->o.key, p, n, ret) < 0))
		return DISAGREE(f, "the checkpoint does not verify under the ledger's own key");
	if (r < 0)
		return r;
	memcpy(s->checkpoint, p, n);
	s->checkpoint[n] = '\0';
	return 0;
}

/* A ledger that begins: no checkpoint, and no tiles either. Only then is the journal made; one that
 * is missing later may have held what was acknowledged. */
static int open_journal(struct wl_store *s, uint64_t size, struct wl_finding *f)
{
	static const char *const first[] = {"tile/0", "tile/entries"};
	bool beginning = size == 0;
	int r;

	for (size_t i = 0; i < WL_ARRAY_LEN(first); i++)
		if (faccessat(s->o.dirfd, first[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			beginning = false;
	r = wl_journal_open(s->state_fd, s->o.key, beginning, &s->journal);
	if (r == -ENOENT)
		return DISAGREE(f, "the journal is missing");
	if (r == -EUCLEAN)
		return DISAGREE(f, "the journal was cut");
	return r;
}

static int open_tiles(struct wl_store *s, const struct wl_checkpoint *cp, struct wl_finding *f)
{
	struct wl_hash root = {{0}};
	int r = wl_tiles_open(s->o.dirfd, cp->size, &s->tiles);

	if (r == 0)
		r = wl_tiles_root(s->tiles, cp->size, &root);
	if (r == -EUCLEAN)
		return DISAGREE(f, "a tile of checkpoint %" PRIu64 " is missing or damaged",
		                cp->size);
	if (r < 0)
		return r;
	if (memcmp(root.b, cp->root.b, sizeof(root.b)) != 0)
		return DISAGREE(f, "the tiles do not have the root of checkpoint %" PRIu64,
		                cp->size);
	s->size = s->settled = cp->size;
	s->root = root;
	return 0;
}

/* An entry the journal holds again must be the one that lies in the tiles. */
static int replay_entry(struct wl_store *s, uint64_t seq, struct wl_bytes entry,
                        struct wl_finding *f)
{
	const uint8_t *p;
	size_t n;
	int r;

	if (seq == wl_tiles_size(s->tiles))
		return wl_tiles_append(s->tiles, entry.p, entry.n);
	r = wl_tiles_entry(s->tiles, seq, &p, &n);
	if (r < 0)
		return r;
	if (n != entry.n || memcmp(p, entry.p, n) != 0)
		return DISAGREE(f, "the journal has another entry %" PRIu64 " than the tiles", seq);
	return 0;
}

/* What a start carries out of the journal. */
struct replay {
	struct wl_store *s;
	struct wl_finding *f;
};

/* A record's own checkpoint must verify and be of exactly the tree its entries make. */
static int replay_record(void *user, const struct wl_record *rec)
{
	struct wl_store *s = ((struct replay *)user)->s;
	struct wl_finding *f = ((struct replay *)user)->f;
	struct wl_checkpoint cp;
	struct wl_bytes entry;
	struct wl_hash root = {{0}};
	uint64_t seq = rec->first;
	size_t pos = 0;
	int r;

	if (rec->checkpoint_n >= sizeof(s->checkpoint) ||
	    wl_checkpoint_open(s->o.key, rec->checkpoint, rec->checkpoint_n, &cp) < 0)
		return DISAGREE(f, "the journal's checkpoint does not verify");
	if (rec->first > s->size || cp.size != rec->first + rec->count)
		return DISAGREE(f, "the journal does not continue checkpoint %" PRIu64, s->size);
	while ((r = wl_record_next(rec, &pos, &entry)) > 0) {
		r = replay_entry(s, seq++, entry, f);
		if (r < 0)
			return r;
	}
	if (r == 0)
		r = wl_tiles_root(s->tiles, cp.size, &root);
	if (r < 0)
		return r;
	if (memcmp(root.b, cp.root.b, sizeof(root.b)) != 0)
		return DISAGREE(f, "the journal's entries do not have its checkpoint's root");
	memcpy(s->checkpoint, rec->checkpoint, rec->checkpoint_n + 1);
	s->size = cp.size;
	s->root = root;
	return 0;
}

static int replay(struct wl_store *s, struct wl_finding *f)
{
	struct replay user = {.s = s, .f = f};
	int r = wl_journal_read(&s->journal, s->size, replay_record, &user, f);

	if (r == 0 && s->size == 0 &&
	    faccessat(s->o.dirfd, "tile/0", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return DISAGREE(f, "there are tiles but no checkpoint");
	if (r == 0)
		r = wl_store_settle(s);
	return r < 0 ? r : wl_journal_clear(&s->journal);
}

bool wl_store_must_settle(const struct wl_store *s)
{
	return !wl_journal_has_room(&s->journal);
}

enum wl_mirror_state wl_store_mirror(const struct wl_store *s, const struct wl_finding **ret)
{
	*ret = &s->mirror_finding;
	if (s->mirror)
		return WL_MIRROR_GOOD;
	return s->mirror_finding.rule != WL_RULE_NONE ? WL_MIRROR_FAILED : WL_MIRROR_NONE;
}

int wl_store_mirror_dirfd(const struct wl_store *s)
{
	return s->mirror ? wl_mirror_dirfd(s->mirror) : -1;
}

void wl_store_mirror_fail(struct wl_store *s, int error)
{
	if (!s->mirror)
		return;
	s->mirror = wl_mirror_free(s->mirror);
	(void)wl_refuse(&s->mirror_finding, WL_RULE_STATION_MIRROR_FAILED, "the mirror: %s",
	                strerrordesc_np(-error));
}

/* Only what proves the ledger itself wrong stops it here; a mirror that fails is said. */
static int open_mirror(struct wl_store *s, struct wl_finding *f)
{
	struct wl_mirror_of of = {.dirfd = s->o.dirfd,
	                          .key = s->o.key,
	                          .tiles = s->tiles,
	                          .size = s->size,
	                          .checkpoint = s->checkpoint};
	int r;

	s->mirror_finding = (struct wl_finding){.rule = WL_RULE_NONE};
	if (!s->o.mirror || !s->o.mirror[0])
		return 0;
	r = wl_mirror_open(s->o.mirror, &of, &s->mirror, &s->mirror_finding);
	if (r == -EUCLEAN && s->mirror_finding.rule == WL_RULE_STATION_LEDGER_FAILED) {
		*f = s->mirror_finding;
		return r;
	}
	return 0;
}

int wl_store_open(const struct wl_store_options *o, struct wl_store **ret,
                  struct wl_finding *ret_finding)
{
	struct wl_store *s = calloc(1, sizeof(*s));
	struct wl_checkpoint cp = {0};
	int r;

	if (!s)
		return -ENOMEM;
	s->o = *o;
	s->state_fd = s->journal.fd = s->lock_fd = -1;
	r = take_lock(s);
	if (r == 0)
		r = read_checkpoint(s, &cp, ret_finding);
	if (r == 0)
		r = open_journal(s, cp.size, ret_finding);
	if (r == 0)
		r = open_tiles(s, &cp, ret_finding);
	if (r == 0)
		r = replay(s, ret_finding);
	if (r == 0)
		r = open_mirror(s, ret_finding);
	if (r < 0) {
		wl_store_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

int wl_store_stage(struct wl_store *s, const void *entry, size_t n)
{
	int r;

	if (s->failed || !s->o.sign)
		return -EROFS;
	s->group.first = s->size;
	r = wl_record_add(&s->group, entry, n);
	if (r == -ENOSPC)
		return r;
	if (r == 0)
		r = wl_tiles_append(s->tiles, entry, n);
	if (r < 0)
		s->failed = true; /* what lies in memory is no longer known */
	return r;
}

static int sign_group(struct wl_store *s, char *note, size_t size)
{
	struct wl_checkpoint cp = {.size = wl_tiles_size(s->tiles)};
	char text[WL_CHECKPOINT_MAX];
	int r = wl_tiles_root(s->tiles, cp.size, &cp.root);

	if (r < 0)
		return r;
	memcpy(cp.origin, s->o.key->name, sizeof(cp.origin));
	r = wl_checkpoint_format(&cp, text, sizeof(text));
	return r < 0 ? r : s->o.sign(s->o.user, text, note, size);
}

int wl_store_commit(struct wl_store *s)
{
	char note[WL_CHECKPOINT_MAX];
	int r;

	if (s->failed)
		return -EROFS;
	if (s->group.count == 0)
		return 0;
	r = sign_group(s, note, sizeof(note));
	if (r == 0)
		r = wl_journal_write(&s->journal, &s->group, note);
	if (r == 0 && s->mirror) {
		int e = wl_mirror_write(s->mirror, &s->group, note);
		if (e < 0)
			wl_store_mirror_fail(s, e);
	}
	if (r == 0)
		r = wl_tiles_root(s->tiles, wl_tiles_size(s->tiles), &s->root);
	if (r < 0) {
		s->failed = true;
		return r;
	}
	wl_record_reset(&s->group);
	s->size = wl_tiles_size(s->tiles);
	memcpy(s->checkpoint, note, strlen(note) + 1);
	return 0;
}

/* Every step can be done again: until the last one the journal still holds what it needs. */
int wl_store_settle(struct wl_store *s)
{
	int r;

	if (s->failed)
		return -EROFS;
	if (s->group.count > 0)
		return -EBUSY;
	if (s->settled == s->size)
		return 0;
	if (s->mirror) { /* while the tiles still know what changed */
		r = wl_mirror_settle(s->mirror, s->tiles, s->checkpoint);
		if (r < 0)
			wl_store_mirror_fail(s, r);
	}
	r = wl_tiles_publish(s->tiles);
	if (r == 0)
		r = wl_file_replace(s->o.dirfd, "checkpoint", s->checkpoint, strlen(s->checkpoint),
		                    0640);
	if (r < 0) {
		s->failed = r != -ENOSPC; /* room can be made: nothing of it has its name yet */
		return r;
	}
	wl_journal_rewind(&s->journal);
	s->settled = s->size;
	return 0;
}

int wl_store_entry(struct wl_store *s, uint64_t seq, const uint8_t **ret_p, size_t *ret_n)
{
	return wl_tiles_entry(s->tiles, seq, ret_p, ret_n);
}

int wl_store_root_at(struct wl_store *s, uint64_t size, struct wl_hash *ret)
{
	return wl_tiles_root(s->tiles, size, ret);
}

int wl_store_hash(struct wl_store *s, unsigned height, uint64_t index, struct wl_hash *ret)
{
	return wl_tiles_get(s->tiles, height, index, ret);
}

int wl_store_prove_consistency(struct wl_store *s, uint64_t old, struct wl_proof *ret)
{
	return wl_merkle_prove_consistency(wl_tiles_get, s->tiles, old, s->size, ret);
}

int wl_store_prove(struct wl_store *s, uint64_t seq, char *buf, size_t size)
{
	char b64[4 * ((WL_SHA256_BYTES + 2) / 3) + 1];
	struct wl_proof proof;
	int at, r = wl_merkle_prove_inclusion(wl_tiles_get, s->tiles, seq, s->size, &proof);

	if (r < 0)
		return r;
	at = snprintf(buf, size, "c2sp.org/tlog-proof@v1\nindex %" PRIu64 "\n", seq);
	for (size_t i = 0; i < proof.n && at >= 0 && (size_t)at < size; i++) {
		wl_base64_encode(proof.hash[i].b, sizeof(proof.hash[i].b), b64);
		at += snprintf(buf + at, size - (size_t)at, "%s\n", b64);
	}
	if (at >= 0 && (size_t)at < size)
		at += snprintf(buf + at, size - (size_t)at, "\n%s", s->checkpoint);
	return at < 0 || (size_t)at >= size ? -EMSGSIZE : at;
}
