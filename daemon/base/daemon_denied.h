/* The step of daemon.c that lives in daemon_denied.c. */
#ifndef WL_BASE_DAEMON_DENIED_H
#define WL_BASE_DAEMON_DENIED_H

#include "daemon/base/daemon.h"

int wl_daemon_deny_calls(enum wl_daemon which);

#endif
