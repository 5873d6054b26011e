/*
 * Rules over the approvals a release rests on.
 *
 * Invented approvals are what a station that was taken over would write: each must be an entry of
 * this transfer, by somebody other than its opener, of this list of files, after the inspection,
 * not voided, not expired, and must name every rule the transfer was held for. Those that are not
 * good are said one by one and do not count.
 */
#include "verify/walk_state.h"

#include <string.h>

#include "verify/say.h"

static bool has(const uint64_t *list, unsigned n, uint64_t one)
{
	for (unsigned i = 0; i < n; i++)
		if (list[i] == one)
			return true;
	return false;
}

/* Every rule the inspection held for, named by the approver? */
static bool accepts_all(const struct approval *a, const struct output *o)
{
	for (unsigned i = 0; i < o->holds; i++)
		if (!has(a->accepted, a->accepts, o->hold[i]))
			return false;
	return true;
}

/* Why an approval does not count, in the order of the rules; VERIFY_KINDS: it does. */
static enum verify_kind fault_of(const struct verify_walk *w, const struct transfer *t,
                                 const struct output *o, const struct approval *a)
{
	if (!verify_tag_equal(a->transfer, t->tag))
		return VERIFY_APPROVAL_UNKNOWN;
	if (a->is_voided || (w->have_policy && a->seq < w->policy_at))
		return VERIFY_APPROVAL_VOID;
	if (memcmp(a->until, w->time, TIME_BYTES) <= 0)
		return VERIFY_APPROVAL_EXPIRED;
	if (o->is_inspected && a->seq < o->inspected)
		return VERIFY_APPROVAL_EARLY;
	if (!has(a->manifest, a->manifests, o->manifest.a))
		return VERIFY_APPROVAL_OTHER;
	if (!accepts_all(a, o))
		return VERIFY_HOLD_NOT_ACCEPTED;
	return VERIFY_KINDS;
}

static void say(struct verify_walk *w, enum verify_kind kind, uint64_t seq, uint64_t approval)
{
	unsigned long long n = approval;

	switch ((unsigned)kind) {
	case VERIFY_APPROVAL_VOID:
		verify_report_add(w->report, kind, ENTRIES(approval, seq),
		                  _("approval %llu no longer held"), n);
		return;
	case VERIFY_APPROVAL_EXPIRED:
		verify_report_add(w->report, kind, ENTRIES(approval, seq),
		                  _("approval %llu had expired"), n);
		return;
	case VERIFY_APPROVAL_EARLY:
		verify_report_add(w->report, kind, ENTRIES(approval, seq),
		                  _("approval %llu was given before the inspection"), n);
		return;
	case VERIFY_APPROVAL_OTHER:
		verify_report_add(w->report, kind, ENTRIES(approval, seq),
		                  _("approval %llu is of another list of files"), n);
		return;
	case VERIFY_HOLD_NOT_ACCEPTED:
		verify_report_add(w->report, kind, ENTRIES(approval, seq),
		                  _("approval %llu does not name every rule the transfer was held "
		                    "for"),
		                  n);
		return;
	default:
		verify_report_add(w->report, kind, ENTRIES(seq),
		                  _("it rests on something that is no approval of this transfer"));
	}
}

/* One approval named by the release: does it count? The actor goes to *ret. */
static bool counts(struct verify_walk *w, const struct transfer *t, const struct output *o,
                   uint64_t number, uint64_t seq, uint64_t *ret)
{
	const struct approval *a = verify_map_find(w->approvals, verify_number_tag(number));
	enum verify_kind fault = a ? fault_of(w, t, o, a) : VERIFY_APPROVAL_UNKNOWN;

	if (fault != VERIFY_KINDS) {
		say(w, fault, seq, number);
		return false;
	}
	*ret = a->actor.a;
	return !a->by_opener; /* that it is was said where it was given */
}

void verify_check_approvals(struct verify_walk *w, struct transfer *t, const struct output *o,
                            uint64_t seq)
{
	const struct verify_member *list = verify_list(w, "approvals");
	int64_t need = t->outbound ? w->needed_outbound : w->needed_inbound;
	int64_t least = w->is_unvouched ? 2 : 1;
	uint64_t person[APPROVALS_MAX], number, who;
	unsigned good = 0;
	const char *s;
	size_t n, at = 0;

	while (list && good < APPROVALS_MAX && verify_list_next(list, &at, &s, &n)) {
		if (verify_id_number(w, s, n, '#', &number) < 0)
			number = UINT64_MAX;
		if (number < w->first)
			return; /* given in entries that were not read */
		if (!counts(w, t, o, number, seq, &who))
			continue;
		if (has(person, good, who))
			verify_report_add(w->report, VERIFY_APPROVAL_TWICE, ENTRIES(number, seq),
			                  _("one person's two approvals were counted as two"));
		else
			person[good++] = who;
	}
	if ((int64_t)good < (need > least ? need : least))
		verify_report_add(w->report, VERIFY_APPROVALS_TOO_FEW, ENTRIES(t->opened, seq),
		                  _("%s was released on %u good approvals of %lld"), t->id, good,
		                  (long long)(need > least ? need : least));
}
