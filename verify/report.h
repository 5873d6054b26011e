/* What a verification found, and how it is said: text for people, one JSON object for programs. */
#ifndef WL_VERIFY_REPORT_H
#define WL_VERIFY_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERIFY_FINDINGS_SHOWN 1000
#define VERIFY_FINDINGS_ALIKE 100 /* kept of one kind, so that one does not hide the others */
#define VERIFY_ENTRIES_SHOWN  4
#define VERIFY_COSIGNERS_MAX  16

enum verify_weight {                 /* in the order they are listed in */
	             VERIFY_GAP = 0, /* a time nobody can vouch for */
	             VERIFY_BROKEN,  /* not, or not all of, what the station signed */
	             VERIFY_BREACH,  /* what it signed says that a rule was broken */
	             VERIFY_NOTICE,  /* true and worth knowing */
	             VERIFY_WEIGHTS
};

enum verify_kind {
#define FINDING(symbol, kind, weight, meaning) VERIFY_##symbol,
#include "verify/findings.def"
#undef FINDING
	VERIFY_KINDS
};

struct verify_finding {
	enum verify_kind kind;
	unsigned entries;
	uint64_t entry[VERIFY_ENTRIES_SHOWN];
	char words[240];
};

struct verify_report {
	const char *dir;
	char origin[201];
	char station[16];
	bool have_root;
	uint64_t size;
	uint64_t read_from; /* entries before it are vouched for by an earlier checkpoint */
	uint64_t since; /* size of the largest earlier checkpoint this ledger contains; 0: none */
	uint8_t root[32];
	const char *cosigned_by[VERIFY_COSIGNERS_MAX];
	uint64_t cosigned_at[VERIFY_COSIGNERS_MAX];
	unsigned cosigners;
	unsigned n;                     /* kept in finding[] */
	uint64_t count[VERIFY_WEIGHTS]; /* all, also those not kept */
	unsigned alike[VERIFY_KINDS];
	struct verify_finding finding[VERIFY_FINDINGS_SHOWN];
};

const char *verify_kind_name(enum verify_kind kind);    /* never translated */
const char *verify_kind_meaning(enum verify_kind kind); /* in the auditor's language */
enum verify_weight verify_kind_weight(enum verify_kind kind);

/*
 * Adds a finding. The format is a sentence for people, translated by the caller; what comes out of
 * a ledger must have been read strictly (entries and notes are then printable ASCII).
 */
void verify_report_add(struct verify_report *r, enum verify_kind kind, const uint64_t *entry,
                       unsigned entries, const char *format, ...)
        __attribute__((format(printf, 5, 6)));

/* The entries a finding is about, as two arguments: ENTRIES(81, 79). */
#define ENTRIES(...)                                                                               \
	((const uint64_t[]){__VA_ARGS__}),                                                         \
	        (unsigned)(sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))
#define NO_ENTRY NULL, 0U

bool verify_report_refuses(const struct verify_report *r);

void verify_report_print_text(const struct verify_report *r);
void verify_report_print_json(const struct verify_report *r);

/* One string as JSON wants it, without the quotes: for whoever prints other objects. */
void verify_print_json_text(const char *s);

#endif
