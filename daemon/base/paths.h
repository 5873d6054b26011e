/*
 * The places of INTERFACES 10: one table, and one prefix (`--state DIR`) that moves all of them.
 *
 * Without a prefix they are what the build says (localstatedir, runstatedir); with one, DIR stands
 * before the same absolute paths of a normal system, so tests and demo use no other code path.
 */
#ifndef WL_BASE_PATHS_H
#define WL_BASE_PATHS_H

#include <stddef.h>

#define WL_PATH_TEXT 256

enum wl_path {
	WL_PATH_STATE = 0,      /* /var/lib/weighlock */
	WL_PATH_TRUST,          /* …/trust */
	WL_PATH_POLICY,         /* …/policy */
	WL_PATH_VAULT,          /* …/vault */
	WL_PATH_LEDGER,         /* /var/lib/weighlock-ledger */
	WL_PATH_LEDGER_STATE,   /* …/.state */
	WL_PATH_LEDGER_KEYS,    /* …/keys */
	WL_PATH_RUN,            /* /run/weighlock */
	WL_PATH_CONTROL_SOCKET, /* people; weighlockd listens */
	WL_PATH_MEDIA_SOCKET,   /* weighlockd to mediad */
	WL_PATH_SPAWN_SOCKET,   /* weighlockd to spawnd */
	WL_PATH_LEDGER_SOCKET,  /* weighlockd to ledgerd */
	WL_PATH_GATE_SOCKET,    /* spawnd to mediad */
	WL_PATH_GRANT_SOCKET,   /* ledgerd to mediad */
	WL_PATH_MAX
};

/* `state` is the argument of --state, NULL or "" without one. 0, -ENAMETOOLONG, -EINVAL. */
int wl_path(enum wl_path path, const char *state, char *buf, size_t size);

#endif
