/* org.varlink.service: what the interface says about itself. */
#ifndef WL_BROKER_SERVICE_H
#define WL_BROKER_SERVICE_H

#include "daemon/broker/call.h"

/* `method` without the interface's name. */
void wl_service_call(struct wl_call *c, const char *method);

#endif
