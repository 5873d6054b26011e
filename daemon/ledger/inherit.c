/*
 * The old ledger's facts, said again as entries of the new one.
 *
 * Runs in weighlock-ledgerd on the index of a verified copy. Power going between two groups leaves
 * station.init without its `counters`: the next start reads the copy and says everything again,
 * which changes nothing that was said already.
 */
#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon.h"
#include "daemon/ledger/facts_sql.h"
#include "daemon/ledger/heritage.h"
#include "daemon/ledger/station.h"

/* Members of a column in turn: t text, i integer, b flag. A query gives them in this order. */
static const struct {
	const char *kind, *sql, *types;
	enum wl_member members[4];
} rows[] = {
        {"floor",
         "SELECT device, component, release FROM floor",
         "tti",
         {WL_M_DEVICE, WL_M_COMPONENT, WL_M_RELEASE}},
        {"installed",
         "SELECT device, component, release FROM installed",
         "tti",
         {WL_M_DEVICE, WL_M_COMPONENT, WL_M_RELEASE}},
        {"ticket",
         "SELECT id, sha256, withdrawn FROM ticket",
         "ttb",
         {WL_M_TICKET, WL_M_SHA256, WL_M_WITHDRAWN}},
        {"ticket-use",
         "SELECT device, ticket, transfer FROM ticket_use",
         "ttt",
         {WL_M_DEVICE, WL_M_TICKET, WL_M_FROM}},
        {"prepared",
         "SELECT head, medium FROM prepared WHERE voided = 0",
         "tt",
         {WL_M_HEAD_SHA256, WL_M_MEDIUM}},
        /* a writing that nobody ended leaves a suspect medium too; those are gathered once, not
         * looked for anew among all writings for every medium */
        {"medium",
         "SELECT id, CASE WHEN suspect OR id IN (SELECT insertion.medium FROM intent JOIN"
         " insertion ON insertion.id = intent.insertion WHERE intent.state IN ('open',"
         " 'unknown')) THEN 'suspect' ELSE 'ours' END FROM medium"
         " UNION SELECT insertion.medium, 'suspect' FROM intent JOIN insertion ON"
         " insertion.id = intent.insertion WHERE intent.state = 'open' AND"
         " insertion.medium NOT IN (SELECT id FROM medium)",
         "tt",
         {WL_M_MEDIUM, WL_M_STATE}},
        {"transfer",
         "SELECT id, device, state, opener FROM transfer WHERE open = 1",
         "tttt",
         {WL_M_FROM, WL_M_DEVICE, WL_M_STATE, WL_M_OPENED_BY}},
};

static int begin(const char *kind, struct wl_draft *d)
{
	d->event = WL_E_FACT_INHERITED;
	d->uid = getuid();
	(void)snprintf(d->actor, sizeof(d->actor), "station");
	if (RAND_bytes(d->nonce, sizeof(d->nonce)) != 1)
		return -EIO;
	return wl_draft_text(d, WL_M_KIND, kind);
}

/* A full group is committed and the next one begun. */
static int stage(struct wl_ledger *l, const struct wl_draft *d)
{
	struct wl_clock c;
	uint64_t seq;
	int r;

	wl_ledger_read_clock(l, &c);
	r = wl_ledger_stage(l, d, &c, &seq);
	if (r != -ENOSPC)
		return r;
	wl_daemon_alive();
	r = wl_ledger_commit(l);
	return r < 0 ? r : wl_ledger_stage(l, d, &c, &seq);
}

static int add_column(struct wl_draft *d, enum wl_member member, char type, sqlite3_stmt *s, int i)
{
	char text[512];
	int r;

	if (type == 'i')
		return wl_draft_integer(d, member, sqlite3_column_int64(s, i));
	if (type == 'b')
		return wl_draft_flag(d, member, sqlite3_column_int(s, i) != 0);
	r = wl_facts_column(s, i, text, sizeof(text));
	return r < 0 ? r : wl_draft_text(d, member, text);
}

static int inherit_kind(struct wl_ledger *l, struct wl_predecessor *p, size_t row)
{
	sqlite3_stmt *s = NULL;
	int r = sqlite3_prepare_v2(p->facts->db, rows[row].sql, -1, &s, NULL) == SQLITE_OK ? 0
	                                                                                   : -EIO;

	while (r == 0 && sqlite3_step(s) == SQLITE_ROW) {
		WL_CLEANUP(wl_draft_clear) struct wl_draft d = {0};
		r = begin(rows[row].kind, &d);
		for (int i = 0; r == 0 && rows[row].types[i]; i++)
			r = add_column(&d, rows[row].members[i], rows[row].types[i], s, i);
		if (r == 0)
			r = stage(l, &d);
	}
	(void)sqlite3_finalize(s);
	return r;
}

static int inherit_counters(struct wl_ledger *l, struct wl_predecessor *p)
{
	const struct wl_station_facts *old = wl_facts_station(p->facts);
	WL_CLEANUP(wl_draft_clear) struct wl_draft d = {0};
	struct wl_heritage before;
	uint64_t version = old->policy_version;
	int r = wl_facts_heritage(p->facts, &before);

	if (r == 0 &&
	    before.policy_floor > version) /* it was a successor that never had a policy */
		version = before.policy_floor;
	if (r == 0)
		r = begin("counters", &d);
	if (r == 0)
		r = wl_draft_integer(&d, WL_M_NEXT_TRANSFER, (int64_t)old->next_transfer);
	if (r == 0)
		r = wl_draft_integer(&d, WL_M_NEXT_INSERTION, (int64_t)old->next_insertion);
	if (r == 0)
		r = wl_draft_integer(&d, WL_M_POLICY_VERSION, (int64_t)version);
	return r < 0 ? r : stage(l, &d);
}

int wl_inherit(struct wl_ledger *l, struct wl_predecessor *p)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < WL_ARRAY_LEN(rows); i++)
		r = inherit_kind(l, p, i);
	if (r == 0)
		r = inherit_counters(l, p);
	return r < 0 ? r : wl_ledger_settle(l);
}
