/*
 * Where a disk is, by the kernel's topology; see place.h.
 *
 * Runs in weighlock-mediad. The names in a path of sysfs are the kernel's: numbers of controllers,
 * buses and connectors, none of which a device chooses. Whoever took over the broker chooses the
 * words of a port and can so point it at another USB connector, but at no disk that is elsewhere.
 * Nothing is kept.
 */
#include "udev/place.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define LOOP_MAJOR_NUMBER 7U

int wl_place_of(dev_t devnum, char ret_syspath[WL_SYSPATH_TEXT])
{
	char name[64];

	(void)snprintf(name, sizeof(name), "/sys/dev/block/%u:%u", major(devnum), minor(devnum));
	ssize_t n = readlink(name, ret_syspath, WL_SYSPATH_TEXT);
	if (n < 0)
		return -errno;
	if (n == WL_SYSPATH_TEXT)
		return -ENAMETOOLONG;
	ret_syspath[n] = '\0';
	return 0;
}

/* One name of a path of sysfs. */
struct part {
	const char *p;
	size_t n;
};

static struct part next_part(const char **path)
{
	const char *p = *path + strspn(*path, "/");
	size_t n = strcspn(p, "/");

	*path = p + n;
	return (struct part){p, n};
}

static size_t count_digits(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] >= '0' && p[i] <= '9')
		i++;
	return i;
}

/* usbN, a bus. */
static bool is_bus(struct part part)
{
	return part.n > 3 && memcmp(part.p, "usb", 3) == 0 &&
	       count_digits(part.p + 3, part.n - 3) == part.n - 3;
}

/* BUS-CONNECTOR(.CONNECTOR)*:CONFIGURATION.INTERFACE: what follows BUS-, else nothing. */
static struct part interface_of(struct part part)
{
	size_t bus = count_digits(part.p, part.n);

	if (bus == 0 || bus + 1 >= part.n || part.p[bus] != '-' || !memchr(part.p, ':', part.n))
		return (struct part){NULL, 0};
	return (struct part){part.p + bus + 1, part.n - bus - 1};
}

static bool is_usb_place(const char *id_path, const char *syspath)
{
	struct part controller = {NULL, 0}, interface = {NULL, 0}, before = {NULL, 0};

	while (*syspath) {
		struct part part = next_part(&syspath);
		struct part found = interface_of(part);
		if (is_bus(part))
			controller = before;
		else if (controller.p && found.p)
			interface = found; /* the last one is the disk's own; others are hubs */
		before = part;
	}
	const char *tail = NULL;
	for (const char *at = strstr(id_path, "-usb-"); at; at = strstr(at + 1, "-usb-"))
		tail = at;
	if (!tail || !interface.p)
		return false;
	size_t head = (size_t)(tail - id_path);
	const char *connector = strchr(tail, ':') + 1; /* wl_ports_add has seen to it */
	size_t n = strlen(connector);
	return head > controller.n && id_path[head - controller.n - 1] == '-' &&
	       memcmp(id_path + head - controller.n, controller.p, controller.n) == 0 &&
	       interface.n >= n && memcmp(interface.p, connector, n) == 0 &&
	       (interface.n == n || interface.p[n] == ':');
}

bool wl_place_is_port(const struct wl_port *port, dev_t devnum, const char *syspath)
{
	if (port->loop)
		return major(devnum) == LOOP_MAJOR_NUMBER && minor(devnum) == port->minor;
	return is_usb_place(port->id_path, syspath);
}
