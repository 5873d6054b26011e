/*
 * Rules over what a ledger takes over from the one before it.
 *
 * A station that lost its disk goes on where a verified copy of its ledger ended: releases already
 * given to devices, tickets used or withdrawn, numbers, the policy's version. They count here like
 * the ledger's own, so that the loss makes nothing old new again. That they are what the old ledger
 * said is seen by verifying that one. Entries are hostile but read strictly.
 */
#include "verify/walk_state.h"

static struct verify_tag device(const struct verify_walk *w)
{
	return verify_member_tag(w, verify_text(w, "device"));
}

static void inherit_floor(struct verify_walk *w, uint64_t seq)
{
	struct verify_tag tag =
	        verify_tag_pair(device(w), verify_member_tag(w, verify_text(w, "component")));
	struct floor_known *f = verify_map_find(w->floors, tag);
	int64_t release = verify_integer(w, "release", -1);

	if (!f)
		f = verify_keep(w, w->floors, tag);
	if (f && release > f->release) {
		f->release = release;
		f->seq = seq;
	}
}

static void inherit_ticket(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *m = verify_entry_find(&w->e, true, "withdrawn", VERIFY_BOOLEAN);

	if (m && m->integer)
		verify_rule_ticket_withdrawn(w, seq);
}

static void inherit_use(struct verify_walk *w, uint64_t seq)
{
	struct verify_tag tag =
	        verify_tag_pair(device(w), verify_member_tag(w, verify_text(w, "ticket")));
	struct ticket_known *k = verify_map_find(w->tickets, tag);

	if (!k)
		k = verify_keep(w, w->tickets, tag);
	if (k) {
		k->used++;
		k->last = seq;
	}
}

static void inherit_counters(struct verify_walk *w, uint64_t seq)
{
	int64_t transfer = verify_integer(w, "next_transfer", 0);
	int64_t insertion = verify_integer(w, "next_insertion", 0);

	if (transfer > 0) {
		w->have_transfer = true;
		w->last_transfer = (uint64_t)transfer - 1;
	}
	if (insertion > 0) {
		w->have_insertion = true;
		w->last_insertion = (uint64_t)insertion - 1;
	}
	w->policy_floor = verify_integer(w, "policy_version", 0);
	w->policy_floor_at = seq;
}

static const struct {
	const char *kind;
	verify_rule_fn *inherit;
} kinds[] = {
        {"floor", inherit_floor},
        {"ticket", inherit_ticket},
        {"ticket-use", inherit_use},
        {"counters", inherit_counters},
};

void verify_rule_inherited(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *kind = verify_text(w, "kind");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (verify_member_is(kind, kinds[i].kind))
			kinds[i].inherit(w, seq);
}
