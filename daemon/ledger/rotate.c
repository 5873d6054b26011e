/*
 * `station rotate-key`: what must hold, the new key, and the entry that gives the old one up.
 *
 * Runs in weighlock-ledgerd. The broker says who proposed and who agrees; that these are two and
 * that the one did propose it stands in the ledger. Power going before key.rotated is durable
 * leaves a key in keys/next that nobody ever saw; the next attempt makes another.
 */
#include "daemon/ledger/rotate.h"

#include <errno.h>
#include <openssl/rand.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "daemon/ledger/audit.h"
#include "daemon/ledger/folder.h"
#include "daemon/ledger/station.h"

static void free_keys(struct wl_keys **k)
{
	*k = wl_keys_free(*k);
}

static int check_standing(struct wl_ledger *l, struct wl_finding *f)
{
	enum wl_rule rule = wl_ledger_fault(l);
	struct wl_transfer_facts t;
	int r;

	if (rule != WL_RULE_NONE)
		return wl_refuse(f, rule, "the key cannot be changed now");
	r = wl_facts_next_transfer(l->facts, 0, true, &t);
	return r > 0 ? wl_refuse(f, WL_RULE_STATION_TRANSFERS_OPEN, "%s", t.id) : r;
}

/* A fresh key in keys/next, and who the station is with it. */
static int make_next(struct wl_ledger *l, uint64_t uid, struct wl_identity *ret)
{
	WL_CLEANUP(free_keys) struct wl_keys *k = NULL;
	WL_AUTO_CLOSE int next = -1;
	char origin[WL_ORIGIN_MAX + 1];
	int r = wl_predecessor_next_origin(l->id.key.name, origin);

	if (r == 0)
		r = wl_folder_remove(l->keys_fd, WL_KEYS_NEXT);
	if (r == 0)
		r = wl_folder_make(l->keys_fd, WL_KEYS_NEXT, 0700, &next);
	if (r == 0)
		r = wl_keys_make_ledger(next);
	if (r == 0)
		r = wl_keys_load_both(next, l->keys_fd, &k);
	if (r == 0)
		r = wl_identity_next(k, &l->id, origin, uid, ret);
	return r < 0 ? r : wl_identity_save(next, ret);
}

static int digest_of(const char *vkey, char hex[WL_SHA256_HEX + 1])
{
	uint8_t digest[WL_SHA256_BYTES];
	int r = wl_sha256_of(vkey, strlen(vkey), digest);

	wl_hex_encode(digest, sizeof(digest), hex);
	return r;
}

static int fill(struct wl_ledger *l, const struct wl_rotate_ask *q, const struct wl_identity *next,
                struct wl_draft *d)
{
	char old[WL_SHA256_HEX + 1], new[WL_SHA256_HEX + 1];
	int r = digest_of(l->id.vkey, old);

	if (r == 0)
		r = digest_of(next->vkey, new);
	if (r == 0)
		r = wl_draft_text(d, WL_M_WHICH, "ledger");
	if (r == 0)
		r = wl_draft_text(d, WL_M_OLD_SHA256, old);
	if (r == 0)
		r = wl_draft_text(d, WL_M_NEW_SHA256, new);
	if (r == 0)
		r = wl_draft_text(d, WL_M_ORIGIN, next->key.name);
	return r < 0 ? r : wl_draft_text(d, WL_M_WORDS, q->words);
}

static int begin(const struct wl_rotate_ask *q, struct wl_draft *d)
{
	d->event = WL_E_KEY_ROTATED;
	d->uid = q->uid;
	(void)snprintf(d->actor, sizeof(d->actor), "%s", q->actor);
	if (RAND_bytes(d->nonce, sizeof(d->nonce)) != 1)
		return -EIO;
	return wl_draft_text(d, WL_M_PROPOSED_BY, q->proposed_by);
}

/* From here on the old key signs nothing more. */
static int give_up(struct wl_ledger *l, const struct wl_draft *d, struct wl_rotated *ret,
                   struct wl_finding *f)
{
	struct wl_rotated said = {.seq = 0};
	int64_t when;
	int r = wl_ledger_settle(l); /* nothing else is in the group of the last entry */

	memcpy(said.old_origin, l->id.key.name, sizeof(said.old_origin));
	memcpy(said.old_fingerprint, l->id.fingerprint, sizeof(said.old_fingerprint));
	if (r == 0)
		r = wl_ledger_append_own(l, d, &said.seq, &when);
	if (r == 0)
		r = wl_rotation_turn(l, f);
	if (r < 0)
		l->failed = true;
	*ret = said;
	return r;
}

int wl_rotate(struct wl_ledger *l, const struct wl_rotate_ask *q, struct wl_rotated *ret,
              struct wl_finding *f)
{
	WL_CLEANUP(wl_draft_clear) struct wl_draft d = {0};
	struct wl_identity next;
	struct wl_clock c;
	int r = check_standing(l, f);

	if (r == 0)
		r = begin(q, &d);
	wl_ledger_read_clock(l, &c);
	if (r == 0)
		r = wl_audit_check(l, &d, &c, f);
	if (r == 0 && q->only_asks) {
		*ret = (struct wl_rotated){.seq = 0};
		return 0;
	}
	if (r == 0)
		r = make_next(l, q->uid, &next);
	if (r == 0)
		r = fill(l, q, &next, &d);
	if (r == 0)
		r = wl_draft_check(&d, f);
	return r < 0 ? r : give_up(l, &d, ret, f);
}
