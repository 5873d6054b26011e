/*
 * weighlock-verify: the auditor's own program. Reads ledgers as they lie and says whether nobody
 * changed them, and whether what they say keeps to the rules.
 *
 * Runs on the auditor's machine as the auditor and needs no station. It writes only what it was
 * asked to: its memory beside the book, a cosignature, an SQLite file. It links libcrypto and
 * libsqlite3 and shares no code with the program that writes ledgers, so that one mistake cannot
 * hide in both.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/cosign.h"
#include "verify/enrol.h"
#include "verify/say.h"
#include "verify/stations.h"

#define OVERDUE_DAYS 100U /* a quarter and a little */

static const char usage_text[] = N_(
        "usage: weighlock-verify --book BOOK|--key VKEY [OPTION]... DIR...\n"
        "       weighlock-verify enrol --book BOOK [--rotate OLD-LEDGER] CARD\n"
        "       weighlock-verify vkey --name NAME KEY.pem\n"
        "       weighlock-verify explain [KIND]...\n"
        "\n"
        "  DIR                 a ledger (the folder with `checkpoint` and `tile`), or a folder of "
        "ledgers\n"
        "  --book BOOK         the stations you trust; what was seen of them is kept in BOOK.seen\n"
        "  --headquarters PEM  the certificate under which the book must be signed (BOOK.p7s)\n"
        "  --key VKEY          one station's key, from its signed card (or a file that holds it)\n"
        "  --since CHECKPOINT  an older checkpoint: must be this ledger's beginning\n"
        "  --receipt FILE      a receipt from a medium: must fit this ledger\n"
        "  --cosigner VKEY     this countersignature must be there; may be given several times\n"
        "  --cosigner-key KEY  countersign what was found good: writes DIR/cosignature.txt\n"
        "  --cosigner-name N   the name of that key, where the book does not give it\n"
        "  --import FILE       also put the entries into this SQLite file\n"
        "  --overdue DAYS      how old the last visit of a missing station may be (100)\n"
        "  --threads N         how many processors to use (all)\n"
        "  --json              one JSON object per ledger\n"
        "  --lang en|fr        the language of sentences\n"
        "\n"
        "exit status: 0 good, 1 refused, 2 wrong usage, 3 could not be done, 4 good, and stations "
        "are missing\n");

/* A vkey given as text, or a file whose first line it is. */
static int read_key(const char *arg, struct verify_key *ret)
{
	char line[VERIFY_VKEY_MAX + 64] = "";
	FILE *f;

	if (verify_key_parse(arg, ret) == 0)
		return 0;
	f = fopen(arg, "re");
	if (!f)
		return -EINVAL;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	(void)fclose(f);
	line[strcspn(line, "\r\n")] = '\0';
	return verify_key_parse(line, ret);
}

static int read_number(const char *arg, unsigned max, unsigned *ret)
{
	uint64_t n;

	if (verify_decimal_parse(arg, strlen(arg), &n) < 0 || n > max)
		return -EINVAL;
	*ret = (unsigned)n;
	return 0;
}

static int take_key(struct verify_options *o, const char *arg)
{
	o->have_key = true;
	return read_key(arg, &o->key);
}

static int take_book(struct verify_options *o, const char *arg)
{
	o->book = arg;
	return 0;
}

static int take_headquarters(struct verify_options *o, const char *arg)
{
	o->headquarters = arg;
	return 0;
}

static int take_since(struct verify_options *o, const char *arg)
{
	if (o->sinces == VERIFY_SINCE_MAX - 2) /* two more come from memory */
		return -E2BIG;
	o->since[o->sinces++] = arg;
	return 0;
}

static int take_receipt(struct verify_options *o, const char *arg)
{
	if (o->receipts == VERIFY_RECEIPTS_MAX)
		return -E2BIG;
	o->receipt[o->receipts++] = arg;
	return 0;
}

static int take_cosigner(struct verify_options *o, const char *arg)
{
	if (o->cosigners == VERIFY_COSIGNERS_MAX)
		return -E2BIG;
	return read_key(arg, &o->cosigner[o->cosigners++]);
}

static int take_cosigner_key(struct verify_options *o, const char *arg)
{
	o->cosigner_key = arg;
	return 0;
}

static int take_cosigner_name(struct verify_options *o, const char *arg)
{
	o->cosigner_name = arg;
	return 0;
}

static int take_import(struct verify_options *o, const char *arg)
{
	o->import = arg;
	return 0;
}

static int take_overdue(struct verify_options *o, const char *arg)
{
	return read_number(arg, 36500, &o->overdue_days);
}

static int take_threads(struct verify_options *o, const char *arg)
{
	return read_number(arg, 64, &o->threads);
}

static int take_json(struct verify_options *o, const char *arg)
{
	(void)arg;
	o->json = true;
	return 0;
}

static int take_language(struct verify_options *o, const char *arg)
{
	o->language = arg;
	return strcmp(arg, "en") == 0 || strcmp(arg, "fr") == 0 ? 0 : -EINVAL;
}

static const struct {
	struct option option;
	int (*take)(struct verify_options *o, const char *arg);
} table[] = {
        {{"key", required_argument, NULL, 0}, take_key},
        {{"book", required_argument, NULL, 0}, take_book},
        {{"headquarters", required_argument, NULL, 0}, take_headquarters},
        {{"since", required_argument, NULL, 0}, take_since},
        {{"receipt", required_argument, NULL, 0}, take_receipt},
        {{"cosigner", required_argument, NULL, 0}, take_cosigner},
        {{"cosigner-key", required_argument, NULL, 0}, take_cosigner_key},
        {{"cosigner-name", required_argument, NULL, 0}, take_cosigner_name},
        {{"import", required_argument, NULL, 0}, take_import},
        {{"overdue", required_argument, NULL, 0}, take_overdue},
        {{"threads", required_argument, NULL, 0}, take_threads},
        {{"json", no_argument, NULL, 0}, take_json},
        {{"lang", required_argument, NULL, 0}, take_language},
};

#define OPTIONS (sizeof(table) / sizeof(table[0]))

static int parse(int argc, char **argv, struct verify_options *o)
{
	struct option list[OPTIONS + 1] = {{0}};
	int at = 0, ch;

	for (size_t i = 0; i < OPTIONS; i++)
		list[i] = table[i].option;
	while ((ch = getopt_long(argc, argv, "", list, &at)) != -1) {
		if (ch != 0)
			return -EINVAL;
		if (table[at].take(o, optarg) < 0) {
			fprintf(stderr, _("weighlock-verify: --%s: this cannot be used: %s\n"),
			        list[at].name, optarg);
			return -EINVAL;
		}
	}
	o->dir = argv + optind;
	o->dirs = (unsigned)(argc - optind);
	if (o->have_key == (o->book != NULL) || (o->headquarters && !o->book))
		return -EINVAL;
	/* an import without a ledger lists the stations that are missing */
	return o->dirs > 0 || (o->import && o->book) ? 0 : -EINVAL;
}

/* `explain`: what each kind of finding means. */
static int explain(int argc, char **argv)
{
	int found = 0;

	for (unsigned i = 0; i < VERIFY_KINDS; i++) {
		enum verify_kind kind = (enum verify_kind)i;
		bool wanted = argc == 1;

		for (int k = 1; k < argc; k++)
			wanted = wanted || strcmp(argv[k], verify_kind_name(kind)) == 0;
		if (!wanted)
			continue;
		found++;
		printf("%-24s %s\n", verify_kind_name(kind), verify_kind_meaning(kind));
	}
	return found ? VERIFY_EXIT_PASS : VERIFY_EXIT_USAGE;
}

static const struct {
	const char *word;
	int (*run)(int argc, char **argv);
} words[] = {
        {"enrol", verify_enrol_main},
        {"vkey", verify_vkey_main},
        {"explain", explain},
};

int main(int argc, char **argv)
{
	static struct verify_options o = {.overdue_days = OVERDUE_DAYS};

	verify_say_begin(NULL);
	for (size_t i = 0; argc > 1 && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(argv[1], words[i].word) == 0)
			return words[i].run(argc - 1, argv + 1);
	if (parse(argc, argv, &o) < 0) {
		fputs(_(usage_text), stderr);
		return VERIFY_EXIT_USAGE;
	}
	if (o.language)
		verify_say_begin(o.language);
	return verify_stations_run(&o);
}
