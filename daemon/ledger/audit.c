/*
 * Checkpoints that come back, and cosignatures.
 *
 * Runs in weighlock-ledgerd. What it gets was on a medium and went through a parser worker and the
 * broker, neither of which is believed: the signed text is composed here from the typed fields and
 * verified under the ledger's own key, or under a key the ledger's own policy.loaded names. An
 * alarm is an entry of ledgerd's own, durable before anybody is told; only two persons settle it.
 */
#include "daemon/ledger/audit.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/text.h"
#include "daemon/ledger/rotate.h"

#define COSIGNED_FILE   "checkpoint.cosigned"
#define COSIGNATURE     "cosignature/v1\ntime %" PRId64 "\n%s"
#define COSIGNERS_SHOWN 16U

static int text_of(const struct wl_claimed_checkpoint *c, char *buf, size_t size)
{
	struct wl_checkpoint cp = {.size = c->size};

	if (strlen(c->origin) > WL_ORIGIN_MAX)
		return -EMSGSIZE;
	memcpy(cp.origin, c->origin, strlen(c->origin) + 1);
	memcpy(cp.root.b, c->root, sizeof(cp.root.b));
	return wl_checkpoint_format(&cp, buf, size);
}

static int own_nonce(struct wl_draft *d)
{
	return RAND_bytes(d->nonce, sizeof(d->nonce)) == 1 ? 0 : -EIO;
}

/* ---- comparing ---- */

static int fill_alarm(struct wl_draft *d, const struct wl_claimed_checkpoint *c, enum wl_rule rule,
                      const char *insertion)
{
	char root[WL_SHA256_HEX + 1], b64[4 * ((WL_ED25519_SIGNED + 2) / 3) + 1];
	int r = own_nonce(d);

	wl_hex_encode(c->root, WL_SHA256_BYTES, root);
	wl_base64_encode(c->signature, WL_ED25519_SIGNED, b64);
	(void)snprintf(d->actor, sizeof(d->actor), "station");
	if (r == 0)
		r = wl_draft_text(d, WL_M_PART, "ledger");
	if (r == 0)
		r = wl_draft_text(d, WL_M_RULE, wl_rule_id(rule));
	if (r == 0)
		r = wl_draft_integer(d, WL_M_ERRNO, 0);
	if (r == 0 && insertion[0])
		r = wl_draft_text(d, WL_M_DETAIL, insertion);
	if (r == 0)
		r = wl_draft_integer(d, WL_M_SIZE, (int64_t)c->size);
	if (r == 0)
		r = wl_draft_text(d, WL_M_ROOT_SHA256, root);
	return r < 0 ? r : wl_draft_text(d, WL_M_SIGNATURE, b64);
}

/* One entry per checkpoint, however often the medium is put in. */
static int raise_alarm(struct wl_ledger *l, const struct wl_claimed_checkpoint *c,
                       enum wl_rule rule, const char *insertion, const char **ret_state)
{
	WL_CLEANUP(wl_draft_clear) struct wl_draft d = {.event = WL_E_STATION_FAULT};
	char root[WL_SHA256_HEX + 1];
	uint64_t seq;
	int64_t when;
	int r;

	wl_hex_encode(c->root, WL_SHA256_BYTES, root);
	r = wl_audit_alarm_known(l->facts, c->size, root);
	if (r > 0)
		*ret_state = "known";
	if (r != 0)
		return r < 0 ? r : 0;
	*ret_state = rule == WL_RULE_STATION_LEDGER_FORKED ? "forked" : "rolled-back";
	r = fill_alarm(&d, c, rule, insertion);
	return r < 0 ? r : wl_ledger_append_own(l, &d, &seq, &when);
}

/* The ledger that signed it: this one, or the one whose key was given up; NULL where it is neither.
 */
static int find_signer(struct wl_ledger *l, const struct wl_claimed_checkpoint *c,
                       struct wl_store **ret)
{
	struct wl_predecessor *p = NULL;
	char text[WL_CHECKPOINT_MAX];
	int n = text_of(c, text, sizeof(text));
	const struct wl_note_key *key = &l->id.key;
	int r = 0;

	*ret = l->store;
	if (n >= 0 && strcmp(c->origin, key->name) != 0)
		r = wl_rotation_archive(l, &p);
	if (r > 0) {
		key = &p->key;
		*ret = p->store;
	}
	if (n < 0 || c->size == 0 || strcmp(c->origin, key->name) != 0 ||
	    wl_note_check_ed25519(key->public_key, text, (size_t)n, c->signature) < 0)
		*ret = NULL;
	return r < 0 ? r : 0;
}

int wl_audit_compare(struct wl_ledger *l, const struct wl_claimed_checkpoint *c,
                     const char *insertion, const char **ret_state)
{
	struct wl_store *signer;
	struct wl_hash root;
	int r = find_signer(l, c, &signer);

	*ret_state = "foreign";
	if (r < 0 || !signer)
		return r;
	if (c->size > wl_store_size(signer))
		return raise_alarm(l, c, WL_RULE_STATION_LEDGER_ROLLED_BACK, insertion, ret_state);
	r = wl_store_root_at(signer, c->size, &root);
	if (r < 0)
		return r;
	if (memcmp(root.b, c->root, sizeof(root.b)) != 0)
		return raise_alarm(l, c, WL_RULE_STATION_LEDGER_FORKED, insertion, ret_state);
	*ret_state = signer == l->store && c->size == wl_store_size(signer) ? "same" : "older";
	return 0;
}

/* ---- cosignatures ---- */

/* The key of this name and id among those of the policy: 1, 0, negative errno. */
static int find_cosigner(struct wl_ledger *l, const char *name, const uint8_t *id,
                         struct wl_cosigner *ret, char vkey[WL_COSIGNER_TEXT])
{
	WL_AUTO_FREE struct wl_audit_policy *p = malloc(sizeof(*p));
	int r = p ? wl_audit_policy(l->facts, p) : -ENOMEM;

	if (r <= 0)
		return r;
	for (const char *at = p->cosigners; *at;) {
		size_t n = strcspn(at, "\n");
		(void)snprintf(vkey, WL_COSIGNER_TEXT, "%.*s", (int)n, at);
		if (wl_cosigner_parse(vkey, ret) == 0 && strcmp(ret->name, name) == 0 &&
		    memcmp(ret->id, id, sizeof(ret->id)) == 0)
			return 1;
		at += n + (at[n] == '\n');
	}
	return 0;
}

static int verify_cosignature(const struct wl_claimed_cosignature *c, const struct wl_cosigner *key,
                              struct wl_finding *f)
{
	char text[WL_CHECKPOINT_MAX], signed_text[WL_CHECKPOINT_MAX + 64];
	int n = text_of(&c->checkpoint, text, sizeof(text));

	if (n >= 0)
		n = snprintf(signed_text, sizeof(signed_text), COSIGNATURE, c->time, text);
	if (n < 0 || (size_t)n >= sizeof(signed_text) || c->time < 0 ||
	    wl_note_check_ed25519(key->public_key, signed_text, (size_t)n,
	                          c->checkpoint.signature) < 0)
		return wl_refuse(f, WL_RULE_STATION_COSIGNATURE_MISMATCH,
		                 "the signature of %.100s is not good", key->name);
	return 0;
}

/* What was countersigned is a state this ledger had. */
static int check_state(struct wl_ledger *l, const struct wl_claimed_checkpoint *c,
                       struct wl_finding *f)
{
	struct wl_hash root;
	int r;

	if (strcmp(c->origin, l->id.key.name) != 0)
		return wl_refuse(f, WL_RULE_STATION_COSIGNATURE_MISMATCH,
		                 "it is for the ledger %.100s", c->origin);
	if (c->size == 0 || c->size > wl_store_size(l->store))
		return wl_refuse(f, WL_RULE_STATION_COSIGNATURE_MISMATCH,
		                 "it is for %" PRIu64 " entries, and there are %" PRIu64, c->size,
		                 wl_store_size(l->store));
	r = wl_store_root_at(l->store, c->size, &root);
	if (r == 0 && memcmp(root.b, c->root, sizeof(root.b)) != 0)
		r = wl_refuse(f, WL_RULE_STATION_COSIGNATURE_MISMATCH,
		              "the first %" PRIu64 " entries have another root", c->size);
	return r;
}

/* What follows the name in the note's line: key id, time (big-endian), signature. */
static void format_line(const struct wl_claimed_cosignature *c, char line[128])
{
	uint8_t blob[4 + 8 + WL_ED25519_SIGNED];

	memcpy(blob, c->key_id, 4);
	for (int i = 0; i < 8; i++)
		blob[4 + i] = (uint8_t)((uint64_t)c->time >> (56 - 8 * i));
	memcpy(blob + 12, c->checkpoint.signature, WL_ED25519_SIGNED);
	wl_base64_encode(blob, sizeof(blob), line);
}

static int say_cosigned(struct wl_ledger *l, const struct wl_claimed_cosignature *c,
                        const char *vkey, const char *line, uint64_t *ret_seq)
{
	WL_CLEANUP(wl_draft_clear)
	struct wl_draft d = {.event = WL_E_LEDGER_COSIGNED, .uid = c->uid};
	char root[WL_SHA256_HEX + 1], at[WL_TIME_TEXT];
	int64_t when;
	int r = own_nonce(&d);

	wl_hex_encode(c->checkpoint.root, WL_SHA256_BYTES, root);
	wl_time_format(c->time, at);
	(void)snprintf(d.actor, sizeof(d.actor), "%s", c->actor);
	if (r == 0)
		r = wl_draft_text(&d, WL_M_VKEY, vkey);
	if (r == 0)
		r = wl_draft_integer(&d, WL_M_SIZE, (int64_t)c->checkpoint.size);
	if (r == 0)
		r = wl_draft_text(&d, WL_M_ROOT_SHA256, root);
	if (r == 0)
		r = wl_draft_text(&d, WL_M_COSIGNED_AT, at);
	if (r == 0)
		r = wl_draft_text(&d, WL_M_SIGNATURE, line);
	return r < 0 ? r : wl_ledger_append_own(l, &d, ret_seq, &when);
}

/* A copy beside the checkpoint for auditors who read the folder; the entries are what counts. */
static void write_copy(struct wl_ledger *l)
{
	char note[4 * WL_CHECKPOINT_MAX];

	if (wl_audit_cosigned_note(l, note, sizeof(note)) == 0 && note[0])
		(void)wl_file_replace(l->dirfd, COSIGNED_FILE, note, strlen(note), 0640);
}

int wl_audit_cosign(struct wl_ledger *l, const struct wl_claimed_cosignature *c, uint64_t *ret_seq,
                    struct wl_finding *f)
{
	char vkey[WL_COSIGNER_TEXT], line[128];
	struct wl_cosigner key;
	int r = find_cosigner(l, c->name, c->key_id, &key, vkey);

	if (r < 0)
		return r;
	if (r == 0)
		return wl_refuse(f, WL_RULE_STATION_COSIGNATURE_KEY, "%.100s", c->name);
	r = verify_cosignature(c, &key, f);
	if (r == 0)
		r = check_state(l, &c->checkpoint, f);
	if (r < 0)
		return r;
	format_line(c, line);
	r = wl_audit_cosignature_known(l->facts, line, ret_seq);
	if (r != 0)
		return r < 0 ? r : 0;
	r = say_cosigned(l, c, vkey, line, ret_seq);
	if (r == 0)
		write_copy(l);
	return r;
}

/* Ed25519 signs one text to one signature, so this is the note as it once was. */
static int compose_note(struct wl_ledger *l, uint64_t size, char *buf, size_t room)
{
	struct wl_checkpoint cp = {.size = size};
	char text[WL_CHECKPOINT_MAX];
	int r = wl_store_root_at(l->store, size, &cp.root);

	memcpy(cp.origin, l->id.key.name, sizeof(cp.origin));
	if (r == 0)
		r = wl_checkpoint_format(&cp, text, sizeof(text));
	return r < 0 ? r : wl_keys_sign_note(l->keys, &l->id.key, text, buf, room);
}

int wl_audit_cosigned_note(struct wl_ledger *l, char *buf, size_t size)
{
	struct wl_audit_cosigned last;
	char vkey[WL_COSIGNER_TEXT], line[128];
	int r = wl_audit_cosigned(l->facts, &last);

	buf[0] = '\0';
	if (r <= 0)
		return r;
	if (!l->keys)
		return -ENOENT;
	r = compose_note(l, last.size, buf, size);
	for (unsigned i = 0; r >= 0 && i < COSIGNERS_SHOWN; i++) {
		size_t used = strlen(buf);
		r = wl_audit_cosignature(l->facts, last.size, i, vkey, line);
		if (r <= 0)
			break;
		r = snprintf(buf + used, size - used, "\xe2\x80\x94 %.*s %s\n",
		             (int)strcspn(vkey, "+"), vkey, line);
		if (r < 0 || (size_t)r >= size - used)
			return -EMSGSIZE;
	}
	return r < 0 ? r : 0;
}

int wl_audit_due(struct wl_ledger *l, int64_t *ret_due)
{
	WL_AUTO_FREE struct wl_audit_policy *p = malloc(sizeof(*p));
	struct wl_audit_cosigned last = {0};
	int r = p ? wl_audit_policy(l->facts, p) : -ENOMEM;

	if (r <= 0)
		return r;
	r = wl_audit_cosigned(l->facts, &last);
	if (r < 0)
		return r;
	*ret_due = (last.time > p->since ? last.time : p->since) + p->max_age_s;
	return p->max_age_s > 0;
}
