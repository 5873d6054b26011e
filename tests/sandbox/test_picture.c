/*
 * wl_picture_rebuild against workers that lie or die at every step: each ends as a refusal with a
 * name, and nothing is kept. The real spawnd and the real sandbox; the workers are tests/sandbox's.
 * Where this machine cannot make the sandbox the program is skipped and says why.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/work_picture.h"
#include "tests/sandbox/picture_liar.h"

#define SPAWND  "daemon/spawn/weighlock-spawnd"
#define WORKERS "tests/sandbox/liars"
#define CLIENT  "client/weighlock"
#define SKIPPED 77
#define REFUSED 1 /* what `scrub` ends with where a picture was refused */

static struct wl_spawn *spawn;

static const struct {
	const char *words;
	const char *rule, *detail; /* detail NULL: any */
} lies[] = {
        {"decode wider", "station.worker-lied", "more or fewer samples than the picture has"},
        {"decode narrower", "station.worker-lied", "more or fewer samples than the picture has"},
        {"decode more", "station.worker-lied", "more or fewer samples than the picture has"},
        {"decode overflow", "station.worker-lied", "more or fewer samples than the picture has"},
        {"decode empty", "station.worker-lied", "a size that no picture has"},
        {"decode huge", "station.worker-lied", "a size that no picture has"},
        {"decode channels", "station.worker-lied", "a size that no picture has"},
        {"decode no-pages", "station.worker-lied", "a size that no picture has"},
        {"decode pages", "station.worker-lied", "a size that no picture has"},
        {"decode depth", "station.worker-lied", "a depth that is not 8 or 16 bits"},
        {"decode format", "station.worker-lied", "a format or page that was not asked for"},
        {"decode unasked", "station.worker-lied", "a format or page that was not asked for"},
        {"decode twice", "station.worker-lied", "an answer out of turn"},
        {"decode another-job", "station.worker-lied", "an answer out of turn"},
        {"decode silent", "station.worker-lied", "an answer out of turn"},
        {"decode removed", "station.worker-lied", "too many things removed"},
        {"decode rule", "station.worker-lied", "a rule that is not one of pictures"},
        {"decode seals", "station.worker-died", NULL},
        {"decode dies", "station.worker-died", NULL},
        {"decode dies-after", "station.worker-died", NULL},
        {"decode falls", "station.worker-died", NULL},
        {"decode waits", "station.worker-late", NULL},
        {"encode dies", "station.worker-died", NULL},
        {"encode dies-after", "station.worker-died", NULL},
        {"encode falls", "station.worker-died", NULL},
        {"encode silent", "station.worker-lied", "an answer out of turn"},
        {"encode another-job", "station.worker-lied", "an answer out of turn"},
        {"encode twice", "station.worker-lied", "an answer out of turn"},
        {"encode unasked", "station.worker-lied", "a digest of another kind"},
        {"encode bytes", "image.not-canonical", "it is not what the encoder says it wrote"},
        {"encode digest", "image.not-canonical", "it is not what the encoder says it wrote"},
        {"check dies", "station.worker-died", NULL},
        {"check dies-after", "station.worker-died", NULL},
        {"check falls", "station.worker-died", NULL},
        {"check silent", "station.worker-lied", "an answer out of turn"},
        {"check another-job", "station.worker-lied", "an answer out of turn"},
        {"check twice", "station.worker-lied", "an answer out of turn"},
        {"check wider", "image.not-canonical", "it is not what the encoder says it wrote"},
        {"check bytes", "image.not-canonical", "it is not what the encoder says it wrote"},
        {"check digest", "image.not-canonical", "it is not what the encoder says it wrote"},
        {"check finds", "image.not-canonical", "what it found"},
};

static int picture_saying(const char *words)
{
	char bytes[LIAR_BYTES] = "";
	int fd = memfd_create("source", MFD_CLOEXEC);

	(void)snprintf(bytes, sizeof(bytes), "%s", words);
	assert_true(fd >= 0);
	assert_int_equal(wl_write_full(fd, bytes, sizeof(bytes)), 0);
	return fd;
}

static int rebuild(const char *words, struct wl_picture_order *order, struct wl_picture *ret,
                   struct wl_finding *f)
{
	WL_AUTO_CLOSE int source = picture_saying(words);
	WL_AUTO_CLOSE int output = memfd_create("output", MFD_CLOEXEC);

	order->source_fd = source;
	order->output_fd = output;
	order->named_as = "";
	order->formats = WL_FORMAT_PNG;
	order->page = 1;
	order->side_max = WL_IMAGE_SIDE_MAX;
	return wl_picture_rebuild(spawn, order, ret, f);
}

static void an_honest_one_is_rebuilt(void **state)
{
	static struct wl_picture p;
	struct wl_picture_order order = {0};
	struct wl_finding f;

	(void)state;
	assert_int_equal(rebuild("honest", &order, &p, &f), 0);
	assert_int_equal(p.width, LIAR_BYTES);
	assert_int_equal(p.output_bytes, LIAR_BYTES);
}

static void every_lie_and_death_is_a_refusal_with_a_name(void **state)
{
	static struct wl_picture p;

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(lies); i++) {
		struct wl_picture_order order = {0};
		struct wl_finding f;
		bool late = strcmp(lies[i].rule, "station.worker-late") == 0;
		order.deadline_ms = late ? 200 : 60000;
		int r = rebuild(lies[i].words, &order, &p, &f);
		if (r != -EBADMSG || strcmp(wl_rule_id(f.rule), lies[i].rule) != 0)
			print_error("%s: %d, %s: %s\n", lies[i].words, r, wl_rule_id(f.rule),
			            f.detail);
		assert_int_equal(r, -EBADMSG);
		assert_string_equal(wl_rule_id(f.rule), lies[i].rule);
		if (lies[i].detail)
			assert_string_equal(f.detail, lies[i].detail);
	}
	/* and none of it hurt the next one */
	an_honest_one_is_rebuilt(state);
}

static void masks_are_counted(void **state)
{
	static struct wl_picture p;
	struct wl_picture_mask masks[WL_IMAGE_MASKS_MAX + 1] = {0};
	struct wl_finding f;

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(masks); i++)
		masks[i] = (struct wl_picture_mask){LIAR_BYTES, 1, {(uint32_t)i, 0, 1, 1}};
	struct wl_picture_order order = {.masks = masks, .nmasks = WL_IMAGE_MASKS_MAX};
	int r = rebuild("honest", &order, &p, &f);
	if (r < 0)
		print_error("%s: %s\n", wl_rule_id(f.rule), f.detail);
	assert_int_equal(r, 0);
	assert_int_equal(p.nmasked, WL_IMAGE_MASKS_MAX);
	order.nmasks = WL_IMAGE_MASKS_MAX + 1;
	assert_int_equal(rebuild("honest", &order, &p, &f), -E2BIG);
}

/* A decoder that lies about what it works with: bounded, escaped, and believed in nothing. */
static void boasts_are_cut_and_escaped(void **state)
{
	static struct wl_picture p;
	static struct wl_tools tools;
	struct wl_picture_order order = {.tools = &tools};
	struct wl_finding f;

	(void)state;
	assert_int_equal(rebuild("decode boasts", &order, &p, &f), 0);
	assert_int_equal(tools.n, WL_TOOLS_OF_WORK_MAX);
	for (size_t i = 0; i < tools.n; i++) {
		assert_true(strlen(tools.v[i]) < WL_TOOL_TEXT);
		assert_memory_equal(tools.v[i], "decode ", 7);
		for (const char *c = tools.v[i]; *c; c++)
			assert_true(*c >= ' ' && *c <= '~');
	}
	assert_string_equal(tools.v[0], "decode \"}]}{\\\"a 1");
	assert_int_equal(rebuild("decode boasts", &order, &p, &f), 0);
	assert_int_equal(tools.n, WL_TOOLS_OF_WORK_MAX);
}

static unsigned files_in(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	unsigned n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	(void)closedir(d);
	return n;
}

static void put_file(const char *folder, const char *name, const char *words)
{
	char path[300];
	WL_AUTO_CLOSE int fd = -1;
	WL_AUTO_CLOSE int from = picture_saying(words);
	char bytes[LIAR_BYTES];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(wl_pread_full(from, bytes, sizeof(bytes), 0), LIAR_BYTES);
	assert_int_equal(wl_write_full(fd, bytes, sizeof(bytes)), 0);
}

/* `scrub` over all of them (without the one that waits, and the one whose format scrub does ask
 * for): OUT has the honest picture only. */
static void nothing_of_them_is_kept(void **state)
{
	char folder[] = "/tmp/wl-liars.XXXXXX", sources[64], out[64], name[32], command[400];

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chmod(folder, 0755), 0);
	(void)snprintf(sources, sizeof(sources), "%s/in", folder);
	(void)snprintf(out, sizeof(out), "%s/out", folder);
	assert_int_equal(mkdir(sources, 0755), 0);
	for (size_t i = 0; i < WL_ARRAY_LEN(lies); i++) {
		(void)snprintf(name, sizeof(name), "%zu", i);
		if (strcmp(lies[i].rule, "station.worker-late") != 0 &&
		    strcmp(lies[i].words, "decode unasked") != 0)
			put_file(sources, name, lies[i].words);
	}
	put_file(sources, "honest", "honest");
	(void)snprintf(command, sizeof(command),
	               "WEIGHLOCK_SPAWND=" SPAWND " " CLIENT " scrub -o %s %s >/dev/null 2>&1", out,
	               sources);
	int status = system(command);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == REFUSED);
	assert_int_equal(files_in(out), 1);
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_honest_one_is_rebuilt),
	        cmocka_unit_test(every_lie_and_death_is_a_refusal_with_a_name),
	        cmocka_unit_test(masks_are_counted),
	        cmocka_unit_test(boasts_are_cut_and_escaped),
	        cmocka_unit_test(nothing_of_them_is_kept),
	};
	struct wl_finding why = {.rule = WL_RULE_NONE};
	char said[256];

	if (setenv("WEIGHLOCK_WORKERS", WORKERS, 1) < 0 || wl_spawn_start(SPAWND, &spawn) < 0)
		return EXIT_FAILURE;
	if (wl_spawn_status(spawn, said, sizeof(said), &why) < 0) {
		(void)fprintf(stderr, "skipped: the sandbox cannot be made here: %s\n", why.detail);
		return SKIPPED;
	}
	int r = cmocka_run_group_tests(tests, NULL, NULL);
	(void)wl_spawn_free(spawn);
	return r;
}
