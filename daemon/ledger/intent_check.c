/*
 * The ledger's own gate before anything is written to a medium.
 *
 * Runs in weighlock-ledgerd. The broker may be compromised: it can invent approvals by others, but
 * every approval it names must be an entry, and it cannot release what was not inspected with that
 * manifest, what was voided, refused or replaced, what the opener alone agreed to, or onto a medium
 * this ledger has not seen arrive. Reads the index only.
 */
#include "daemon/ledger/intent_check.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/ledger/heritage.h"

#define TEXT(d, m) wl_draft_get_text((d), WL_M_##m)

/* States from which a release may begin; every other one voids or has not got there yet. */
static const char *const releasable[] = {
        "transfer.inspected", "transfer.approved", "transfer.retried", "transfer.preserved",
        "approval.voided",    "release.failed",    "release.unknown",  "release.done",
        "release.written",    "release.intent",
};

static bool is_releasable(const char *state)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(releasable); i++)
		if (strcmp(releasable[i], state) == 0)
			return true;
	return false;
}

static int check_transfer(struct wl_ledger *l, const struct wl_draft *d,
                          struct wl_transfer_facts *t, struct wl_finding *f)
{
	int r = wl_facts_transfer(l->facts, d->transfer, t);

	if (r < 0)
		return r;
	if (r == 0)
		return wl_refuse(f, WL_RULE_APPROVAL_MISSING, "%s was never opened", d->transfer);
	if (!t->open || !is_releasable(t->state))
		return wl_refuse(f, WL_RULE_APPROVAL_VOID, "%s stands at %s", d->transfer,
		                 t->state);
	if (strcmp(t->device, TEXT(d, DEVICE)) != 0)
		return wl_refuse(f, WL_RULE_APPROVAL_VOID, "%s is for device %s, not %s",
		                 d->transfer, t->device, TEXT(d, DEVICE));
	return 0;
}

/* An update leaves as `delivery`, an export as `scrubbed` or `evidence`; nothing else leaves. */
static int check_output(const struct wl_draft *d, const struct wl_transfer_facts *t,
                        struct wl_finding *f)
{
	static const struct {
		const char *direction, *output;
	} outputs[] = {{"inbound", "delivery"}, {"outbound", "scrubbed"}, {"outbound", "evidence"}};

	for (size_t i = 0; i < WL_ARRAY_LEN(outputs); i++)
		if (strcmp(outputs[i].direction, t->direction) == 0 &&
		    strcmp(outputs[i].output, TEXT(d, OUTPUT)) == 0)
			return 0;
	return wl_refuse(f, WL_RULE_APPROVAL_VOID, "%s is %s: it has no output %.32s", d->transfer,
	                 t->direction, TEXT(d, OUTPUT));
}

/* What is to be released must be what was inspected, down to component, release and ticket. */
static int check_inspection(struct wl_ledger *l, const struct wl_draft *d,
                            struct wl_inspection_facts *in, struct wl_finding *f)
{
	const char *output = TEXT(d, OUTPUT);
	int r = wl_facts_inspection(l->facts, d->transfer, output, in);
	int64_t release =
	        wl_draft_has(d, WL_M_RELEASE) ? wl_draft_get_integer(d, WL_M_RELEASE) : -1;

	if (r < 0)
		return r;
	if (r == 0)
		return wl_refuse(f, WL_RULE_APPROVAL_MISSING, "output %.32s was never inspected",
		                 output);
	if (strcmp(in->verdict, "pass") != 0 && strcmp(in->verdict, "hold") != 0)
		return wl_refuse(f, WL_RULE_APPROVAL_VOID, "output %.32s was inspected: %s", output,
		                 in->verdict);
	if (strcmp(in->manifest, TEXT(d, MANIFEST_SHA256)) != 0)
		return wl_refuse(f, WL_RULE_APPROVAL_VOID,
		                 "output %.32s was inspected with another manifest", output);
	if ((in->component[0] && strcmp(in->component, TEXT(d, COMPONENT)) != 0) ||
	    (in->release >= 0 && in->release != release) ||
	    (in->ticket[0] && strcmp(in->ticket, TEXT(d, TICKET)) != 0))
		return wl_refuse(f, WL_RULE_APPROVAL_VOID,
		                 "output %.32s was inspected as another release", output);
	return 0;
}

/* One intent at a time, and none after a good end: a second copy needs a transfer of its own. */
static int check_no_other(struct wl_ledger *l, const struct wl_draft *d, struct wl_finding *f)
{
	const char *output = TEXT(d, OUTPUT);
	int r = wl_facts_intent_of_output(l->facts, d->transfer, output, "done");

	if (r > 0)
		return wl_refuse(f, WL_RULE_APPROVAL_VOID, "output %.32s was released already",
		                 output);
	if (r == 0)
		r = wl_facts_intent_of_output(l->facts, d->transfer, output, "open");
	if (r > 0)
		return wl_refuse(f, WL_RULE_STATION_BUSY, "output %.32s is being released", output);
	return r;
}

static bool has_line(const char *lines, const char *rule, size_t n)
{
	for (const char *at = lines; *at;) {
		size_t len = strcspn(at, "\n");
		if (len == n && memcmp(at, rule, n) == 0)
			return true;
		at += len + (at[len] == '\n');
	}
	return false;
}

/* Every rule the inspection held for must be among those the approver accepted by name. */
static int check_accepted(const struct wl_inspection_facts *in, const struct wl_approval_facts *a,
                          const char *id, struct wl_finding *f)
{
	for (const char *at = in->holds; *at;) {
		size_t len = strcspn(at, "\n");
		if (!has_line(a->accepted, at, len))
			return wl_refuse(f, WL_RULE_APPROVAL_NOT_ACCEPTED, "%s does not name %.*s",
			                 id, (int)len, at);
		at += len + (at[len] == '\n');
	}
	return 0;
}

static int check_approval(struct wl_ledger *l, const struct wl_draft *d, const struct wl_clock *c,
                          const struct wl_transfer_facts *t, const struct wl_inspection_facts *in,
                          const char *id, struct wl_approval_facts *a, struct wl_finding *f)
{
	uint64_t seq = 0;
	int r = wl_id_number(WL_ID_ENTRY, id, &seq);

	if (r == 0)
		r = wl_facts_approval(l->facts, seq, in->manifest, a);
	if (r < 0)
		return r;
	if (r == 0 || strcmp(a->transfer, d->transfer) != 0)
		return wl_refuse(f, WL_RULE_APPROVAL_MISSING, "%s is no approval of %s", id,
		                 d->transfer);
	if (a->voided || seq < in->seq)
		return wl_refuse(f, WL_RULE_APPROVAL_VOID, "%s no longer holds", id);
	if (!a->manifest_named)
		return wl_refuse(f, WL_RULE_APPROVAL_VOID, "%s is of another manifest", id);
	if (a->until <= c->time)
		return wl_refuse(f, WL_RULE_APPROVAL_EXPIRED, "%s has ended", id);
	if (strcmp(a->actor, t->opener) == 0)
		return wl_refuse(f, WL_RULE_APPROVAL_SAME_PERSON, "%s is by the opener, %s", id,
		                 a->actor);
	return check_accepted(in, a, id, f);
}

#define APPROVERS_MAX 16

static int check_approvals(struct wl_ledger *l, const struct wl_draft *d, const struct wl_clock *c,
                           const struct wl_transfer_facts *t, const struct wl_inspection_facts *in,
                           struct wl_finding *f)
{
	const struct wl_station_facts *s = wl_facts_station(l->facts);
	int64_t need = strcmp(t->direction, "outbound") == 0 ? s->approvals_outbound
	                                                     : s->approvals_inbound;
	char persons[APPROVERS_MAX][WL_ID_TEXT];
	struct wl_approval_facts a = {0};
	struct wl_heritage heritage;
	const char *id;
	size_t n;
	int e = wl_facts_heritage(l->facts, &heritage);

	if (e < 0)
		return e;
	if (heritage.unvouched && need < 2)
		need = 2; /* what was taken over is vouched for by nobody outside yet */

	for (n = 0; (id = wl_draft_get_element(d, WL_M_APPROVALS, n)) != NULL; n++) {
		int r = n < APPROVERS_MAX ? check_approval(l, d, c, t, in, id, &a, f) : -E2BIG;
		if (r < 0)
			return r;
		for (size_t i = 0; i < n; i++)
			if (strcmp(persons[i], a.actor) == 0)
				return wl_refuse(f, WL_RULE_APPROVAL_SAME_PERSON,
				                 "two approvals are by %s", a.actor);
		memcpy(persons[n], a.actor, sizeof(persons[n]));
	}
	if (n < 1 || (int64_t)n < need)
		return wl_refuse(f, WL_RULE_APPROVAL_MISSING, "%zu of %" PRId64 " approvals%s", n,
		                 need > 1 ? need : 1,
		                 heritage.unvouched ? " until an auditor cosigns" : "");
	return 0;
}

/* What the ledger alone knows of releases and tickets. */
static int check_floor(struct wl_ledger *l, const struct wl_draft *d,
                       const struct wl_inspection_facts *in, struct wl_finding *f)
{
	char sha256[WL_SHA256_HEX + 1];
	uint64_t floor, uses = 0;
	bool withdrawn = false;
	int r = wl_facts_floor(l->facts, TEXT(d, DEVICE), TEXT(d, COMPONENT), &floor);

	if (r > 0 && wl_draft_has(d, WL_M_RELEASE) &&
	    wl_draft_get_integer(d, WL_M_RELEASE) < (int64_t)floor)
		return wl_refuse(f, WL_RULE_UPDATE_VERSION_FLOOR,
		                 "release %" PRId64 " is older than %" PRIu64,
		                 wl_draft_get_integer(d, WL_M_RELEASE), floor);
	if (r >= 0 && wl_draft_has(d, WL_M_TICKET))
		r = wl_facts_ticket(l->facts, TEXT(d, DEVICE), TEXT(d, TICKET), d->transfer, sha256,
		                    &uses, &withdrawn);
	if (r >= 0 && withdrawn)
		return wl_refuse(f, WL_RULE_TICKET_WITHDRAWN, "ticket %s was withdrawn",
		                 TEXT(d, TICKET));
	if (r >= 0 && in->uses >= 0 && uses >= (uint64_t)in->uses)
		return wl_refuse(f, WL_RULE_TICKET_USED,
		                 "ticket %s was used %" PRIu64 " of %" PRId64
		                 " times for device %s",
		                 TEXT(d, TICKET), uses, in->uses, TEXT(d, DEVICE));
	return r < 0 ? r : 0;
}

/* What was read for this transfer is not written for it, in whatever port it is now. */
static int check_not_source(struct wl_ledger *l, const struct wl_draft *d, struct wl_finding *f)
{
	int r = wl_facts_is_source(l->facts, d->transfer, TEXT(d, DESTINATION_INSERTION));

	if (r > 0)
		return wl_refuse(f, WL_RULE_DESTINATION_IS_SOURCE, "%s is the source of %s",
		                 TEXT(d, MEDIUM), d->transfer);
	return r;
}

/* The medium arrived, in this boot, at this port, and nothing says that it left. */
static int check_insertion(struct wl_ledger *l, const char *id, const char *port,
                           const char *medium, enum wl_rule missing, enum wl_rule gone,
                           struct wl_finding *f)
{
	struct wl_insertion_facts in = {0};
	int r = wl_facts_insertion(l->facts, id, &in);

	if (r < 0)
		return r;
	if (r == 0)
		return wl_refuse(f, missing, "%s was never seen", id);
	if (in.gone || strcmp(in.boot, l->boot) != 0)
		return wl_refuse(f, gone, "%s has ended", id);
	if (strcmp(in.port, port) != 0 || strcmp(in.medium, medium) != 0)
		return wl_refuse(f, missing, "%s is %s at port %s, not %s at %s", id, in.medium,
		                 in.port, medium, port);
	r = wl_facts_release_on(l->facts, id);
	if (r > 0)
		return wl_refuse(f, WL_RULE_STATION_BUSY, "%s is being written", id);
	return r;
}

int wl_intent_check_release(struct wl_ledger *l, const struct wl_draft *d, const struct wl_clock *c,
                            struct wl_finding *f)
{
	struct wl_transfer_facts t;
	struct wl_inspection_facts in;
	int r = check_transfer(l, d, &t, f);

	if (r == 0)
		r = check_output(d, &t, f);
	if (r == 0)
		r = check_inspection(l, d, &in, f);
	if (r == 0)
		r = check_no_other(l, d, f);
	if (r == 0)
		r = check_approvals(l, d, c, &t, &in, f);
	if (r == 0)
		r = check_floor(l, d, &in, f);
	if (r == 0)
		r = check_not_source(l, d, f);
	if (r == 0)
		r = check_insertion(l, TEXT(d, DESTINATION_INSERTION), TEXT(d, DESTINATION_PORT),
		                    TEXT(d, MEDIUM), WL_RULE_DESTINATION_MISSING,
		                    WL_RULE_DESTINATION_GONE, f);
	return r;
}

int wl_intent_check_wipe(struct wl_ledger *l, const struct wl_draft *d, const struct wl_clock *c,
                         struct wl_finding *f)
{
	(void)c;
	return check_insertion(l, TEXT(d, INSERTION), TEXT(d, PORT), TEXT(d, MEDIUM),
	                       WL_RULE_MEDIUM_CHANGED, WL_RULE_MEDIUM_GONE, f);
}
