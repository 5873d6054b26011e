/*
 * Where a disk is, as the kernel says it at the moment it is opened: the second look at a port.
 *
 * Which disk is in which port was decided when udev told of it (ports.h, by its ID_PATH). Before a
 * node is opened the number is followed through sysfs once more, without udev's word.
 */
#ifndef WL_UDEV_PLACE_H
#define WL_UDEV_PLACE_H

#include "udev/ports.h"

#define WL_SYSPATH_TEXT 512

/* Follows /sys/dev/block/MAJOR:MINOR: 0 and where it leads; -ENOENT where there is no such disk. */
int wl_place_of(dev_t devnum, char ret_syspath[WL_SYSPATH_TEXT]);

/*
 * Whether the disk of that number, at that place of sysfs, is in the port: the very loop device, or
 * a disk on the USB interface at the port's connector of the port's controller. Pure.
 */
bool wl_place_is_port(const struct wl_port *port, dev_t devnum, const char *syspath);

#endif
