/*
 * Ports: the places the policy names, and which disk is in which.
 *
 * A port is recognised by where it is (ID_PATH, the topology; for tests the minor number of a loop
 * device), never by anything a device says of itself (DESIGN 2; reference/engineering 3.1).
 */
#ifndef WL_UDEV_PORTS_H
#define WL_UDEV_PORTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "daemon/base/finding.h"
#include "daemon/base/ids.h"
#include "daemon/base/limits.h"

#define WL_PORT_MATCH_TEXT 201

enum wl_port_use { WL_PORT_SOURCE = 1, WL_PORT_DESTINATION };

struct wl_port {
	char id[WL_ID_TEXT];
	enum wl_port_use use;
	bool loop;
	unsigned minor;                   /* where loop */
	char id_path[WL_PORT_MATCH_TEXT]; /* where not */
};

/* Zero-initialise, set `test`, add. */
struct wl_ports {
	bool test; /* loop ports are allowed: the policy says mode: test */
	unsigned n;
	struct wl_port port[WL_PORTS_MAX];
};

/*
 * Adds a port from the policy's own words: id (INTERFACES 2), match `usb:ID_PATH` or `loop:N`, use
 * `source` or `destination`. 0, or -EBADMSG with policy.value: not an id, an id or a place twice, a
 * match that does not name one USB connector, loop without test mode, one port too many.
 */
int wl_ports_add(struct wl_ports *ports, const char *id, const char *match, const char *use,
                 struct wl_finding *ret_finding);

/* The port a disk is in, NULL for none. id_path is "" where udev knows none. */
const struct wl_port *wl_ports_match(const struct wl_ports *ports, dev_t devnum,
                                     const char *id_path);

/* By id; NULL where there is none. */
const struct wl_port *wl_ports_find(const struct wl_ports *ports, const char *id);

#endif
