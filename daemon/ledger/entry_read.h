/*
 * Reading our own entries back: for the index after a restart and for documents.
 *
 * A reader of the one canonical form that entry_render.h writes, not of JSON: anything else is
 * -EUCLEAN. Only entries whose leaf is in the signed tree are read.
 */
#ifndef WL_LEDGER_ENTRY_READ_H
#define WL_LEDGER_ENTRY_READ_H

#include "daemon/ledger/entry_draft.h"
#include "daemon/ledger/entry_render.h"

struct wl_entry {
	uint64_t seq;
	int64_t time;
	char boot[WL_BOOT_TEXT];
	char clock[8];
	char station[9];
	struct wl_draft draft; /* event, nonce, actor, uid, transfer, policy, members */
};

void wl_entry_clear(struct wl_entry *e); /* also as WL_CLEANUP(wl_entry_clear) */

/* *ret must be zeroed or cleared. 0, -EUCLEAN where the bytes are not an entry this program wrote
 * (also an event of a newer version), -ENOMEM. */
int wl_entry_read(const uint8_t *p, size_t n, struct wl_entry *ret);

#endif
