/*
 * The first entries of the ledger that follows a change of key.
 *
 * Runs in weighlock-ledgerd, from the archive it wrote itself and verifies again. The two persons
 * of key.rotated stand under the beginning and under the policy, which goes on as it was; facts are
 * said again as for any successor (inherit.c). Entry 0 and the policy are one commit; power going
 * before the rest was said leaves it to the next start.
 */
#include "daemon/ledger/rotate.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/text.h"
#include "daemon/ledger/audit.h"
#include "daemon/ledger/heritage.h"
#include "daemon/ledger/station.h"

/* Who changed the key, as the last entry of the old ledger has them. */
struct persons {
	char first[WL_ID_TEXT], second[WL_ID_TEXT]; /* proposed, agreed */
	uint64_t first_uid, second_uid;
};

int wl_rotation_open(struct wl_ledger *l, struct wl_predecessor *ret, struct wl_finding *f)
{
	char name[WL_ARCHIVE_TEXT], path[4096];
	struct wl_note_key key;
	int r = wl_rotation_read(l, name, &key);

	if (r <= 0)
		return r;
	(void)snprintf(path, sizeof(path), "%.*s",
	               (int)(strlen(l->index_path) - strlen("/.state/index.db")), l->index_path);
	r = wl_predecessor_open(l->dirfd, path, name, ret, f);
	return r < 0 ? r : 1;
}

int wl_rotation_archive(struct wl_ledger *l, struct wl_predecessor **ret)
{
	struct wl_finding f = {.rule = WL_RULE_NONE};
	struct wl_predecessor *p = l->archive ? NULL : calloc(1, sizeof(*p));
	int r = l->archive ? 1 : p ? wl_rotation_open(l, p, &f) : -ENOMEM;

	if (r <= 0) {
		free(p);
		return r;
	}
	if (p)
		l->archive = p;
	*ret = l->archive;
	return 1;
}

void wl_rotation_close(struct wl_ledger *l)
{
	if (l->archive)
		wl_predecessor_close(l->archive);
	free(l->archive);
	l->archive = NULL;
}

static int find_persons(struct wl_predecessor *p, struct persons *ret)
{
	WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
	struct wl_audit_proposal proposal = {0};
	const uint8_t *at;
	size_t n;
	int r = wl_store_entry(p->store, wl_store_size(p->store) - 1, &at, &n);

	if (r == 0)
		r = wl_entry_read(at, n, &e);
	if (r == 0)
		r = wl_audit_proposal(p->facts, WL_ACTION_ROTATE, &proposal);
	if (r < 0)
		return r;
	(void)snprintf(ret->first, sizeof(ret->first), "%s",
	               wl_draft_get_text(&e.draft, WL_M_PROPOSED_BY));
	(void)snprintf(ret->second, sizeof(ret->second), "%s", e.draft.actor);
	ret->first_uid = proposal.uid;
	ret->second_uid = e.draft.uid;
	return r > 0 && e.draft.event == WL_E_KEY_ROTATED ? 0 : -EUCLEAN;
}

static int start(struct wl_draft *d, enum wl_event event, const char *actor, uint64_t uid)
{
	d->event = event;
	d->uid = uid;
	(void)snprintf(d->actor, sizeof(d->actor), "%s", actor);
	return RAND_bytes(d->nonce, sizeof(d->nonce)) == 1 ? 0 : -EIO;
}

static int stage(struct wl_ledger *l, const struct wl_draft *d, struct wl_finding *f)
{
	struct wl_clock c;
	uint64_t seq;
	int r = wl_draft_check(d, f);

	wl_ledger_read_clock(l, &c);
	return r < 0 ? r : wl_ledger_stage(l, d, &c, &seq);
}

static int say_init(struct wl_ledger *l, struct wl_predecessor *p, const struct persons *who,
                    struct wl_finding *f)
{
	WL_CLEANUP(wl_draft_clear) struct wl_draft d = {0};
	struct wl_heritage before = {0};
	int r = wl_facts_heritage(p->facts, &before);

	if (r == 0)
		r = start(&d, WL_E_STATION_INIT, who->second, who->second_uid);
	if (r == 0)
		r = wl_station_fill(l, who->first, &d);
	if (r == 0) /* a new key does not vouch for what no auditor vouched for before */
		r = wl_succession_fill(p, before.unvouched, &d);
	return r < 0 ? r : stage(l, &d, f);
}

static int say_policy(struct wl_ledger *l, struct wl_predecessor *p, const struct persons *who,
                      struct wl_finding *f)
{
	const struct wl_station_facts *s = wl_facts_station(p->facts);
	WL_CLEANUP(wl_draft_clear) struct wl_draft proposed = {0};
	WL_CLEANUP(wl_draft_clear) struct wl_draft loaded = {0};
	WL_AUTO_FREE struct wl_audit_policy *audit = malloc(sizeof(*audit));
	int r = audit ? wl_audit_policy(p->facts, audit) : -ENOMEM;

	if (r >= 0)
		r = start(&proposed, WL_E_POLICY_PROPOSED, who->first, who->first_uid);
	if (r == 0)
		r = wl_draft_integer(&proposed, WL_M_POLICY_VERSION, (int64_t)s->policy_version);
	if (r == 0)
		r = wl_draft_text(&proposed, WL_M_SHA256, s->policy_sha256);
	if (r == 0)
		r = stage(l, &proposed, f);
	if (r == 0)
		r = start(&loaded, WL_E_POLICY_LOADED, who->second, who->second_uid);
	if (r == 0)
		r = wl_draft_integer(&loaded, WL_M_POLICY_VERSION, (int64_t)s->policy_version);
	if (r == 0)
		r = wl_draft_text(&loaded, WL_M_SHA256, s->policy_sha256);
	if (r == 0)
		r = wl_draft_integer(&loaded, WL_M_APPROVALS_INBOUND, s->approvals_inbound);
	if (r == 0)
		r = wl_draft_integer(&loaded, WL_M_APPROVALS_OUTBOUND, s->approvals_outbound);
	if (r == 0)
		r = wl_draft_text(&loaded, WL_M_PROPOSED_BY, who->first);
	for (const char *at = audit ? audit->cosigners : ""; r == 0 && *at;) {
		char vkey[WL_COSIGNER_TEXT];
		size_t n = strcspn(at, "\n");
		(void)snprintf(vkey, sizeof(vkey), "%.*s", (int)n, at);
		r = wl_draft_element(&loaded, WL_M_COSIGNERS, vkey);
		at += n + (at[n] == '\n');
	}
	if (r == 0 && audit->max_age_s > 0)
		r = wl_draft_integer(&loaded, WL_M_COSIGNATURE_MAX_AGE_S, audit->max_age_s);
	return r < 0 ? r : stage(l, &loaded, f);
}

static int begin(struct wl_ledger *l, struct wl_predecessor *p, struct wl_finding *f)
{
	struct persons who;
	const char *checkpoint;
	int r = find_persons(p, &who);

	if (r == 0)
		r = say_init(l, p, &who, f);
	if (r == 0 && wl_facts_station(p->facts)->policy_version > 0)
		r = say_policy(l, p, &who, f);
	if (r == 0)
		r = wl_inherit(l, p);
	if (r < 0)
		return r;
	checkpoint = wl_store_checkpoint(l->store);
	return wl_file_replace(l->state_fd, WL_STATION_FIRST_CHECKPOINT, checkpoint,
	                       strlen(checkpoint), 0600);
}

int wl_rotation_begin(struct wl_ledger *l, struct wl_finding *f)
{
	WL_CLEANUP(wl_predecessor_close) struct wl_predecessor p = {.dirfd = -1};
	int r;

	if (!l->keys || wl_ledger_is_initialised(l))
		return 0;
	r = wl_rotation_open(l, &p, f);
	return r <= 0 ? r : begin(l, &p, f);
}
