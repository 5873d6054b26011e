/* Insertions as a function of what udev says, one look after the other. Pure; no device is touched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sys/sysmacros.h>

#include "daemon/base/cleanup.h"
#include "udev/insertions.h"

/* What was told, as words: "+a1:5 -a1:5 ". */
struct told {
	char text[4096];
	struct wl_insertions t;
	struct wl_ports ports;
};

static void hear(void *context, const struct wl_insertion *in, bool gone)
{
	struct told *told = context;
	size_t n = strlen(told->text);

	(void)snprintf(told->text + n, sizeof(told->text) - n, "%c%s:%llu ", gone ? '-' : '+',
	               in->port, (unsigned long long)in->disk.diskseq);
}

static void set_up(struct told *told)
{
	struct wl_finding finding;

	memset(told, 0, sizeof(*told));
	told->ports.test = true;
	assert_int_equal(wl_ports_add(&told->ports, "a1", "loop:1", "source", &finding), 0);
	assert_int_equal(wl_ports_add(&told->ports, "b1", "loop:2", "destination", &finding), 0);
}

static int see(struct told *told, unsigned number, uint64_t diskseq, uint64_t bytes, bool settled)
{
	struct wl_disk disk = {
	        .devnum = makedev(7, number), .diskseq = diskseq, .bytes = bytes, .name = "loop"};

	return wl_insertions_observe(&told->t, &told->ports, &disk, settled, hear, told);
}

/* Each case: a line of looks, and what was told in the end. */
static void test_sequences(void **state)
{
	enum { LOOK, STALE, REMOVE };
	static const struct {
		const char *why;
		struct {
			int what;
			unsigned number;
			uint64_t diskseq, bytes;
		} step[7];
		const char *told;
	} cases[] = {
	        {"seen once however often it is told",
	         {{LOOK, 1, 5, 512}, {LOOK, 1, 5, 512}, {LOOK, 1, 5, 512}},
	         "+a1:5 "},
	        {"begins with a size", {{LOOK, 1, 5, 0}, {LOOK, 1, 5, 512}}, "+a1:5 "},
	        {"ends with size 0", {{LOOK, 1, 5, 512}, {LOOK, 1, 5, 0}}, "+a1:5 -a1:5 "},
	        {"one that ended does not begin again",
	         {{LOOK, 1, 5, 512}, {LOOK, 1, 5, 0}, {LOOK, 1, 5, 512}},
	         "+a1:5 -a1:5 "},
	        {"the next one does",
	         {{LOOK, 1, 5, 512}, {LOOK, 1, 5, 0}, {LOOK, 1, 6, 512}},
	         "+a1:5 -a1:5 +a1:6 "},
	        {"another DISKSEQ without a gap",
	         {{LOOK, 1, 5, 512}, {LOOK, 1, 6, 512}},
	         "+a1:5 -a1:5 +a1:6 "},
	        {"another DISKSEQ of size 0", {{LOOK, 1, 5, 512}, {LOOK, 1, 6, 0}}, "+a1:5 -a1:5 "},
	        {"ends with remove", {{LOOK, 1, 5, 512}, {REMOVE, 1, 0, 0}}, "+a1:5 -a1:5 "},
	        {"removed twice is gone once",
	         {{LOOK, 1, 5, 512}, {REMOVE, 1, 0, 0}, {REMOVE, 1, 0, 0}},
	         "+a1:5 -a1:5 "},
	        {"ended, then removed: gone once",
	         {{LOOK, 1, 5, 512}, {LOOK, 1, 5, 0}, {REMOVE, 1, 0, 0}},
	         "+a1:5 -a1:5 "},
	        {"never there, removed", {{REMOVE, 1, 0, 0}}, ""},
	        {"an old event begins nothing", {{STALE, 1, 6, 512}}, ""},
	        {"an old event ends what is over",
	         {{LOOK, 1, 5, 512}, {STALE, 1, 6, 512}},
	         "+a1:5 -a1:5 "},
	        {"and the new one begins with its own event",
	         {{LOOK, 1, 5, 512}, {STALE, 1, 6, 512}, {LOOK, 1, 6, 512}},
	         "+a1:5 -a1:5 +a1:6 "},
	        {"another size, the same DISKSEQ: the same insertion",
	         {{LOOK, 1, 5, 512}, {LOOK, 1, 5, 1024}},
	         "+a1:5 "},
	        {"two ports",
	         {{LOOK, 1, 5, 512}, {LOOK, 2, 6, 512}, {REMOVE, 1, 0, 0}},
	         "+a1:5 +b1:6 -a1:5 "},
	        {"a disk in no port of ours", {{LOOK, 3, 5, 512}, {REMOVE, 3, 0, 0}}, ""},
	};

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		struct told told;
		set_up(&told);
		for (size_t k = 0; k < WL_ARRAY_LEN(cases[i].step) && cases[i].step[k].number;
		     k++) {
			if (cases[i].step[k].what == REMOVE)
				wl_insertions_remove(&told.t, makedev(7, cases[i].step[k].number),
				                     hear, &told);
			else
				assert_int_equal(see(&told, cases[i].step[k].number,
				                     cases[i].step[k].diskseq,
				                     cases[i].step[k].bytes,
				                     cases[i].step[k].what == LOOK),
				                 0);
		}
		if (strcmp(told.text, cases[i].told) != 0)
			fail_msg("%s: \"%s\"", cases[i].why, told.text);
	}
}

static void test_bytes_stay_as_first_seen(void **state)
{
	struct told told;

	(void)state;
	set_up(&told);
	(void)see(&told, 1, 5, 512, true);
	(void)see(&told, 1, 5, 1024, true);
	assert_int_equal(wl_insertions_find(&told.t, "a1", 5)->disk.bytes, 512);
}

static void test_find(void **state)
{
	struct told told;

	(void)state;
	set_up(&told);
	(void)see(&told, 1, 5, 512, true);
	(void)see(&told, 3, 6, 512, true);
	assert_non_null(wl_insertions_find(&told.t, "a1", 5));
	assert_null(wl_insertions_find(&told.t, "a1", 6));
	assert_null(wl_insertions_find(&told.t, "b1", 5));
	assert_null(wl_insertions_find(&told.t, "", 6)); /* in no port */
	(void)see(&told, 1, 5, 0, true);
	assert_null(wl_insertions_find(&told.t, "a1", 5));
}

static void test_enumeration_makes_up_for_lost_events(void **state)
{
	struct told told;

	(void)state;
	set_up(&told);
	(void)see(&told, 1, 5, 512, true);
	(void)see(&told, 2, 6, 512, true);
	told.text[0] = '\0';
	wl_insertions_enumerate_begin(&told.t);
	(void)see(&told, 2, 9, 512, true); /* 1 was pulled, 2 changed */
	wl_insertions_enumerate_end(&told.t, hear, &told);
	assert_string_equal(told.text, "-b1:6 +b1:9 -a1:5 ");
	told.text[0] = '\0';
	wl_insertions_enumerate_begin(&told.t);
	(void)see(&told, 2, 9, 512, true);
	wl_insertions_enumerate_end(&told.t, hear, &told);
	assert_string_equal(told.text, "");
}

static void test_new_ports(void **state)
{
	struct told told;
	struct wl_finding finding;
	struct wl_ports none = {.n = 0}, other = {.test = true};

	(void)state;
	set_up(&told);
	(void)see(&told, 1, 5, 512, true);
	(void)see(&told, 3, 7, 512, true);
	(void)see(&told, 2, 6, 512, true);
	(void)see(&told, 2, 6, 0, true);
	told.text[0] = '\0';
	wl_insertions_set_ports(&told.t, &told.ports, hear, &told);
	assert_string_equal(told.text, ""); /* the same again */
	assert_int_equal(wl_ports_add(&other, "a1", "loop:3", "source", &finding), 0);
	assert_int_equal(wl_ports_add(&other, "c1", "loop:1", "source", &finding), 0);
	assert_int_equal(wl_ports_add(&other, "d1", "loop:2", "source", &finding), 0);
	wl_insertions_set_ports(&told.t, &other, hear, &told);
	assert_string_equal(told.text, "-a1:5 +c1:5 +a1:7 "); /* loop 2 has ended */
	told.text[0] = '\0';
	wl_insertions_set_ports(&told.t, &none, hear, &told);
	assert_string_equal(told.text, "-c1:5 -a1:7 ");
}

/* WL_MEDIA_DISKS_MAX media and one more; places of ended ones are used again. */
static void test_number_of_disks(void **state)
{
	struct told told;

	(void)state;
	set_up(&told);
	for (unsigned i = 0; i < WL_MEDIA_DISKS_MAX; i++)
		assert_int_equal(see(&told, 10 + i, 100 + i, 512, true), 0);
	assert_int_equal(see(&told, 1, 500, 512, true), -ENOSPC);
	assert_string_equal(told.text, "");
	(void)see(&told, 10, 100, 0, true);
	assert_int_equal(see(&told, 1, 500, 512, true), 0);
	assert_string_equal(told.text, "+a1:500 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_sequences),
	        cmocka_unit_test(test_bytes_stay_as_first_seen),
	        cmocka_unit_test(test_find),
	        cmocka_unit_test(test_enumeration_makes_up_for_lost_events),
	        cmocka_unit_test(test_new_ports),
	        cmocka_unit_test(test_number_of_disks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
