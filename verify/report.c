/*
 * What a verification found, and how it is said.
 *
 * Words may quote what a hostile ledger says: everything outside printable ASCII is escaped here,
 * once, on the way out, for the terminal as for JSON. Findings are kept up to a number and counted
 * beyond it, so a ledger with a million faults costs no more memory than one with a thousand.
 */
#include "verify/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void verify_report_add(struct verify_report *r, enum verify_weight weight, const char *kind,
                       int64_t entry, const char *format, ...)
{
	struct verify_finding *f;
	va_list ap;

	if (weight == VERIFY_FAILURE)
		r->failures++;
	else
		r->notices++;
	if (r->n == VERIFY_FINDINGS_SHOWN)
		return;
	f = &r->finding[r->n++];
	f->weight = weight;
	f->kind = kind;
	f->entry = entry;
	va_start(ap, format);
	(void)vsnprintf(f->words, sizeof(f->words), format, ap);
	va_end(ap);
}

const char *verify_report_verdict(const struct verify_report *r)
{
	return r->failures ? "refuse" : "pass";
}

static void print_escaped(const char *s, bool json)
{
	for (; *s; s++) {
		unsigned char ch = (unsigned char)*s;

		if (json && (ch == '"' || ch == '\\'))
			printf("\\%c", ch);
		else if (ch >= ' ' && ch <= '~')
			putchar(ch);
		else
			printf(json ? "\\u%04x" : "\\x%02x", ch);
	}
}

static void print_root(const struct verify_report *r)
{
	for (unsigned i = 0; i < sizeof(r->root); i++)
		printf("%02x", r->root[i]);
}

void verify_report_print_text(const struct verify_report *r)
{
	print_escaped(r->origin[0] ? r->origin : r->dir, false);
	printf(": %llu entries, %s\n", (unsigned long long)r->size,
	       r->failures ? "REFUSED: this ledger is not what the station signed, or not all of it"
	                   : "signature good, every entry and tile accounted for");
	if (r->have_root) {
		printf("  root ");
		print_root(r);
		putchar('\n');
	}
	for (unsigned i = 0; i < r->cosigners; i++) {
		printf("  cosigned by ");
		print_escaped(r->cosigned_by[i], false);
		putchar('\n');
	}
	for (unsigned i = 0; i < r->n; i++) {
		const struct verify_finding *f = &r->finding[i];

		printf("  %-7s %s", f->weight == VERIFY_FAILURE ? "FAILURE" : "notice", f->kind);
		if (f->entry >= 0)
			printf(" (entry %lld)", (long long)f->entry);
		printf(": ");
		print_escaped(f->words, false);
		putchar('\n');
	}
	if (r->failures + r->notices > r->n)
		printf("  and %llu more\n", (unsigned long long)(r->failures + r->notices - r->n));
	if (r->failures)
		puts("Next: keep this copy as it is, note where it came from, and call the "
		     "station's supervisor.");
}

void verify_report_print_json(const struct verify_report *r)
{
	printf("{\"verdict\":\"%s\",\"origin\":\"", verify_report_verdict(r));
	print_escaped(r->origin, true);
	printf("\",\"size\":%llu,\"root\":\"", (unsigned long long)r->size);
	if (r->have_root)
		print_root(r);
	printf("\",\"cosigned_by\":[");
	for (unsigned i = 0; i < r->cosigners; i++) {
		printf("%s\"", i ? "," : "");
		print_escaped(r->cosigned_by[i], true);
		putchar('"');
	}
	printf("],\"findings\":[");
	for (unsigned i = 0; i < r->n; i++) {
		const struct verify_finding *f = &r->finding[i];

		printf("%s{\"kind\":\"%s\",\"weight\":\"%s\",\"entries\":[", i ? "," : "", f->kind,
		       f->weight == VERIFY_FAILURE ? "failure" : "notice");
		if (f->entry >= 0)
			printf("%lld", (long long)f->entry);
		printf("],\"words\":\"");
		print_escaped(f->words, true);
		printf("\"}");
	}
	printf("]}\n");
}
