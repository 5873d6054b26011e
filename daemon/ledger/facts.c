/*
 * The index of facts: opened, proved against the ledger, brought up to date, or made again.
 *
 * Runs in weighlock-ledgerd. The file may be lost, old, or written by another version: none of that
 * can make a fact, because the index is used only from a size and root the ledger really has. Power
 * going leaves it at some earlier commit.
 */
#include "daemon/ledger/facts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon.h"
#include "daemon/ledger/audit_facts.h"
#include "daemon/ledger/facts_apply.h"
#include "daemon/ledger/facts_schema.h"
#include "daemon/ledger/facts_sql.h"

#define CATCH_UP_ENTRIES 4096U /* per transaction */
#define TAIL_ENTRIES     64U   /* compared at the start */

static void forget_statements(struct wl_facts *f)
{
	for (size_t i = 0; i < WL_FACTS_STATEMENTS_MAX; i++) {
		(void)sqlite3_finalize(f->statement[i].stmt);
		f->statement[i].stmt = NULL;
		f->statement[i].sql = NULL;
	}
}

static void close_database(struct wl_facts *f)
{
	forget_statements(f);
	(void)sqlite3_close(f->db);
	f->db = NULL;
	f->in_transaction = false;
}

struct wl_facts *wl_facts_free(struct wl_facts *f)
{
	if (!f)
		return NULL;
	close_database(f);
	free(f);
	return NULL;
}

const struct wl_station_facts *wl_facts_station(const struct wl_facts *f)
{
	return &f->station;
}

bool wl_facts_is_in_memory(const struct wl_facts *f)
{
	return f->in_memory;
}

static int execute(struct wl_facts *f, const char *sql)
{
	int r = sqlite3_exec(f->db, sql, NULL, NULL, NULL);

	if (r == SQLITE_OK)
		return 0;
	return r == SQLITE_FULL ? -ENOSPC : -EIO;
}

static int begin(struct wl_facts *f)
{
	int r = f->in_transaction ? 0 : wl_facts_run(f, "BEGIN IMMEDIATE", "");

	if (r == 0)
		f->in_transaction = true;
	return r;
}

/* Drops whatever lies there and makes empty tables. */
static int start_again(struct wl_facts *f)
{
	char sql[96];
	int r = begin(f);

	forget_statements(f);
	for (size_t i = 0; r == 0 && wl_facts_tables[i]; i++) {
		(void)snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS %s", wl_facts_tables[i]);
		r = execute(f, sql);
	}
	if (r == 0)
		r = execute(f, wl_facts_schema);
	if (r == 0)
		r = execute(f, wl_audit_schema);
	f->station = (struct wl_station_facts){.next_transfer = 1, .next_insertion = 1};
	return r;
}

static int load_station(struct wl_facts *f, int64_t *ret_format, struct wl_hash *ret_root)
{
	WL_CLEANUP(wl_facts_done) sqlite3_stmt *s = NULL;
	struct wl_station_facts *t = &f->station;
	int r = wl_facts_row(f, &s, "SELECT * FROM station", "");

	if (r <= 0 || sqlite3_column_count(s) != 15)
		return -EUCLEAN;
	*ret_format = sqlite3_column_int64(s, 1);
	t->size = (uint64_t)sqlite3_column_int64(s, 2);
	if (sqlite3_column_bytes(s, 3) == (int)sizeof(ret_root->b))
		memcpy(ret_root->b, sqlite3_column_blob(s, 3), sizeof(ret_root->b));
	t->newest_time = sqlite3_column_int64(s, 4);
	t->next_transfer = (uint64_t)sqlite3_column_int64(s, 5);
	t->next_insertion = (uint64_t)sqlite3_column_int64(s, 6);
	t->policy_version = (uint64_t)sqlite3_column_int64(s, 7);
	t->approvals_inbound = sqlite3_column_int64(s, 9);
	t->approvals_outbound = sqlite3_column_int64(s, 10);
	if (wl_facts_column(s, 8, t->policy_sha256, sizeof(t->policy_sha256)) < 0 ||
	    wl_facts_column(s, 11, t->station, sizeof(t->station)) < 0 ||
	    wl_facts_column(s, 12, t->origin, sizeof(t->origin)) < 0 ||
	    wl_facts_column(s, 13, t->authority_spki_sha256, sizeof(t->authority_spki_sha256)) <
	            0 ||
	    wl_facts_column(s, 14, t->clock_boot, sizeof(t->clock_boot)) < 0)
		return -EUCLEAN;
	return 0;
}

static int save_station(struct wl_facts *f, uint64_t size, const struct wl_hash *root)
{
	const struct wl_station_facts *t = &f->station;

	return wl_facts_run(f,
	                    "UPDATE station SET format = ?, size = ?, root = ?, newest_time = ?,"
	                    " next_transfer = ?, next_insertion = ?, policy_version = ?,"
	                    " policy_sha256 = ?, approvals_inbound = ?, approvals_outbound = ?,"
	                    " station = ?, origin = ?, authority = ?, clock_boot = ?",
	                    "iihiiiitiitttt", (int64_t)WL_FACTS_FORMAT, (int64_t)size, root->b,
	                    t->newest_time, (int64_t)t->next_transfer, (int64_t)t->next_insertion,
	                    (int64_t)t->policy_version, t->policy_sha256, t->approvals_inbound,
	                    t->approvals_outbound, t->station, t->origin, t->authority_spki_sha256,
	                    t->clock_boot);
}

int wl_facts_apply(struct wl_facts *f, const struct wl_entry *e)
{
	int r = begin(f);

	if (r == 0 && e->seq != f->station.size)
		r = -EUCLEAN;
	if (r == 0)
		r = wl_facts_run(f, "INSERT INTO entry VALUES (?, ?, ?, ?)", "ibit",
		                 (int64_t)e->seq, e->draft.nonce, e->time,
		                 e->draft.transfer[0] ? e->draft.transfer : NULL);
	if (r == 0)
		r = wl_facts_apply_event(f, e);
	if (r < 0)
		return r;
	f->station.size++;
	if (e->time > f->station.newest_time)
		f->station.newest_time = e->time;
	return 0;
}

int wl_facts_commit(struct wl_facts *f, uint64_t size, const struct wl_hash *root)
{
	int r;

	if (!f->in_transaction)
		return 0;
	r = size == f->station.size ? save_station(f, size, root) : -EUCLEAN;
	if (r == 0)
		r = wl_facts_run(f, "COMMIT", "");
	f->in_transaction = r < 0 && !sqlite3_get_autocommit(f->db);
	return r;
}

static int apply_stored(struct wl_facts *f, struct wl_store *store, uint64_t seq,
                        struct wl_finding *finding)
{
	WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
	const uint8_t *p;
	size_t n;
	int r = wl_store_entry(store, seq, &p, &n);

	if (r == 0)
		r = wl_entry_read(p, n, &e);
	if (r == 0)
		r = wl_facts_apply(f, &e);
	if (r == -EUCLEAN)
		(void)wl_refuse(finding, WL_RULE_STATION_LEDGER_FAILED,
		                "entry %" PRIu64 " cannot be read by this version", seq);
	return r;
}

static int commit_at(struct wl_facts *f, struct wl_store *store)
{
	struct wl_hash root;
	int r = wl_store_root_at(store, f->station.size, &root);

	return r < 0 ? r : wl_facts_commit(f, f->station.size, &root);
}

/* Staged entries are applied too; what is durable in the store is written where `write` is set. */
static int catch_up(struct wl_facts *f, struct wl_store *store, bool write,
                    struct wl_finding *finding)
{
	uint64_t durable = wl_store_size(store), staged = wl_store_staged(store);
	int r = 0;

	while (r == 0 && f->station.size < staged) {
		if (f->station.size % CATCH_UP_ENTRIES == 0)
			wl_daemon_alive();
		r = apply_stored(f, store, f->station.size, finding);
		if (r == 0 && write &&
		    (f->station.size == durable ||
		     (f->station.size < durable && f->station.size % CATCH_UP_ENTRIES == 0)))
			r = commit_at(f, store);
	}
	if (r == 0 && write && f->in_transaction && f->station.size == durable)
		r = commit_at(f, store); /* tables only: there is no entry yet */
	return r;
}

/* The last entries, as the ledger has them: what was written last is what a crash damages. */
static bool has_tail(struct wl_facts *f, struct wl_store *store)
{
	uint64_t size = f->station.size;

	for (uint64_t seq = size > TAIL_ENTRIES ? size - TAIL_ENTRIES : 0; seq < size; seq++) {
		WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
		WL_CLEANUP(wl_facts_done) sqlite3_stmt *s = NULL;
		const uint8_t *p;
		size_t n;
		if (wl_store_entry(store, seq, &p, &n) < 0 || wl_entry_read(p, n, &e) < 0 ||
		    wl_facts_row(f, &s, "SELECT 1 FROM entry WHERE seq = ? AND nonce = ?", "ib",
		                 (int64_t)seq, e.draft.nonce) <= 0)
			return false;
	}
	return true;
}

/* Every table from which something is decided. The largest, of entries, decides nothing: an answer
 * out of it is an entry's number, and the entry itself is read and held against it. */
static bool is_sound(struct wl_facts *f)
{
	for (size_t i = 0; wl_facts_tables[i]; i++) {
		sqlite3_stmt *s = NULL;
		char sql[96], ok[8] = "";
		bool sound;
		if (strcmp(wl_facts_tables[i], "entry") == 0)
			continue;
		(void)snprintf(sql, sizeof(sql), "PRAGMA quick_check('%s')", wl_facts_tables[i]);
		if (sqlite3_prepare_v2(f->db, sql, -1, &s, NULL) != SQLITE_OK)
			return false;
		sound = sqlite3_step(s) == SQLITE_ROW &&
		        wl_facts_column(s, 0, ok, sizeof(ok)) == 0 && strcmp(ok, "ok") == 0;
		(void)sqlite3_finalize(s);
		if (!sound)
			return false;
	}
	return true;
}

/* 1 where the index is of this format, sound, and of a tree this ledger had; 0 where it must be
 * made again; -EUCLEAN where the ledger has lost entries that the index knows. */
static int is_usable(struct wl_facts *f, struct wl_store *store, struct wl_finding *finding)
{
	struct wl_hash root = {{0}}, ours;
	int64_t format = 0;

	if (load_station(f, &format, &root) < 0 || format != WL_FACTS_FORMAT)
		return 0;
	if (f->station.size > wl_store_size(store)) {
		(void)wl_refuse(finding, WL_RULE_STATION_LEDGER_FAILED,
		                "the ledger has %" PRIu64 " entries, its index knows %" PRIu64
		                ": it was put back to an older state",
		                wl_store_size(store), f->station.size);
		return -EUCLEAN;
	}
	if (wl_store_root_at(store, f->station.size, &ours) < 0 ||
	    memcmp(root.b, ours.b, sizeof(root.b)) != 0)
		return 0;
	return has_tail(f, store) && is_sound(f);
}

/* Where the index may lie, from best to worst. */
enum place { AS_IT_LIES, ANEW, IN_MEMORY, NOWHERE };

static void remove_database(const char *path)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	char name[4096 + 16];

	for (size_t i = 0; i < WL_ARRAY_LEN(ends); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		(void)unlink(name);
	}
}

/* No page is written before the transaction ends: the disk is asked for room in one place only. */
static int open_database(struct wl_facts *f, enum place place)
{
	f->in_memory = place == IN_MEMORY;
	if (place == ANEW)
		remove_database(f->path);
	if (sqlite3_open_v2(f->in_memory ? ":memory:" : f->path, &f->db,
	                    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
	                    NULL) != SQLITE_OK)
		return -EIO;
	return execute(f, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
	                  "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -4096;"
	                  "PRAGMA cache_spill = OFF; PRAGMA temp_store = MEMORY;"
	                  "PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF");
}

static int bring_up(struct wl_facts *f, struct wl_store *store, bool write,
                    struct wl_finding *finding)
{
	int r = is_usable(f, store, finding);

	if (r == 0)
		r = start_again(f);
	return r < 0 ? r : catch_up(f, store, write, finding);
}

/* Without room: the file as it last was, and what came since in a transaction that stays open. */
static int bring_up_unwritten(struct wl_facts *f, struct wl_store *store,
                              struct wl_finding *finding)
{
	forget_statements(f);
	if (!sqlite3_get_autocommit(f->db) && execute(f, "ROLLBACK") < 0)
		return -EIO;
	f->in_transaction = false;
	return bring_up(f, store, false, finding);
}

/* From `place` on, the first where it can be: what lay there held nothing of its own. */
static int find_place(struct wl_facts *f, enum place place, struct wl_store *store,
                      struct wl_finding *finding)
{
	int r = -EIO;

	for (; (r == -EIO || r == -ENOSPC) && place != NOWHERE; place++) {
		close_database(f);
		r = open_database(f, place);
		if (r == 0)
			r = bring_up(f, store, true, finding);
		if (r == -ENOSPC)
			r = bring_up_unwritten(f, store, finding);
	}
	return r;
}

int wl_facts_open(const char *path, struct wl_store *store, struct wl_facts **ret,
                  struct wl_finding *ret_finding)
{
	struct wl_facts *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	/* its counts of memory take a lock at every allocation, and nobody asks for them; refused
	 * where SQLite is at work already, which changes nothing else */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if ((size_t)snprintf(f->path, sizeof(f->path), "%s", path) >= sizeof(f->path))
		r = -ENAMETOOLONG;
	else
		r = find_place(f, AS_IT_LIES, store, ret_finding);
	if (r < 0) {
		wl_facts_free(f);
		return r;
	}
	*ret = f;
	return 0;
}

int wl_facts_recover(struct wl_facts *f, struct wl_store *store, int error)
{
	struct wl_finding ignored = {.rule = WL_RULE_NONE};
	int r = error == -ENOSPC ? bring_up_unwritten(f, store, &ignored) : -EIO;

	if (r != -EIO && r != -ENOSPC)
		return r;
	return find_place(f, f->in_memory ? IN_MEMORY : ANEW, store, &ignored);
}
