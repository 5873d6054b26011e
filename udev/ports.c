/*
 * Ports of the policy and the disks in them; see ports.h.
 *
 * Runs in weighlock-mediad. The port's words come from the broker, which may be compromised: then
 * it can point a port at another USB connector or, in test mode, at a loop device, but at no disk
 * that is neither. ID_PATH comes from the kernel's topology and is not chosen by the device.
 * Nothing is kept on disk: the broker says its ports again after every start.
 */
#include "udev/ports.h"

#include <string.h>
#include <sys/sysmacros.h>

#define LOOP_MAJOR_NUMBER 7U
#define LOOP_MINOR_MAX    0xfffffU

/* Moves past one or more decimal digits; false where there is none. */
static bool skip_digits(const char **p)
{
	const char *start = *p;

	while (**p >= '0' && **p <= '9')
		(*p)++;
	return *p != start;
}

/* D:D(.D)* and nothing or :D.D after it: the connector of the USB tree, and an interface. */
static bool is_usb_tail(const char *p)
{
	if (!skip_digits(&p) || *p++ != ':' || !skip_digits(&p))
		return false;
	while (*p == '.') {
		p++;
		if (!skip_digits(&p))
			return false;
	}
	if (*p == '\0')
		return true;
	return *p++ == ':' && skip_digits(&p) && *p++ == '.' && skip_digits(&p) && *p == '\0';
}

/* Names exactly one connector: a prefix that ends earlier would take in a whole controller. */
static bool is_usb_path(const char *path)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                              "0123456789._:-";
	const char *usb = NULL;

	if (strlen(path) >= WL_PORT_MATCH_TEXT || strspn(path, allowed) != strlen(path))
		return false;
	for (const char *at = strstr(path, "-usb-"); at; at = strstr(at + 1, "-usb-"))
		usb = at;
	return usb && usb != path && is_usb_tail(usb + strlen("-usb-"));
}

static bool parse_minor(const char *s, unsigned *ret)
{
	unsigned long v = 0;

	if (*s == '\0' || (s[0] == '0' && s[1] != '\0') || strlen(s) > 7)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		v = v * 10 + (unsigned long)(*s - '0');
	}
	if (v > LOOP_MINOR_MAX)
		return false;
	*ret = (unsigned)v;
	return true;
}

static bool parse_match(const char *match, bool test, struct wl_port *port)
{
	if (strncmp(match, "usb:", 4) == 0 && is_usb_path(match + 4)) {
		(void)snprintf(port->id_path, sizeof(port->id_path), "%s", match + 4);
		return true;
	}
	if (test && strncmp(match, "loop:", 5) == 0) {
		port->loop = true;
		return parse_minor(match + 5, &port->minor);
	}
	return false;
}

static bool parse_use(const char *use, enum wl_port_use *ret)
{
	if (strcmp(use, "source") == 0)
		*ret = WL_PORT_SOURCE;
	else if (strcmp(use, "destination") == 0)
		*ret = WL_PORT_DESTINATION;
	else
		return false;
	return true;
}

static bool same_place(const struct wl_port *a, const struct wl_port *b)
{
	return a->loop == b->loop && a->minor == b->minor && strcmp(a->id_path, b->id_path) == 0;
}

int wl_ports_add(struct wl_ports *ports, const char *id, const char *match, const char *use,
                 struct wl_finding *ret_finding)
{
	struct wl_port port = {.loop = false};

	if (!wl_id_is(WL_ID_NAME, id))
		return wl_refuse(ret_finding, WL_RULE_POLICY_VALUE, "a port's id is not one");
	if (ports->n >= WL_PORTS_MAX)
		return wl_refuse(ret_finding, WL_RULE_POLICY_VALUE, "more than %u ports",
		                 WL_PORTS_MAX);
	if (!parse_use(use, &port.use))
		return wl_refuse(ret_finding, WL_RULE_POLICY_VALUE,
		                 "port %s: use is neither source nor destination", id);
	if (!parse_match(match, ports->test, &port))
		return wl_refuse(ret_finding, WL_RULE_POLICY_VALUE,
		                 "port %s: match names no USB connector%s", id,
		                 ports->test ? " and no loop device" : "");
	(void)snprintf(port.id, sizeof(port.id), "%s", id);
	for (unsigned i = 0; i < ports->n; i++)
		if (strcmp(ports->port[i].id, id) == 0 || same_place(&ports->port[i], &port))
			return wl_refuse(ret_finding, WL_RULE_POLICY_VALUE,
			                 "port %s: the id or the place is already that of %s", id,
			                 ports->port[i].id);
	ports->port[ports->n++] = port;
	return 0;
}

/* The connector itself, or anything below it (…-scsi-0:0:0:0, or an interface of it). */
static bool path_is_within(const char *id_path, const char *place)
{
	size_t n = strlen(place);

	return strncmp(id_path, place, n) == 0 &&
	       (id_path[n] == '\0' || id_path[n] == '-' || id_path[n] == ':');
}

const struct wl_port *wl_ports_match(const struct wl_ports *ports, dev_t devnum,
                                     const char *id_path)
{
	for (unsigned i = 0; i < ports->n; i++) {
		const struct wl_port *p = &ports->port[i];
		if (p->loop ? major(devnum) == LOOP_MAJOR_NUMBER && minor(devnum) == p->minor
		            : path_is_within(id_path, p->id_path))
			return p;
	}
	return NULL;
}

const struct wl_port *wl_ports_find(const struct wl_ports *ports, const char *id)
{
	for (unsigned i = 0; i < ports->n; i++)
		if (strcmp(ports->port[i].id, id) == 0)
			return &ports->port[i];
	return NULL;
}
