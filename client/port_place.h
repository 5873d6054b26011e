/*
 * Places where a medium can be plugged in, as the kernel and udev name them: for `ports learn`.
 */
#ifndef WL_CLIENT_PORT_PLACE_H
#define WL_CLIENT_PORT_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WL_PLACE_TEXT 200U
#define WL_PLACES_MAX 64U

struct wl_place {
	char match[WL_PLACE_TEXT]; /* as a policy writes it; "" where no policy can name it */
	uint64_t diskseq;          /* another medium has another */
};

/*
 * Disks with a medium in them, from `sysfs` ("/sys") and udev's data folder ("/run/udev/data");
 * with `loops` loop devices too. Returns how many, at most `max`.
 */
size_t wl_places_scan(const char *sysfs, const char *udev, bool loops, struct wl_place *v,
                      size_t max);

/* "pci-…-usb-0:2:1.0-scsi-0:0:0:0" to "usb:pci-…-usb-0:2:1.0"; false where it is no USB connector.
 */
bool wl_place_of_path(const char *id_path, char buf[WL_PLACE_TEXT]);

/* What is in `now` and was not in `before`: how many, and the last of them. */
size_t wl_places_added(const struct wl_place *before, size_t nbefore, const struct wl_place *now,
                       size_t nnow, struct wl_place *ret);

#endif
