/*
 * One or many stations in one run.
 *
 * Each folder says whose ledger it is; the book, or --key, says under which key that is believed.
 * What was seen of a station before (in the book's memory, in the SQLite file, in files given by
 * hand) must be contained in what is seen now, and is replaced by it only after everything was
 * found good. Stations of the book whose ledger is not here come first, because they are what an
 * auditor would otherwise forget.
 */
#include "verify/stations.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "verify/cosign.h"
#include "verify/files.h"
#include "verify/headquarters.h"
#include "verify/import.h"
#include "verify/say.h"
#include "verify/seen.h"
#include "verify/succession.h"

#define UNITS_MAX 4096U

struct unit {
	char *path;
	const char *dir; /* as given: where a cosignature goes; NULL: nowhere */
	int peeked;
	struct verify_checkpoint checkpoint; /* claimed, not verified yet */
};

struct stations {
	const struct verify_options *o;
	struct verify_book *book; /* NULL with --key */
	struct verify_seen *seen;
	struct verify_import *import;
	struct verify_cosigner cosigner;
	struct unit unit[UNITS_MAX];
	unsigned units, answered; /* answered: receipts and checkpoints that fitted a ledger */
	bool since_used[VERIFY_SINCE_MAX], receipt_used[VERIFY_RECEIPTS_MAX];
	int worst;
	struct verify_request request;
	struct verify_report report;
	struct verify_result result;
	struct verify_receipt receipt[VERIFY_RECEIPTS_MAX];
};

static void worsen(struct stations *s, int status)
{
	/* waiting is the mildest of what is not good */
	static const int rank[] = {[VERIFY_EXIT_PASS] = 0,
	                           [VERIFY_EXIT_WAITING] = 1,
	                           [VERIFY_EXIT_REFUSED] = 2,
	                           [VERIFY_EXIT_USAGE] = 3,
	                           [VERIFY_EXIT_FAULT] = 4};

	if (rank[status] > rank[s->worst])
		s->worst = status;
}

/* ---- which ledgers ---- */

static int add_unit(struct stations *s, const char *path, const char *dir)
{
	struct unit *u = &s->unit[s->units];

	if (s->units == UNITS_MAX)
		return -E2BIG;
	u->path = strdup(path);
	u->dir = dir;
	if (!u->path)
		return -ENOMEM;
	u->peeked = verify_ledger_peek(path, &u->checkpoint);
	s->units++;
	return 0;
}

static bool has_checkpoint(const char *path)
{
	char name[PATH_MAX];
	struct stat st;

	return snprintf(name, sizeof(name), "%s/checkpoint", path) < (int)sizeof(name) &&
	       lstat(name, &st) == 0;
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
	return strverscmp((*a)->d_name, (*b)->d_name);
}

/* The ledgers in the folders of `inside`, in their order; a cosignature goes into `dir`, NULL: none
 * is made. */
static int find_inside(struct stations *s, const char *inside, const char *dir)
{
	char path[PATH_MAX];
	struct dirent **list = NULL;
	int r = 0, n = scandir(inside, &list, NULL, by_number);

	for (int i = 0; i < n; i++) {
		if (r == 0 && list[i]->d_name[0] != '.' &&
		    snprintf(path, sizeof(path), "%s/%s", inside, list[i]->d_name) <
		            (int)sizeof(path) &&
		    has_checkpoint(path))
			r = add_unit(s, path, dir);
		free(list[i]);
	}
	free(list);
	return r;
}

/* A folder is a ledger, before it the ones whose key was given up; or holds ledgers in folders of
 * its own. */
static int find_ledgers(struct stations *s, const char *dir)
{
	char path[PATH_MAX];
	unsigned before = s->units;
	int r;

	if (has_checkpoint(dir) && s->o->have_key) /* the key of one ledger, and of no other */
		return add_unit(s, dir, dir);
	if (has_checkpoint(dir)) {
		r = snprintf(path, sizeof(path), "%s/archive", dir) < (int)sizeof(path)
		            ? find_inside(s, path, NULL)
		            : -ENAMETOOLONG;
		return r < 0 ? r : add_unit(s, dir, dir);
	}
	r = find_inside(s, dir, dir);
	/* said by whoever tries to read it */
	return r == 0 && s->units == before ? add_unit(s, dir, dir) : r;
}

/* ---- one ledger ---- */

static const struct verify_key *key_of(struct stations *s, const struct unit *u)
{
	struct verify_station *station;

	if (s->o->have_key)
		return &s->o->key;
	station = u->peeked == 0 ? verify_book_find(s->book, u->checkpoint.origin) : NULL;
	return station ? &station->key : NULL;
}

static void add_since(struct stations *s, const struct verify_checkpoint *cp)
{
	if (s->request.sinces < VERIFY_SINCE_MAX)
		s->request.since[s->request.sinces++] = *cp;
}

/* The files given by hand that this key signed. */
static void add_files(struct stations *s, const struct verify_key *key)
{
	static uint8_t buf[VERIFY_NOTE_BYTES_MAX + 1];
	struct verify_checkpoint cp;

	for (unsigned i = 0; i < s->o->sinces; i++) {
		ssize_t n = verify_file_read(AT_FDCWD, s->o->since[i], buf, VERIFY_NOTE_BYTES_MAX);
		if (n < 0 || verify_note_check(buf, (size_t)n, key, NULL) < 0 ||
		    verify_checkpoint_parse(buf, (size_t)n, &cp) < 0 ||
		    strcmp(cp.origin, key->name) != 0)
			continue;
		s->since_used[i] = true;
		add_since(s, &cp);
	}
	for (unsigned i = 0; i < s->o->receipts; i++) {
		ssize_t n =
		        verify_file_read(AT_FDCWD, s->o->receipt[i], buf, VERIFY_NOTE_BYTES_MAX);
		if (n < 0 ||
		    verify_receipt_read(buf, (size_t)n, key, &s->receipt[s->request.receipts]) < 0)
			continue;
		s->receipt_used[i] = true;
		s->request.receipts++;
	}
	s->request.receipt = s->receipt;
}

static void add_memory(struct stations *s, const struct verify_key *key)
{
	struct verify_checkpoint cp;
	uint64_t when;
	int r = s->seen ? verify_seen_get(s->seen, key, &cp, &when) : 0;
	int i = s->import ? verify_import_get(s->import, key, &cp, &when) : 0;

	if (r < 0 || i < 0)
		verify_report_add(&s->report, VERIFY_MEMORY_WRONG, NO_ENTRY,
		                  _("what is remembered of %s is not signed by its key"),
		                  key->name);
	if (i == 1)
		add_since(s, &cp);
	if (r == 1 && verify_seen_get(s->seen, key, &cp, &when) == 1)
		add_since(s, &cp);
}

static void prepare(struct stations *s, const struct unit *u, const struct verify_key *key)
{
	struct verify_request *q = &s->request;

	memset(&s->report, 0, sizeof(s->report));
	memset(q, 0, sizeof(*q));
	s->report.dir = u->path;
	q->key = *key;
	q->threads = s->o->threads;
	q->required = s->o->cosigner;
	q->requireds = s->o->cosigners;
	if (s->book) {
		q->known = s->book->known;
		q->knowns = s->book->cosigners;
	}
	if (s->book && q->requireds == 0) {
		q->required = s->book->required;
		q->requireds = s->book->requireds;
	}
	add_memory(s, key);
	add_files(s, key);
	if (s->import) {
		q->on_entry = verify_import_entry;
		q->user = s->import;
	}
}

/* With --key there is one station: what its key did not sign is a finding of its ledger. */
static void say_unused(struct stations *s)
{
	for (unsigned i = 0; s->o->have_key && i < s->o->receipts; i++)
		if (!s->receipt_used[i])
			verify_report_add(
			        &s->report, VERIFY_RECEIPT_MALFORMED, NO_ENTRY,
			        _("a receipt is not one, or this station did not sign it"));
}

static void say(struct stations *s)
{
	if (s->o->json)
		verify_report_print_json(&s->report);
	else
		verify_report_print_text(&s->report);
}

/* Everything was good: remember it, countersign it. */
static void accept(struct stations *s, const struct unit *u)
{
	uint64_t now = (uint64_t)time(NULL);
	int r = 0;

	if (s->seen)
		r = verify_seen_put(s->seen, s->request.key.name, s->result.note,
		                    s->result.note_bytes, now);
	if (r == 0 && s->seen)
		r = verify_seen_save(s->seen);
	if (r < 0) {
		fprintf(stderr,
		        _("weighlock-verify: what was seen of %s could not be written "
		          "down: %s\n"),
		        s->report.origin, strerror(-r));
		worsen(s, VERIFY_EXIT_FAULT);
		return; /* a cosignature that is not remembered could be followed by a smaller one
		         */
	}
	if (!s->cosigner.private_key || !u->dir) /* one that ended needs none */
		return;
	r = verify_cosigner_write(&s->cosigner, u->dir, &s->result, now);
	if (r < 0) {
		fprintf(stderr, _("weighlock-verify: %s/%s: %s\n"), u->dir, VERIFY_COSIGNATURE_FILE,
		        strerror(-r));
		worsen(s, VERIFY_EXIT_FAULT);
		return;
	}
	fprintf(s->o->json ? stderr : stdout,
	        _("  Countersigned as %s: %s/%s\n"
	          "Next: take it back to the station (weighlock ledger cosign).\n"),
	        s->cosigner.key.name, u->dir, VERIFY_COSIGNATURE_FILE);
}

static void verify_unknown(struct stations *s, const struct unit *u)
{
	memset(&s->report, 0, sizeof(s->report));
	s->report.dir = u->path;
	if (u->peeked == -EBADMSG) {
		verify_report_add(&s->report, VERIFY_CHECKPOINT_MALFORMED, NO_ENTRY,
		                  _("not a checkpoint"));
	} else if (u->peeked < 0) {
		verify_report_add(&s->report, VERIFY_UNREADABLE, NO_ENTRY, "%s",
		                  strerror(-u->peeked));
		worsen(s, VERIFY_EXIT_FAULT);
	} else {
		(void)snprintf(s->report.origin, sizeof(s->report.origin), "%s",
		               u->checkpoint.origin);
		verify_report_add(&s->report, VERIFY_STATION_UNKNOWN, NO_ENTRY,
		                  _("%s does not stand in the book; enrol it by the fingerprint on "
		                    "its card"),
		                  u->checkpoint.origin);
	}
	say(s);
	worsen(s, VERIFY_EXIT_REFUSED);
}

/* Entries were read up to a failure: whatever it was, the copy refuses. */
static int run_one(struct stations *s)
{
	int r = s->import ? verify_import_begin(s->import, &s->request.key) : 0, e;

	if (r == 0)
		r = verify_ledger_dir(&s->request, &s->report, &s->result);
	if (r == 0)
		verify_succession_check(&s->report, &s->result, &s->request.key, s->book, s->seen,
		                        s->import);
	if (s->import && (r == 0 || r == -EBADMSG || s->report.count[VERIFY_BROKEN])) {
		e = verify_import_end(s->import, &s->report, &s->result, (uint64_t)time(NULL));
		r = r == 0 ? e : r;
	}
	return r;
}

static void verify_one(struct stations *s, const struct unit *u)
{
	const struct verify_key *key = key_of(s, u);
	int r;

	if (!key) {
		verify_unknown(s, u);
		return;
	}
	prepare(s, u, key);
	say_unused(s);
	r = run_one(s);
	if (r == 0 && s->seen && s->request.sinces == 0)
		verify_report_add(&s->report, VERIFY_FIRST_VISIT, NO_ENTRY,
		                  _("nothing was known here of this station before"));
	say(s);
	if (verify_report_refuses(&s->report))
		worsen(s, VERIFY_EXIT_REFUSED);
	if (r < 0 && r != -EBADMSG) {
		if (!s->report.n)
			fprintf(stderr, _("weighlock-verify: %s: %s\n"), u->path, strerror(-r));
		worsen(s, VERIFY_EXIT_FAULT);
	} else if (!verify_report_refuses(&s->report)) {
		accept(s, u);
	}
}

/* ---- the stations that are not here ---- */

static bool is_here(const struct stations *s, const char *origin)
{
	for (unsigned i = 0; i < s->units; i++)
		if (s->unit[i].peeked == 0 && strcmp(s->unit[i].checkpoint.origin, origin) == 0)
			return true;
	return false;
}

struct absent {
	const struct verify_station *station;
	uint64_t size, when; /* 0: never seen */
	bool overdue;
};

static int by_age(const void *a, const void *b)
{
	const struct absent *x = a, *y = b;

	return x->when < y->when ? -1 : x->when > y->when;
}

static void date_of(uint64_t when, char buf[24])
{
	time_t t = (time_t)when;
	struct tm tm;

	(void)strftime(buf, 24, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
}

static void say_absent(const struct stations *s, const struct absent *a)
{
	char date[24] = "";

	if (a->when)
		date_of(a->when, date);
	if (s->o->json) {
		printf("{\"verdict\":\"missing\",\"origin\":\"");
		verify_print_json_text(a->station->key.name);
		printf("\",\"size\":%llu,\"verified_at\":\"%s\",\"overdue\":%s}\n",
		       (unsigned long long)a->size, date, a->overdue ? "true" : "false");
	} else if (!a->when) {
		printf(_("MISSING  %s: never seen\n"), a->station->key.name);
	} else {
		printf(a->overdue ? _("MISSING  %s: last seen %s at %llu entries, overdue\n")
		                  : _("MISSING  %s: last seen %s at %llu entries\n"),
		       a->station->key.name, date, (unsigned long long)a->size);
	}
}

static void look_up(const struct stations *s, struct absent *a)
{
	struct verify_checkpoint cp;
	uint64_t when;

	if (s->seen && verify_seen_get(s->seen, &a->station->key, &cp, &when) == 1) {
		a->size = cp.size;
		a->when = when;
	}
	if (s->import && verify_import_get(s->import, &a->station->key, &cp, &when) == 1 &&
	    when > a->when) {
		a->size = cp.size;
		a->when = when;
	}
	a->overdue = a->when + (uint64_t)s->o->overdue_days * 86400 < (uint64_t)time(NULL);
}

static void say_missing(struct stations *s)
{
	struct absent *list = calloc(VERIFY_STATIONS_MAX, sizeof(*list));
	unsigned n = 0;

	if (!list) {
		worsen(s, VERIFY_EXIT_FAULT);
		return;
	}
	for (unsigned i = 0; i < s->book->stations; i++) {
		const struct verify_station *st = &s->book->station[i];
		if (st->successor[0] || is_here(s, st->key.name))
			continue;
		list[n].station = st;
		look_up(s, &list[n++]);
	}
	qsort(list, n, sizeof(*list), by_age);
	for (unsigned i = 0; i < n; i++)
		say_absent(s, &list[i]);
	free(list);
	if (n)
		worsen(s, VERIFY_EXIT_WAITING);
	if (s->book->expected > s->book->stations && !s->o->json)
		printf(_("The book knows %u of %u stations.\n"), s->book->stations,
		       s->book->expected);
}

/* ---- the book, the memory, the key ---- */

static int open_book(struct stations *s)
{
	char *text = calloc(1, VERIFY_BOOK_BYTES_MAX + 1);
	unsigned line = 0;
	enum verify_pin pin;
	long n;
	int r;

	s->book = calloc(1, sizeof(*s->book));
	if (!text || !s->book)
		return free(text), VERIFY_EXIT_FAULT;
	n = verify_book_load(s->o->book, text);
	pin = n > 0 ? verify_headquarters_check(s->o->headquarters, s->o->book, text, (size_t)n)
	            : VERIFY_PIN_NONE;
	r = n > 0 && (pin == VERIFY_PIN_GOOD || pin == VERIFY_PIN_NONE)
	            ? verify_book_parse(text, (size_t)n, s->book, &line)
	            : 0;
	free(text);
	if (n <= 0) {
		fprintf(stderr, _("weighlock-verify: %s: %s\n"), s->o->book,
		        strerror(n < 0 ? (int)-n : ENOENT));
		return VERIFY_EXIT_USAGE;
	}
	if (pin != VERIFY_PIN_GOOD && pin != VERIFY_PIN_NONE) {
		fprintf(stderr, _("REFUSED: %s: %s\n"), s->o->book, verify_pin_words(pin));
		return VERIFY_EXIT_REFUSED;
	}
	if (r < 0) {
		fprintf(stderr,
		        _("weighlock-verify: %s: line %u is not a line of a book of "
		          "stations\n"),
		        s->o->book, line);
		return VERIFY_EXIT_USAGE;
	}
	r = verify_seen_load(s->o->book, &s->seen);
	if (r < 0)
		fprintf(stderr,
		        _("weighlock-verify: %s.seen: the memory of earlier visits cannot "
		          "be read\n"),
		        s->o->book);
	return r < 0 ? VERIFY_EXIT_FAULT : VERIFY_EXIT_PASS;
}

static int open_cosigner(struct stations *s)
{
	const char *path = s->o->cosigner_key;
	int r = path ? verify_cosigner_load(path, s->o->cosigner_name, s->book, &s->cosigner) : 0;

	if (r == 0)
		return VERIFY_EXIT_PASS;
	if (r == -EPERM)
		fprintf(stderr,
		        _("weighlock-verify: %s: others can read this key\n"
		          "Next: chmod 600 %s\n"),
		        path, path);
	else if (r == -ENOENT && access(path, F_OK) == 0)
		fprintf(stderr,
		        _("weighlock-verify: %s: the book gives this key no name\n"
		          "Next: add --cosigner-name NAME, as the station's policy has it\n"),
		        path);
	else
		fprintf(stderr, _("weighlock-verify: %s: not an Ed25519 key in PEM: %s\n"), path,
		        strerror(-r));
	return VERIFY_EXIT_USAGE;
}

static int open_import(struct stations *s)
{
	int r = s->o->import ? verify_import_open(s->o->import, &s->import) : 0;

	if (r == 0)
		return VERIFY_EXIT_PASS;
	fprintf(stderr,
	        r == -EBADMSG ? _("weighlock-verify: %s: this file is something else\n")
	                      : _("weighlock-verify: %s: cannot be opened or written\n"),
	        s->o->import);
	return r == -EBADMSG ? VERIFY_EXIT_USAGE : VERIFY_EXIT_FAULT;
}

/* Checkpoints given by hand that no ledger's key signed: nothing was compared with them. */
static int check_since_files(struct stations *s)
{
	for (unsigned i = 0; i < s->units; i++) {
		const struct verify_key *key = key_of(s, &s->unit[i]);
		if (!key)
			continue;
		memset(&s->request, 0, sizeof(s->request));
		add_files(s, key);
	}
	for (unsigned i = 0; i < s->o->sinces; i++)
		if (!s->since_used[i]) {
			fprintf(stderr,
			        _("weighlock-verify: %s: not a checkpoint signed by this "
			          "key, so nothing can be compared with it\n"),
			        s->o->since[i]);
			return VERIFY_EXIT_USAGE;
		}
	for (unsigned i = 0; i < s->o->receipts; i++)
		if (!s->receipt_used[i] && !s->o->have_key) {
			fprintf(stderr,
			        _("weighlock-verify: %s: not a receipt of any of these "
			          "stations\n"),
			        s->o->receipt[i]);
			worsen(s, VERIFY_EXIT_REFUSED);
		}
	return VERIFY_EXIT_PASS;
}

static int run(struct stations *s)
{
	int r = s->o->book ? open_book(s) : VERIFY_EXIT_PASS;

	if (r == VERIFY_EXIT_PASS)
		r = open_cosigner(s);
	if (r == VERIFY_EXIT_PASS)
		r = open_import(s);
	for (unsigned i = 0; r == VERIFY_EXIT_PASS && i < s->o->dirs; i++)
		r = find_ledgers(s, s->o->dir[i]) < 0 ? VERIFY_EXIT_FAULT : VERIFY_EXIT_PASS;
	if (r == VERIFY_EXIT_PASS)
		r = check_since_files(s);
	if (r != VERIFY_EXIT_PASS)
		return r;
	if (s->book && (s->units > 1 || s->import))
		say_missing(s);
	for (unsigned i = 0; i < s->units; i++)
		verify_one(s, &s->unit[i]);
	return fflush(stdout) == 0 ? s->worst : VERIFY_EXIT_FAULT;
}

int verify_stations_run(const struct verify_options *o)
{
	struct stations *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return VERIFY_EXIT_FAULT;
	s->o = o;
	r = run(s);
	for (unsigned i = 0; i < s->units; i++)
		free(s->unit[i].path);
	verify_cosigner_clear(&s->cosigner);
	verify_import_free(s->import);
	verify_seen_free(s->seen);
	free(s->book);
	free(s);
	return r;
}
