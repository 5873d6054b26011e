/* Ports: what a match may say, and which disk is in which port. Pure; no device is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sys/sysmacros.h>

#include "daemon/base/cleanup.h"
#include "udev/ports.h"

#define PATH_OF_B "pci-0000:00:14.0-usb-0:2.4:1.0"

static void test_match_words(void **state)
{
	static const struct {
		bool test;
		const char *match;
		bool good;
	} cases[] = {
	        {false, "usb:pci-0000:00:14.0-usb-0:1:1.0", true},
	        {false, "usb:pci-0000:00:14.0-usb-0:1.4.2:1.0", true},
	        {false, "usb:pci-0000:00:14.0-usb-0:5", true},
	        {false, "usb:platform-fe980000.usb-usb-0:1", true},
	        {false, "usb:pci-0000:00:14.0-usb-0", false},
	        {false, "usb:pci-0000:00:14.0", false},
	        {false, "usb:-usb-0:1", false},
	        {false, "usb:pci-0000:00:14.0-usb-0:", false},
	        {false, "usb:pci-0000:00:14.0-usb-0:1.", false},
	        {false, "usb:pci-0000:00:14.0-usb-0:1:1", false},
	        {false, "usb:pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:0", false},
	        {false, "usb:pci-0000:00:14.0-usb-0:1 ", false},
	        {false, "usb:pci-*-usb-0:1", false},
	        {false, "usb:", false},
	        {false, "", false},
	        {false, "serial:4C53000", false},
	        {false, "loop:64", false},
	        {true, "loop:64", true},
	        {true, "loop:0", true},
	        {true, "loop:1048575", true},
	        {true, "loop:1048576", false},
	        {true, "loop:99999999", false},
	        {true, "loop:064", false},
	        {true, "loop:", false},
	        {true, "loop:6x", false},
	        {true, "loop:-1", false},
	};

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		struct wl_ports ports = {.test = cases[i].test};
		struct wl_finding finding = {.rule = WL_RULE_NONE};
		int r = wl_ports_add(&ports, "a1", cases[i].match, "source", &finding);
		if ((r == 0) != cases[i].good)
			fail_msg("%s: %d", cases[i].match, r);
		assert_int_equal(ports.n, cases[i].good ? 1 : 0);
		assert_int_equal(finding.rule, cases[i].good ? WL_RULE_NONE : WL_RULE_POLICY_VALUE);
	}
}

static void test_long_match(void **state)
{
	struct wl_ports ports = {.test = false};
	struct wl_finding finding = {.rule = WL_RULE_NONE};
	char match[4 + WL_PORT_MATCH_TEXT + 1] = "usb:";

	(void)state;
	memset(match + 4, 'p', WL_PORT_MATCH_TEXT);
	match[4 + WL_PORT_MATCH_TEXT] = '\0';
	memcpy(match + 4 + WL_PORT_MATCH_TEXT - 8, "-usb-0:1", 8); /* 201 bytes: one too many */
	assert_int_equal(wl_ports_add(&ports, "a1", match, "source", &finding), -EBADMSG);
	memmove(match + 5, match + 6, strlen(match + 6) + 1); /* 200 */
	assert_int_equal(wl_ports_add(&ports, "a1", match, "source", &finding), 0);
}

static void test_ids_and_uses(void **state)
{
	struct wl_ports ports = {.test = true};
	struct wl_finding finding = {.rule = WL_RULE_NONE};

	(void)state;
	assert_int_equal(wl_ports_add(&ports, "A1", "loop:1", "source", &finding), -EBADMSG);
	assert_int_equal(wl_ports_add(&ports, "", "loop:1", "source", &finding), -EBADMSG);
	assert_int_equal(wl_ports_add(&ports, "a1", "loop:1", "both", &finding), -EBADMSG);
	assert_int_equal(wl_ports_add(&ports, "a1", "loop:1", "", &finding), -EBADMSG);
	assert_int_equal(wl_ports_add(&ports, "a1", "loop:1", "source", &finding), 0);
	assert_int_equal(wl_ports_add(&ports, "a1", "loop:2", "source", &finding), -EBADMSG);
	assert_int_equal(wl_ports_add(&ports, "a2", "loop:1", "source", &finding), -EBADMSG);
	assert_string_equal(finding.detail, "port a2: the id or the place is already that of a1");
	assert_int_equal(wl_ports_add(&ports, "b1", "loop:2", "destination", &finding), 0);
	assert_int_equal(wl_ports_find(&ports, "a1")->use, WL_PORT_SOURCE);
	assert_int_equal(wl_ports_find(&ports, "b1")->use, WL_PORT_DESTINATION);
	assert_null(wl_ports_find(&ports, "c1"));
}

/* WL_PORTS_MAX and one more */
static void test_number_of_ports(void **state)
{
	struct wl_ports ports = {.test = true};
	struct wl_finding finding = {.rule = WL_RULE_NONE};
	char id[16], match[16];

	(void)state;
	for (unsigned i = 0; i <= WL_PORTS_MAX; i++) {
		(void)snprintf(id, sizeof(id), "p%u", i);
		(void)snprintf(match, sizeof(match), "loop:%u", i);
		assert_int_equal(wl_ports_add(&ports, id, match, "source", &finding),
		                 i < WL_PORTS_MAX ? 0 : -EBADMSG);
	}
	assert_int_equal(finding.rule, WL_RULE_POLICY_VALUE);
	assert_int_equal(ports.n, WL_PORTS_MAX);
}

static void test_where_a_disk_is(void **state)
{
	struct wl_ports ports = {.test = true};
	struct wl_finding finding = {.rule = WL_RULE_NONE};
	static const struct {
		unsigned major, minor;
		const char *id_path, *port;
	} cases[] = {
	        {8, 16, "pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:0", "a1"},
	        {8, 16, "pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:1", "a1"}, /* second card slot */
	        {8, 16, "pci-0000:00:14.0-usb-0:1:1.1-scsi-0:0:0:0", NULL},
	        {8, 16, "pci-0000:00:14.0-usb-0:10:1.0-scsi-0:0:0:0", NULL},
	        {8, 16, "pci-0000:00:14.0-usb-0:1.1:1.0-scsi-0:0:0:0", NULL}, /* behind a hub */
	        {8, 16, PATH_OF_B "-scsi-0:0:0:0", "b1"},
	        {8, 16, "pci-0000:00:14.0-usb-0:2.44:1.0-scsi-0:0:0:0", NULL},
	        {8, 16, "pci-0000:00:1f.2-ata-1", NULL},
	        {8, 16, "", NULL},
	        {7, 64, "", "t1"},
	        {7, 65, "", NULL},
	        {8, 64, "", NULL}, /* the number alone is not a loop device */
	};

	(void)state;
	assert_int_equal(
	        wl_ports_add(&ports, "a1", "usb:pci-0000:00:14.0-usb-0:1:1.0", "source", &finding),
	        0);
	assert_int_equal(wl_ports_add(&ports, "b1", "usb:pci-0000:00:14.0-usb-0:2.4", "destination",
	                              &finding),
	                 0);
	assert_int_equal(wl_ports_add(&ports, "t1", "loop:64", "source", &finding), 0);
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		const struct wl_port *p = wl_ports_match(
		        &ports, makedev(cases[i].major, cases[i].minor), cases[i].id_path);
		if (!cases[i].port)
			assert_null(p);
		else
			assert_string_equal(p ? p->id : "none", cases[i].port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_match_words),     cmocka_unit_test(test_long_match),
	        cmocka_unit_test(test_ids_and_uses),    cmocka_unit_test(test_number_of_ports),
	        cmocka_unit_test(test_where_a_disk_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
