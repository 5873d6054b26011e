/*
 * A station that follows another one: what `station init --succeeds` proposes, until it is
 * confirmed.
 *
 * Runs in weighlock-ledgerd. The broker names the folder and hands over what was seen elsewhere;
 * both are believed only as far as predecessor.c verifies them. Keys are made anew, never taken
 * over. The file .state/succeeds names the verified copy; when power goes before it is written the
 * init is said again.
 */
#include <errno.h>
#include <inttypes.h>
#include <openssl/rand.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/ledger/heritage.h"
#include "daemon/ledger/rotate.h"
#include "daemon/ledger/station.h"

#define FILE_NAME "succeeds"
#define NAME_TEXT 32

static void state_path(const struct wl_ledger *l, char buf[4096])
{
	size_t n = strlen(l->index_path) - strlen("/index.db");

	memcpy(buf, l->index_path, n);
	buf[n] = '\0';
}

int wl_succession_forget(struct wl_ledger *l)
{
	return unlinkat(l->state_fd, FILE_NAME, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int remember(struct wl_ledger *l, const char *name, uint64_t seen)
{
	char text[96];
	int n = snprintf(text, sizeof(text), "%s %" PRIu64 "\n", name, seen);

	return wl_file_replace(l->state_fd, FILE_NAME, text, (size_t)n, 0600);
}

int wl_succession_open(struct wl_ledger *l, struct wl_predecessor *ret, struct wl_finding *f)
{
	WL_AUTO_FREE void *p = NULL;
	char path[4096], name[NAME_TEXT];
	uint64_t seen;
	size_t n;
	int r = wl_file_read(l->state_fd, FILE_NAME, 96, &p, &n);

	if (r == -ENOENT)
		return wl_rotation_open(l, ret, f);
	if (r < 0)
		return r;
	if (sscanf(p, "%31[a-z0-9-] %" SCNu64, name, &seen) != 2)
		return -EBADMSG;
	state_path(l, path);
	r = wl_predecessor_open(l->state_fd, path, name, ret, f);
	if (r < 0)
		return r;
	ret->seen = seen > ret->seen ? seen : ret->seen;
	return 1;
}

int wl_succession_fill(const struct wl_predecessor *p, bool lost, struct wl_draft *d)
{
	int r = wl_draft_text(d, WL_M_PREVIOUS_ORIGIN, p->key.name);

	if (r == 0)
		r = wl_draft_text(d, WL_M_PREVIOUS_CHECKPOINT, wl_store_checkpoint(p->store));
	if (r == 0)
		r = wl_draft_text(d, WL_M_PREVIOUS_VKEY, p->vkey);
	return r < 0 || !lost ? r : wl_draft_integer(d, WL_M_PREVIOUS_SEEN, (int64_t)p->seen);
}

int wl_succession_finish(struct wl_ledger *l, struct wl_finding *f)
{
	struct wl_predecessor p;
	struct wl_heritage h;
	int r;

	if (!l->keys || !wl_ledger_is_initialised(l))
		return 0;
	r = wl_facts_heritage(l->facts, &h);
	if (r < 0 || !h.incomplete)
		return r;
	r = wl_succession_open(l, &p, f);
	if (r == 0) {
		(void)wl_refuse(f, WL_RULE_STATION_LEDGER_FAILED,
		                "the copy of the ledger before this one is gone");
		return -EUCLEAN;
	}
	if (r < 0)
		return r;
	r = wl_inherit(l, &p);
	wl_predecessor_close(&p);
	return r;
}

int wl_station_succeed(struct wl_ledger *l, const char *station, const char *path, uint64_t uid,
                       const uint8_t authority_spki_sha256[WL_SHA256_BYTES], const void *seen,
                       size_t seen_n, struct wl_succession *ret, struct wl_finding *ret_finding)
{
	WL_CLEANUP(wl_predecessor_close) struct wl_predecessor p = {.dirfd = -1};
	char name[NAME_TEXT], folder[4096];
	uint8_t random[4];
	int r;

	*ret = (struct wl_succession){.size = 0};
	if (wl_ledger_is_initialised(l))
		return -EEXIST;
	if (!wl_id_is(WL_ID_STATION, station))
		return -EINVAL;
	if (RAND_bytes(random, sizeof(random)) != 1)
		return -EIO;
	(void)snprintf(name, sizeof(name), "predecessor-%02x%02x%02x%02x", random[0], random[1],
	               random[2], random[3]);
	state_path(l, folder);
	r = wl_predecessor_take(path, l->state_fd, folder, name, station, &p, ret_finding);
	if (r == 0 && seen_n > 0)
		r = wl_predecessor_see(&p, seen, seen_n, ret_finding);
	if (r == 0)
		r = wl_predecessor_next_origin(p.key.name, ret->origin);
	if (r == 0)
		r = wl_keys_fingerprint(p.vkey, ret->old_fingerprint);
	if (r == 0)
		r = wl_station_init(l, station, ret->origin, uid, authority_spki_sha256);
	if (r == 0)
		r = remember(l, name, p.seen);
	if (r < 0)
		return r;
	ret->size = wl_store_size(p.store);
	ret->missing = p.seen - ret->size;
	memcpy(ret->cosigned_at, p.cosigned_at, sizeof(ret->cosigned_at));
	return 0;
}
