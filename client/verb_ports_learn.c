/*
 * `ports learn`: which hole is which. It asks for a name, for any stick in that hole, and for its
 * use, and prints the lines for the policy. It speaks to no station and needs none: this comes
 * before the first policy. Of a stick nothing is read but where it is plugged in.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ask.h"
#include "client/port_place.h"
#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/ids.h"
#include "daemon/base/limits.h"

struct learnt {
	char id[WL_ID_TEXT], match[WL_PLACE_TEXT];
	const char *use;
};

struct learning {
	struct wl_cli *cli;
	struct learnt v[WL_PORTS_MAX];
	size_t n;
};

static size_t scan(const struct learning *l, struct wl_place *v)
{
	return wl_places_scan("/sys", "/run/udev/data", wl_args_given(l->cli->args, "test"), v,
	                      WL_PLACES_MAX);
}

static const struct learnt *known(const struct learning *l, const char *id, const char *match)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].id, id) || !strcmp(l->v[i].match, match))
			return &l->v[i];
	return NULL;
}

/* A stick that was not there before, in a place a policy can name and nobody named yet. */
static void wait_for_stick(const struct learning *l, const char *name, struct wl_place *ret)
{
	struct wl_place before[WL_PLACES_MAX], now[WL_PLACES_MAX];
	size_t nbefore = scan(l, before);

	wl_say(l->cli, _("Plug any stick into the port you want to call %s."), name);
	for (;; (void)usleep(300000)) {
		size_t n = scan(l, now);
		size_t added = wl_places_added(before, nbefore, now, n, ret);
		const struct learnt *other = added == 1 ? known(l, "", ret->match) : NULL;
		if (added > 1)
			wl_say_in(
			        l->cli, 2, "%s",
			        _("Several came at once: take all of them out, then plug in one."));
		else if (added == 1 && !ret->match[0])
			wl_say_in(l->cli, 2, "%s",
			          _("That is no USB port a policy can name: take another one."));
		else if (other)
			wl_say_in(l->cli, 2, _("That is the port you called %s: take another one."),
			          other->id);
		else if (added == 1)
			return;
		if (added) {
			memcpy(before, now, sizeof(before));
			nbefore = n;
		}
	}
}

static int learn_one(struct learning *l, const char *name)
{
	static const char *const uses[] = {"source", "destination"};
	const char *const words[] = {_("in: sticks that are read (source)"),
	                             _("out: media that are written (destination)")};
	struct wl_place place;
	size_t use = 0;

	wait_for_stick(l, name, &place);
	wl_say_in(l->cli, 2, _("Seen at %s."), place.match);
	if (wl_ask_choice(l->cli, _("What is it for?"), words, WL_ARRAY_LEN(words), &use) < 0)
		return WL_EXIT_WAITING;
	struct learnt *new = &l->v[l->n++];
	(void)snprintf(new->id, sizeof(new->id), "%s", name);
	(void)snprintf(new->match, sizeof(new->match), "%s", place.match);
	new->use = uses[use];
	return 0;
}

/* The next name in lower case; "" to end. */
static int ask_name(const struct learning *l, char ret[WL_ID_TEXT])
{
	for (;;) {
		WL_AUTO_FREE char *line = NULL;
		if (wl_ask_line(l->cli, _("Name of the next port (empty to end):"), &line) < 0)
			return WL_EXIT_WAITING;
		size_t n = strlen(line);
		for (size_t i = 0; i <= n && n < WL_ID_TEXT; i++)
			ret[i] = (char)tolower((unsigned char)line[i]);
		if (n == 0 || (n < WL_ID_TEXT && wl_id_is(WL_ID_NAME, ret) && !known(l, ret, "-")))
			return 0;
		wl_say_in(l->cli, 2, "%s",
		          _("A name begins with a letter, has letters, digits and hyphens, and is "
		            "given once."));
	}
}

static void print_lines(const struct learning *l)
{
	json_t *ports = json_array();

	for (size_t i = 0; i < l->n; i++) {
		if (!l->cli->json)
			(void)printf("  %s: { match: \"%s\", use: %s }\n", l->v[i].id,
			             l->v[i].match, l->v[i].use);
		(void)json_array_append_new(ports,
		                            json_pack("{s:s, s:s, s:s}", "port", l->v[i].id,
		                                      "match", l->v[i].match, "use", l->v[i].use));
	}
	json_t *object = json_pack("{s:o}", "ports", ports);
	wl_cli_json(l->cli, object);
	json_decref(object);
}

int wl_verb_ports_learn(struct wl_cli *cli)
{
	struct learning l = {.cli = cli};
	char name[WL_ID_TEXT];
	int status = 0;

	if (!cli->can_ask)
		return wl_say_failure(cli, WL_EXIT_USAGE, "Usage",
		                      _("ports learn asks at a terminal, and there is none."));
	wl_say(cli, "%s", _("Take out everything but keyboard and mouse."));
	while (!status && l.n < WL_PORTS_MAX) {
		status = ask_name(&l, name);
		if (status || !name[0])
			break;
		status = learn_one(&l, name);
	}
	if (status || l.n == 0)
		return status;
	print_lines(&l);
	wl_say_next(cli, true, _("Put these lines under ports: in the policy, then"), NULL,
	            "weighlock policy check policy.yaml");
	return WL_EXIT_DONE;
}
