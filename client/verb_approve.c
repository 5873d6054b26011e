/*
 * `approve`: the second person's agreement, bound to the manifests as shown here and now. At a
 * terminal every hold is shown and asked for; elsewhere each must be named with --accept. The
 * station checks all of it again.
 */
#include <string.h>

#include "client/action.h"
#include "client/ask.h"
#include "client/duration.h"
#include "client/export_view.h"
#include "client/resolve.h"
#include "client/say.h"
#include "client/transfer_view.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/rules.h"

static bool is_in(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!strcmp(json_string_value(json_array_get(list, i)), text))
			return true;
	}
	return false;
}

/* What --accept and --incomplete said; NULL and the exit status where a word is no rule. */
static json_t *take_accepted(const struct wl_cli *cli, int *ret_status)
{
	json_t *accept = json_array();
	const char *rule;

	for (size_t i = 0; (rule = wl_args_nth(cli->args, "accept", i)); i++) {
		if (wl_rule_row(wl_rule_find(rule))->verdict != WL_HOLD) {
			*ret_status = wl_say_failure(
			        cli, WL_EXIT_USAGE, "BadArgument",
			        _("--accept %.60s: this is no rule that holds a transfer."), rule);
			json_decref(accept);
			return NULL;
		}
		(void)json_array_append_new(accept, json_string(rule));
	}
	if (wl_args_given(cli->args, "incomplete") && !is_in(accept, "transfer.incomplete"))
		(void)json_array_append_new(accept, json_string("transfer.incomplete"));
	return accept;
}

/* Each hold that was not named yet is shown and asked. false: the person does not accept one. */
static bool ask_holds(const struct wl_cli *cli, const json_t *t, json_t *accept)
{
	const json_t *holds = json_object_get(t, "holds");

	for (size_t i = 0; i < json_array_size(holds); i++) {
		const char *rule = json_string_value(json_array_get(holds, i));
		char sentence[600];
		WL_AUTO_FREE char *question = NULL;
		if (is_in(accept, rule))
			continue;
		(void)wl_rule_render(wl_rule_row(wl_rule_find(rule))->sentence, NULL, 0, sentence,
		                     sizeof(sentence));
		wl_say(cli, _("HELD: %s (rule %s; weighlock help %s)"), sentence, rule, rule);
		if (asprintf(&question, _("Do you accept %s?"), rule) < 0) {
			question = NULL;
			return false;
		}
		if (!wl_ask_yes(cli, question))
			return false;
		(void)json_array_append_new(accept, json_string(rule));
	}
	return wl_ask_yes(cli, _("Do you approve this transfer as shown?"));
}

static json_t *manifests_of(const json_t *t)
{
	const json_t *outputs = json_object_get(t, "outputs");
	json_t *list = json_array();

	for (size_t i = 0; i < json_array_size(outputs); i++) {
		json_t *digest = json_object_get(json_array_get(outputs, i), "manifest_sha256");
		if (digest)
			(void)json_array_append(list, digest);
	}
	return list;
}

static int call_approve(struct wl_cli *cli, const char *id, const json_t *t, json_t *accept)
{
	const char *valid = wl_args_value(cli->args, "for");
	int64_t valid_s = 0;

	if (valid && (wl_duration_parse(valid, &valid_s) < 0 || valid_s == 0))
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("--for %.30s: say it like 8h or 30min."), valid);
	json_t *p = json_pack("{s:o, s:O}", "manifest_sha256", manifests_of(t), "accept", accept);
	if (valid)
		(void)json_object_set_new(p, "valid_s", json_integer(valid_s));
	return wl_action_call(cli, "Approve", id, p, _("approved by you."));
}

int wl_verb_approve(struct wl_cli *cli)
{
	char id[WL_ID_TEXT];
	json_t *t = NULL, *items = NULL;
	int status = wl_resolve_operand(cli, id);

	json_t *accept = status ? NULL : take_accepted(cli, &status);
	if (!status)
		status = wl_view_fetch(cli, id, &t, &items);
	if (!status) {
		wl_view_transfer(cli, t);
		if (wl_is_export(t)) {
			wl_export_view_items(cli, items, false);
			wl_export_view_agreement(cli, t, items);
		} else {
			wl_view_items(cli, items);
		}
		bool waits = !strcmp(wl_member_text(t, "state"), "waiting");
		if (cli->can_ask && waits && !ask_holds(cli, t, accept)) {
			wl_say(cli, "%s", _("Not approved. Nothing was changed."));
			status = WL_EXIT_WAITING;
		} else {
			status = call_approve(cli, id, t, accept);
		}
	}
	json_decref(accept);
	json_decref(t);
	json_decref(items);
	return status;
}
