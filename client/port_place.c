/*
 * Which disk is in which hole; see port_place.h.
 *
 * Read are sysfs and udev's records of disks. Where a disk is plugged in is the kernel's topology,
 * no word of the device itself; a device may choose its name, and that is not read. A path that no
 * policy could write is told from one that can. Runs in the client, reads only.
 */
#include "client/port_place.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"

#define RECORD_MAX 65536U
#define DIGITS     "0123456789"

/* Past `separator` and the digits behind it; 0 where they do not stand there. */
static size_t skip_part(const char *s, size_t n, char separator)
{
	size_t digits = n && s[n] == separator ? strspn(s + n + 1, DIGITS) : 0;

	return digits ? n + 1 + digits : 0;
}

/* D:D(.D)*:D.D at the start of `s`: bus, connector and hubs, interface. Its length, or 0. */
static size_t connector_length(const char *s)
{
	size_t n = skip_part(s, strspn(s, DIGITS), ':');

	while (n && s[n] == '.')
		n = skip_part(s, n, '.');
	return skip_part(s, skip_part(s, n, ':'), '.');
}

bool wl_place_of_path(const char *id_path, char buf[WL_PLACE_TEXT])
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                              "0123456789._:-";
	const char *usb = NULL;

	for (const char *at = strstr(id_path, "-usb-"); at; at = strstr(at + 1, "-usb-"))
		usb = at;
	size_t n = usb ? connector_length(usb + strlen("-usb-")) : 0;
	if (n == 0 || usb == id_path || strspn(id_path, allowed) != strlen(id_path))
		return false;
	n += (size_t)(usb - id_path) + strlen("-usb-");
	if (n + sizeof("usb:") > WL_PLACE_TEXT || (id_path[n] && id_path[n] != '-'))
		return false;
	(void)snprintf(buf, WL_PLACE_TEXT, "usb:%.*s", (int)n, id_path);
	return true;
}

/* A small file's text without its line end; "" where it cannot be read. */
static void read_text(const char *path, char *buf, size_t size)
{
	WL_AUTO_FREE void *p = NULL;
	size_t n = 0;

	buf[0] = '\0';
	if (wl_file_read(AT_FDCWD, path, size - 1, &p, &n) < 0)
		return;
	memcpy(buf, p, n);
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

static void read_attribute(const char *sysfs, const char *disk, const char *name, char *buf,
                           size_t size)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/block/%.64s/%s", sysfs, disk, name);
	read_text(path, buf, size);
}

/* The line E:ID_PATH= of udev's record of a disk. */
static bool match_of(const char *udev, const char *dev, char buf[WL_PLACE_TEXT])
{
	char path[512], id_path[512];
	WL_AUTO_FREE void *record = NULL;
	size_t n = 0;

	(void)snprintf(path, sizeof(path), "%s/b%.32s", udev, dev);
	if (wl_file_read(AT_FDCWD, path, RECORD_MAX, &record, &n) < 0)
		return false;
	const char *at = strstr(record, "\nE:ID_PATH=");
	if (!at)
		return false;
	at += strlen("\nE:ID_PATH=");
	(void)snprintf(id_path, sizeof(id_path), "%.*s", (int)strcspn(at, "\n"), at);
	return wl_place_of_path(id_path, buf);
}

static bool read_place(const char *sysfs, const char *udev, bool loops, const char *disk,
                       struct wl_place *ret)
{
	char size[32], dev[32], seq[32];
	bool loop = strncmp(disk, "loop", 4) == 0;

	*ret = (struct wl_place){.diskseq = 0};
	read_attribute(sysfs, disk, "size", size, sizeof(size));
	read_attribute(sysfs, disk, "dev", dev, sizeof(dev));
	read_attribute(sysfs, disk, "diskseq", seq, sizeof(seq));
	if (strtoull(size, NULL, 10) == 0 || !dev[0] || (loop && !loops))
		return false;
	ret->diskseq = strtoull(seq, NULL, 10);
	if (loop)
		(void)snprintf(ret->match, sizeof(ret->match), "loop:%.20s", disk + 4);
	else
		(void)match_of(udev, dev, ret->match);
	return true;
}

size_t wl_places_scan(const char *sysfs, const char *udev, bool loops, struct wl_place *v,
                      size_t max)
{
	char path[512];
	size_t n = 0;

	(void)snprintf(path, sizeof(path), "%s/block", sysfs);
	DIR *d = opendir(path);
	if (!d)
		return 0;
	for (struct dirent *e = readdir(d); e && n < max; e = readdir(d))
		if (e->d_name[0] != '.' && read_place(sysfs, udev, loops, e->d_name, &v[n]))
			n++;
	(void)closedir(d);
	return n;
}

size_t wl_places_added(const struct wl_place *before, size_t nbefore, const struct wl_place *now,
                       size_t nnow, struct wl_place *ret)
{
	size_t added = 0;

	for (size_t i = 0; i < nnow; i++) {
		bool known = false;
		for (size_t k = 0; k < nbefore; k++)
			known |= before[k].diskseq == now[i].diskseq &&
			         !strcmp(before[k].match, now[i].match);
		if (known)
			continue;
		*ret = now[i];
		added++;
	}
	return added;
}
