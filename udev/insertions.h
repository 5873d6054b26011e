/*
 * Insertions: which medium is in which disk, from what udev and sysfs say (INTERFACES 2).
 *
 * An insertion begins when a DISKSEQ is first seen with size > 0 and ends with another DISKSEQ,
 * with size 0 or with `remove`. One that has ended does not begin again. Pure: no device is
 * touched.
 */
#ifndef WL_UDEV_INSERTIONS_H
#define WL_UDEV_INSERTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/base/limits.h"
#include "udev/ports.h"

/* What udev says of a disk; its own words escaped and cut to what messages.def allows. */
struct wl_disk {
	dev_t devnum;
	uint64_t diskseq; /* as sysfs says now */
	uint64_t bytes;   /* as sysfs says now */
	bool read_only;   /* by its own switch or a write protection that was set */
	char node[64];
	char id_path[WL_PORT_MATCH_TEXT];
	char vid[17], pid[17]; /* "" where unknown */
	char serial[129];      /* "" where unknown */
	char name[129];
};

struct wl_insertion {
	struct wl_disk disk;     /* as first seen; bytes do not change after that */
	char port[WL_ID_TEXT];   /* "" in none of ours */
	bool used, ended, found; /* slot taken; DISKSEQ spent; seen in the running enumeration */
	bool left_protected;     /* read-only when mediad started, and not yet looked into */
};

struct wl_insertions {
	struct wl_insertion slot[WL_MEDIA_DISKS_MAX];
	bool enumerated; /* at least once, whole */
};

/* Told of every insertion in a port of ours that begins (gone false) or ends (gone true). */
typedef void (*wl_insertion_change)(void *context, const struct wl_insertion *insertion, bool gone);

/*
 * One look at a disk. `settled`: the event (or enumeration) that brought it was of the DISKSEQ
 * sysfs says now; an older event may end an insertion but begins none, another one follows. 0, or
 * -ENOSPC: more than WL_MEDIA_DISKS_MAX disks hold media, this one is not kept.
 */
int wl_insertions_observe(struct wl_insertions *t, const struct wl_ports *ports,
                          const struct wl_disk *disk, bool settled, wl_insertion_change change,
                          void *context);

/* The disk is gone. */
void wl_insertions_remove(struct wl_insertions *t, dev_t devnum, wl_insertion_change change,
                          void *context);

/* Around an enumeration of all disks: what was not observed in between is gone. */
void wl_insertions_enumerate_begin(struct wl_insertions *t);
void wl_insertions_enumerate_end(struct wl_insertions *t, wl_insertion_change change,
                                 void *context);

/* New ports: what is in a port no more is gone, what is in one now begins. */
void wl_insertions_set_ports(struct wl_insertions *t, const struct wl_ports *ports,
                             wl_insertion_change change, void *context);

/* The running insertion of this DISKSEQ in this port; NULL where there is none. */
const struct wl_insertion *wl_insertions_find(const struct wl_insertions *t, const char *port,
                                              uint64_t diskseq);

/* Whether slot i holds a running insertion in a port of ours. */
bool wl_insertion_is_present(const struct wl_insertion *insertion);

#endif
