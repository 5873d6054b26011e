/*
 * What a ledger takes over from the one before it: `fact.inherited` entries, and what they mean.
 *
 * They follow station.init in one go and end with kind `counters`; until that one is there the
 * station is not ready, and a start says the rest. Kinds: floor, installed, ticket, ticket-use,
 * prepared, medium, transfer, counters.
 */
#ifndef WL_LEDGER_HERITAGE_H
#define WL_LEDGER_HERITAGE_H

#include "daemon/ledger/ledger.h"
#include "daemon/ledger/predecessor.h"

struct wl_heritage {
	uint64_t policy_floor; /* no policy below it is loaded */
	bool unvouched;        /* no auditor has cosigned since the succession: two approvers */
	bool incomplete;       /* entries of the old ledger's facts are still missing */
};

/* facts_heritage.c: applied with every entry, and asked. 0 or negative errno. */
int wl_facts_heritage_apply(struct wl_facts *f, const struct wl_entry *e);
int wl_facts_heritage(struct wl_facts *f, struct wl_heritage *ret);

/* inherit.c: stages and commits an entry for every fact of the old ledger, the counters last. Said
 * again it says the same again, which changes nothing. */
int wl_inherit(struct wl_ledger *l, struct wl_predecessor *p);

#endif
