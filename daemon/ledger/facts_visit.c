/*
 * Visits in the index: which work orders have one, who escorts, which entries opened, last
 * confirmed and closed it.
 *
 * Runs in weighlock-ledgerd. The texts are people's own and came through the broker, which may be
 * compromised: they are bound, never pasted. What was opened stays known for ever, so that a work
 * order never names two visits; made again from the entries the rows are the same.
 */
#include <errno.h>

#include "daemon/base/cleanup.h"
#include "daemon/ledger/facts_apply.h"
#include "daemon/ledger/facts_sql.h"

#define TEXT(e, m) wl_draft_get_text(&(e)->draft, WL_M_##m)

int wl_facts_visit_apply(struct wl_facts *f, const struct wl_entry *e)
{
	switch ((unsigned)e->draft.event) {
	case WL_E_VISIT_OPENED:
		return wl_facts_run(f, "INSERT INTO visit (id, escort, opened) VALUES (?, ?, ?)",
		                    "tti", TEXT(e, VISIT), TEXT(e, ESCORT), (int64_t)e->seq);
	case WL_E_VISIT_CONFIRMED:
		return wl_facts_run(f, "UPDATE visit SET confirmed = ? WHERE id = ?", "it",
		                    (int64_t)e->seq, TEXT(e, VISIT));
	case WL_E_VISIT_CLOSED:
		return wl_facts_run(f, "UPDATE visit SET closed = ? WHERE id = ?", "it",
		                    (int64_t)e->seq, TEXT(e, VISIT));
	default:
		return 0;
	}
}

static int read_visit(sqlite3_stmt *s, struct wl_visit_facts *ret)
{
	ret->opened = (uint64_t)sqlite3_column_int64(s, 2);
	ret->confirmed = (uint64_t)sqlite3_column_int64(s, 3);
	ret->closed = (uint64_t)sqlite3_column_int64(s, 4);
	return wl_facts_column(s, 0, ret->id, sizeof(ret->id)) < 0 ||
	                       wl_facts_column(s, 1, ret->escort, sizeof(ret->escort)) < 0
	               ? -EUCLEAN
	               : 1;
}

int wl_facts_visit(struct wl_facts *f, const char *id, struct wl_visit_facts *ret)
{
	WL_CLEANUP(wl_facts_done) sqlite3_stmt *s = NULL;
	int r = wl_facts_row(f, &s, "SELECT * FROM visit WHERE id = ?", "t", id);

	return r > 0 ? read_visit(s, ret) : r;
}

int wl_facts_next_visit(struct wl_facts *f, uint64_t after, struct wl_visit_facts *ret)
{
	WL_CLEANUP(wl_facts_done) sqlite3_stmt *s = NULL;
	int r = wl_facts_row(f, &s,
	                     "SELECT * FROM visit WHERE opened > ?1 AND (closed = 0 OR opened >="
	                     " coalesce((SELECT opened FROM visit ORDER BY opened DESC LIMIT 1"
	                     " OFFSET ?2), 0)) ORDER BY opened LIMIT 1",
	                     "ii", (int64_t)after, (int64_t)WL_VISITS_ENDED_MAX - 1);

	return r > 0 ? read_visit(s, ret) : r;
}
