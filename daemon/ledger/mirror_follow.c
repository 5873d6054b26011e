/*
 * A mirror of a ledger whose key was changed since it was written.
 *
 * Runs in weighlock-ledgerd before the present ledger's mirror is opened. The disk may be
 * anybody's: its checkpoint must verify under the key that was given up before anything is moved,
 * and by it the mirror is first brought up to the whole of the old ledger. When power goes between
 * two moves the checkpoint still lies in its old place, because it goes last: the next start moves
 * the rest.
 */
#include "daemon/ledger/mirror_follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/ledger/folder.h"
#include "daemon/ledger/mirror.h"
#include "daemon/ledger/rotate.h"

#define JOURNAL ".state/journal"

static void free_tiles(struct wl_tiles **t)
{
	*t = wl_tiles_free(*t);
}

/* The mirror's folder, its own checkpoint being of the old ledger; 1, or 0: nothing to follow. */
static int open_old(const struct wl_ledger *l, const struct wl_note_key *old, int *ret_fd)
{
	WL_AUTO_CLOSE int fd = open(l->mirror, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	WL_AUTO_FREE void *p = NULL;
	struct wl_checkpoint cp;
	size_t n;

	if (fd < 0 || faccessat(fd, WL_MIRROR_MARK, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ||
	    wl_file_read(fd, "checkpoint", WL_CHECKPOINT_MAX - 1, &p, &n) < 0 ||
	    wl_checkpoint_open(old, p, n, &cp) < 0)
		return 0;
	*ret_fd = TAKE_FD(fd);
	return 1;
}

/* Everything of the archived ledger is on the mirror when this returns 0. */
static int bring_up(const struct wl_ledger *l, int archive, const struct wl_note_key *old,
                    const char *checkpoint, size_t n, struct wl_finding *f)
{
	WL_CLEANUP(free_tiles) struct wl_tiles *t = NULL;
	struct wl_mirror *m = NULL;
	struct wl_checkpoint cp;
	int r = wl_checkpoint_open(old, checkpoint, n, &cp);

	if (r == 0)
		r = wl_tiles_open(archive, cp.size, &t);
	if (r < 0)
		return r;
	struct wl_mirror_of of = {.dirfd = archive,
	                          .key = old,
	                          .tiles = t,
	                          .size = cp.size,
	                          .checkpoint = checkpoint};
	r = wl_mirror_open(l->mirror, &of, &m, f);
	wl_mirror_free(m);
	return r;
}

static int move_one(int from, const char *name, int to)
{
	return renameat(from, name, to, name) == 0 || errno == ENOENT ? 0 : -errno;
}

static int put_away(int fd, const char *name, const char *checkpoint, size_t n)
{
	WL_AUTO_CLOSE int to = -1;
	int r = wl_folder_make(fd, name, 0750, &to);

	if (r == 0 && unlinkat(fd, JOURNAL, 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0)
		r = move_one(fd, "tile", to);
	if (r == 0)
		r = move_one(fd, "manifests", to);
	if (r == 0)
		r = wl_file_replace(to, "checkpoint", checkpoint, n, 0640);
	if (r == 0 && (fsync(to) < 0 || fsync(fd) < 0))
		r = -errno;
	if (r == 0 && unlinkat(fd, "checkpoint", 0) < 0)
		r = -errno;
	return r == 0 && fsync(fd) < 0 ? -errno : r;
}

int wl_mirror_follow(struct wl_ledger *l, struct wl_finding *f)
{
	WL_AUTO_CLOSE int fd = -1, archive = -1;
	WL_AUTO_FREE void *checkpoint = NULL;
	struct wl_finding said = {.rule = WL_RULE_NONE};
	char name[WL_ARCHIVE_TEXT];
	struct wl_note_key old;
	size_t n = 0;
	int r = l->mirror && l->mirror[0] ? wl_rotation_read(l, name, &old) : 0;

	if (r <= 0 || open_old(l, &old, &fd) == 0)
		return r < 0 ? r : 0;
	r = wl_folder_open(l->dirfd, name, &archive);
	if (r == 0)
		r = wl_file_read(archive, "checkpoint", WL_CHECKPOINT_MAX - 1, &checkpoint, &n);
	if (r < 0)
		return r;
	/* the journal goes first: where it is away, the mirror was brought up before */
	if (faccessat(fd, JOURNAL, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		r = bring_up(l, archive, &old, checkpoint, n, &said);
	if (r == 0)
		r = put_away(fd, name, checkpoint, n);
	if (r != -EUCLEAN || said.rule != WL_RULE_STATION_LEDGER_FAILED)
		return 0;
	*f = said;
	return r;
}
