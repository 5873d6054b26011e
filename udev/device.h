/*
 * Opening and letting go of the block device of one insertion: O_EXCL, BLKROSET, DISKSEQ, flush.
 *
 * These functions block (a dying stick may keep the kernel busy for long) and are called from the
 * device thread only (device_thread.h). DESIGN 2 and 3 (1, 2, 5, 8).
 */
#ifndef WL_UDEV_DEVICE_H
#define WL_UDEV_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/finding.h"
#include "udev/insertions.h"

/* One way through a gate, from opening to letting go; copied, borrows nothing. */
struct wl_device_pass {
	struct wl_disk disk;
	struct wl_port port; /* where it must be */
	bool write;
	bool touched; /* BLKROSET was set by us and `former_ro` is to be put back */
	bool former_ro;
};

/*
 * Opens pass->disk for reading (write-protected before the first read) or for writing. Nothing is
 * opened but a block device of the insertion's number that the kernel says is in the port now; once
 * open it must have the DISKSEQ and size the insertion was seen with. 0 and the only open
 * description of it, O_EXCL; else -EBADMSG with nothing left open and the write protection as it
 * was: medium.gone or destination.gone, medium.changed, medium.unreadable, medium.port-unknown (it
 * is elsewhere), destination.write-failed (write-protected), station.busy (somebody holds it).
 */
int wl_device_open(struct wl_device_pass *pass, int *ret_fd, struct wl_finding *ret_finding);

/*
 * Whether nobody holds it: an O_EXCL open that succeeds and is given up at once. Where it is gone,
 * or is another one by now, nobody can hold the one that was meant: 0. -EBADMSG with station.busy.
 */
int wl_device_check_free(const struct wl_disk *disk, const struct wl_port *port,
                         struct wl_finding *ret_finding);

/*
 * Waits until nobody holds it, at most timeout_ms; after writing flushes it and drops the page
 * cache, so that what is read next comes from the medium; puts the write protection back. 0, or
 * -EBADMSG: station.busy (still held; call again), destination.write-failed (flush). A medium that
 * is gone is let go of: 0 after reading; after writing destination.gone, and the pass is over all
 * the same (*ret_over).
 */
int wl_device_shut(struct wl_device_pass *pass, uint64_t timeout_ms, bool *ret_over,
                   struct wl_finding *ret_finding);

/* Puts the write protection back, whatever the state; for the end of the daemon. */
void wl_device_restore(struct wl_device_pass *pass);

#endif
