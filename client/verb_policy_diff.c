/*
 * `policy diff`: what a policy says otherwise than the one in force, or than another file, before
 * two people sign and confirm it. Both texts may be anything; they are read strictly and shown
 * escaped. With --json a line per difference and a last one with their number.
 */
#include <errno.h>
#include <string.h>

#include "client/policy_text.h"
#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "policy/diff.h"

#define SHOWN_BYTES 400 /* of one value, escaped; longer ones are cut with … */

struct telling {
	const struct wl_cli *cli;
	unsigned n;
};

static const char *const kinds[] = {
        [WL_CHANGE_ADDED] = "added",
        [WL_CHANGE_REMOVED] = "removed",
        [WL_CHANGE_OTHER] = "changed",
};

static void say(const struct wl_cli *cli, const struct wl_policy_change *c)
{
	char key[SHOWN_BYTES], before[SHOWN_BYTES], after[SHOWN_BYTES];

	wl_text_escape(c->key, strlen(c->key), key, sizeof(key));
	wl_text_escape(c->before, strlen(c->before), before, sizeof(before));
	wl_text_escape(c->after, strlen(c->after), after, sizeof(after));
	if (c->kind == WL_CHANGE_ADDED)
		wl_say_in(cli, 2, _("line %u, %s: now has %s"), c->line, key, after);
	else if (c->kind == WL_CHANGE_REMOVED)
		wl_say_in(cli, 2, _("line %u before, %s: no longer has %s"), c->line, key, before);
	else
		wl_say_in(cli, 2, _("line %u, %s: %s becomes %s"), c->line, key, before, after);
}

static int tell(void *user, const struct wl_policy_change *c)
{
	struct telling *t = user;

	t->n++;
	say(t->cli, c);
	json_t *object =
	        json_pack("{s:s, s:s, s:s, s:s, s:i}", "kind", kinds[c->kind], "key", c->key,
	                  "before", c->before, "after", c->after, "line", (int)c->line);
	wl_cli_json(t->cli, object);
	json_decref(object);
	return 0;
}

static int compare(struct wl_cli *cli, const struct wl_policy_text *a,
                   const struct wl_policy_text *b)
{
	struct telling t = {.cli = cli};
	struct wl_policy_errors errors = {0};
	bool second = false;

	wl_say(cli, _("From %s to %s:"), a->name, b->name);
	int r = wl_policy_diff(a->text, a->bytes, b->text, b->bytes, tell, &t, &errors, &second);
	if (r == -EBADMSG)
		return wl_policy_text_bad(cli, second ? b : a, &errors);
	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", "%s.", strerror(-r));
	if (t.n == 0)
		wl_say_in(cli, 2, "%s", _("They say the same."));
	json_t *object = json_pack("{s:i}", "differences", (int)t.n);
	wl_cli_json(cli, object);
	json_decref(object);
	return WL_EXIT_DONE;
}

int wl_verb_policy_diff(struct wl_cli *cli)
{
	WL_CLEANUP(wl_policy_text_cleanup) struct wl_policy_text a = {0};
	WL_CLEANUP(wl_policy_text_cleanup) struct wl_policy_text b = {0};
	const char *one = wl_args_operand(cli->args, 0), *two = wl_args_operand(cli->args, 1);
	/* one alone is what is planned: what it is compared with is in force */
	int status = wl_policy_text_get(cli, two ? one : NULL, &a);

	if (!status)
		status = wl_policy_text_get(cli, two ? two : one, &b);
	return status ? status : compare(cli, &a, &b);
}
