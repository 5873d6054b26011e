/* The ports of the policy and what is in them: a table, pure but for memory. */
#ifndef WL_BROKER_PORTS_H
#define WL_BROKER_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/ids.h"
#include "daemon/base/limits.h"
#include "daemon/base/message.h"
#include "policy/model.h"

#define WL_MEDIUM_TEXT 129U
#define WL_NAMES_MAX   256U

/* A set of ids of media; the oldest is forgotten where there are too many. */
struct wl_names {
	char v[WL_NAMES_MAX][WL_ID_TEXT];
	size_t n;
};
bool wl_names_has(const struct wl_names *set, const char *name);
void wl_names_set(struct wl_names *set, const char *name, bool in);

struct wl_medium {
	bool present;
	uint64_t diskseq, bytes;
	char vid[17], pid[17], serial[WL_MEDIUM_TEXT], name[WL_MEDIUM_TEXT];
	char medium[WL_ID_TEXT];    /* its fingerprint */
	char insertion[WL_ID_TEXT]; /* "" until the entry medium.seen is durable */
	bool prepared_known, prepared;
	char refused[41]; /* rule id of the last medium.refused of this insertion */
};

struct wl_port {
	char port[WL_ID_TEXT];
	enum wl_port_use use;
	struct wl_medium medium;
};

struct wl_ports {
	struct wl_port v[WL_PORTS_MAX]; /* by name */
	size_t n;
	struct wl_names suspect; /* media named by a release that did not end well */
	struct wl_names ours;    /* media this station prepared once */
};

/* The ports of a policy (NULL: none), sorted by name; media in ports that stay are kept. */
void wl_ports_set(struct wl_ports *p, const struct wl_policy *policy);
struct wl_port *wl_ports_find(struct wl_ports *p, const char *port);
/* The port whose medium has this insertion; NULL. */
struct wl_port *wl_ports_of_insertion(struct wl_ports *p, const char *insertion);

/*
 * media.seen: NULL where the port is none of ours or nothing changed; else the port, whose medium
 * is new and has no insertion yet; *ret_gone is the insertion that ended thereby, or "".
 */
struct wl_port *wl_ports_seen(struct wl_ports *p, const struct wl_message *seen,
                              char ret_gone[WL_ID_TEXT]);
/* media.gone: the insertion that ended, "" where nothing was there. */
void wl_ports_gone(struct wl_ports *p, const struct wl_message *gone, char ret_gone[WL_ID_TEXT]);

#endif
