/* What must be true in the ledger itself before an intent may be written down (DESIGN 2). */
#ifndef WL_LEDGER_INTENT_CHECK_H
#define WL_LEDGER_INTENT_CHECK_H

#include "daemon/ledger/ledger.h"

/* 0; -EBADMSG with the rule; other negative errno for a fault of the index. */
int wl_intent_check_release(struct wl_ledger *l, const struct wl_draft *d, const struct wl_clock *c,
                            struct wl_finding *f);
int wl_intent_check_wipe(struct wl_ledger *l, const struct wl_draft *d, const struct wl_clock *c,
                         struct wl_finding *f);

#endif
