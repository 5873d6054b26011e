/*
 * What the broker may append, and when: a row per event that is special, then one path for all.
 *
 * Runs in weighlock-ledgerd; everything in a draft is the broker's word. The ledger takes its word
 * for what people and workers did, but not for numbers, for anything the ledger knows better, nor
 * for the conditions of an intent. Nothing is staged unless everything was checked.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/ledger/audit.h"
#include "daemon/ledger/heritage.h"
#include "daemon/ledger/intent_check.h"
#include "daemon/ledger/manifest.h"
#include "daemon/ledger/station.h"

#define TEXT(d, m) wl_draft_get_text((d), WL_M_##m)

struct request {
	struct wl_ledger *l;
	const struct wl_draft *d;
	int manifest_fd;
	struct wl_clock clock;
	struct wl_finding *f;
};

/* Of the visit that is named: opened, and not closed. 0, -ENOENT or a refusal. */
static int check_visit_open(const struct request *q, struct wl_visit_facts *ret)
{
	int r = wl_facts_visit(q->l->facts, TEXT(q->d, VISIT), ret);

	if (r < 0)
		return r;
	if (r == 0) {
		(void)wl_refuse(q->f, WL_RULE_NONE, "no visit %s", TEXT(q->d, VISIT));
		return -ENOENT;
	}
	return ret->closed ? wl_refuse(q->f, WL_RULE_VISIT_CLOSED, "%s", TEXT(q->d, VISIT)) : 0;
}

/* A work order names one visit for ever. */
static int check_visit_opened(const struct request *q)
{
	struct wl_visit_facts v;
	int r = wl_facts_visit(q->l->facts, TEXT(q->d, VISIT), &v);

	if (r < 0)
		return r;
	return r > 0 ? wl_refuse(q->f, WL_RULE_VISIT_EXISTS, "%s", TEXT(q->d, VISIT)) : 0;
}

/* The escort's own word, nobody else's. */
static int check_visit_confirmed(const struct request *q)
{
	struct wl_visit_facts v;
	int r = check_visit_open(q, &v);

	if (r < 0 || strcmp(v.escort, q->d->actor) == 0)
		return r;
	return wl_refuse(q->f, WL_RULE_VISIT_OTHER_ESCORT, "%s", TEXT(q->d, VISIT));
}

static int check_visit_closed(const struct request *q)
{
	struct wl_visit_facts v;

	return check_visit_open(q, &v);
}

static int check_transfer_opened(const struct request *q)
{
	struct wl_visit_facts v;
	char next[WL_ID_TEXT];
	int r = TEXT(q->d, VISIT)[0] ? check_visit_open(q, &v) : 0;

	if (r < 0)
		return r;

	wl_id_transfer(q->l->id.station, wl_facts_station(q->l->facts)->next_transfer, next);
	if (strcmp(q->d->transfer, next) == 0)
		return 0;
	(void)wl_refuse(q->f, WL_RULE_NONE, "the next transfer is %s", next);
	return -ESTALE;
}

static int check_medium_seen(const struct request *q)
{
	char next[WL_ID_TEXT];

	wl_id_insertion(q->l->id.station, wl_facts_station(q->l->facts)->next_insertion, next);
	if (strcmp(TEXT(q->d, INSERTION), next) == 0)
		return 0;
	(void)wl_refuse(q->f, WL_RULE_NONE, "the next insertion is %s", next);
	return -ESTALE;
}

/* And on the mirror; without one there is nothing to do. */
static int mirror_manifest(const struct request *q)
{
	int dirfd = wl_store_mirror_dirfd(q->l->store), r;

	if (dirfd < 0)
		return 0;
	r = wl_manifest_store(dirfd, q->manifest_fd, TEXT(q->d, MANIFEST_SHA256), q->d->transfer,
	                      q->f);
	if (r == 0)
		return 0;
	wl_store_mirror_fail(q->l->store, r);
	return wl_refuse(q->f, WL_RULE_STATION_MIRROR_FAILED, "the manifest cannot be mirrored");
}

/* A manifest that is not in its place first: no entry may name what is not kept. */
static int check_inspected(const struct request *q)
{
	int r;

	if (q->manifest_fd < 0) {
		(void)wl_refuse(q->f, WL_RULE_NONE, "transfer.inspected without its manifest");
		return -EINVAL;
	}
	r = wl_manifest_store(q->l->dirfd, q->manifest_fd, TEXT(q->d, MANIFEST_SHA256),
	                      q->d->transfer, q->f);
	if (r == -ENOSPC) /* nothing has its name yet: room can be made */
		return wl_refuse(q->f, WL_RULE_STATION_LEDGER_FULL, "no room for the manifest");
	if (r < 0 && r != -EINVAL && r != -EPERM && r != -EFBIG)
		q->l->failed = true; /* a disk that lost a manifest may lose entries */
	return r < 0 ? r : mirror_manifest(q);
}

/* Only up, and only what another person proposed. The same version again is a reload. */
static int check_policy_loaded(const struct request *q)
{
	const struct wl_station_facts *s = wl_facts_station(q->l->facts);
	int64_t version = wl_draft_get_integer(q->d, WL_M_POLICY_VERSION);
	char proposer[WL_ID_TEXT];
	struct wl_heritage heritage;
	uint64_t uid;
	int r = wl_facts_heritage(q->l->facts, &heritage);

	if (r < 0)
		return r;
	if (version > 0 && (uint64_t)version < heritage.policy_floor)
		return wl_refuse(q->f, WL_RULE_POLICY_VERSION_FLOOR,
		                 "policy %" PRId64 " after %" PRIu64 " of the ledger before",
		                 version, heritage.policy_floor);
	if (version < 1 || (uint64_t)version < s->policy_version ||
	    ((uint64_t)version == s->policy_version &&
	     strcmp(s->policy_sha256, TEXT(q->d, SHA256)) != 0))
		return wl_refuse(q->f, WL_RULE_POLICY_VERSION_FLOOR,
		                 "policy %" PRId64 " after %" PRIu64, version, s->policy_version);
	if ((uint64_t)version == s->policy_version) /* nobody proposed other numbers than it has */
		return wl_draft_get_integer(q->d, WL_M_APPROVALS_INBOUND) == s->approvals_inbound &&
		                       wl_draft_get_integer(q->d, WL_M_APPROVALS_OUTBOUND) ==
		                               s->approvals_outbound
		               ? 0
		               : wl_refuse(q->f, WL_RULE_APPROVAL_MISSING,
		                           "policy %" PRId64 " wants other numbers of approvals",
		                           version);
	r = wl_facts_proposal(q->l->facts, (uint64_t)version, TEXT(q->d, SHA256), proposer, &uid);
	if (r < 0)
		return r;
	if (r == 0)
		return wl_refuse(q->f, WL_RULE_APPROVAL_MISSING,
		                 "nobody proposed this policy %" PRId64, version);
	if (uid == q->d->uid || strcmp(proposer, q->d->actor) == 0)
		return wl_refuse(q->f, WL_RULE_APPROVAL_SAME_PERSON, "%s proposed this policy",
		                 proposer);
	return 0;
}

static int check_release_intent(const struct request *q)
{
	return wl_intent_check_release(q->l, q->d, &q->clock, q->f);
}

static int check_wipe_intent(const struct request *q)
{
	return wl_intent_check_wipe(q->l, q->d, &q->clock, q->f);
}

/* What ends an intent must name one that is open, and of this kind. */
static int check_intent_end(const struct request *q, const char *kind)
{
	uint64_t seq;
	int r = wl_id_number(WL_ID_ENTRY, TEXT(q->d, INTENT), &seq);

	if (r == 0)
		r = wl_facts_intent(q->l->facts, seq, kind, q->d->transfer);
	if (r != 0)
		return r < 0 ? r : 0;
	(void)wl_refuse(q->f, WL_RULE_NONE, "%s is no open %s", TEXT(q->d, INTENT), kind);
	return -ENOENT;
}

static int check_release_end(const struct request *q)
{
	return check_intent_end(q, "release");
}

static int check_wipe_end(const struct request *q)
{
	return check_intent_end(q, "wipe");
}

enum {
	OWN = 1,      /* only ledgerd itself writes it */
	BEHIND = 2,   /* also while the clock is behind, or a disk is full or failed: last words */
	SETUP = 4,    /* also before the first policy */
	TRANSFER = 8, /* needs a transfer that was opened */
};

/* An event without a row may be written once a policy is loaded and while the clock is right. */
static const struct {
	enum wl_event event;
	unsigned flags;
	int (*check)(const struct request *q);
} rows[] = {
        {WL_E_STATION_INIT, OWN, NULL},
        {WL_E_DOCUMENT_SEALED, OWN, NULL},
        {WL_E_FACT_INHERITED, OWN, NULL},
        {WL_E_STATION_START, BEHIND | SETUP, NULL},
        {WL_E_STATION_STOP, BEHIND | SETUP, NULL},
        {WL_E_STATION_FAULT, BEHIND | SETUP, NULL},
        {WL_E_CALL_DENIED, BEHIND | SETUP, NULL},
        {WL_E_CLOCK_SET, BEHIND, NULL},
        {WL_E_POLICY_PROPOSED, SETUP, NULL},
        {WL_E_POLICY_REFUSED, SETUP, NULL},
        {WL_E_POLICY_LOADED, SETUP, check_policy_loaded},
        {WL_E_MEDIUM_SEEN, BEHIND | SETUP, check_medium_seen},
        {WL_E_MEDIUM_GONE, BEHIND | SETUP, NULL},
        {WL_E_MEDIUM_REFUSED, BEHIND | SETUP, NULL},
        {WL_E_GATE_SHUT, BEHIND, NULL},
        {WL_E_TRANSFER_OPENED, 0, check_transfer_opened},
        {WL_E_TRANSFER_PRESERVED, TRANSFER, NULL},
        {WL_E_ITEM_DECIDED, TRANSFER, NULL},
        {WL_E_TRANSFER_INSPECTED, TRANSFER, check_inspected},
        {WL_E_TRANSFER_APPROVED, TRANSFER, NULL},
        {WL_E_TRANSFER_REJECTED, TRANSFER | BEHIND, NULL},
        {WL_E_TRANSFER_RETRIED, TRANSFER, NULL},
        {WL_E_APPROVAL_VOIDED, TRANSFER | BEHIND, NULL},
        {WL_E_TRANSFER_CANCELLED, TRANSFER | BEHIND, NULL},
        {WL_E_TRANSFER_REFUSED, TRANSFER | BEHIND, NULL},
        {WL_E_TRANSFER_FAILED, TRANSFER | BEHIND, NULL},
        {WL_E_TRANSFER_OUTCOME, TRANSFER, NULL},
        {WL_E_TRANSFER_NOTED, TRANSFER, NULL},
        {WL_E_VISIT_OPENED, 0, check_visit_opened},
        {WL_E_VISIT_CONFIRMED, 0, check_visit_confirmed},
        {WL_E_VISIT_CLOSED, 0, check_visit_closed},
        {WL_E_RELEASE_INTENT, TRANSFER, check_release_intent},
        {WL_E_RELEASE_WRITTEN, TRANSFER | BEHIND, check_release_end},
        {WL_E_RELEASE_DONE, TRANSFER | BEHIND, check_release_end},
        {WL_E_RELEASE_FAILED, TRANSFER | BEHIND, check_release_end},
        {WL_E_RELEASE_UNKNOWN, TRANSFER | BEHIND, check_release_end},
        {WL_E_WIPE_INTENT, 0, check_wipe_intent},
        {WL_E_WIPE_DONE, BEHIND, check_wipe_end},
        {WL_E_WIPE_FAILED, BEHIND, check_wipe_end},
        {WL_E_LEDGER_COSIGNED, OWN, NULL},
        {WL_E_KEY_ROTATED, OWN, NULL},
        {WL_E_STATION_CERTIFIED, OWN, NULL},
        {WL_E_ALARM_SETTLED, BEHIND, NULL},
        {WL_E_ACTION_PROPOSED, BEHIND, NULL},
};

static int check_transfer_known(const struct request *q)
{
	struct wl_transfer_facts t;
	int r = q->d->transfer[0] ? wl_facts_transfer(q->l->facts, q->d->transfer, &t) : 0;

	if (r != 0)
		return r < 0 ? r : 0;
	(void)wl_refuse(q->f, WL_RULE_NONE, "%s: no transfer %s", wl_event_row(q->d->event)->name,
	                q->d->transfer[0] ? q->d->transfer : "named");
	return -ENOENT;
}

static int check_event(const struct request *q)
{
	const char *name = wl_event_row(q->d->event)->name;
	int (*check)(const struct request *q) = NULL;
	unsigned flags = 0;
	int r;

	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++)
		if (rows[i].event == q->d->event) {
			flags = rows[i].flags;
			check = rows[i].check;
		}
	if (flags & OWN) {
		(void)wl_refuse(q->f, WL_RULE_NONE, "%s is written by ledgerd alone", name);
		return -EINVAL;
	}
	if (!(flags & BEHIND) && strcmp(q->clock.clock, "floor") == 0)
		return wl_refuse(q->f, WL_RULE_STATION_CLOCK_BEHIND,
		                 "%s while the clock is behind the ledger", name);
	if (!(flags & BEHIND)) {
		const char *detail;
		enum wl_rule rule = wl_ledger_disk_fault(q->l, &detail);
		if (rule != WL_RULE_NONE)
			return wl_refuse(q->f, rule, "%s%s%s", name, detail[0] ? ": " : "", detail);
	}
	if (!(flags & SETUP) && wl_facts_station(q->l->facts)->policy_version == 0)
		return wl_refuse(q->f, WL_RULE_STATION_NO_POLICY, "%s before the first policy",
		                 name);
	/* a transfer that is named must exist, whatever the event */
	if (q->d->event != WL_E_TRANSFER_OPENED && (q->d->transfer[0] || (flags & TRANSFER))) {
		r = check_transfer_known(q);
		if (r < 0)
			return r;
	}
	r = wl_audit_check(q->l, q->d, &q->clock, q->f);
	return r == 0 && check ? check(q) : r;
}

/* A nonce used before: the same entry is answered again, another one is a mistake of the broker. */
static int check_again(const struct request *q, uint64_t seq)
{
	WL_CLEANUP(wl_entry_clear) struct wl_entry old = {0};
	int r = wl_ledger_entry(q->l, seq, &old);

	if (r < 0)
		return r;
	if (wl_draft_equal(&old.draft, q->d))
		return 0;
	(void)wl_refuse(q->f, WL_RULE_NONE, "the nonce was used for entry %" PRIu64, seq);
	return -EEXIST;
}

static int append(struct request *q, uint64_t *ret_seq, int64_t *ret_time, bool *ret_known)
{
	int r = wl_facts_nonce(q->l->facts, q->d->nonce, ret_seq, ret_time);

	*ret_known = r > 0;
	if (r != 0)
		return r < 0 ? r : check_again(q, *ret_seq);
	wl_ledger_read_clock(q->l, &q->clock);
	r = check_event(q);
	if (r == 0)
		r = wl_ledger_stage(q->l, q->d, &q->clock, ret_seq);
	if (r == 0)
		*ret_time = q->clock.time;
	return r;
}

int wl_ledger_append(struct wl_ledger *l, const struct wl_draft *d, int manifest_fd,
                     uint64_t *ret_seq, int64_t *ret_time, bool *ret_known,
                     struct wl_finding *ret_finding)
{
	struct request q = {.l = l, .d = d, .manifest_fd = manifest_fd, .f = ret_finding};
	int r;

	if (l->failed)
		return wl_refuse(ret_finding, WL_RULE_STATION_LEDGER_FAILED,
		                 "the ledger could not be written");
	if (!l->keys || !wl_ledger_is_initialised(l))
		return wl_refuse(ret_finding, WL_RULE_STATION_NO_KEYS, "no station to write for");
	r = wl_draft_check(d, ret_finding);
	if (r < 0)
		return r;
	r = append(&q, ret_seq, ret_time, ret_known);
	if (r != -EIO || l->failed)
		return r;
	r = wl_facts_recover(l->facts, l->store, r); /* the index could not be read */
	return r < 0 ? r : append(&q, ret_seq, ret_time, ret_known);
}
