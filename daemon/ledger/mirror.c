/*
 * The mirror's folder: held against the ledger at the start, written beside it afterwards.
 *
 * Runs in weighlock-ledgerd. The disk may be another one than expected, old, full, or written by
 * somebody: its checkpoint must verify under the ledger's own key before anything of it counts, and
 * nothing but sizes and roots is taken from it. When power goes the mirror is behind by what was
 * not acknowledged yet, and the next start brings it up.
 */
#include "daemon/ledger/mirror.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/ledger/folder.h"

#define MANIFEST_MAX (64U << 20)

struct wl_mirror {
	int dirfd, state_fd;
	struct wl_journal journal;
};

struct wl_mirror *wl_mirror_free(struct wl_mirror *m)
{
	if (!m)
		return NULL;
	wl_journal_close(&m->journal);
	wl_cleanup_close(&m->state_fd);
	wl_cleanup_close(&m->dirfd);
	free(m);
	return NULL;
}

int wl_mirror_dirfd(const struct wl_mirror *m)
{
	return m->dirfd;
}

static int open_folder(struct wl_mirror *m, const char *path, struct wl_finding *f)
{
	m->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->dirfd < 0)
		return -errno;
	if (faccessat(m->dirfd, WL_MIRROR_MARK, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
		(void)wl_refuse(f, WL_RULE_STATION_MIRROR_MISSING, "%.100s holds no file %s", path,
		                WL_MIRROR_MARK);
		return -ENOENT;
	}
	return wl_folder_make(m->dirfd, ".state", 0700, &m->state_fd);
}

/* Everything a checkpoint found on the mirror says against the ledger. */
static int hold_against(const struct wl_mirror_of *of, const struct wl_checkpoint *cp,
                        struct wl_finding *f)
{
	struct wl_hash root;
	int r;

	if (cp->size > of->size) {
		(void)wl_refuse(f, WL_RULE_STATION_LEDGER_FAILED,
		                "the ledger has %" PRIu64 " entries, its mirror %" PRIu64
		                ": it was put back to an older state",
		                of->size, cp->size);
		return -EUCLEAN;
	}
	r = cp->size > 0 ? wl_tiles_root(of->tiles, cp->size, &root) : wl_merkle_empty(&root);
	if (r < 0)
		return r;
	if (memcmp(root.b, cp->root.b, sizeof(root.b)) == 0)
		return 0;
	(void)wl_refuse(f, WL_RULE_STATION_LEDGER_FAILED,
	                "the mirror has another history at %" PRIu64 " entries", cp->size);
	return -EUCLEAN;
}

static int read_checkpoint(const struct wl_mirror *m, const struct wl_mirror_of *of,
                           struct wl_checkpoint *ret, struct wl_finding *f)
{
	WL_AUTO_FREE void *p = NULL;
	size_t n = 0;
	int r = wl_file_read(m->dirfd, "checkpoint", WL_CHECKPOINT_MAX - 1, &p, &n);

	*ret = (struct wl_checkpoint){.size = 0};
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (wl_checkpoint_open(of->key, p, n, ret) < 0) {
		(void)wl_refuse(f, WL_RULE_STATION_MIRROR_OTHER,
		                "the mirror's checkpoint is not of this ledger");
		return -EBADMSG;
	}
	return hold_against(of, ret, f);
}

struct comparing {
	const struct wl_mirror_of *of;
	struct wl_finding *f;
};

static int compare_record(void *user, const struct wl_record *r)
{
	const struct comparing *c = user;
	struct wl_checkpoint cp;

	if (wl_checkpoint_open(c->of->key, r->checkpoint, r->checkpoint_n, &cp) < 0)
		return -EBADMSG;
	return hold_against(c->of, &cp, c->f);
}

/* What its journal knows; a journal that is damaged is the mirror's own fault. */
static int read_journal(struct wl_mirror *m, const struct wl_mirror_of *of, uint64_t size,
                        struct wl_finding *f)
{
	struct wl_finding own = {.rule = WL_RULE_NONE};
	struct comparing c = {.of = of, .f = f};
	int r = wl_journal_open(m->state_fd, of->key, size == 0, &m->journal);

	if (r == 0)
		r = wl_journal_read(&m->journal, size, compare_record, &c, &own);
	if (r == -EUCLEAN && f->rule != WL_RULE_STATION_LEDGER_FAILED) {
		(void)wl_refuse(f, WL_RULE_STATION_MIRROR_FAILED, "%s",
		                own.detail[0] ? own.detail : "the mirror's journal was cut");
		return -EBADMSG;
	}
	return r;
}

/* A file that lies in the ledger's folder and not in the mirror's. */
static int copy_file(int from, int to, const char *name, mode_t mode)
{
	WL_AUTO_FREE void *p = NULL;
	size_t n = 0;
	int r;

	if (faccessat(to, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	r = wl_file_read(from, name, MANIFEST_MAX, &p, &n);
	return r < 0 ? r : wl_file_replace(to, name, p, n, mode);
}

static int copy_manifests(int from_dirfd, int to_dirfd)
{
	WL_AUTO_CLOSE int from = -1, to = -1;
	const struct dirent *e;
	DIR *d;
	int r = wl_folder_open(from_dirfd, "manifests", &from);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = wl_folder_make(to_dirfd, "manifests", 0750, &to);
	if (r < 0)
		return r;
	d = fdopendir(from);
	if (!d)
		return -errno;
	from = -1;                                 /* the folder's stream has it now */
	while (r == 0 && (e = readdir(d)) != NULL) /* cppcheck-suppress readdirCalled */
		if (strlen(e->d_name) == WL_SHA256_HEX)
			r = copy_file(dirfd(d), to, e->d_name, 0640);
	(void)closedir(d);
	return r;
}

static int bring_up(struct wl_mirror *m, const struct wl_mirror_of *of, uint64_t size)
{
	int r = copy_manifests(of->dirfd, m->dirfd);

	if (r == 0 && of->size > 0)
		r = copy_file(of->dirfd, m->dirfd, "station.pem", 0640);
	if (r == -ENOENT)
		r = 0; /* a ledger without its certificate can be read, and so can its mirror */
	if (r == 0)
		r = wl_tiles_copy(of->tiles, size, of->size, m->dirfd);
	if (r == 0 && of->size > size)
		r = wl_file_replace(m->dirfd, "checkpoint", of->checkpoint, strlen(of->checkpoint),
		                    0640);
	return r < 0 ? r : wl_journal_clear(&m->journal);
}

int wl_mirror_open(const char *path, const struct wl_mirror_of *of, struct wl_mirror **ret,
                   struct wl_finding *ret_finding)
{
	struct wl_mirror *m = calloc(1, sizeof(*m));
	struct wl_checkpoint cp = {.size = 0};
	int r;

	if (!m)
		return -ENOMEM;
	*ret_finding = (struct wl_finding){.rule = WL_RULE_NONE};
	m->dirfd = m->state_fd = m->journal.fd = -1;
	r = open_folder(m, path, ret_finding);
	if (r < 0 && ret_finding->rule == WL_RULE_NONE)
		(void)wl_refuse(ret_finding, WL_RULE_STATION_MIRROR_MISSING, "%.100s: %s", path,
		                strerrordesc_np(-r));
	if (r == 0)
		r = read_checkpoint(m, of, &cp, ret_finding);
	if (r == 0)
		r = read_journal(m, of, cp.size, ret_finding);
	if (r == 0)
		r = bring_up(m, of, cp.size);
	if (r == 0) {
		*ret = m;
		return 0;
	}
	if (ret_finding->rule == WL_RULE_NONE)
		(void)wl_refuse(ret_finding, WL_RULE_STATION_MIRROR_FAILED, "%.100s: %s", path,
		                strerrordesc_np(-r));
	wl_mirror_free(m);
	return r;
}

int wl_mirror_write(struct wl_mirror *m, const struct wl_record *r, const char *checkpoint)
{
	return wl_journal_write(&m->journal, r, checkpoint);
}

int wl_mirror_settle(struct wl_mirror *m, const struct wl_tiles *t, const char *checkpoint)
{
	int r = wl_tiles_write(t, m->dirfd);

	if (r == 0)
		r = wl_file_replace(m->dirfd, "checkpoint", checkpoint, strlen(checkpoint), 0640);
	if (r == 0)
		wl_journal_rewind(&m->journal);
	return r;
}
