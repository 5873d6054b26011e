/* What an entry changes in the index. Internal to facts*.c. */
#ifndef WL_LEDGER_FACTS_APPLY_H
#define WL_LEDGER_FACTS_APPLY_H

#include "daemon/ledger/facts_sql.h"

/* 0, -EIO, -ENOMEM; -EUCLEAN for an entry that does not fit those before it. */
int wl_facts_apply_event(struct wl_facts *f, const struct wl_entry *e);

/* facts_visit.c: the part of it that is about visits. */
int wl_facts_visit_apply(struct wl_facts *f, const struct wl_entry *e);

#endif
