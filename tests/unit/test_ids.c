/* Identifiers and places: the forms of INTERFACES 2 and the table of INTERFACES 10. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "daemon/base/ids.h"
#include "daemon/base/paths.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	enum wl_id_kind kind;
	const char *id;
	bool good;
} cases[] = {
        {WL_ID_STATION, "STN3", true},
        {WL_ID_STATION, "A1", true},
        {WL_ID_STATION, "ABCDEFGH", true},
        {WL_ID_STATION, "A", false},
        {WL_ID_STATION, "ABCDEFGHI", false},
        {WL_ID_STATION, "stn3", false},
        {WL_ID_STATION, "ST-3", false},
        {WL_ID_TRANSFER, "STN3-T000042", true},
        {WL_ID_TRANSFER, "STN3-T00042", false},
        {WL_ID_TRANSFER, "STN3-T0000042", false},
        {WL_ID_TRANSFER, "STN3-I000042", false},
        {WL_ID_TRANSFER, "STN3-T00004x", false},
        {WL_ID_TRANSFER, "-T000042", false},
        {WL_ID_TRANSFER, "STN3-T000042 ", false},
        {WL_ID_ITEM, "STN3-T000042.00007", true},
        {WL_ID_ITEM, "STN3-T000042.0007", false},
        {WL_ID_ITEM, "STN3-T000042", false},
        {WL_ID_ITEM, "STN3-T000042.00007.1", false},
        {WL_ID_INSERTION, "STN3-I000311", true},
        {WL_ID_INSERTION, "STN3-T000311", false},
        {WL_ID_MEDIUM, "M-0117", true},
        {WL_ID_MEDIUM, "M-1", true},
        {WL_ID_MEDIUM, "M1", false},
        {WL_ID_MEDIUM, "ABCDEFGHIJKLMNOP", true},
        {WL_ID_MEDIUM, "ABCDEFGHIJKLMNOPQ", false},
        {WL_ID_MEDIUM, "?9f3c51a2b07e", true},
        {WL_ID_MEDIUM, "?9F3C51A2B07E", false},
        {WL_ID_MEDIUM, "?9f3c51a2b07", false},
        {WL_ID_ENTRY, "STN3#81", true},
        {WL_ID_ENTRY, "STN3#0", true},
        {WL_ID_ENTRY, "STN3#081", false},
        {WL_ID_ENTRY, "STN3#", false},
        {WL_ID_ENTRY, "STN3#-1", false},
        {WL_ID_ENTRY, "STN3#12345678901234567", false},
        {WL_ID_PERSON, "tech-1", true},
        {WL_ID_PERSON, "t", false},
        {WL_ID_PERSON, "1tech", false},
        {WL_ID_PERSON, "Tech", false},
        {WL_ID_PERSON, "abcdefghijklmnopqrstuvwxyz012345", true},
        {WL_ID_PERSON, "abcdefghijklmnopqrstuvwxyz0123456", false},
        {WL_ID_TICKET, "AA-2026-0117", true},
        {WL_ID_TICKET, "WO-8841", true},
        {WL_ID_TICKET, "AA", false},
        {WL_ID_TICKET, "aa-2026", false},
        {WL_ID_NAME, "acme", true},
        {WL_ID_NAME, "a", true},
        {WL_ID_NAME, "x-0042", true},
        {WL_ID_NAME, "0042", false},
        {WL_ID_NAME, "x_0042", false},
        {WL_ID_NAME, "x\xC3\xA9", false},
};

static void forms_are_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (wl_id_is(cases[i].kind, cases[i].id) != cases[i].good)
			fail_msg("kind %d: %s", (int)cases[i].kind, cases[i].id);
	for (unsigned kind = WL_ID_STATION; kind < WL_ID_MAX; kind++) {
		assert_false(wl_id_is((enum wl_id_kind)kind, ""));
		assert_false(wl_id_is((enum wl_id_kind)kind, NULL));
	}
	assert_false(wl_id_is(WL_ID_MAX, "acme"));
}

static void made_ids_are_ids(void **state)
{
	char id[WL_ID_TEXT], item[WL_ID_TEXT];
	uint64_t n = 0;

	(void)state;
	wl_id_transfer("STN3", 42, id);
	assert_string_equal(id, "STN3-T000042");
	assert_int_equal(wl_id_number(WL_ID_TRANSFER, id, &n), 0);
	assert_int_equal(n, 42);
	wl_id_item(id, 7, item);
	assert_string_equal(item, "STN3-T000042.00007");
	assert_int_equal(wl_id_number(WL_ID_ITEM, item, &n), 0);
	assert_int_equal(n, 7);
	wl_id_insertion("STN3", 311, id);
	assert_string_equal(id, "STN3-I000311");
	assert_int_equal(wl_id_number(WL_ID_INSERTION, id, &n), 0);
	assert_int_equal(n, 311);
	wl_id_entry("STN3", 81, id);
	assert_string_equal(id, "STN3#81");
	assert_int_equal(wl_id_number(WL_ID_ENTRY, id, &n), 0);
	assert_int_equal(n, 81);
	assert_int_equal(wl_id_number(WL_ID_ENTRY, "STN3-T000042", &n), -EINVAL);
	assert_int_equal(wl_id_number(WL_ID_NAME, "acme", &n), -EINVAL);
}

/* The digest is of printf '0951\n1666\nABC\n16008609792\n' | sha256sum, and of three empty lines
 * and 0. */
static void fingerprints_are_as_sha256sum_says(void **state)
{
	char id[WL_ID_TEXT];

	(void)state;
	assert_int_equal(wl_id_fingerprint("0951", "1666", "ABC", 16008609792, id), 0);
	assert_string_equal(id, "?9b23c7ac8395");
	assert_true(wl_id_is(WL_ID_MEDIUM, id));
	assert_int_equal(wl_id_fingerprint(NULL, NULL, NULL, 0, id), 0);
	assert_string_equal(id, "?d0937dfb3038");
	char long_serial[2000];
	memset(long_serial, 'x', sizeof(long_serial) - 1);
	long_serial[sizeof(long_serial) - 1] = 0;
	assert_int_equal(wl_id_fingerprint("", "", long_serial, 0, id), -ENAMETOOLONG);
}

static void a_prefix_moves_every_place(void **state)
{
	static const struct {
		enum wl_path path;
		const char *expected;
	} places[] = {
	        {WL_PATH_STATE, "/tmp/s/var/lib/weighlock"},
	        {WL_PATH_TRUST, "/tmp/s/var/lib/weighlock/trust"},
	        {WL_PATH_POLICY, "/tmp/s/var/lib/weighlock/policy"},
	        {WL_PATH_VAULT, "/tmp/s/var/lib/weighlock/vault"},
	        {WL_PATH_LEDGER, "/tmp/s/var/lib/weighlock-ledger"},
	        {WL_PATH_LEDGER_STATE, "/tmp/s/var/lib/weighlock-ledger/.state"},
	        {WL_PATH_LEDGER_KEYS, "/tmp/s/var/lib/weighlock-ledger/keys"},
	        {WL_PATH_RUN, "/tmp/s/run/weighlock"},
	        {WL_PATH_CONTROL_SOCKET, "/tmp/s/run/weighlock/control/socket"},
	        {WL_PATH_MEDIA_SOCKET, "/tmp/s/run/weighlock/media/socket"},
	        {WL_PATH_SPAWN_SOCKET, "/tmp/s/run/weighlock/spawn/socket"},
	        {WL_PATH_LEDGER_SOCKET, "/tmp/s/run/weighlock/ledger/socket"},
	        {WL_PATH_GATE_SOCKET, "/tmp/s/run/weighlock/gate/socket"},
	        {WL_PATH_GRANT_SOCKET, "/tmp/s/run/weighlock/grant/socket"},
	};
	char with[WL_PATH_TEXT], without[WL_PATH_TEXT];

	(void)state;
	assert_int_equal(COUNT(places), WL_PATH_MAX);
	for (size_t i = 0; i < COUNT(places); i++) {
		assert_int_equal(wl_path(places[i].path, "/tmp/s", with, sizeof(with)), 0);
		assert_string_equal(with, places[i].expected);
		assert_int_equal(wl_path(places[i].path, NULL, without, sizeof(without)), 0);
		assert_true(without[0] == '/' && strncmp(without, "/tmp/s", 6) != 0);
	}
	assert_int_equal(wl_path(WL_PATH_RUN, "/tmp/s", with, 20), -ENAMETOOLONG);
	assert_int_equal(wl_path(WL_PATH_RUN, "/tmp/s", with, 21), 0);
	assert_int_equal(wl_path(WL_PATH_MAX, NULL, with, sizeof(with)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(forms_are_exact),
	        cmocka_unit_test(made_ids_are_ids),
	        cmocka_unit_test(fingerprints_are_as_sha256sum_says),
	        cmocka_unit_test(a_prefix_moves_every_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
