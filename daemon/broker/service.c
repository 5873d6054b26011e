/*
 * org.varlink.service (weighlockd): GetInfo and GetInterfaceDescription, open to whoever may
 * connect.
 *
 * The description is the installed .varlink file, made into a constant when this was built. It says
 * nothing about this station. Nothing is stored.
 */
#include "daemon/broker/service.h"

#include <string.h>

#include "daemon/broker/varlink_text.h"

#define INTERFACE "ca.weighlock.Station"
#define SERVICE   "org.varlink.service"

static void get_info(struct wl_call *c)
{
	wl_call_reply(c, json_pack("{s:s, s:s, s:s, s:s, s:[s, s]}", "vendor", "weighlock",
	                           "product", PACKAGE_NAME, "version", PACKAGE_VERSION, "url",
	                           "https://weighlock.example/", "interfaces", SERVICE, INTERFACE));
}

static void get_description(struct wl_call *c)
{
	const char *name = wl_call_text(c, "interface");
	const char *text = !name                      ? NULL
	                   : !strcmp(name, INTERFACE) ? wl_varlink_text
	                   : !strcmp(name, SERVICE)   ? wl_varlink_service_text
	                                              : NULL;
	if (!name)
		return wl_call_error(c, SERVICE ".InvalidParameter",
		                     json_pack("{s:s}", "parameter", "interface"));
	if (!text)
		return wl_call_error(c, SERVICE ".InterfaceNotFound",
		                     json_pack("{s:s}", "interface", name));
	wl_call_reply(c, json_pack("{s:s}", "description", text));
}

void wl_service_call(struct wl_call *c, const char *method)
{
	if (c->more)
		wl_call_error(c, SERVICE ".InvalidParameter",
		              json_pack("{s:s}", "parameter", "more"));
	else if (!strcmp(method, "GetInfo"))
		get_info(c);
	else if (!strcmp(method, "GetInterfaceDescription"))
		get_description(c);
	else
		wl_call_error(c, SERVICE ".MethodNotFound", json_pack("{s:s}", "method", method));
}
