/*
 * The part of the index that auditors' work needs: tables, what entries change in them, questions.
 *
 * Runs in weighlock-ledgerd on entries already checked; like the rest of the index it is made again
 * from the entries whenever it does not prove that it matches them, so power going costs nothing.
 * Nothing here is ever the only place that knows something.
 */
#include "daemon/ledger/audit_facts.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "daemon/ledger/facts_sql.h"

#define TEXT(e, m) wl_draft_get_text(&(e)->draft, WL_M_##m)
#define INT(e, m)  wl_draft_get_integer(&(e)->draft, WL_M_##m)

const char wl_audit_schema[] =
        "CREATE TABLE audit_policy (one INTEGER PRIMARY KEY CHECK (one = 1), cosigners TEXT,"
        " max_age INTEGER, since INTEGER, retired INTEGER);"
        "INSERT INTO audit_policy VALUES (1, '', 0, 0, 0);"
        "CREATE TABLE cosigned (seq INTEGER PRIMARY KEY, size INTEGER, vkey TEXT, time INTEGER,"
        " line TEXT UNIQUE);"
        "CREATE INDEX cosigned_size ON cosigned (size);"
        "CREATE TABLE alarm (seq INTEGER PRIMARY KEY, rule TEXT, size INTEGER, root TEXT,"
        " settled INTEGER DEFAULT 0);"
        "CREATE TABLE action (method TEXT PRIMARY KEY, seq INTEGER, actor TEXT, uid INTEGER,"
        " time INTEGER, entry TEXT);"
        "CREATE TABLE manifest (sha256 TEXT PRIMARY KEY, seq INTEGER);"
        "CREATE INDEX manifest_seq ON manifest (seq);";

/* ---- what entries change ---- */

int wl_audit_join_cosigners(const struct wl_draft *d, char *buf, size_t size)
{
	const char *s;
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; (s = wl_draft_get_element(d, WL_M_COSIGNERS, i)) != NULL; i++) {
		int n = snprintf(buf + used, size - used, "%s\n", s);
		if (n < 0 || (size_t)n >= size - used)
			return -EUCLEAN;
		used += (size_t)n;
	}
	return 0;
}

static int policy_loaded(struct wl_facts *f, const struct wl_entry *e)
{
	char cosigners[WL_COSIGNERS_TEXT];
	/* one that does not fit was refused when the entry was made */
	int r = wl_audit_join_cosigners(&e->draft, cosigners, sizeof(cosigners));

	/* the age counts from the first policy of an unbroken row that names a cosigner */
	return r < 0 ? r
	             : wl_facts_run(f,
	                            "UPDATE audit_policy SET since = CASE WHEN ?1 = '' THEN 0"
	                            " WHEN since > 0 THEN since ELSE ?2 END, cosigners = ?1,"
	                            " max_age = ?3",
	                            "tii", cosigners, e->time, INT(e, COSIGNATURE_MAX_AGE_S));
}

static int ledger_cosigned(struct wl_facts *f, const struct wl_entry *e)
{
	int64_t said = 0;

	if (wl_time_parse(TEXT(e, COSIGNED_AT), &said) < 0)
		return -EUCLEAN;
	return wl_facts_run(f, "INSERT OR IGNORE INTO cosigned VALUES (?, ?, ?, ?, ?)", "iitit",
	                    (int64_t)e->seq, INT(e, SIZE), TEXT(e, VKEY),
	                    said < e->time ? said : e->time, TEXT(e, SIGNATURE));
}

static int station_fault(struct wl_facts *f, const struct wl_entry *e)
{
	enum wl_rule rule = wl_rule_find(TEXT(e, RULE));

	if (rule != WL_RULE_STATION_LEDGER_ROLLED_BACK && rule != WL_RULE_STATION_LEDGER_FORKED)
		return 0;
	return wl_facts_run(f, "INSERT INTO alarm (seq, rule, size, root) VALUES (?, ?, ?, ?)",
	                    "itit", (int64_t)e->seq, TEXT(e, RULE), INT(e, SIZE),
	                    TEXT(e, ROOT_SHA256));
}

static int action_proposed(struct wl_facts *f, const struct wl_entry *e)
{
	return wl_facts_run(f, "INSERT OR REPLACE INTO action VALUES (?, ?, ?, ?, ?, ?)", "titiit",
	                    TEXT(e, METHOD), (int64_t)e->seq, e->draft.actor, (int64_t)e->draft.uid,
	                    e->time, TEXT(e, ENTRY));
}

static int forget_action(struct wl_facts *f, const char *method)
{
	return wl_facts_run(f, "DELETE FROM action WHERE method = ?", "t", method);
}

static int alarm_settled(struct wl_facts *f, const struct wl_entry *e)
{
	uint64_t seq;
	int r;

	if (wl_id_number(WL_ID_ENTRY, TEXT(e, ENTRY), &seq) < 0)
		return -EUCLEAN;
	r = wl_facts_run(f, "UPDATE alarm SET settled = 1 WHERE seq <= ?", "i", (int64_t)seq);
	return r < 0 ? r : forget_action(f, "settle");
}

static int station_retired(struct wl_facts *f, const struct wl_entry *e)
{
	return wl_facts_run(f, "UPDATE audit_policy SET retired = ?", "i", (int64_t)e->seq);
}

static int transfer_inspected(struct wl_facts *f, const struct wl_entry *e)
{
	return wl_facts_run(f, "INSERT OR REPLACE INTO manifest VALUES (?, ?)", "ti",
	                    TEXT(e, MANIFEST_SHA256), (int64_t)e->seq);
}

int wl_audit_apply(struct wl_facts *f, const struct wl_entry *e)
{
	static const struct {
		enum wl_event event;
		int (*apply)(struct wl_facts *f, const struct wl_entry *e);
	} rows[] = {
	        {WL_E_POLICY_LOADED, policy_loaded},
	        {WL_E_LEDGER_COSIGNED, ledger_cosigned},
	        {WL_E_STATION_FAULT, station_fault},
	        {WL_E_ACTION_PROPOSED, action_proposed},
	        {WL_E_ALARM_SETTLED, alarm_settled},
	        {WL_E_STATION_RETIRED, station_retired},
	        {WL_E_TRANSFER_INSPECTED, transfer_inspected},
	};

	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++)
		if (rows[i].event == e->draft.event)
			return rows[i].apply(f, e);
	return 0;
}

/* ---- questions ---- */

int wl_audit_policy(struct wl_facts *f, struct wl_audit_policy *ret)
{
	WL_CLEANUP(wl_facts_done) sqlite3_stmt *s = NULL;
	int r = wl_facts_row(f, &s, "SELECT cosigners, max_age, since FROM audit_policy", "");

	if (r <= 0)
		return r;
	ret->max_age_s = sqlite3_column_int64(s, 1);
	ret->since = sqlite3_column_int64(s, 2);
	r = wl_facts_column(s, 0, ret->cosigners, sizeof(ret->cosigners));
	return r < 0 ? r : ret->cosigners[0] != '\0';
}

int wl_audit_cosigned(struct wl_facts *f, struct wl_audit_cosigned *ret)
{
	WL_CLEANUP(wl_facts_done) sqlite3_stmt *s = NULL;
	int r = wl_facts_row(f, &s,
	                     "SELECT seq, size, (SELECT max(time) FROM cosigned) FROM cosigned"
	                     " ORDER BY size DESC, seq DESC LIMIT 1",
	                     "");

	if (r <= 0)
		return r;
	ret->seq = (uint64_t)sqlite3_column_int64(s, 0);
	ret->size = (uint64_t)sqlite3_column_int64(s, 1);
	ret->time = sqlite3_column_int64(s, 2);
	return 1;
}

int wl_audit_cosignature(struct wl_facts *f, uint64_t size, unsigned i, char vkey[WL_COSIGNER_TEXT],
                         char line[128])
{
	WL_CLEANUP(wl_facts_done) sqlite3_stmt *s = NULL;
	int r = wl_facts_row(f, &s,
	                     "SELECT vkey, line FROM cosigned WHERE size = ? ORDER BY seq"
	                     " LIMIT 1 OFFSET ?",
	                     "ii", (int64_t)size, (int64_t)i);

	if (r <= 0)
		return r;
	r = wl_facts_column(s, 0, vkey, WL_COSIGNER_TEXT);
	if (r == 0)
		r = wl_facts_column(s, 1, line, 128);
	return r < 0 ? r : 1;
}

/* One number of one row. */
static int number(sqlite3_stmt *s, int r, uint64_t *ret)
{
	if (r > 0 && ret)
		*ret = (uint64_t)sqlite3_column_int64(s, 0);
	return r;
}

int wl_audit_cosignature_known(struct wl_facts *f, const char *line, uint64_t *ret_seq)
{
	WL_CLEANUP(wl_facts_done) sqlite3_stmt *s = NULL;
	int r = wl_facts_row(f, &s, "SELECT seq FROM cosigned WHERE line = ?", "t", line);

	return number(s, r, ret_seq);
}

int wl_audit_alarm(struct wl_facts *f, uint64_t *ret_seq, enum wl_rule *ret_rule)
{
	WL_CLEANUP(wl_facts_done) sqlite3_stmt *s = NULL;
	char rule[48];
	int r = wl_facts_row(f, &s,
	                     "SELECT seq, rule FROM alarm WHERE settled = 0 ORDER BY seq DESC"
	                     " LIMIT 1",
	                     "");

	if (r <= 0)
		return r;
	r = wl_facts_column(s, 1, rule, sizeof(rule));
	if (r < 0)
		return r;
	*ret_rule = wl_rule_find(rule);
	return number(s, 1, ret_seq);
}

int wl_audit_alarm_known(struct wl_facts *f, uint64_t size, const char *root_sha256)
{
	WL_CLEANUP(wl_facts_done) sqlite3_stmt *s = NULL;

	return wl_facts_row(f, &s, "SELECT seq FROM alarm WHERE size = ? AND root = ?", "it",
	                    (int64_t)size, root_sha256);
}

int wl_audit_proposal(struct wl_facts *f, const char *method, struct wl_audit_proposal *ret)
{
	WL_CLEANUP(wl_facts_done) sqlite3_stmt *s = NULL;
	int r = wl_facts_row(f, &s,
	                     "SELECT seq, actor, uid, time, entry FROM action WHERE method = ?",
	                     "t", method);

	if (r <= 0)
		return r;
	ret->seq = (uint64_t)sqlite3_column_int64(s, 0);
	ret->uid = (uint64_t)sqlite3_column_int64(s, 2);
	ret->time = sqlite3_column_int64(s, 3);
	r = wl_facts_column(s, 1, ret->actor, sizeof(ret->actor));
	if (r == 0)
		r = wl_facts_column(s, 4, ret->entry, sizeof(ret->entry));
	return r < 0 ? r : 1;
}

int wl_audit_retired(struct wl_facts *f)
{
	WL_CLEANUP(wl_facts_done) sqlite3_stmt *s = NULL;

	return wl_facts_row(f, &s, "SELECT retired FROM audit_policy WHERE retired > 0", "");
}

int wl_audit_next_manifest(struct wl_facts *f, uint64_t from, uint64_t *ret_seq,
                           char ret_sha256[WL_SHA256_HEX + 1])
{
	WL_CLEANUP(wl_facts_done) sqlite3_stmt *s = NULL;
	int r = wl_facts_row(f, &s,
	                     "SELECT seq, sha256 FROM manifest WHERE seq >= ? ORDER BY seq LIMIT 1",
	                     "i", (int64_t)from);

	if (r <= 0)
		return r;
	r = wl_facts_column(s, 1, ret_sha256, WL_SHA256_HEX + 1);
	return r < 0 ? r : number(s, 1, ret_seq);
}
