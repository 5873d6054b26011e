/* One or many stations in one run: whose ledgers these are, what is remembered of them, what is
 * said. */
#ifndef WL_VERIFY_STATIONS_H
#define WL_VERIFY_STATIONS_H

#include "verify/ledger_dir.h"

struct verify_options {
	bool have_key, json;
	struct verify_key key; /* --key */
	const char *book, *headquarters, *import, *cosigner_key, *cosigner_name, *language;
	const char *since[VERIFY_SINCE_MAX], *receipt[VERIFY_RECEIPTS_MAX];
	struct verify_key cosigner[VERIFY_COSIGNERS_MAX]; /* --cosigner */
	unsigned sinces, receipts, cosigners, threads, overdue_days;
	char **dir;
	unsigned dirs;
};

enum {
	VERIFY_EXIT_PASS = 0,
	VERIFY_EXIT_REFUSED = 1,
	VERIFY_EXIT_USAGE = 2,
	VERIFY_EXIT_FAULT = 3,
	VERIFY_EXIT_WAITING = 4
};

/* Does all of it and says it. An exit status. */
int verify_stations_run(const struct verify_options *o);

#endif
