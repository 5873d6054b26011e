/* Where a stick was plugged in, out of a sysfs and records of udev made by hand: hubs, what a
 * policy cannot name, hostile records, and what came since. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/port_place.h"
#include "daemon/base/cleanup.h"

#define PCI "pci-0000:00:14.0"

static void a_path_names_one_connector(void **state)
{
	static const struct {
		const char *path, *match; /* NULL: none */
	} rows[] = {
	        {PCI "-usb-0:2:1.0-scsi-0:0:0:0", "usb:" PCI "-usb-0:2:1.0"},
	        {PCI "-usb-0:2:1.0", "usb:" PCI "-usb-0:2:1.0"},
	        {PCI "-usb-0:2.1.4:1.0-scsi-0:0:0:0", "usb:" PCI "-usb-0:2.1.4:1.0"},
	        {PCI "-usb-0:1:1.0-usb-0:2:1.0-scsi-0", "usb:" PCI "-usb-0:1:1.0-usb-0:2:1.0"},
	        {PCI "-ata-1", NULL},
	        {PCI "-nvme-1", NULL},
	        {PCI "-usb-0:2", NULL},
	        {PCI "-usb-0:2:1", NULL},
	        {PCI "-usb-0:2.:1.0", NULL},
	        {PCI "-usb-:2:1.0", NULL},
	        {PCI "-usb-0:2:1.0x", NULL},
	        {"-usb-0:2:1.0", NULL},
	        {PCI "-usb-0:2:1.0\", use: destination }", NULL},
	        {"", NULL},
	};
	char buf[WL_PLACE_TEXT], longest[400];

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++) {
		assert_int_equal(wl_place_of_path(rows[i].path, buf), rows[i].match != NULL);
		if (rows[i].match)
			assert_string_equal(buf, rows[i].match);
	}
	memset(longest, 'a', sizeof(longest));
	(void)snprintf(longest + 300, sizeof(longest) - 300, "-usb-0:2:1.0");
	assert_false(wl_place_of_path(longest, buf));
}

static char root[] = "/tmp/wl_ports_XXXXXX";

static void put(const char *name, const char *text)
{
	char path[300];
	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	for (char *slash = strchr(path + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void put_disk(const char *name, const char *size, const char *dev, const char *seq)
{
	char path[100];
	(void)snprintf(path, sizeof(path), "block/%s/size", name);
	put(path, size);
	(void)snprintf(path, sizeof(path), "block/%s/dev", name);
	put(path, dev);
	(void)snprintf(path, sizeof(path), "block/%s/diskseq", name);
	put(path, seq);
}

static void what_came_since(void **state)
{
	struct wl_place before[8], now[8], found = {.diskseq = 0};
	char udev[100], command[200];
	size_t n, m;

	(void)state;
	assert_non_null(mkdtemp(root));
	(void)snprintf(udev, sizeof(udev), "%s/udev", root);
	put_disk("sda", "1000\n", "8:0\n", "1\n");
	put("udev/b8:0", "N:sda\nE:ID_PATH=" PCI "-ata-1\n");
	put_disk("sdb", "0\n", "8:16\n", "2\n"); /* a reader without a card */
	put_disk("loop7", "8\n", "7:7\n", "3\n");
	n = wl_places_scan(root, udev, false, before, 8);
	assert_int_equal(n, 1);
	assert_string_equal(before[0].match, "");
	put_disk("sdb", "2000\n", "8:16\n", "4\n");
	put("udev/b8:16",
	    "N:sdb\nE:ID_MODEL=x\nE:ID_PATH=" PCI "-usb-0:3:1.0-scsi-0:0:0:0\nE:X=1\n");
	m = wl_places_scan(root, udev, false, now, 8);
	assert_int_equal(wl_places_added(before, n, now, m, &found), 1);
	assert_string_equal(found.match, "usb:" PCI "-usb-0:3:1.0");
	assert_int_equal(wl_places_added(now, m, now, m, &found), 0);
	put_disk("sdb", "2000\n", "8:16\n", "5\n"); /* taken out and put in again */
	n = wl_places_scan(root, udev, false, before, 8);
	assert_int_equal(wl_places_added(now, m, before, n, &found), 1);
	m = wl_places_scan(root, udev, true, now, 8);
	assert_int_equal(wl_places_added(before, n, now, m, &found), 1);
	assert_string_equal(found.match, "loop:7");
	assert_int_equal(wl_places_scan(root, udev, true, now, 1), 1);
	assert_int_equal(wl_places_scan("/nowhere", udev, true, now, 8), 0);
	(void)snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_path_names_one_connector),
	        cmocka_unit_test(what_came_since),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
