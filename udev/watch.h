/*
 * Watching disks through libudev: the monitor, the enumeration, and keeping both together.
 *
 * The monitor is enabled before the first enumeration, so that nothing falls between them; events
 * lost by the kernel (ENOBUFS) lead to a new enumeration and a comparison, never to an end.
 */
#ifndef WL_UDEV_WATCH_H
#define WL_UDEV_WATCH_H

#include <stdint.h>

#include "udev/insertions.h"

struct wl_watch;

/* What the watch keeps up to date, and whom it tells. Everything is borrowed. */
struct wl_watched {
	struct wl_insertions *insertions;
	const struct wl_ports *ports;
	wl_insertion_change change;
	void *context;
};

/* Opens and enables the monitor ("udev" group: after the rules have run). 0 or negative errno. */
int wl_watch_open(struct wl_watch **ret);
struct wl_watch *wl_watch_free(struct wl_watch *w); /* accepts and returns NULL */

int wl_watch_fd(const struct wl_watch *w); /* to be polled for POLLIN */

/* How large the kernel made the receive buffer, in bytes. */
uint64_t wl_watch_buffer_bytes(const struct wl_watch *w);

/* Reads the whole truth: every disk, compared with the table. 0 or negative errno. */
int wl_watch_enumerate(struct wl_watch *w, const struct wl_watched *to);

/* Handles every event that waits; enumerates where some were lost. 0 or negative errno. */
int wl_watch_drain(struct wl_watch *w, const struct wl_watched *to);

/* How often events were lost, and how many disks found no room in the table. */
uint64_t wl_watch_overruns(const struct wl_watch *w);
uint64_t wl_watch_left_out(const struct wl_watch *w);

#endif
