/*
 * Putting the old ledger away and the new key in its place, so that power may go between any two
 * lines.
 *
 * Runs in weighlock-ledgerd on its own state. The mark .state/rotation says that it is being done:
 * while it is there, every start does again what follows, each step of which is nothing where it
 * was done. Renamed to .state/rotated it says where the ledger before lies; in between there is no
 * state in which neither mark nor ledger knows the old key, and the new one lies in keys/next or in
 * its place.
 */
#include "daemon/ledger/rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/ledger/folder.h"
#include "daemon/ledger/station.h"

#define MARK      "rotation"
#define MARK_DONE "rotated"
#define MARK_MAX  512

/* What is the old ledger's; the checkpoint goes last, by it a folder is known as a ledger. */
static const char *const moved[] = {
        "tile",
        "manifests",
        "checkpoint.cosigned",
        ".state/index.db",
        ".state/index.db-journal",
        ".state/index.db-wal",
        ".state/index.db-shm",
        ".state/" WL_STATION_FIRST_CHECKPOINT,
        ".state/succeeds",
        ".state/" MARK_DONE,
        ".state/journal",
        "checkpoint",
};

static void free_keys(struct wl_keys **k)
{
	*k = wl_keys_free(*k);
}

static int read_mark(int state_fd, const char *mark, char name[WL_ARCHIVE_TEXT],
                     char vkey[WL_VKEY_TEXT], struct wl_note_key *ret)
{
	WL_AUTO_FREE void *p = NULL;
	size_t n;
	int end = -1, r = wl_file_read(state_fd, mark, MARK_MAX, &p, &n);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (sscanf(p, "%31[a-z0-9/] %299[!-~]\n%n", name, vkey, &end) != 2 || end < 0 ||
	    (size_t)end != n || wl_note_key_parse(vkey, ret) < 0)
		return -EBADMSG;
	return 1;
}

int wl_rotation_read(const struct wl_ledger *l, char name[WL_ARCHIVE_TEXT],
                     struct wl_note_key *ret_key)
{
	char vkey[WL_VKEY_TEXT];

	return read_mark(l->state_fd, MARK_DONE, name, vkey, ret_key);
}

bool wl_rotation_was(const struct wl_ledger *l)
{
	return faccessat(l->state_fd, MARK_DONE, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       faccessat(l->state_fd, MARK, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* "archive/N", N as in the origin: the first ledger of a station has no number in it. */
static int name_archive(const char *origin, char name[WL_ARCHIVE_TEXT])
{
	char next[WL_ORIGIN_MAX + 1];
	unsigned long number = 0;
	int r = wl_predecessor_next_origin(origin, next);

	if (r < 0 || sscanf(strrchr(next, '/'), "/%lu", &number) != 1)
		return r < 0 ? r : -EINVAL;
	(void)snprintf(name, WL_ARCHIVE_TEXT, "archive/%lu", number - 1);
	return 0;
}

static int put_mark(const struct wl_ledger *l)
{
	char name[WL_ARCHIVE_TEXT], text[MARK_MAX];
	int r = name_archive(l->id.key.name, name), n;

	if (r < 0)
		return r;
	n = snprintf(text, sizeof(text), "%s %s\n", name, l->id.vkey);
	return wl_file_replace(l->state_fd, MARK, text, (size_t)n, 0600);
}

static int rename_where_there(int from, const char *name, int to)
{
	if (renameat(from, name, to, name) == 0 || errno == ENOENT)
		return 0;
	return -errno;
}

static int sync_folders(const int *fd, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fsync(fd[i]) < 0)
			return -errno;
	return 0;
}

static int put_away(struct wl_ledger *l, const char *name, const char *vkey, int *ret_fd)
{
	WL_AUTO_CLOSE int to = -1, to_state = -1;
	char line[WL_VKEY_TEXT + 1];
	int r = wl_folder_make(l->dirfd, name, 0750, &to);

	if (r == 0)
		r = wl_folder_make(to, ".state", 0700, &to_state);
	for (size_t i = 0; r == 0 && i < WL_ARRAY_LEN(moved); i++)
		r = rename_where_there(l->dirfd, moved[i], to);
	if (r == 0)
		r = sync_folders((int[]){to, to_state, l->dirfd, l->state_fd}, 4);
	(void)snprintf(line, sizeof(line), "%s\n", vkey);
	if (r == 0) /* for whoever checks the archive with other tools */
		r = wl_file_replace(to, "vkey", line, strlen(line), 0640);
	if (r == 0)
		*ret_fd = TAKE_FD(to);
	return r;
}

static int take_new_key(struct wl_ledger *l)
{
	WL_AUTO_CLOSE int next = -1;
	int r = wl_folder_open(l->keys_fd, WL_KEYS_NEXT, &next);

	if (r < 0) /* it was done, and the folder removed */
		return r == -ENOENT ? 0 : r;
	r = rename_where_there(next, "ledger.key", l->keys_fd);
	if (r == 0)
		r = rename_where_there(next, "station", l->keys_fd);
	if (r == 0)
		r = sync_folders((int[]){l->keys_fd, next}, 2);
	if (r == 0)
		(void)unlinkat(l->keys_fd, WL_KEYS_NEXT, AT_REMOVEDIR);
	return r;
}

/* The new key signs too: whoever has it owns up to what the old one signed last. */
static int sign_twice(struct wl_ledger *l, int archive, const struct wl_note_key *old)
{
	WL_CLEANUP(free_keys) struct wl_keys *k = NULL;
	WL_AUTO_FREE void *p = NULL;
	char text[WL_CHECKPOINT_MAX], both[2 * WL_CHECKPOINT_MAX], note[WL_CHECKPOINT_MAX];
	struct wl_identity id;
	size_t n, text_n;
	int r = wl_file_read(archive, "checkpoint", WL_CHECKPOINT_MAX - 1, &p, &n);

	if (r == 0)
		r = wl_note_verify(old, p, n, &text_n);
	if (r == 0)
		r = wl_keys_load(l->keys_fd, &k);
	if (r == 0)
		r = wl_identity_load(l->keys_fd, &id);
	if (r < 0 || wl_note_verify(&id.key, p, n, &text_n) == 0)
		return r;
	(void)snprintf(text, sizeof(text), "%.*s", (int)text_n, (const char *)p);
	r = wl_keys_sign_note(k, &id.key, text, note, sizeof(note));
	if (r < 0)
		return r;
	(void)snprintf(both, sizeof(both), "%s%s", (const char *)p, note + text_n + 1);
	return strlen(both) < WL_CHECKPOINT_MAX
	               ? wl_file_replace(archive, "checkpoint", both, strlen(both), 0640)
	               : -EMSGSIZE;
}

int wl_rotation_move(struct wl_ledger *l)
{
	WL_AUTO_CLOSE int archive = -1;
	char name[WL_ARCHIVE_TEXT], vkey[WL_VKEY_TEXT];
	struct wl_note_key old;
	int r = read_mark(l->state_fd, MARK, name, vkey, &old);

	if (r <= 0)
		return r;
	r = put_away(l, name, vkey, &archive);
	if (r == 0)
		r = take_new_key(l);
	if (r == 0)
		r = sign_twice(l, archive, &old);
	if (r == 0 && renameat(l->state_fd, MARK, l->state_fd, MARK_DONE) < 0)
		r = -errno;
	return r < 0 ? r : sync_folders(&l->state_fd, 1);
}

bool wl_rotation_is_due(struct wl_ledger *l)
{
	WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};

	return wl_ledger_is_initialised(l) &&
	       wl_ledger_entry(l, wl_store_size(l->store) - 1, &e) == 0 &&
	       e.draft.event == WL_E_KEY_ROTATED &&
	       strcmp(wl_draft_get_text(&e.draft, WL_M_WHICH), "ledger") == 0;
}

/* The key that is about to take over is the one the last entry names. */
static int check_next(struct wl_ledger *l, struct wl_finding *f)
{
	WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
	WL_AUTO_CLOSE int next = -1;
	struct wl_identity id;
	uint8_t digest[WL_SHA256_BYTES];
	char hex[WL_SHA256_HEX + 1] = "";
	int r = wl_ledger_entry(l, wl_store_size(l->store) - 1, &e);

	if (r == 0)
		r = wl_folder_open(l->keys_fd, WL_KEYS_NEXT, &next);
	if (r == 0)
		r = wl_identity_load(next, &id);
	if (r == 0)
		r = wl_sha256_of(id.vkey, strlen(id.vkey), digest);
	if (r == 0)
		wl_hex_encode(digest, sizeof(digest), hex);
	if (r == 0 && strcmp(hex, wl_draft_get_text(&e.draft, WL_M_NEW_SHA256)) == 0)
		return 0;
	(void)wl_refuse(f, WL_RULE_STATION_LEDGER_FAILED,
	                "the ledger gives way to a key that is not in keys/next");
	return r == -ENOENT || r == 0 || r == -EBADMSG ? -EUCLEAN : r;
}

int wl_rotation_turn(struct wl_ledger *l, struct wl_finding *f)
{
	int r = check_next(l, f);

	if (r == 0)
		r = wl_ledger_settle(l);
	if (r == 0)
		r = put_mark(l);
	if (r < 0)
		return r;
	wl_station_forget(l);
	r = wl_rotation_move(l);
	return r < 0 ? r : wl_ledger_open_identity(l, f);
}
