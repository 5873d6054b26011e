/*
 * The example policy: a table of lines with a few places to fill.
 *
 * Name, origin and ports come from the person who asks; they are checked before they are put into
 * the text, so that the example is a policy and nothing can be smuggled into a line of it. Runs in
 * the offline client.
 */
#include "policy/new.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "policy/schema.h"

enum when { ALWAYS, TEST, OPERATIONAL };

static const struct {
	enum when when;
	const char *text;
} lines[] = {
#define LINE(when, text) {when, text},
#include "policy/example.def"
#undef LINE
};

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static const struct wl_policy_new_port usb_ports[] = {
        {"a1", "usb:pci-0000:00:14.0-usb-0:1:1.0", WL_PORT_SOURCE},
        {"b1", "usb:pci-0000:00:14.0-usb-0:2:1.0", WL_PORT_DESTINATION},
};
static const struct wl_policy_new_port loop_ports[] = {
        {"a1", "loop:64", WL_PORT_SOURCE},
        {"b1", "loop:65", WL_PORT_DESTINATION},
};

/* A match that can stand between double quotes as it is. */
static bool is_match(const char *s)
{
	size_t n = strlen(s);
	return n > 4 && n < 200 &&
	       strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:_-") == n;
}

static int print_ports(FILE *out, const struct wl_policy_new *in)
{
	const struct wl_policy_new_port *ports = in->ports;
	size_t n = in->nports;
	if (n == 0) {
		ports = in->test ? loop_ports : usb_ports;
		n = WL_ARRAY_LEN(usb_ports);
	}
	for (size_t i = 0; i < n; i++) {
		if (!wl_id_is(WL_ID_NAME, ports[i].id) || !is_match(ports[i].match))
			return -EINVAL;
		(void)fprintf(out, "  %s: { match: \"%s\", use: %s }\n", ports[i].id,
		              ports[i].match, wl_port_use_name(ports[i].use));
	}
	return 0;
}

static void print_line(FILE *out, const char *text, const char *station, const char *origin)
{
	const struct {
		const char *place, *value;
	} places[] = {{"{station}", station}, {"{origin}", origin}, {"{zeros}", ZEROS}};
	while (*text) {
		size_t i = 0;
		while (i < WL_ARRAY_LEN(places) &&
		       strncmp(text, places[i].place, strlen(places[i].place)) != 0)
			i++;
		if (i < WL_ARRAY_LEN(places)) {
			(void)fputs(places[i].value, out);
			text += strlen(places[i].place);
		} else {
			(void)fputc(*text++, out);
		}
	}
	(void)fputc('\n', out);
}

/* stations.example/stn3 */
static void default_origin(const char *station, bool test, char *buf, size_t size)
{
	char low[WL_ID_TEXT];
	size_t n = 0;
	for (; station[n] && n + 1 < sizeof(low); n++)
		low[n] = station[n] >= 'A' && station[n] <= 'Z' ? (char)(station[n] + 32)
		                                                : station[n];
	low[n] = '\0';
	(void)snprintf(buf, size, "%s/%s", test ? "test.example" : "stations.example", low);
}

static int print_all(FILE *out, const struct wl_policy_new *in)
{
	char made[64];
	const char *station = in->station ? in->station : "STN1";
	const char *origin = in->origin;
	if (!wl_id_is(WL_ID_STATION, station))
		return -EINVAL;
	if (!origin) {
		default_origin(station, in->test, made, sizeof(made));
		origin = made;
	}
	if (!wl_value_is_origin(origin) || (strncmp(origin, "test.", 5) == 0) != in->test)
		return -EINVAL;
	int r = 0;
	for (size_t i = 0; i < WL_ARRAY_LEN(lines) && r >= 0; i++) {
		if (lines[i].when != ALWAYS && (lines[i].when == TEST) != in->test)
			continue;
		if (strcmp(lines[i].text, "{ports}") == 0)
			r = print_ports(out, in);
		else
			print_line(out, lines[i].text, station, origin);
	}
	return r;
}

int wl_policy_new_text(const struct wl_policy_new *in, char **ret, size_t *ret_n)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	if (!out)
		return -ENOMEM;
	int r = print_all(out, in);
	bool bad = ferror(out) != 0;
	if (fclose(out) != 0 || bad)
		r = -ENOMEM;
	if (r < 0) {
		free(text);
		return r;
	}
	*ret = text;
	*ret_n = n;
	return 0;
}
