/* Which entries say what became of the pictures an intent releases. */
#ifndef WL_LEDGER_CUSTODY_ITEMS_H
#define WL_LEDGER_CUSTODY_ITEMS_H

#include "daemon/ledger/ledger.h"

struct wl_custody_item {
	uint64_t seq;                   /* of its item.decided */
	char item[WL_ID_TEXT];          /* "STN3-T000042.00007" */
	char name[WL_ID_TEXT + 16];     /* "STN3-T000042.00003.png" */
	char sha256[WL_SHA256_HEX + 1]; /* of what lies on the medium */
	bool in_manifest;
};

/* In the order of their names. */
struct wl_custody_items {
	struct wl_custody_item *v;
	size_t n, room;
	uint64_t inspected_seq; /* of the transfer.inspected that stored their manifest; 0: none */
	bool sealed;            /* encrypted */
};

/*
 * The item.decided of every line the intent's manifest delivers: one for one, by item, name and
 * digest; of several that say the same the latest before the intent. 0; -EINVAL with the reason
 * where a line has none, an entry lacks a member the record needs, or some are encrypted and some
 * are not; -ENOMEM; other negative errno. wl_custody_items_clear in every case.
 */
int wl_custody_items_load(struct wl_ledger *l, const struct wl_entry *intent, bool evidence,
                          struct wl_custody_items *ret, struct wl_finding *ret_finding);
void wl_custody_items_clear(struct wl_custody_items *items);

#endif
