/*
 * The station's beginning: keys, identity, and entry 0 by two people (INTERFACES 8).
 *
 * Runs in weighlock-ledgerd; the broker says who (uid) asks, from the socket's credentials. A
 * compromised broker could invent a second person: what it cannot do is change an identity after
 * entry 0, nor hide who was named. Power going before the confirmation leaves a proposal that
 * anybody in the set-up group may make again.
 */
#include "daemon/ledger/station.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/rand.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/ledger/certificate.h"
#include "daemon/ledger/heritage.h"
#include "daemon/ledger/rotate.h"

void wl_station_forget(struct wl_ledger *l)
{
	wl_rotation_close(l);
	l->facts = wl_facts_free(l->facts);
	l->store = wl_store_free(l->store);
	X509_free(l->certificate);
	l->certificate = NULL;
	l->keys = wl_keys_free(l->keys);
	l->identified = false;
}

int wl_station_init(struct wl_ledger *l, const char *station, const char *origin, uint64_t uid,
                    const uint8_t authority_spki_sha256[WL_SHA256_BYTES])
{
	struct wl_identity id;
	struct wl_finding f = {0};
	struct wl_note_key form;
	struct wl_clock c;
	int r;

	if (wl_ledger_is_initialised(l) || wl_rotation_was(l))
		return -EEXIST;
	if (l->failed)
		return -EROFS;
	/* checked before an earlier proposal is let go of */
	if (!wl_id_is(WL_ID_STATION, station) ||
	    wl_note_key_make(origin, (const uint8_t[WL_ED25519_PUBLIC]){0}, &form) < 0)
		return -EINVAL;
	wl_ledger_read_clock(l, &c);
	wl_station_forget(l);
	r = wl_succession_forget(l);
	if (r == 0)
		r = wl_keys_make(l->keys_fd);
	if (r == 0)
		r = wl_keys_load(l->keys_fd, &l->keys);
	if (r == 0)
		r = wl_identity_make(l->keys, station, origin, uid, authority_spki_sha256, &id);
	if (r == 0)
		r = wl_certificate_make(l->dirfd, l->keys, station, origin, c.time);
	if (r == 0)
		r = wl_certificate_load(l->dirfd, l->keys, &l->certificate);
	if (r == 0)
		r = wl_identity_save(l->keys_fd, &id);
	if (r < 0)
		return r;
	l->id = id;
	l->identified = true;
	return wl_ledger_open_store(l, &f);
}

int wl_station_fill(const struct wl_ledger *l, const char *second, struct wl_draft *d)
{
	int r = wl_draft_text(d, WL_M_LEDGER_VKEY, l->id.vkey);

	if (r == 0)
		r = wl_draft_text(d, WL_M_DOCUMENT_SPKI_SHA256, l->id.document_spki_sha256);
	if (r == 0)
		r = wl_draft_text(d, WL_M_POLICY_AUTHORITY_SPKI_SHA256,
		                  l->id.authority_spki_sha256);
	if (r == 0)
		r = wl_draft_text(d, WL_M_ORIGIN, l->id.key.name);
	if (r == 0)
		r = wl_draft_text(d, WL_M_SECOND_ACTOR, second);
	return r;
}

static int fill_entry_zero(const struct wl_ledger *l, uint64_t uid, struct wl_draft *d)
{
	char second[WL_ID_TEXT];

	d->event = WL_E_STATION_INIT;
	d->uid = l->id.uid;
	(void)snprintf(d->actor, sizeof(d->actor), "uid:%" PRIu64, l->id.uid);
	(void)snprintf(second, sizeof(second), "uid:%" PRIu64, uid);
	if (RAND_bytes(d->nonce, sizeof(d->nonce)) != 1)
		return -EIO;
	return wl_station_fill(l, second, d);
}

/* Entry 0, and in the same commit what is taken over of the ledger before, where there is one. */
static int write_entry_zero(struct wl_ledger *l, uint64_t uid, struct wl_draft *d,
                            uint64_t *ret_seq, struct wl_finding *f)
{
	WL_CLEANUP(wl_predecessor_close) struct wl_predecessor p = {.dirfd = -1};
	struct wl_clock c;
	int r = fill_entry_zero(l, uid, d), successor = 0;

	if (r == 0)
		r = successor = wl_succession_open(l, &p, f);
	if (r > 0)
		r = wl_succession_fill(&p, true, d);
	if (r == 0)
		r = wl_draft_check(d, f);
	if (r < 0)
		return r;
	wl_ledger_read_clock(l, &c);
	r = wl_ledger_stage(l, d, &c, ret_seq);
	if (r == 0 && successor)
		r = wl_inherit(l, &p);
	return r < 0 ? r : wl_ledger_settle(l); /* so that a folder with entries is known as one */
}

int wl_station_confirm(struct wl_ledger *l, uint64_t uid, const char *fingerprint,
                       uint64_t *ret_seq, struct wl_finding *ret_finding)
{
	WL_CLEANUP(wl_draft_clear) struct wl_draft d = {0};
	const char *checkpoint;
	int r;

	if (wl_ledger_is_initialised(l))
		return -EEXIST;
	if (!l->identified || !l->keys)
		return wl_refuse(ret_finding, WL_RULE_STATION_NO_KEYS,
		                 "station init was not said yet");
	if (uid == l->id.uid)
		return wl_refuse(ret_finding, WL_RULE_APPROVAL_SAME_PERSON,
		                 "uid %" PRIu64 " said station init", uid);
	if (!wl_keys_fingerprint_equal(fingerprint, l->id.fingerprint))
		return -EKEYREJECTED;
	r = write_entry_zero(l, uid, &d, ret_seq, ret_finding);
	if (r < 0)
		return r;
	/* only a copy for the station's card: missing, the card shows the present one */
	checkpoint = wl_store_checkpoint(l->store);
	(void)wl_file_replace(l->state_fd, WL_STATION_FIRST_CHECKPOINT, checkpoint,
	                      strlen(checkpoint), 0600);
	return 0;
}

int wl_station_first_checkpoint(struct wl_ledger *l, char *buf, size_t size)
{
	WL_AUTO_FREE void *p = NULL;
	struct wl_checkpoint cp;
	size_t n;
	int r;

	if (!wl_ledger_is_initialised(l))
		return -ENOENT;
	r = wl_file_read(l->state_fd, WL_STATION_FIRST_CHECKPOINT, size - 1, &p, &n);
	if (r == 0 && wl_checkpoint_open(&l->id.key, p, n, &cp) == 0 && cp.size == 1) {
		memcpy(buf, p, n + 1);
		return 0;
	}
	(void)snprintf(buf, size, "%s", wl_store_checkpoint(l->store));
	return 0;
}
