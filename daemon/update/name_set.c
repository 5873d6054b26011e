/*
 * The set of all paths of one archive: finds the second file of a name before anybody has to
 * decide which of the two is meant.
 *
 * The attacker chooses every path and their number (at most WL_ARCHIVE_ENTRIES_MAX, each with at
 * most WL_ARCHIVE_DEPTH_MAX folders); the hash is keyed at random so that collisions cannot be
 * chosen. Runs in worker-archive and worker-update.
 */
#include "daemon/update/names.h"

#include <stdlib.h>
#include <sys/random.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

#define BUCKETS 65536U

enum kind { KIND_FILE = 1, KIND_FOLDER, KIND_IMPLIED };

struct entry {
	struct entry *next;
	uint64_t hash;
	enum kind kind;
	size_t n;
	uint8_t path[];
};

struct wl_name_set {
	uint64_t key;
	struct entry *bucket[BUCKETS];
};

struct wl_name_set *wl_name_set_new(void)
{
	struct wl_name_set *set = calloc(1, sizeof(*set));

	/* without random bytes the set still works; only its speed could then be attacked */
	if (set && getrandom(&set->key, sizeof(set->key), GRND_NONBLOCK) != sizeof(set->key))
		set->key = 0x9e3779b97f4a7c15U;
	return set;
}

struct wl_name_set *wl_name_set_free(struct wl_name_set *set)
{
	for (size_t i = 0; set && i < BUCKETS; i++) {
		while (set->bucket[i]) {
			struct entry *e = set->bucket[i];

			set->bucket[i] = e->next;
			free(e);
		}
	}
	free(set);
	return NULL;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0xff51afd7ed558ccdU;
	return h ^ h >> 32;
}

static uint64_t hash_of(const struct wl_name_set *set, struct wl_bytes path)
{
	uint64_t h = set->key;
	size_t pos = 0;
	uint32_t cp;

	while (pos < path.n && wl_utf8_next(path.p, path.n, &pos, &cp) == 0)
		h = mix(h, wl_name_fold(cp));
	return h;
}

static bool folds_equal(struct wl_bytes a, struct wl_bytes b)
{
	size_t i = 0, k = 0;
	uint32_t ca, cb;

	while (i < a.n && k < b.n) {
		if (wl_utf8_next(a.p, a.n, &i, &ca) < 0 || wl_utf8_next(b.p, b.n, &k, &cb) < 0 ||
		    wl_name_fold(ca) != wl_name_fold(cb))
			return false;
	}
	return i == a.n && k == b.n;
}

static struct entry *find(struct wl_name_set *set, struct wl_bytes path, uint64_t hash)
{
	for (struct entry *e = set->bucket[hash % BUCKETS]; e; e = e->next)
		if (e->hash == hash && folds_equal((struct wl_bytes){e->path, e->n}, path))
			return e;
	return NULL;
}

static int refuse(struct wl_finding *f, const char *why, struct wl_bytes path)
{
	char shown[3 * 40 + 1] = "";

	(void)wl_path_escape(path.p, path.n < 40 ? path.n : 40, shown, sizeof(shown));
	return wl_refuse(f, WL_RULE_ARCHIVE_DUPLICATE, "%s: %s%s", why, shown,
	                 path.n > 40 ? "..." : "");
}

static int insert(struct wl_name_set *set, struct wl_bytes path, uint64_t hash, enum kind kind)
{
	struct entry *e = malloc(sizeof(*e) + path.n);

	if (!e)
		return -ENOMEM;
	*e = (struct entry){
	        .next = set->bucket[hash % BUCKETS], .hash = hash, .kind = kind, .n = path.n};
	memcpy(e->path, path.p, path.n);
	set->bucket[hash % BUCKETS] = e;
	return 0;
}

/* One path of this kind: new, or a folder that others already lie in. */
static int add_one(struct wl_name_set *set, struct wl_bytes path, enum kind kind,
                   struct wl_finding *f)
{
	uint64_t hash = hash_of(set, path);
	struct entry *e = find(set, path, hash);

	if (!e)
		return insert(set, path, hash, kind);
	if (e->kind == KIND_FILE || kind == KIND_FILE)
		return refuse(f,
		              e->kind == kind ? "two files of one name"
		                              : "a file and a folder of one name",
		              path);
	if (!(e->n == path.n && memcmp(e->path, path.p, path.n) == 0))
		return refuse(f, "a folder written in two ways", path);
	if (e->kind == KIND_FOLDER && kind == KIND_FOLDER)
		return refuse(f, "a folder twice", path);
	if (kind == KIND_FOLDER)
		e->kind = KIND_FOLDER;
	return 0;
}

int wl_name_set_add(struct wl_name_set *set, struct wl_bytes path, bool folder,
                    struct wl_finding *f)
{
	if (folder && path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	for (size_t i = 1; i < path.n; i++) {
		int e;

		if (path.p[i] != '/')
			continue;
		e = add_one(set, (struct wl_bytes){path.p, i}, KIND_IMPLIED, f);
		if (e < 0)
			return e;
	}
	return add_one(set, path, folder ? KIND_FOLDER : KIND_FILE, f);
}
