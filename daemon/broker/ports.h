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

#define WL_MEDIUM_TEXT  129U
#define WL_SUSPECTS_MAX 64U

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
	char suspect[WL_SUSPECTS_MAX][WL_ID_TEXT]; /* media named by a failed release */
	size_t nsuspects;
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

bool wl_ports_is_suspect(const struct wl_ports *p, const char *medium);
void wl_ports_suspect(struct wl_ports *p, const char *medium, bool suspect);

#endif
