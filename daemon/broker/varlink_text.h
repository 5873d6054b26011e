/* The description of the interfaces, as GetInterfaceDescription answers it (made by the build). */
#ifndef WL_BROKER_VARLINK_TEXT_H
#define WL_BROKER_VARLINK_TEXT_H

extern const char wl_varlink_text[];
extern const char wl_varlink_service_text[];

#endif
