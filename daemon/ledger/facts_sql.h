/* Statements of the index: prepared once, bound by a short format. Internal to facts*.c. */
#ifndef WL_LEDGER_FACTS_SQL_H
#define WL_LEDGER_FACTS_SQL_H

#include <sqlite3.h>

#include "daemon/ledger/facts.h"

#define WL_FACTS_STATEMENTS_MAX 96

struct wl_facts {
	sqlite3 *db;
	char path[4096];
	bool in_memory; /* its file is not in use */
	struct wl_station_facts station;
	bool in_transaction;
	struct {
		const char *sql; /* by address: every statement is a literal of its own */
		sqlite3_stmt *stmt;
	} statement[WL_FACTS_STATEMENTS_MAX];
};

/*
 * Runs `sql` to its end. `types` has one letter per argument: t text (const char *; NULL binds
 * null), i int64_t, b 16 bytes, h 32 bytes. 0, -ENOSPC where
 * the disk has no room for the page, or -EIO.
 */
int wl_facts_run(struct wl_facts *f, const char *sql, const char *types, ...);

/* The same up to the first row: 1 and *ret (to be given to wl_facts_done), 0 without a row, -EIO.
 */
int wl_facts_row(struct wl_facts *f, sqlite3_stmt **ret, const char *sql, const char *types, ...);
void wl_facts_done(sqlite3_stmt **stmt); /* as WL_CLEANUP(wl_facts_done); NULL is allowed */

/* A text column into buf; "" for null, cut never: -EUCLEAN where it does not fit. */
int wl_facts_column(sqlite3_stmt *stmt, int column, char *buf, size_t size);

#endif
