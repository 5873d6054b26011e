/*
 * Watching disks through libudev; see watch.h.
 *
 * Runs in weighlock-mediad as root. Attacker-controlled: the number and pace of events, and every
 * property that comes from a device's descriptors (serial, model); these are escaped and cut here
 * and decide nothing. DISKSEQ, size, number and ID_PATH come from the kernel. Only whole disks are
 * looked at, and only those udev has finished with. Nothing is kept on disk.
 */
#include "udev/watch.h"

#include <errno.h>
#include <libudev.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/base/bytes.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

#define RECEIVE_BUFFER_BYTES (16 << 20)
#define SECTOR_BYTES         512U
#define EVENTS_AT_ONCE_MAX   4096U /* then others get their turn */

struct wl_watch {
	struct udev *udev;
	struct udev_monitor *monitor;
	uint64_t overruns, left_out;
};

static void device_unref(struct udev_device **d)
{
	*d = udev_device_unref(*d);
}

static void enumerate_unref(struct udev_enumerate **e)
{
	*e = udev_enumerate_unref(*e);
}

struct wl_watch *wl_watch_free(struct wl_watch *w)
{
	if (w) {
		udev_monitor_unref(w->monitor);
		udev_unref(w->udev);
		free(w);
	}
	return NULL;
}

static int open_monitor(struct wl_watch *w)
{
	int r;

	w->udev = udev_new();
	if (!w->udev)
		return -ENOMEM;
	w->monitor = udev_monitor_new_from_netlink(w->udev, "udev");
	if (!w->monitor)
		return errno > 0 ? -errno : -EIO;
	r = udev_monitor_filter_add_match_subsystem_devtype(w->monitor, "block", "disk");
	if (r < 0)
		return r;
	/* 1 as well as 0 is success (measured). Without CAP_NET_ADMIN the kernel may give less than
	 * asked for: then events are lost sooner, and the enumeration makes up for it. */
	(void)udev_monitor_set_receive_buffer_size(w->monitor, RECEIVE_BUFFER_BYTES);
	return udev_monitor_enable_receiving(w->monitor);
}

int wl_watch_open(struct wl_watch **ret)
{
	struct wl_watch *w = calloc(1, sizeof(*w));
	int r = w ? open_monitor(w) : -ENOMEM;

	if (r < 0) {
		(void)wl_watch_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

int wl_watch_fd(const struct wl_watch *w)
{
	return udev_monitor_get_fd(w->monitor);
}

uint64_t wl_watch_buffer_bytes(const struct wl_watch *w)
{
	int bytes = 0;
	socklen_t size = sizeof(bytes);

	if (getsockopt(wl_watch_fd(w), SOL_SOCKET, SO_RCVBUF, &bytes, &size) < 0 || bytes < 0)
		return 0;
	return (uint64_t)bytes;
}

static int parse_u64(const char *s, uint64_t *ret)
{
	char *end = NULL;

	if (!s || *s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	unsigned long long v = strtoull(s, &end, 10);
	if (errno != 0 || (*end != '\0' && *end != '\n'))
		return -EINVAL;
	*ret = v;
	return 0;
}

static void copy_property(struct udev_device *d, const char *key, char *buf, size_t size)
{
	const char *s = udev_device_get_property_value(d, key);

	wl_text_escape(s ? s : "", s ? strlen(s) : 0, buf, size);
}

/* Copies whole or not at all: a node or a topology path that was cut would name something else. */
static int copy_whole(const char *s, char *buf, size_t size)
{
	if (!s || strlen(s) >= size)
		return -EINVAL;
	memcpy(buf, s, strlen(s) + 1);
	return 0;
}

static int describe(struct udev_device *d, struct wl_disk *ret)
{
	struct wl_disk disk = {.devnum = udev_device_get_devnum(d)};
	uint64_t read_only = 0;
	const char *id_path = udev_device_get_property_value(d, "ID_PATH");
	uint64_t sectors = 0;

	if (copy_whole(udev_device_get_devnode(d), disk.node, sizeof(disk.node)) < 0 ||
	    copy_whole(id_path ? id_path : "", disk.id_path, sizeof(disk.id_path)) < 0 ||
	    parse_u64(udev_device_get_sysattr_value(d, "diskseq"), &disk.diskseq) < 0 ||
	    parse_u64(udev_device_get_sysattr_value(d, "size"), &sectors) < 0 ||
	    wl_mul_overflows(sectors, SECTOR_BYTES, &disk.bytes))
		return -EINVAL;
	disk.read_only = parse_u64(udev_device_get_sysattr_value(d, "ro"), &read_only) == 0 &&
	                 read_only != 0;
	copy_property(d, "ID_VENDOR_ID", disk.vid, sizeof(disk.vid));
	copy_property(d, "ID_MODEL_ID", disk.pid, sizeof(disk.pid));
	copy_property(d, "ID_SERIAL_SHORT", disk.serial, sizeof(disk.serial));
	copy_property(d, "ID_MODEL", disk.name, sizeof(disk.name));
	if (disk.name[0] == '\0') {
		const char *sysname = udev_device_get_sysname(d);
		wl_text_escape(sysname ? sysname : "", sysname ? strlen(sysname) : 0, disk.name,
		               sizeof(disk.name));
	}
	*ret = disk;
	return 0;
}

static bool is_whole_disk(struct udev_device *d)
{
	const char *devtype = udev_device_get_devtype(d);

	return devtype && strcmp(devtype, "disk") == 0 && major(udev_device_get_devnum(d)) != 0;
}

/* One look. Sysfs is read now, the properties are of the event: where the two name different
 * DISKSEQs the event is old, ends what it ends, and begins nothing. */
static void observe(struct wl_watch *w, struct udev_device *d, const struct wl_watched *to)
{
	struct wl_disk disk;
	uint64_t of_event = 0;

	if (!is_whole_disk(d) || udev_device_get_is_initialized(d) <= 0)
		return;
	if (describe(d, &disk) < 0)
		return wl_insertions_remove(to->insertions, udev_device_get_devnum(d), to->change,
		                            to->context);
	bool settled = parse_u64(udev_device_get_property_value(d, "DISKSEQ"), &of_event) == 0 &&
	               of_event == disk.diskseq;
	if (wl_insertions_observe(to->insertions, to->ports, &disk, settled, to->change,
	                          to->context) < 0)
		w->left_out++;
}

int wl_watch_enumerate(struct wl_watch *w, const struct wl_watched *to)
{
	WL_CLEANUP(enumerate_unref) struct udev_enumerate *e = udev_enumerate_new(w->udev);
	struct udev_list_entry *entry;
	int r;

	if (!e)
		return -ENOMEM;
	r = udev_enumerate_add_match_subsystem(e, "block");
	if (r >= 0)
		r = udev_enumerate_add_match_property(e, "DEVTYPE", "disk");
	if (r >= 0)
		r = udev_enumerate_scan_devices(e);
	if (r < 0)
		return r;
	wl_insertions_enumerate_begin(to->insertions);
	udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(e))
	{
		WL_CLEANUP(device_unref)
		struct udev_device *d =
		        udev_device_new_from_syspath(w->udev, udev_list_entry_get_name(entry));
		if (d)
			observe(w, d, to);
	}
	wl_insertions_enumerate_end(to->insertions, to->change, to->context);
	return 0;
}

static void handle_event(struct wl_watch *w, struct udev_device *d, const struct wl_watched *to)
{
	const char *action = udev_device_get_action(d);

	if (action && strcmp(action, "remove") == 0)
		wl_insertions_remove(to->insertions, udev_device_get_devnum(d), to->change,
		                     to->context);
	else
		observe(w, d, to);
}

int wl_watch_drain(struct wl_watch *w, const struct wl_watched *to)
{
	bool lost = false;

	for (unsigned n = 0; n < EVENTS_AT_ONCE_MAX; n++) {
		errno = 0;
		WL_CLEANUP(device_unref)
		struct udev_device *d = udev_monitor_receive_device(w->monitor);
		if (d) {
			handle_event(w, d, to);
			continue;
		}
		if (errno == ENOBUFS) {
			lost = true;
			w->overruns++;
			continue;
		}
		if (errno != EINTR)
			break; /* EAGAIN: all handled. Anything else: that packet was no event. */
	}
	return lost ? wl_watch_enumerate(w, to) : 0;
}

uint64_t wl_watch_overruns(const struct wl_watch *w)
{
	return w->overruns;
}

uint64_t wl_watch_left_out(const struct wl_watch *w)
{
	return w->left_out;
}
