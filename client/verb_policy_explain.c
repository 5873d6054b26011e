/*
 * `policy explain`: everything a policy says about one person, port, device, vendor or entry of
 * trust, each with its line. The text may be anything: it is read strictly and shown escaped. With
 * --json a line per key.
 */
#include <errno.h>
#include <string.h>

#include "client/policy_text.h"
#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "policy/explain.h"

#define SHOWN_BYTES 400 /* of one value, escaped; longer ones are cut with … */

static const struct {
	const char *name, *title; /* for --json; for people */
} parts[] = {
        [WL_PART_OWN] = {"own", N_("What is written of it:")},
        [WL_PART_USED] = {"used", N_("Of what it refers to:")},
        [WL_PART_NAMED_BY] = {"named-by", N_("Where else it is named:")},
        [WL_PART_FOR_ALL] = {"for-all", N_("What holds for all of its kind:")},
};

/* How the mappings of a policy are called. */
static const struct {
	const char *map, *words;
} kinds[] = {
        {"people", N_("a person")},         {"ports", N_("a port")},
        {"devices", N_("a device")},        {"vendors", N_("a vendor")},
        {"trust", N_("an entry of trust")},
};

struct telling {
	const struct wl_cli *cli;
	const struct wl_policy_text *text;
	const char *word, *kind; /* as shown; the mapping it stands in, before anything is told */
	enum wl_policy_part part;
};

static void say_what(const struct telling *t)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].map, t->kind) == 0)
			wl_say(t->cli, _("%s is %s in %s."), t->word, _(kinds[i].words),
			       t->text->name);
}

static int tell(void *user, const struct wl_policy_said *s)
{
	struct telling *t = user;
	char key[SHOWN_BYTES], value[SHOWN_BYTES];

	wl_text_escape(s->key, strlen(s->key), key, sizeof(key));
	wl_text_escape(s->value, strlen(s->value), value, sizeof(value));
	if (t->part == 0)
		say_what(t);
	if (s->part != t->part)
		wl_say(t->cli, "%s", _(parts[s->part].title));
	t->part = s->part;
	wl_say_in(t->cli, 2, _("line %u, %s: %s"), s->line, key, value);
	json_t *object = json_pack("{s:s, s:s, s:s, s:i}", "part", parts[s->part].name, "key",
	                           s->key, "value", s->value, "line", (int)s->line);
	wl_cli_json(t->cli, object);
	json_decref(object);
	return 0;
}

static int say_unknown(const struct wl_cli *cli, const struct wl_policy_text *t, const char *shown,
                       const char *nearest)
{
	if (nearest[0])
		return wl_say_failure(cli, WL_EXIT_USAGE, "NoSuch",
		                      _("Nothing in %s is called \"%s\"; there is %s."), t->name,
		                      shown, nearest);
	return wl_say_failure(cli, WL_EXIT_USAGE, "NoSuch",
	                      _("No person, port, device, vendor or entry of trust in %s is called "
	                        "\"%s\"."),
	                      t->name, shown);
}

static int explain(struct wl_cli *cli, const struct wl_policy_text *t, const char *word)
{
	struct wl_policy_errors errors = {0};
	char nearest[64], shown[80];
	struct telling telling = {.cli = cli, .text = t, .word = shown};

	wl_text_escape(word, strlen(word), shown, sizeof(shown));
	int r = wl_policy_explain(t->text, t->bytes, word, tell, &telling, &telling.kind, nearest,
	                          &errors);
	if (r == -EBADMSG)
		return wl_policy_text_bad(cli, t, &errors);
	if (r == -ENOENT)
		return say_unknown(cli, t, shown, nearest);
	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", "%s.", strerror(-r));
	return WL_EXIT_DONE;
}

int wl_verb_policy_explain(struct wl_cli *cli)
{
	WL_CLEANUP(wl_policy_text_cleanup) struct wl_policy_text t = {0};
	const char *word = wl_args_operand(cli->args, 0), *from = wl_args_operand(cli->args, 1);
	int status = wl_policy_text_get(cli, from, &t);

	return status ? status : explain(cli, &t, word);
}
