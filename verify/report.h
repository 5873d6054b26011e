/* What a verification found, and how it is said: text for people, one JSON object for programs. */
#ifndef WL_VERIFY_REPORT_H
#define WL_VERIFY_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#define VERIFY_FINDINGS_SHOWN 1000
#define VERIFY_COSIGNERS_MAX  16

enum verify_weight {
	VERIFY_NOTICE = 1, /* true and worth knowing; does not make the verdict */
	VERIFY_FAILURE,    /* the ledger is not what it should be */
};

struct verify_finding {
	enum verify_weight weight;
	const char *kind; /* constant, e.g. "tile-differs" */
	int64_t entry;    /* -1: none */
	char words[240];
};

struct verify_report {
	const char *dir;
	char origin[201];
	bool have_root;
	uint64_t size;
	uint8_t root[32];
	const char *cosigned_by[VERIFY_COSIGNERS_MAX];
	unsigned cosigners;
	unsigned n;        /* kept in finding[] */
	uint64_t failures; /* all, also those not kept */
	uint64_t notices;
	struct verify_finding finding[VERIFY_FINDINGS_SHOWN];
};

void verify_report_add(struct verify_report *r, enum verify_weight weight, const char *kind,
                       int64_t entry, const char *format, ...)
        __attribute__((format(printf, 5, 6)));

/* "pass" or "refuse" */
const char *verify_report_verdict(const struct verify_report *r);

void verify_report_print_text(const struct verify_report *r);
void verify_report_print_json(const struct verify_report *r);

#endif
