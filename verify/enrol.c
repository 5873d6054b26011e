/*
 * A station enters the book of stations.
 *
 * The key comes from a file that went through other hands; what is believed is the fingerprint on
 * the paper card that two persons signed, typed by the auditor, never shown to her first. After a
 * change of the ledger's key the old key vouches: the new key's digest must be what the last entry
 * of the old ledger says, in a ledger that verifies under the old key (a second signature on the
 * checkpoint would prove nothing: anybody can add one). The book is written anew, whole or not at
 * all.
 */
#include "verify/enrol.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "verify/book.h"
#include "verify/files.h"
#include "verify/ledger_dir.h"
#include "verify/say.h"
#include "verify/seen.h"

enum { DONE = 0, REFUSED = 1, USAGE = 2, FAULT = 3 };

#define CARD_BYTES_MAX 65536U

struct enrol {
	const char *path;    /* of the book */
	const char *rotated; /* folder of the ledger that ended, or NULL */
	char *text;          /* of the book */
	size_t n;
	struct verify_book *book;
	struct verify_key key; /* the new one */
};

int verify_fingerprint(const struct verify_key *key, char buf[VERIFY_FINGERPRINT_TEXT])
{
	char text[VERIFY_VKEY_MAX];
	uint8_t digest[32];

	verify_key_print(key, text, sizeof(text));
	if (EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL) != 1)
		return -EIO;
	for (unsigned i = 0; i < 8; i++)
		(void)snprintf(buf + 5 * (size_t)i, 6, "%02x%02x%s", digest[2 * i],
		               digest[2 * i + 1], i < 7 ? "-" : "");
	return 0;
}

/* The next hex digit in lower case; 0 at the end, '?' for anything else. */
static char next_digit(const char **s)
{
	char c;

	while (**s == ' ' || **s == '-' || **s == ':' || **s == '\t')
		(*s)++;
	c = **s;
	if (c == '\0' || c == '\n' || c == '\r')
		return '\0';
	(*s)++;
	return isxdigit((unsigned char)c) ? (char)tolower((unsigned char)c) : '?';
}

bool verify_fingerprint_equal(const char *typed, const char *fingerprint)
{
	char x, y;

	do {
		x = next_digit(&typed);
		y = next_digit(&fingerprint);
	} while (x == y && x != '\0');
	return x == y;
}

/* The one station's key that stands in a card: a file with the vkey alone, or the printed text. */
static int read_card(const char *path, struct verify_key *ret)
{
	static char text[CARD_BYTES_MAX + 1];
	struct verify_key key;
	unsigned found = 0;
	ssize_t got = verify_file_read(AT_FDCWD, path, (uint8_t *)text, CARD_BYTES_MAX);

	if (got < 0)
		return (int)got;
	text[got] = '\0';
	for (char *save = NULL, *word = strtok_r(text, " \t\r\n", &save); word;
	     word = strtok_r(NULL, " \t\r\n", &save)) {
		if (verify_key_parse(word, &key) < 0 || key.type != VERIFY_TYPE_ED25519 ||
		    (found && memcmp(&key, ret, sizeof(key)) == 0))
			continue;
		*ret = key;
		found++;
	}
	return found == 1 ? 0 : -EBADMSG;
}

static int load_book(struct enrol *e)
{
	unsigned line = 0;
	long got;

	e->text = calloc(1, VERIFY_BOOK_BYTES_MAX + 1);
	e->book = calloc(1, sizeof(*e->book));
	if (!e->text || !e->book)
		return FAULT;
	got = verify_book_load(e->path, e->text);
	if (got < 0) {
		fprintf(stderr, _("weighlock-verify: %s: %s\n"), e->path, strerror((int)-got));
		return FAULT;
	}
	e->n = (size_t)got;
	if (got > 0 && verify_book_parse(e->text, e->n, e->book, &line) < 0) {
		fprintf(stderr,
		        _("weighlock-verify: %s: line %u is not a line of a book of "
		          "stations\n"),
		        e->path, line);
		return USAGE;
	}
	return DONE;
}

/* ---- by the typed fingerprint ---- */

static int by_fingerprint(struct enrol *e)
{
	char fingerprint[VERIFY_FINGERPRINT_TEXT], typed[200];

	if (verify_fingerprint(&e->key, fingerprint) < 0)
		return FAULT;
	fprintf(stderr, _("Origin %s. Type the fingerprint printed on the signed card: "),
	        e->key.name);
	if (!fgets(typed, sizeof(typed), stdin))
		typed[0] = '\0';
	if (!isatty(STDIN_FILENO))
		fputc('\n', stderr);
	if (verify_fingerprint_equal(typed, fingerprint))
		return DONE;
	fputs(_("REFUSED: this is not the fingerprint of the key in that file. Nothing was "
	        "added.\n"
	        "Next: type it once more from the paper; if it differs again, the file is not from "
	        "that station: call its supervisor.\n"),
	      stderr);
	return REFUSED;
}

/* ---- by the old key ---- */

/* The three ways in which a key's digest is written: of its text, of its bytes, of its SPKI. */
static bool is_digest_of(const struct verify_key *key, const char *hex)
{
	static const uint8_t spki[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
	                               0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
	uint8_t der[sizeof(spki) + 32];
	char text[VERIFY_VKEY_MAX], have[65];
	struct {
		const void *p;
		size_t n;
	} ways[] = {{text, 0}, {key->public_key, 32}, {der, sizeof(der)}};

	verify_key_print(key, text, sizeof(text));
	ways[0].n = strlen(text);
	memcpy(der, spki, sizeof(spki));
	memcpy(der + sizeof(spki), key->public_key, 32);
	for (unsigned i = 0; i < 3; i++) {
		uint8_t digest[32];

		if (EVP_Digest(ways[i].p, ways[i].n, digest, NULL, EVP_sha256(), NULL) != 1)
			return false;
		verify_hex(digest, sizeof(digest), have);
		if (strcmp(have, hex) == 0)
			return true;
	}
	return false;
}

/* Verifies the ledger that ended under the key the book has for it. */
static int verify_old(struct enrol *e, struct verify_report *report, struct verify_result *result)
{
	static struct verify_request q;
	struct verify_checkpoint cp;
	struct verify_station *old;
	struct verify_seen *seen = NULL;
	uint64_t when;

	if (verify_ledger_peek(e->rotated, &cp) < 0) {
		fprintf(stderr, _("weighlock-verify: %s: no ledger\n"), e->rotated);
		return FAULT;
	}
	old = verify_book_find(e->book, cp.origin);
	if (!old || old->successor[0]) {
		fprintf(stderr, _("REFUSED: the book knows no station %s whose key could change\n"),
		        cp.origin);
		return REFUSED;
	}
	q.key = old->key;
	if (verify_seen_load(e->path, &seen) == 0 &&
	    verify_seen_get(seen, &q.key, &q.since[0], &when) == 1)
		q.sinces = 1;
	verify_seen_free(seen);
	report->dir = e->rotated;
	if (verify_ledger_dir(&q, report, result) < 0 || verify_report_refuses(report)) {
		verify_report_print_text(report);
		return REFUSED;
	}
	return DONE;
}

static int by_old_key(struct enrol *e, char *line, size_t size)
{
	static struct verify_report report;
	static struct verify_result result;
	int r = verify_old(e, &report, &result);

	if (r != DONE)
		return r;
	if (!is_digest_of(&e->key, result.rotated_to)) {
		fprintf(stderr, _("REFUSED: the last entry of %s does not give way to this key\n"),
		        report.origin);
		return REFUSED;
	}
	(void)snprintf(line, size, "ended %s %s", report.origin, e->key.name);
	fprintf(stderr, _("%s ended at %llu entries and gave way to %s.\n"), report.origin,
	        (unsigned long long)report.size, e->key.name);
	return DONE;
}

/* ---- both ---- */

static int add(struct enrol *e, const char *also)
{
	char line[2 * VERIFY_VKEY_MAX + 600], vkey[VERIFY_VKEY_MAX], signature[4096];
	unsigned n = e->book->stations + 1;
	int r;

	verify_key_print(&e->key, vkey, sizeof(vkey));
	(void)snprintf(line, sizeof(line), "station %s%s%s", vkey, also[0] ? "\n" : "", also);
	r = verify_book_append(e->path, e->text, e->n, line);
	if (r < 0) {
		fprintf(stderr, _("weighlock-verify: %s: %s\n"), e->path, strerror(-r));
		return FAULT;
	}
	if (e->book->expected)
		printf(_("Matches. Station added to %s (%u of %u).\n"), e->path, n,
		       e->book->expected);
	else
		printf(_("Matches. Station added to %s (%u).\n"), e->path, n);
	(void)snprintf(signature, sizeof(signature), "%s.p7s", e->path);
	if (access(signature, F_OK) == 0)
		puts(_("The signature of headquarters no longer fits this book.\n"
		       "Next: have it signed again."));
	return DONE;
}

static int enrol(struct enrol *e, const char *card)
{
	char also[2 * VERIFY_NAME_MAX + 16] = "";
	struct verify_station *known;
	int r = read_card(card, &e->key);

	if (r < 0) {
		fprintf(stderr, _("weighlock-verify: %s: not a card with one station's key\n"),
		        card);
		return r == -EBADMSG ? USAGE : FAULT;
	}
	r = load_book(e);
	if (r != DONE)
		return r;
	known = verify_book_find(e->book, e->key.name);
	if (known) {
		bool same = memcmp(&known->key, &e->key, sizeof(e->key)) == 0;
		fprintf(stderr,
		        same ? _("%s stands in the book already, with this key.\n")
		             : _("REFUSED: %s stands in the book with another key. A new key has a "
		                 "new origin.\n"),
		        e->key.name);
		return same ? DONE : REFUSED;
	}
	r = e->rotated ? by_old_key(e, also, sizeof(also)) : by_fingerprint(e);
	return r == DONE ? add(e, also) : r;
}

int verify_enrol_main(int argc, char **argv)
{
	static const struct option list[] = {{"book", required_argument, NULL, 'b'},
	                                     {"rotate", required_argument, NULL, 'r'},
	                                     {0}};
	struct enrol e = {.path = NULL};
	int ch, r;

	while ((ch = getopt_long(argc, argv, "", list, NULL)) != -1) {
		if (ch == 'b')
			e.path = optarg;
		else if (ch == 'r')
			e.rotated = optarg;
		else
			e.path = NULL;
		if (ch == '?')
			break;
	}
	if (ch == '?' || !e.path || optind + 1 != argc) {
		fputs(_("usage: weighlock-verify enrol --book BOOK [--rotate OLD-LEDGER] CARD\n"),
		      stderr);
		return USAGE;
	}
	r = enrol(&e, argv[optind]);
	free(e.text);
	free(e.book);
	return r;
}
