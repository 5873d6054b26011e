/*
 * Taking the old ledger: copy by name, never by listing; then the same checks as at any start, and
 * every entry besides.
 *
 * Runs in weighlock-ledgerd before the new station has an entry. The folder may be anybody's: files
 * are opened by the names the format gives them, without following links at the end, and bounded.
 * When power goes the copy lies there half made and nothing refers to it.
 */
#include "daemon/ledger/predecessor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/ledger/folder.h"
#include "daemon/ledger/journal.h"
#include "daemon/ledger/tiles.h"

#define REFUSE(f, ...) wl_refuse((f), WL_RULE_STATION_PREDECESSOR_REFUSED, __VA_ARGS__)

void wl_predecessor_close(struct wl_predecessor *p)
{
	p->facts = wl_facts_free(p->facts);
	p->store = wl_store_free(p->store);
	wl_cleanup_close(&p->dirfd);
}

static void free_tiles(struct wl_tiles **t)
{
	*t = wl_tiles_free(*t);
}

/* What the old checkpoint claims, before anything is verified. */
static int read_claim(int from, void **ret_p, size_t *ret_n, struct wl_checkpoint *ret,
                      struct wl_finding *f)
{
	int r = wl_file_read(from, "checkpoint", WL_CHECKPOINT_MAX - 1, ret_p, ret_n);
	const char *end;

	if (r == -ENOENT || r == -EFBIG)
		return REFUSE(f, "there is no checkpoint in it");
	if (r < 0)
		return r;
	end = strstr(*ret_p, "\n\n");
	if (!end ||
	    wl_checkpoint_parse(*ret_p, (size_t)(end + 1 - (const char *)*ret_p), ret) < 0 ||
	    ret->size == 0 || ret->size > INT64_MAX)
		return REFUSE(f, "its checkpoint is none");
	return 0;
}

/* Entry 0 names station and key; the checkpoint must be signed by that key for that origin. */
static int read_key(struct wl_tiles *t, const void *note, size_t n, const char *station,
                    struct wl_predecessor *ret, struct wl_finding *f)
{
	WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
	struct wl_checkpoint cp;
	const uint8_t *p;
	size_t entry_n;
	int r = wl_tiles_entry(t, 0, &p, &entry_n);

	if (r == 0)
		r = wl_entry_read(p, entry_n, &e);
	if (r == -EUCLEAN || (r == 0 && e.draft.event != WL_E_STATION_INIT))
		return REFUSE(f, "its first entry is not the beginning of a station");
	if (r < 0)
		return r;
	if (station && strcmp(e.station, station) != 0)
		return REFUSE(f, "it is the ledger of %s", e.station);
	(void)snprintf(ret->vkey, sizeof(ret->vkey), "%s",
	               wl_draft_get_text(&e.draft, WL_M_LEDGER_VKEY));
	if (wl_note_key_parse(ret->vkey, &ret->key) < 0 ||
	    wl_checkpoint_open(&ret->key, note, n, &cp) < 0)
		return REFUSE(f, "its checkpoint is not signed by the key of its first entry");
	return 0;
}

static int copy_small(int from, int to, const char *name, size_t max)
{
	WL_AUTO_FREE void *p = NULL;
	size_t n = 0;
	int r = wl_file_read(from, name, max, &p, &n);

	if (r == 0)
		r = wl_file_replace(to, name, p, n, 0600);
	return r == -ENOENT ? 0 : r;
}

/* A mirror's journal holds what was acknowledged last; an auditor's copy has none. */
static int copy_journal(int from, int to, const struct wl_note_key *key)
{
	WL_AUTO_CLOSE int from_state = -1, to_state = -1;
	struct wl_journal j = {.fd = -1};
	int r = wl_folder_make(to, ".state", 0700, &to_state);

	if (r == 0 && wl_folder_open(from, ".state", &from_state) == 0)
		r = copy_small(from_state, to_state, "journal", WL_JOURNAL_BYTES);
	if (r == 0)
		r = wl_journal_open(to_state, key, true, &j);
	wl_journal_close(&j);
	return r == -EUCLEAN ? 0 : r; /* one that was cut is refused when the copy is opened */
}

static int copy(const char *path, int to, const char *station, struct wl_predecessor *ret,
                struct wl_finding *f)
{
	WL_AUTO_CLOSE int from = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	WL_CLEANUP(free_tiles) struct wl_tiles *t = NULL;
	WL_AUTO_FREE void *note = NULL;
	struct wl_checkpoint cp;
	size_t n = 0;
	int r;

	if (from < 0)
		return REFUSE(f, "%.100s: %s", path, strerrordesc_np(errno));
	r = read_claim(from, &note, &n, &cp, f);
	if (r == 0)
		r = wl_tiles_open(from, cp.size, &t);
	if (r == 0)
		r = read_key(t, note, n, station, ret, f);
	if (r == 0)
		r = wl_tiles_copy(t, 0, cp.size, to);
	if (r == 0)
		r = copy_journal(from, to, &ret->key);
	if (r == 0)
		r = wl_file_replace(to, "checkpoint", note, n, 0600);
	return r == -EUCLEAN ? REFUSE(f, "a tile is missing or damaged") : r;
}

/* Every entry is one, in its place, of this station; the root is made again from the leaves alone.
 */
static int check_entries(struct wl_predecessor *p, const char *station, struct wl_finding *f)
{
	uint64_t size = wl_store_size(p->store);
	struct wl_merkle_run run = {.n = 0};
	struct wl_hash leaf, root;
	int r = 0;

	for (uint64_t seq = 0; r == 0 && seq < size; seq++) {
		WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
		const uint8_t *at;
		size_t n;
		if (seq % WL_TILE_WIDTH == 0)
			wl_daemon_alive();
		r = wl_store_entry(p->store, seq, &at, &n);
		if (r == 0)
			r = wl_merkle_leaf(at, n, &leaf);
		if (r == 0)
			r = wl_merkle_run_add(&run, &leaf);
		if (r == 0)
			r = wl_entry_read(at, n, &e);
		if (r == -EUCLEAN || (r == 0 && (e.seq != seq || strcmp(e.station, station) != 0)))
			return REFUSE(f, "entry %" PRIu64 " is damaged or out of place", seq);
		if (r == 0 && e.draft.event == WL_E_LEDGER_COSIGNED)
			(void)snprintf(p->cosigned_at, sizeof(p->cosigned_at), "%s",
			               wl_draft_get_text(&e.draft, WL_M_COSIGNED_AT));
	}
	if (r == 0)
		r = wl_merkle_run_root(&run, &root);
	if (r == 0 && memcmp(root.b, wl_store_root(p->store)->b, sizeof(root.b)) != 0)
		return REFUSE(f, "its entries do not have the root that was signed");
	return r;
}

static int open_copy(const char *state_path, const char *name, struct wl_predecessor *p,
                     struct wl_finding *f)
{
	struct wl_store_options o = {.dirfd = p->dirfd, .key = &p->key};
	char index[4096], why[WL_ERROR_DETAIL_MAX + 1];
	int n = snprintf(index, sizeof(index), "%s/%s/.state/index.db", state_path, name);
	int r = n < 0 || (size_t)n >= sizeof(index) ? -ENAMETOOLONG
	                                            : wl_store_open(&o, &p->store, f);

	if (r == 0)
		r = wl_facts_open(index, p->store, &p->facts, f);
	if (r == -EUCLEAN) {
		(void)snprintf(why, sizeof(why), "%s", f->detail);
		return REFUSE(f, "%.150s", why);
	}
	if (r == 0)
		p->seen = wl_store_size(p->store);
	return r;
}

int wl_predecessor_take(const char *path, int state_fd, const char *state_path, const char *name,
                        const char *station, struct wl_predecessor *ret,
                        struct wl_finding *ret_finding)
{
	int r;

	*ret = (struct wl_predecessor){.dirfd = -1};
	r = wl_folder_make(state_fd, name, 0700, &ret->dirfd);
	if (r == 0)
		r = copy(path, ret->dirfd, station, ret, ret_finding);
	if (r == 0)
		r = open_copy(state_path, name, ret, ret_finding);
	if (r == 0)
		r = check_entries(ret, station, ret_finding);
	if (r < 0)
		wl_predecessor_close(ret);
	return r;
}

int wl_predecessor_open(int state_fd, const char *state_path, const char *name,
                        struct wl_predecessor *ret, struct wl_finding *ret_finding)
{
	WL_CLEANUP(free_tiles) struct wl_tiles *t = NULL;
	WL_AUTO_FREE void *note = NULL;
	struct wl_checkpoint cp;
	size_t n = 0;
	int r;

	*ret = (struct wl_predecessor){.dirfd = -1};
	r = wl_folder_open(state_fd, name, &ret->dirfd);
	if (r == 0)
		r = read_claim(ret->dirfd, &note, &n, &cp, ret_finding);
	if (r == 0)
		r = wl_tiles_open(ret->dirfd, cp.size, &t);
	if (r == 0)
		r = read_key(t, note, n, NULL, ret, ret_finding);
	if (r == 0)
		r = open_copy(state_path, name, ret, ret_finding);
	if (r < 0)
		wl_predecessor_close(ret);
	return r;
}

/* Where the checkpoint of a receipt begins: after its empty line. */
static const char *checkpoint_in(const char *document)
{
	static const char proof[] = "c2sp.org/tlog-proof@v1\n";
	const char *at = document;

	if (strncmp(document, proof, sizeof(proof) - 1) != 0)
		return document;
	at = strstr(document, "\n\n");
	return at ? at + 2 : document;
}

int wl_predecessor_see(struct wl_predecessor *p, const void *document, size_t n,
                       struct wl_finding *ret_finding)
{
	WL_AUTO_FREE char *text = strndup(document, n);
	struct wl_checkpoint cp;
	struct wl_hash root;
	const char *note;
	int r;

	if (!text)
		return -ENOMEM;
	note = checkpoint_in(text);
	if (wl_checkpoint_open(&p->key, note, strlen(note), &cp) < 0 || cp.size > INT64_MAX)
		return REFUSE(ret_finding, "a checkpoint said to be of it is not signed by it");
	if (cp.size > wl_store_size(p->store)) {
		p->seen = cp.size > p->seen ? cp.size : p->seen;
		return 0;
	}
	r = cp.size > 0 ? wl_store_root_at(p->store, cp.size, &root) : wl_merkle_empty(&root);
	if (r < 0)
		return r;
	if (memcmp(root.b, cp.root.b, sizeof(root.b)) != 0)
		return REFUSE(ret_finding,
		              "another root was signed for %" PRIu64 " entries: two histories",
		              cp.size);
	return 0;
}

int wl_predecessor_next_origin(const char *origin, char buf[WL_ORIGIN_MAX + 1])
{
	const char *slash = strrchr(origin, '/');
	unsigned long number = 1;
	size_t base = strlen(origin);
	char *end = NULL;
	int n;

	if (slash && slash[1] >= '2' && slash[1] <= '9') {
		unsigned long last = strtoul(slash + 1, &end, 10);
		if (*end == '\0' && last < 1000000) {
			number = last;
			base = (size_t)(slash - origin);
		}
	}
	n = snprintf(buf, WL_ORIGIN_MAX + 1, "%.*s/%lu", (int)base, origin, number + 1);
	return n < 0 || n > (int)WL_ORIGIN_MAX ? -EINVAL : 0;
}
