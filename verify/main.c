/*
 * weighlock-verify: the auditor's own program. Reads ledgers as they lie and says whether nobody
 * changed them.
 *
 * Runs on the auditor's machine as the auditor, writes nothing, needs no station. It must stay
 * small enough to be read in an afternoon, links libcrypto and nothing else, and shares no code
 * with the program that writes ledgers, so that one mistake cannot hide in both.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verify/ledger_dir.h"

enum { EXIT_PASS = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_FAULT = 3 };

struct options {
	struct verify_request request;
	struct verify_key cosigner[VERIFY_COSIGNERS_MAX];
	const char *since_path;
	bool have_key, json;
};

static const char usage_text[] =
        "usage: weighlock-verify --key VKEY [--since CHECKPOINT] [--cosigner VKEY]... [--json] "
        "DIR...\n"
        "\n"
        "  DIR                 a ledger: the folder with `checkpoint` and `tile`\n"
        "  --key VKEY          the station's key, from its signed card (or a file that holds it)\n"
        "  --since CHECKPOINT  an older checkpoint of the station: must be this ledger's "
        "beginning\n"
        "  --cosigner VKEY     this cosignature must be there; may be given several times\n"
        "  --json              one JSON object per ledger\n"
        "\n"
        "exit status: 0 good, 1 refused, 2 wrong usage, 3 could not be read\n";

/* A vkey given as text, or a file whose first line it is. */
static int read_key(const char *arg, struct verify_key *ret)
{
	char line[VERIFY_NAME_MAX + 128] = "";
	FILE *f;

	if (verify_key_parse(arg, ret) == 0)
		return 0;
	f = fopen(arg, "re");
	if (!f)
		return -EINVAL;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	(void)fclose(f);
	line[strcspn(line, "\n")] = '\0';
	return verify_key_parse(line, ret);
}

static int read_since(struct options *o)
{
	static uint8_t note[VERIFY_NOTE_BYTES_MAX + 1];
	FILE *f = fopen(o->since_path, "re");
	size_t n;

	if (!f)
		return -errno;
	n = fread(note, 1, sizeof(note), f);
	(void)fclose(f);
	if (n > VERIFY_NOTE_BYTES_MAX || verify_note_check(note, n, &o->request.key, NULL) < 0 ||
	    verify_checkpoint_parse(note, n, &o->request.since) < 0)
		return -EBADMSG;
	o->request.have_since = true;
	return 0;
}

static int take_key(struct options *o, const char *arg)
{
	o->have_key = true;
	return read_key(arg, &o->request.key);
}

static int take_since(struct options *o, const char *arg)
{
	o->since_path = arg;
	return 0;
}

static int take_cosigner(struct options *o, const char *arg)
{
	if (o->request.cosigners == VERIFY_COSIGNERS_MAX)
		return -E2BIG;
	return read_key(arg, &o->cosigner[o->request.cosigners++]);
}

static int take_json(struct options *o, const char *arg)
{
	(void)arg;
	o->json = true;
	return 0;
}

static const struct {
	struct option option;
	int (*take)(struct options *o, const char *arg);
} table[] = {
        {{"key", required_argument, NULL, 0}, take_key},
        {{"since", required_argument, NULL, 0}, take_since},
        {{"cosigner", required_argument, NULL, 0}, take_cosigner},
        {{"json", no_argument, NULL, 0}, take_json},
};

#define OPTIONS (sizeof(table) / sizeof(table[0]))

static int parse(int argc, char **argv, struct options *o)
{
	struct option list[OPTIONS + 1] = {{0}};
	int at = 0, ch;

	for (size_t i = 0; i < OPTIONS; i++)
		list[i] = table[i].option;
	while ((ch = getopt_long(argc, argv, "", list, &at)) != -1) {
		if (ch != 0)
			return -EINVAL;
		if (table[at].take(o, optarg) < 0) {
			fprintf(stderr, "weighlock-verify: --%s: this is not a key: %s\n",
			        list[at].name, optarg);
			return -EINVAL;
		}
	}
	if (!o->have_key || optind == argc)
		return -EINVAL;
	return 0;
}

static int verify_one(const struct options *o, const char *dir)
{
	static struct verify_report report;
	int r;

	memset(&report, 0, sizeof(report));
	report.dir = dir;
	r = verify_ledger_dir(&o->request, &report);
	if (o->json)
		verify_report_print_json(&report);
	else
		verify_report_print_text(&report);
	if (r < 0 && r != -EBADMSG)
		return EXIT_FAULT;
	return report.failures ? EXIT_REFUSED : EXIT_PASS;
}

int main(int argc, char **argv)
{
	struct options o = {.json = false};
	int worst = EXIT_PASS;

	o.request.cosigner = o.cosigner;
	if (parse(argc, argv, &o) < 0) {
		fputs(usage_text, stderr);
		return EXIT_USAGE;
	}
	if (o.since_path && read_since(&o) < 0) {
		fprintf(stderr,
		        "weighlock-verify: %s: not a checkpoint signed by this key, so nothing can "
		        "be compared with it\n",
		        o.since_path);
		return EXIT_USAGE;
	}
	for (int i = optind; i < argc; i++) {
		int r = verify_one(&o, argv[i]);
		if (r > worst)
			worst = r;
	}
	return fflush(stdout) == 0 ? worst : EXIT_FAULT;
}
