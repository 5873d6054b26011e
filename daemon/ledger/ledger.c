/*
 * Opening the ledger, its clock, and staging of entries already checked.
 *
 * Runs in weighlock-ledgerd. At the start nothing is believed because it lies there: the checkpoint
 * must verify under the station's own key, tiles must have its root, entry 0 must name the keys
 * that are loaded, and the index must be of this very tree. What cannot be shown is refused.
 */
#include "daemon/ledger/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/ledger/certificate.h"
#include "daemon/ledger/folder.h"
#include "daemon/ledger/mirror_follow.h"
#include "daemon/ledger/rotate.h"
#include "daemon/ledger/station.h"

struct wl_ledger *wl_ledger_close(struct wl_ledger *l)
{
	if (!l)
		return NULL;
	wl_rotation_close(l);
	wl_facts_free(l->facts);
	wl_store_free(l->store);
	X509_free(l->certificate);
	wl_keys_free(l->keys);
	wl_reserve_close(&l->reserve);
	wl_cleanup_close(&l->keys_fd);
	wl_cleanup_close(&l->state_fd);
	wl_cleanup_close(&l->dirfd);
	free(l);
	return NULL;
}

static int read_boot_id(char buf[WL_BOOT_TEXT])
{
	WL_AUTO_FREE void *p = NULL;
	const char *s;
	size_t n, at = 0;
	int r = wl_file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &p, &n);

	if (r < 0)
		return r;
	for (s = p; *s && *s != '\n' && at < WL_BOOT_TEXT - 1; s++)
		if (*s != '-')
			buf[at++] = *s;
	buf[at] = '\0';
	return at == WL_BOOT_TEXT - 1 ? 0 : -EINVAL;
}

static int sign(void *user, const char *text, char *buf, size_t size)
{
	const struct wl_ledger *l = user;

	return wl_keys_sign_note(l->keys, &l->id.key, text, buf, size);
}

/* Entry 0 is the station's birth certificate: the files beside it must say the same. */
static int check_entry_zero(struct wl_ledger *l, struct wl_finding *f)
{
	WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
	int r = wl_ledger_entry(l, 0, &e);

	if (r < 0)
		return r;
	if (e.draft.event != WL_E_STATION_INIT || strcmp(e.station, l->id.station) != 0 ||
	    strcmp(wl_draft_get_text(&e.draft, WL_M_LEDGER_VKEY), l->id.vkey) != 0 ||
	    strcmp(wl_draft_get_text(&e.draft, WL_M_DOCUMENT_SPKI_SHA256),
	           l->id.document_spki_sha256) != 0 ||
	    strcmp(wl_draft_get_text(&e.draft, WL_M_POLICY_AUTHORITY_SPKI_SHA256),
	           l->id.authority_spki_sha256) != 0) {
		(void)wl_refuse(f, WL_RULE_STATION_LEDGER_FAILED,
		                "keys/station does not say what entry 0 says");
		return -EUCLEAN;
	}
	return 0;
}

/* Keys that are missing or not those of the identity: the ledger can be read, not continued. */
static void load_keys(struct wl_ledger *l)
{
	uint8_t public_key[WL_ED25519_PUBLIC], spki[WL_SHA256_BYTES];
	char hex[WL_SHA256_HEX + 1];
	bool same;

	if (wl_keys_load(l->keys_fd, &l->keys) < 0)
		return;
	same = wl_keys_ledger_public(l->keys, public_key) == 0 &&
	       memcmp(public_key, l->id.key.public_key, sizeof(public_key)) == 0 &&
	       wl_keys_document_spki(l->keys, spki) == 0;
	if (same) {
		wl_hex_encode(spki, sizeof(spki), hex);
		same = strcmp(hex, l->id.document_spki_sha256) == 0;
	}
	if (!same || wl_certificate_load(l->dirfd, l->keys, &l->certificate) < 0)
		l->keys = wl_keys_free(l->keys);
}

int wl_ledger_open_store(struct wl_ledger *l, struct wl_finding *f)
{
	struct wl_store_options o = {.dirfd = l->dirfd,
	                             .key = &l->id.key,
	                             .sign = l->keys ? sign : NULL,
	                             .user = l,
	                             .mirror = l->mirror};
	int r = wl_mirror_follow(l, f);

	if (r == 0)
		r = wl_store_open(&o, &l->store, f);
	if (r == 0 && wl_store_size(l->store) == 0 &&
	    faccessat(l->state_fd, WL_STATION_FIRST_CHECKPOINT, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		(void)wl_refuse(f, WL_RULE_STATION_LEDGER_FAILED, "the ledger's entries are gone");
		return -EUCLEAN;
	}
	if (r == 0)
		r = wl_facts_open(l->index_path, l->store, &l->facts, f);
	if (r == 0 && wl_store_size(l->store) > 0)
		r = check_entry_zero(l, f);
	if (r == 0)
		r = wl_rotation_begin(l, f);
	return r < 0 ? r : wl_succession_finish(l, f);
}

static int open_folders(struct wl_ledger *l, const char *path)
{
	int r, n = snprintf(l->index_path, sizeof(l->index_path), "%s/.state/index.db", path);

	if (n < 0 || (size_t)n >= sizeof(l->index_path))
		return -ENAMETOOLONG;
	l->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->dirfd < 0)
		return -errno;
	r = wl_folder_make(l->dirfd, ".state", 0700, &l->state_fd);
	if (r == 0)
		r = wl_folder_make(l->dirfd, "keys", 0700, &l->keys_fd);
	return r;
}

int wl_ledger_open_identity(struct wl_ledger *l, struct wl_finding *f)
{
	int r = wl_identity_load(l->keys_fd, &l->id);

	if (r == -ENOENT) {
		/* a ledger without its identity is not a new station */
		if (faccessat(l->dirfd, "checkpoint", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			return 0;
		(void)wl_refuse(f, WL_RULE_STATION_NO_KEYS,
		                "there is a ledger but no keys/station");
		return -EUCLEAN;
	}
	if (r < 0) {
		(void)wl_refuse(f, WL_RULE_STATION_NO_KEYS, "keys/station cannot be read");
		return r;
	}
	l->identified = true;
	load_keys(l);
	r = wl_ledger_open_store(l, f);
	return r == 0 && wl_rotation_is_due(l) ? wl_rotation_turn(l, f) : r;
}

int wl_ledger_open_with(const char *path, const char *mirror, uint64_t reserve_bytes,
                        struct wl_ledger **ret, struct wl_finding *ret_finding)
{
	struct wl_ledger *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	*ret_finding = (struct wl_finding){.rule = WL_RULE_NONE};
	l->dirfd = l->state_fd = l->keys_fd = l->reserve.fd = -1;
	l->mirror = mirror;
	r = wl_keys_init_memory();
	if (r == 0)
		r = read_boot_id(l->boot);
	if (r == 0)
		r = open_folders(l, path);
	if (r == 0) /* first, so that a start on a full disk has room */
		r = wl_reserve_open(l->state_fd, reserve_bytes, &l->reserve);
	if (r == 0) /* a change of key that was interrupted */
		r = wl_rotation_move(l);
	if (r == 0)
		r = wl_ledger_open_identity(l, ret_finding);
	if (r < 0) {
		wl_ledger_close(l);
		return r;
	}
	*ret = l;
	return 0;
}

int wl_ledger_open(const char *path, struct wl_ledger **ret, struct wl_finding *ret_finding)
{
	return wl_ledger_open_with(path, NULL, 0, ret, ret_finding);
}

bool wl_ledger_is_initialised(const struct wl_ledger *l)
{
	return l->store && wl_store_size(l->store) > 0;
}

/* Cosignatures carry times too; those are taken in with the checkpoint they are on. */
void wl_ledger_read_clock(const struct wl_ledger *l, struct wl_clock *ret)
{
	struct timespec now = {0}, mono = {0};
	int64_t newest = l->facts ? wl_facts_station(l->facts)->newest_time : 0;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)clock_gettime(CLOCK_BOOTTIME, &mono);
	ret->floor = newest > WL_BUILD_EPOCH ? newest : WL_BUILD_EPOCH;
	ret->mono_ms = (uint64_t)mono.tv_sec * 1000 + (uint64_t)mono.tv_nsec / 1000000;
	if (now.tv_sec < ret->floor) {
		ret->time = ret->floor;
		ret->clock = "floor";
		return;
	}
	ret->time = now.tv_sec;
	ret->clock = l->facts && strcmp(wl_facts_station(l->facts)->clock_boot, l->boot) == 0
	                     ? "set"
	                     : "rtc";
}

enum wl_rule wl_ledger_disk_fault(const struct wl_ledger *l, const char **ret_detail)
{
	const struct wl_finding *f = NULL;

	*ret_detail = "";
	if (l->store && wl_store_mirror(l->store, &f) == WL_MIRROR_FAILED) {
		*ret_detail = f->detail;
		return f->rule;
	}
	return wl_reserve_is_whole(&l->reserve) ? WL_RULE_NONE : WL_RULE_STATION_LEDGER_FULL;
}

int wl_ledger_say_fault(struct wl_ledger *l)
{
	WL_CLEANUP(wl_draft_clear)
	struct wl_draft d = {.event = WL_E_STATION_FAULT, .actor = "station"};
	const char *detail;
	enum wl_rule rule = wl_ledger_disk_fault(l, &detail);
	uint64_t seq;
	int64_t when;
	int r;

	if (rule == WL_RULE_NONE || l->failed || !l->keys || !wl_ledger_is_initialised(l))
		return 0;
	d.uid = getuid();
	if (RAND_bytes(d.nonce, sizeof(d.nonce)) != 1)
		return -EIO;
	r = wl_draft_text(&d, WL_M_PART, rule == WL_RULE_STATION_LEDGER_FULL ? "ledger" : "mirror");
	if (r == 0)
		r = wl_draft_text(&d, WL_M_RULE, wl_rule_id(rule));
	if (r == 0)
		r = wl_draft_integer(&d, WL_M_ERRNO, 0);
	if (r == 0 && detail[0])
		r = wl_draft_text(&d, WL_M_DETAIL, detail);
	return r < 0 ? r : wl_ledger_append_own(l, &d, &seq, &when);
}

enum wl_rule wl_ledger_fault(const struct wl_ledger *l)
{
	const char *detail;
	enum wl_rule disk = wl_ledger_disk_fault(l, &detail);
	struct wl_clock c;

	if (l->failed)
		return WL_RULE_STATION_LEDGER_FAILED;
	if (!l->keys || !wl_ledger_is_initialised(l))
		return WL_RULE_STATION_NO_KEYS;
	if (disk != WL_RULE_NONE)
		return disk;
	wl_ledger_read_clock(l, &c);
	return strcmp(c.clock, "floor") == 0 ? WL_RULE_STATION_CLOCK_BEHIND : WL_RULE_NONE;
}

/* Renders, stages and applies; what is in the index is then exactly what was rendered. */
int wl_ledger_stage(struct wl_ledger *l, const struct wl_draft *d, const struct wl_clock *c,
                    uint64_t *ret_seq)
{
	WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
	struct wl_stamp stamp = {.seq = wl_store_staged(l->store),
	                         .time = c->time,
	                         .mono_ms = c->mono_ms,
	                         .clock = c->clock,
	                         .station = l->id.station};
	char *buf = l->rendered;
	size_t n;
	int r;

	memcpy(stamp.boot, l->boot, sizeof(stamp.boot));
	r = wl_entry_render(d, &stamp, buf, &n);
	if (r == 0)
		r = wl_entry_read((const uint8_t *)buf, n, &e);
	if (r < 0)
		return r == -EUCLEAN ? -EINVAL : r;
	r = wl_store_stage(l->store, buf, n);
	if (r == -ENOSPC)
		return r;
	if (r == 0) {
		r = wl_facts_apply(l->facts, &e);
		if (r < 0) /* the entry is staged: whatever the index lacks comes from there */
			r = wl_facts_recover(l->facts, l->store, r);
	}
	if (r < 0) {
		l->failed = true;
		return r;
	}
	*ret_seq = stamp.seq;
	return 0;
}

int wl_ledger_commit(struct wl_ledger *l)
{
	int r;

	if (l->failed)
		return -EROFS;
	if (!l->store)
		return 0;
	r = wl_store_commit(l->store);
	if (r < 0)
		l->failed = true;
	return r == 0 && wl_store_must_settle(l->store) ? wl_ledger_settle(l) : r;
}

/* Whatever becomes of the index, the entries stand: it is only the shorter way to what they say. */
static int settle_index(struct wl_ledger *l)
{
	uint64_t size = wl_store_size(l->store);
	int r = wl_facts_commit(l->facts, size, wl_store_root(l->store));

	while (r == -ENOSPC && wl_reserve_give(&l->reserve)) {
		r = wl_facts_recover(l->facts, l->store, r);
		if (r == 0)
			r = wl_facts_commit(l->facts, size, wl_store_root(l->store));
	}
	return r < 0 ? wl_facts_recover(l->facts, l->store, r) : 0;
}

/* The index needs no more than to be of some size the ledger had: it is written with the files. */
int wl_ledger_settle(struct wl_ledger *l)
{
	int r;

	if (l->failed)
		return -EROFS;
	if (!l->store)
		return 0;
	r = wl_reserve_balance(&l->reserve);
	if (r == 0)
		r = wl_store_commit(l->store);
	if (r == 0)
		r = wl_store_settle(l->store);
	while (r == -ENOSPC && wl_reserve_give(&l->reserve))
		r = wl_store_settle(l->store);
	if (r == 0)
		r = settle_index(l);
	if (r < 0)
		l->failed = true;
	return r;
}

bool wl_ledger_is_settled(const struct wl_ledger *l)
{
	return !l->store || wl_store_settled(l->store) == wl_store_size(l->store);
}

int wl_ledger_append_own(struct wl_ledger *l, const struct wl_draft *d, uint64_t *ret_seq,
                         int64_t *ret_time)
{
	struct wl_clock c;
	int r;

	wl_ledger_read_clock(l, &c);
	r = wl_ledger_stage(l, d, &c, ret_seq);
	if (r == -ENOSPC) {
		r = wl_ledger_commit(l);
		if (r == 0)
			r = wl_ledger_stage(l, d, &c, ret_seq);
	}
	if (r == 0)
		r = wl_ledger_commit(l);
	if (r == 0)
		*ret_time = c.time;
	return r;
}

int wl_ledger_entry(struct wl_ledger *l, uint64_t seq, struct wl_entry *ret)
{
	const uint8_t *p;
	size_t n;
	int r = l->store ? wl_store_entry(l->store, seq, &p, &n) : -ERANGE;

	return r < 0 ? r : wl_entry_read(p, n, ret);
}
