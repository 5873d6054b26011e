/*
 * Ledgers of any number of stations in one SQLite file.
 *
 * The file is derived and can be made again from the ledgers, which stay the evidence. Each station
 * is one transaction: a ledger that is refused (a fork, an older state, a changed entry) leaves
 * nothing but the refusal. The signed checkpoint stands beside the entries, and the next import
 * must continue it. Values are bound, never pasted into a statement; entries are stored as they
 * lie. Power going leaves the state before the station's transaction.
 */
#include "verify/import.h"

#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

static const char schema[] =
        "CREATE TABLE IF NOT EXISTS station (id INTEGER PRIMARY KEY, origin TEXT NOT NULL UNIQUE,"
        " name TEXT NOT NULL DEFAULT '', vkey TEXT NOT NULL, size INTEGER NOT NULL DEFAULT 0,"
        " root TEXT NOT NULL DEFAULT '', checkpoint BLOB, verified_at INTEGER NOT NULL DEFAULT 0,"
        " newest TEXT NOT NULL DEFAULT '', previous_origin TEXT, previous_size INTEGER);"
        "CREATE TABLE IF NOT EXISTS entry (station INTEGER NOT NULL REFERENCES station (id),"
        " seq INTEGER NOT NULL, time TEXT, event TEXT, actor TEXT, transfer TEXT,"
        " json TEXT NOT NULL, PRIMARY KEY (station, seq)) WITHOUT ROWID;"
        "CREATE INDEX IF NOT EXISTS entry_event ON entry (event, station, seq);"
        "CREATE TABLE IF NOT EXISTS finding (station INTEGER NOT NULL REFERENCES station (id),"
        " verified_at INTEGER NOT NULL, kind TEXT NOT NULL, entries TEXT NOT NULL,"
        " words TEXT NOT NULL);"
        "CREATE TABLE IF NOT EXISTS refusal (origin TEXT NOT NULL, at INTEGER NOT NULL,"
        " kind TEXT NOT NULL, entries TEXT NOT NULL, words TEXT NOT NULL);";

struct verify_import {
	sqlite3 *db;
	sqlite3_stmt *insert;
	int64_t station;
	uint64_t from; /* entries before it are there already */
};

struct verify_import *verify_import_free(struct verify_import *i)
{
	if (i) {
		(void)sqlite3_finalize(i->insert);
		(void)sqlite3_close(i->db);
		free(i);
	}
	return NULL;
}

static int execute(struct verify_import *i, const char *sql)
{
	return sqlite3_exec(i->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

int verify_import_open(const char *path, struct verify_import **ret)
{
	struct verify_import *i = calloc(1, sizeof(*i));
	int r = i ? 0 : -ENOMEM;

	if (r == 0 && sqlite3_open_v2(path, &i->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
	                              NULL) != SQLITE_OK)
		r = -EIO;
	if (r == 0 && (execute(i, "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -8192;"
	                          "PRAGMA synchronous = FULL;") < 0 ||
	               execute(i, schema) < 0))
		r = sqlite3_errcode(i->db) == SQLITE_NOTADB ? -EBADMSG : -EIO;
	if (r == 0 && sqlite3_prepare_v2(i->db, "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)",
	                                 -1, &i->insert, NULL) != SQLITE_OK)
		r = -EBADMSG; /* tables of the same names, made by something else */
	if (r < 0)
		return verify_import_free(i), r;
	*ret = i;
	return 0;
}

static sqlite3_stmt *prepare(struct verify_import *i, const char *sql)
{
	sqlite3_stmt *s = NULL;

	return sqlite3_prepare_v2(i->db, sql, -1, &s, NULL) == SQLITE_OK ? s : NULL;
}

static int finish(sqlite3_stmt *s, int step)
{
	return sqlite3_finalize(s) == SQLITE_OK && (step == SQLITE_DONE || step == SQLITE_ROW)
	               ? 0
	               : -EIO;
}

int verify_import_get(struct verify_import *i, const struct verify_key *key,
                      struct verify_checkpoint *ret, uint64_t *ret_when)
{
	sqlite3_stmt *s = prepare(i, "SELECT checkpoint, verified_at FROM station WHERE origin = ?"
	                             " AND checkpoint IS NOT NULL");
	int r = -EIO, step;

	if (!s)
		return -EIO;
	(void)sqlite3_bind_text(s, 1, key->name, -1, SQLITE_STATIC);
	step = sqlite3_step(s);
	if (step == SQLITE_ROW) {
		const uint8_t *note = sqlite3_column_blob(s, 0);
		size_t n = (size_t)sqlite3_column_bytes(s, 0);

		*ret_when = (uint64_t)sqlite3_column_int64(s, 1);
		r = note && verify_note_check(note, n, key, NULL) == 0 &&
		                    verify_checkpoint_parse(note, n, ret) == 0 &&
		                    strcmp(ret->origin, key->name) == 0
		            ? 1
		            : -EBADMSG;
	} else if (step == SQLITE_DONE) {
		r = 0;
	}
	(void)sqlite3_finalize(s);
	return r;
}

int verify_import_begin(struct verify_import *i, const struct verify_key *key)
{
	char vkey[VERIFY_VKEY_MAX];
	sqlite3_stmt *s;
	int r = execute(i, "BEGIN IMMEDIATE");

	verify_key_print(key, vkey, sizeof(vkey));
	s = r == 0 ? prepare(i, "INSERT OR IGNORE INTO station (origin, vkey) VALUES (?, ?)")
	           : NULL;
	if (!s)
		return -EIO;
	(void)sqlite3_bind_text(s, 1, key->name, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 2, vkey, -1, SQLITE_STATIC);
	r = finish(s, sqlite3_step(s));
	s = r == 0 ? prepare(i, "SELECT id, size FROM station WHERE origin = ?") : NULL;
	if (!s)
		return -EIO;
	(void)sqlite3_bind_text(s, 1, key->name, -1, SQLITE_STATIC);
	r = sqlite3_step(s) == SQLITE_ROW ? 0 : -EIO;
	i->station = sqlite3_column_int64(s, 0);
	i->from = (uint64_t)sqlite3_column_int64(s, 1);
	(void)sqlite3_finalize(s);
	return r;
}

static void bind_member(sqlite3_stmt *s, int at, const struct verify_entry *e, const char *name)
{
	const struct verify_member *m = verify_entry_find(e, false, name, VERIFY_TEXT);

	if (m)
		(void)sqlite3_bind_text(s, at, m->value, (int)m->value_n, SQLITE_STATIC);
	else
		(void)sqlite3_bind_null(s, at);
}

int verify_import_entry(void *user, uint64_t seq, const struct verify_entry *e, const char *p,
                        size_t n)
{
	struct verify_import *i = user;
	sqlite3_stmt *s = i->insert;
	int step;

	if (seq < i->from)
		return 0;
	(void)sqlite3_bind_int64(s, 1, i->station);
	(void)sqlite3_bind_int64(s, 2, (int64_t)seq);
	bind_member(s, 3, e, "time");
	bind_member(s, 4, e, "event");
	bind_member(s, 5, e, "actor");
	bind_member(s, 6, e, "transfer");
	(void)sqlite3_bind_text(s, 7, p, (int)n, SQLITE_STATIC);
	step = sqlite3_step(s);
	(void)sqlite3_reset(s);
	return step == SQLITE_DONE ? 0 : -EIO;
}

static void entries_text(const struct verify_finding *f, char *buf, size_t size)
{
	size_t at = (size_t)snprintf(buf, size, "[");

	for (unsigned k = 0; k < f->entries; k++)
		at += (size_t)snprintf(buf + at, size - at, "%s%llu", k ? "," : "",
		                       (unsigned long long)f->entry[k]);
	(void)snprintf(buf + at, size - at, "]");
}

/* Findings into one table or the other; `who` is bound as the first value by the caller. */
static int put_findings(struct verify_import *i, const struct verify_report *r, bool refused,
                        uint64_t when)
{
	sqlite3_stmt *s = prepare(i, refused ? "INSERT INTO refusal VALUES (?, ?, ?, ?, ?)"
	                                     : "INSERT INTO finding VALUES (?, ?, ?, ?, ?)");
	int step = SQLITE_DONE;

	for (unsigned k = 0; s && step == SQLITE_DONE && k < r->n; k++) {
		const struct verify_finding *f = &r->finding[k];
		char entries[120];

		entries_text(f, entries, sizeof(entries));
		if (refused)
			(void)sqlite3_bind_text(s, 1, r->origin, -1, SQLITE_STATIC);
		else
			(void)sqlite3_bind_int64(s, 1, i->station);
		(void)sqlite3_bind_int64(s, 2, (int64_t)when);
		(void)sqlite3_bind_text(s, 3, verify_kind_name(f->kind), -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(s, 4, entries, -1, SQLITE_TRANSIENT);
		(void)sqlite3_bind_text(s, 5, f->words, -1, SQLITE_STATIC);
		step = sqlite3_step(s);
		(void)sqlite3_reset(s);
	}
	return s && step == SQLITE_DONE && sqlite3_finalize(s) == SQLITE_OK ? 0 : -EIO;
}

static int put_station(struct verify_import *i, const struct verify_report *r,
                       const struct verify_result *result, uint64_t when)
{
	sqlite3_stmt *s =
	        prepare(i, "UPDATE station SET name = ?, size = ?, root = ?, checkpoint = ?,"
	                   " verified_at = ?, newest = CASE ? WHEN '' THEN newest ELSE ? END,"
	                   " previous_origin = coalesce(?, previous_origin),"
	                   " previous_size = coalesce(?, previous_size) WHERE id = ?");
	char root[65];

	if (!s)
		return -EIO;
	verify_hex(r->root, sizeof(r->root), root);
	(void)sqlite3_bind_text(s, 1, r->station, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(s, 2, (int64_t)r->size);
	(void)sqlite3_bind_text(s, 3, root, -1, SQLITE_STATIC);
	(void)sqlite3_bind_blob(s, 4, result->note, (int)result->note_bytes, SQLITE_STATIC);
	(void)sqlite3_bind_int64(s, 5, (int64_t)when);
	(void)sqlite3_bind_text(s, 6, result->newest, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 7, result->newest, -1, SQLITE_STATIC);
	if (result->previous.have) {
		(void)sqlite3_bind_text(s, 8, result->previous.checkpoint.origin, -1,
		                        SQLITE_STATIC);
		(void)sqlite3_bind_int64(s, 9, (int64_t)result->previous.checkpoint.size);
	}
	(void)sqlite3_bind_int64(s, 10, i->station);
	return finish(s, sqlite3_step(s));
}

int verify_import_end(struct verify_import *i, const struct verify_report *r,
                      const struct verify_result *result, uint64_t when)
{
	bool refused = verify_report_refuses(r);
	int e = 0;

	if (refused && execute(i, "ROLLBACK; BEGIN IMMEDIATE") < 0)
		return -EIO;
	if (!refused)
		e = put_station(i, r, result, when);
	if (e == 0)
		e = put_findings(i, r, refused, when);
	if (e == 0)
		e = execute(i, "COMMIT");
	if (e < 0)
		(void)execute(i, "ROLLBACK");
	return e;
}
