/*
 * Statements of the index. Runs in weighlock-ledgerd; values are bound, never pasted into SQL, and
 * come from entries already checked. Power going leaves an older index (write-ahead log), which the
 * next start brings up to date.
 */
#include "daemon/ledger/facts_sql.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static sqlite3_stmt *statement(struct wl_facts *f, const char *sql)
{
	for (size_t i = 0; i < WL_FACTS_STATEMENTS_MAX; i++) {
		if (f->statement[i].sql == sql)
			return f->statement[i].stmt;
		if (f->statement[i].sql)
			continue;
		if (sqlite3_prepare_v3(f->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
		                       &f->statement[i].stmt, NULL) != SQLITE_OK)
			return NULL;
		f->statement[i].sql = sql;
		return f->statement[i].stmt;
	}
	return NULL;
}

/* Without copies where the statement ends before the caller's values do. */
static int bind_all(sqlite3_stmt *stmt, sqlite3_destructor_type keep, const char *types, va_list ap)
{
	int r = SQLITE_OK;

	for (int i = 1; r == SQLITE_OK && *types; i++, types++) {
		switch (*types) {
		case 't':
			r = sqlite3_bind_text(stmt, i, va_arg(ap, const char *), -1, keep);
			break;
		case 'i':
			r = sqlite3_bind_int64(stmt, i, va_arg(ap, int64_t));
			break;
		case 'b':
			r = sqlite3_bind_blob(stmt, i, va_arg(ap, const void *), 16, keep);
			break;
		case 'h':
			r = sqlite3_bind_blob(stmt, i, va_arg(ap, const void *), 32, keep);
			break;
		default:
			return -EINVAL;
		}
	}
	return r == SQLITE_OK ? 0 : -EIO;
}

static int step(struct wl_facts *f, sqlite3_stmt **ret, const char *sql, const char *types,
                va_list ap)
{
	sqlite3_stmt *stmt = statement(f, sql);
	int r;

	if (!stmt || bind_all(stmt, ret ? SQLITE_TRANSIENT : SQLITE_STATIC, types, ap) < 0)
		return -EIO;
	r = sqlite3_step(stmt);
	if (r == SQLITE_ROW && ret) {
		*ret = stmt;
		return 1;
	}
	(void)sqlite3_reset(stmt);
	if (r == SQLITE_DONE || r == SQLITE_ROW)
		return 0;
	return r == SQLITE_FULL ? -ENOSPC : -EIO;
}

int wl_facts_run(struct wl_facts *f, const char *sql, const char *types, ...)
{
	va_list ap;
	int r;

	va_start(ap, types);
	r = step(f, NULL, sql, types, ap);
	va_end(ap);
	return r;
}

int wl_facts_row(struct wl_facts *f, sqlite3_stmt **ret, const char *sql, const char *types, ...)
{
	va_list ap;
	int r;

	va_start(ap, types);
	r = step(f, ret, sql, types, ap);
	va_end(ap);
	return r;
}

void wl_facts_done(sqlite3_stmt **stmt)
{
	if (*stmt)
		(void)sqlite3_reset(*stmt);
	*stmt = NULL;
}

int wl_facts_column(sqlite3_stmt *stmt, int column, char *buf, size_t size)
{
	const char *s = (const char *)sqlite3_column_text(stmt, column);
	size_t n = s ? strlen(s) : 0;

	if (n >= size)
		return -EUCLEAN;
	if (s)
		memcpy(buf, s, n);
	buf[n] = '\0';
	return 0;
}
