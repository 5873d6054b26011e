/*
 * `fact.inherited` in the index: floors, tickets and media of the ledger before count like our own.
 *
 * Runs in weighlock-ledgerd on entries it wrote itself from a ledger it verified. The same code
 * runs when the index is made again.
 */
#include <errno.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/ledger/facts_sql.h"
#include "daemon/ledger/heritage.h"

#define TEXT(e, m) wl_draft_get_text(&(e)->draft, WL_M_##m)
#define INT(e, m)  wl_draft_get_integer(&(e)->draft, WL_M_##m)

static int floor_of(struct wl_facts *f, const struct wl_entry *e)
{
	return wl_facts_run(f,
	                    "INSERT INTO floor VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
	                    " SET release = max(release, excluded.release)",
	                    "tti", TEXT(e, DEVICE), TEXT(e, COMPONENT), INT(e, RELEASE));
}

static int installed(struct wl_facts *f, const struct wl_entry *e)
{
	return wl_facts_run(f, "INSERT OR REPLACE INTO installed VALUES (?, ?, ?)", "tti",
	                    TEXT(e, DEVICE), TEXT(e, COMPONENT), INT(e, RELEASE));
}

static int ticket(struct wl_facts *f, const struct wl_entry *e)
{
	return wl_facts_run(
	        f, "INSERT OR REPLACE INTO ticket (id, sha256, withdrawn) VALUES (?, ?, ?)", "tti",
	        TEXT(e, TICKET), TEXT(e, SHA256), INT(e, WITHDRAWN));
}

static int ticket_use(struct wl_facts *f, const struct wl_entry *e)
{
	return wl_facts_run(f, "INSERT OR IGNORE INTO ticket_use VALUES (?, ?, ?)", "ttt",
	                    TEXT(e, DEVICE), TEXT(e, TICKET), TEXT(e, FROM));
}

static int prepared(struct wl_facts *f, const struct wl_entry *e)
{
	return wl_facts_run(
	        f, "INSERT INTO prepared (seq, head, medium, insertion) VALUES (?, ?, ?, '')",
	        "itt", (int64_t)e->seq, TEXT(e, HEAD_SHA256), TEXT(e, MEDIUM));
}

static int medium(struct wl_facts *f, const struct wl_entry *e)
{
	return wl_facts_run(f, "INSERT OR REPLACE INTO medium VALUES (?, ?, 1)", "ti",
	                    TEXT(e, MEDIUM), (int64_t)(strcmp(TEXT(e, STATE), "suspect") == 0));
}

/* Its vault is gone with the old station: it is known, and nothing more can become of it. */
static int transfer(struct wl_facts *f, const struct wl_entry *e)
{
	(void)f, (void)e;
	return 0;
}

static int counters(struct wl_facts *f, const struct wl_entry *e)
{
	f->station.next_transfer = (uint64_t)INT(e, NEXT_TRANSFER);
	f->station.next_insertion = (uint64_t)INT(e, NEXT_INSERTION);
	return wl_facts_run(f, "UPDATE heritage SET policy_floor = ?, incomplete = 0", "i",
	                    INT(e, POLICY_VERSION));
}

static const struct {
	const char *kind;
	int (*apply)(struct wl_facts *f, const struct wl_entry *e);
} kinds[] = {
        {"floor", floor_of},        {"installed", installed}, {"ticket", ticket},
        {"ticket-use", ticket_use}, {"prepared", prepared},   {"medium", medium},
        {"transfer", transfer},     {"counters", counters},
};

static int inherited(struct wl_facts *f, const struct wl_entry *e)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].kind, TEXT(e, KIND)) == 0)
			return kinds[i].apply(f, e);
	return -EUCLEAN;
}

int wl_facts_heritage_apply(struct wl_facts *f, const struct wl_entry *e)
{
	switch ((unsigned)e->draft.event) {
	case WL_E_FACT_INHERITED:
		return inherited(f, e);
	case WL_E_STATION_INIT:
		return wl_facts_run(f, "UPDATE heritage SET unvouched = ?, incomplete = ?", "ii",
		                    (int64_t)wl_draft_has(&e->draft, WL_M_PREVIOUS_SEEN),
		                    (int64_t)wl_draft_has(&e->draft, WL_M_PREVIOUS_ORIGIN));
	case WL_E_LEDGER_COSIGNED:
		return wl_facts_run(f, "UPDATE heritage SET unvouched = 0", "");
	default:
		return 0;
	}
}

int wl_facts_heritage(struct wl_facts *f, struct wl_heritage *ret)
{
	WL_CLEANUP(wl_facts_done) sqlite3_stmt *s = NULL;
	int r = wl_facts_row(f, &s, "SELECT policy_floor, unvouched, incomplete FROM heritage", "");

	if (r <= 0)
		return r < 0 ? r : -EUCLEAN;
	ret->policy_floor = (uint64_t)sqlite3_column_int64(s, 0);
	ret->unvouched = sqlite3_column_int(s, 1) != 0;
	ret->incomplete = sqlite3_column_int(s, 2) != 0;
	return 0;
}
