/*
 * What a verification found, and how it is said.
 *
 * Words may quote what a hostile ledger says; it is printable ASCII by the time it comes here, and
 * names of folders are escaped on the way out. Findings are kept up to a number, and up to a
 * smaller one of each kind, and counted beyond: a ledger with a million faults costs no more memory
 * than one with a thousand, and a flood of small faults does not hide a large one. Gaps come first.
 */
#include "verify/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "verify/say.h"

static const struct {
	const char *name, *meaning;
	enum verify_weight weight;
} kinds[] = {
#define FINDING(symbol, kind, weight, meaning) {kind, meaning, VERIFY_##weight},
#include "verify/findings.def"
#undef FINDING
};

const char *verify_kind_name(enum verify_kind kind)
{
	return kinds[kind].name;
}

const char *verify_kind_meaning(enum verify_kind kind)
{
	return _(kinds[kind].meaning);
}

enum verify_weight verify_kind_weight(enum verify_kind kind)
{
	return kinds[kind].weight;
}

void verify_report_add(struct verify_report *r, enum verify_kind kind, const uint64_t *entry,
                       unsigned entries, const char *format, ...)
{
	struct verify_finding *f;
	va_list ap;

	r->count[kinds[kind].weight]++;
	if (r->n == VERIFY_FINDINGS_SHOWN || r->alike[kind] == VERIFY_FINDINGS_ALIKE)
		return;
	r->alike[kind]++;
	f = &r->finding[r->n++];
	f->kind = kind;
	f->entries = entries < VERIFY_ENTRIES_SHOWN ? entries : VERIFY_ENTRIES_SHOWN;
	for (unsigned i = 0; i < f->entries; i++)
		f->entry[i] = entry[i];
	va_start(ap, format);
	(void)vsnprintf(f->words, sizeof(f->words), format, ap);
	va_end(ap);
}

bool verify_report_refuses(const struct verify_report *r)
{
	return r->count[VERIFY_BROKEN] > 0 || r->count[VERIFY_BREACH] > 0;
}

/* Whose ledger this is, in one line; a folder's name may be anything. */
static void label_of(const struct verify_report *r, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s%s%s", r->station, r->station[0] ? "  " : "",
	               r->origin[0] ? r->origin : r->dir);
	for (char *at = buf; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
}

/* Control characters never reach a terminal; UTF-8 of our own sentences does. */
static void print_plain(const char *s)
{
	for (; *s; s++) {
		unsigned char ch = (unsigned char)*s;

		if (ch < ' ' || ch == 0x7f)
			printf("\\x%02x", ch);
		else
			putchar(ch);
	}
}

void verify_print_json_text(const char *s)
{
	for (; *s; s++) {
		unsigned char ch = (unsigned char)*s;

		if (ch == '"' || ch == '\\')
			printf("\\%c", ch);
		else if (ch < ' ' || ch == 0x7f)
			printf("\\u%04x", ch);
		else
			putchar(ch);
	}
}

static void print_hex(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%02x", p[i]);
}

static const char *weight_word(enum verify_weight weight)
{
	static const char *const words[VERIFY_WEIGHTS] = {N_("gap"), N_("FAILURE"), N_("FAILURE"),
	                                                  N_("notice")};

	return _(words[weight]);
}

static const char *summary(const struct verify_report *r)
{
	if (r->count[VERIFY_BROKEN])
		return _("REFUSED: this ledger is not what the station signed, or not all of it");
	if (r->count[VERIFY_BREACH])
		return _("REFUSED: signature good, every entry and tile accounted for, but rules "
		         "were broken");
	return _("signature good, every entry and tile accounted for");
}

static void print_finding(const struct verify_finding *f)
{
	printf("  %-8s ", weight_word(kinds[f->kind].weight));
	for (unsigned i = 0; i < f->entries; i++)
		printf("%s%llu", i ? ", " : "", (unsigned long long)f->entry[i]);
	printf("%s%s: ", f->entries ? "  " : "", kinds[f->kind].name);
	print_plain(f->words);
	putchar('\n');
}

static void print_known(const struct verify_report *r)
{
	if (r->have_root) {
		printf("  %s ", _("root"));
		print_hex(r->root, sizeof(r->root));
		putchar('\n');
	}
	if (r->since)
		printf(_("  grows from your checkpoint at %llu entries\n"),
		       (unsigned long long)r->since);
	for (unsigned i = 0; i < r->cosigners; i++)
		printf(_("  countersigned by %s\n"), r->cosigned_by[i]);
}

void verify_report_print_text(const struct verify_report *r)
{
	uint64_t all = 0;
	char label[512];

	label_of(r, label, sizeof(label));
	/* TRANSLATORS: a station, the size of its ledger, and what was found */
	printf(_("%s: %llu entries, %s\n"), label, (unsigned long long)r->size, summary(r));
	print_known(r);
	for (unsigned w = 0; w < VERIFY_WEIGHTS; w++) {
		all += r->count[w];
		for (unsigned i = 0; i < r->n; i++)
			if (kinds[r->finding[i].kind].weight == w)
				print_finding(&r->finding[i]);
	}
	if (all > r->n)
		printf(_("  and %llu more\n"), (unsigned long long)(all - r->n));
	if (verify_report_refuses(r))
		puts(_("Next: keep this copy as it is, note where it came from, and call the "
		       "station's supervisor."));
}

static void print_json_finding(const struct verify_finding *f, bool first)
{
	static const char *const words[VERIFY_WEIGHTS] = {"gap", "failure", "failure", "notice"};

	printf("%s{\"kind\":\"%s\",\"weight\":\"%s\",\"entries\":[", first ? "" : ",",
	       kinds[f->kind].name, words[kinds[f->kind].weight]);
	for (unsigned i = 0; i < f->entries; i++)
		printf("%s%llu", i ? "," : "", (unsigned long long)f->entry[i]);
	printf("],\"words\":\"");
	verify_print_json_text(f->words);
	printf("\"}");
}

void verify_report_print_json(const struct verify_report *r)
{
	bool first = true;

	printf("{\"verdict\":\"%s\",\"origin\":\"", verify_report_refuses(r) ? "refuse" : "pass");
	verify_print_json_text(r->origin);
	printf("\",\"station\":\"");
	verify_print_json_text(r->station);
	printf("\",\"size\":%llu,\"read_from\":%llu,\"since\":%llu,\"root\":\"",
	       (unsigned long long)r->size, (unsigned long long)r->read_from,
	       (unsigned long long)r->since);
	if (r->have_root)
		print_hex(r->root, sizeof(r->root));
	printf("\",\"cosigned_by\":[");
	for (unsigned i = 0; i < r->cosigners; i++) {
		printf("%s\"", i ? "," : "");
		verify_print_json_text(r->cosigned_by[i]);
		putchar('"');
	}
	printf("],\"findings\":[");
	for (unsigned w = 0; w < VERIFY_WEIGHTS; w++)
		for (unsigned i = 0; i < r->n; i++)
			if (kinds[r->finding[i].kind].weight == w) {
				print_json_finding(&r->finding[i], first);
				first = false;
			}
	printf("]}\n");
}
