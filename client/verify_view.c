/*
 * Rendering a decision. Paths come from the vendor's folder and are shown escaped; details were
 * escaped by who found them. Keeps nothing.
 */
#include "client/verify_view.h"

#include <stdlib.h>
#include <string.h>

#include "client/render.h"
#include "client/say.h"
#include "client/transfer_view.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"

#define SHOWN_PATH (3 * WL_VOLUME_PATH_BYTES_MAX + 1)

/* A rule's sentence about a file (or the whole: path ""), with what is known filled in. */
static void reason_of(const struct wl_facts *facts, enum wl_rule rule, const char *path,
                      const char *detail, char *buf, size_t size)
{
	const struct wl_rule_arg args[] = {
	        {"file", path},
	        {"detail", detail},
	        {"device", facts->device},
	        {"vendor", facts->vendor ? facts->vendor : ""},
	        {"ticket", facts->ticket ? facts->ticket->id : ""},
	        {"component", facts->ticket ? facts->ticket->component : ""},
	        {"transfer", _("this update")},
	};
	(void)wl_rule_render(wl_rule_row(rule)->sentence, args, WL_ARRAY_LEN(args), buf, size);
}

static json_t *rules_json(const struct wl_rules *rules)
{
	json_t *list = json_array();
	for (size_t i = 0; i < rules->n; i++)
		(void)json_array_append_new(list, json_string(wl_rule_id(rules->v[i])));
	return list;
}

static json_t *file_json(const struct wl_item *item, const struct wl_item_decision *d,
                         const char *path)
{
	char sha256[WL_SHA256_HEX + 1];
	json_t *o = json_pack("{s:s, s:I, s:s, s:s, s:o}", "path", path, "bytes",
	                      (json_int_t)item->size, "verdict", wl_verdict_name(d->verdict),
	                      "rule", wl_rule_id(d->rule), "rules", rules_json(&d->rules));
	if (item->has_sha256) {
		wl_hex_encode(item->sha256, WL_SHA256_BYTES, sha256);
		(void)json_object_set_new(o, "sha256", json_string(sha256));
	}
	return o;
}

/* One line for people. NULL without memory. */
static char *file_line(const struct wl_facts *facts, const struct wl_item *item,
                       const struct wl_item_decision *d, const char *path)
{
	char bytes[32], reason[800] = "", *line = NULL;

	wl_size_format(item->size, bytes, sizeof(bytes));
	if (d->verdict != WL_PASS)
		reason_of(facts, d->rule, path, d->detail, reason, sizeof(reason));
	if (asprintf(&line, "%s  %s  %s%s%s%s%s%s", path, bytes,
	             wl_view_verdict(wl_verdict_name(d->verdict)), reason[0] ? "  " : "", reason,
	             reason[0] ? "  (" : "", reason[0] ? wl_rule_id(d->rule) : "",
	             reason[0] ? ")" : "") < 0)
		return NULL;
	return line;
}

/* Files in JSON; the lines are printed besides. Folders only where they are refused. */
static json_t *view_files(const struct wl_cli *cli, const struct wl_facts *facts,
                          const struct wl_decision *d)
{
	json_t *list = json_array();
	size_t n = 0, all = facts->items->n;
	struct wl_list_line *lines = calloc(all + 1, sizeof(*lines));
	char **text = calloc(all + 1, sizeof(*text));

	for (size_t i = 0; lines && text && i < all && i < d->nitems; i++) {
		const struct wl_item *item = &facts->items->v[i];
		char path[SHOWN_PATH];
		if ((item->folder && d->item[i].verdict != WL_REFUSE) ||
		    wl_path_escape(item->path, item->path_n, path, sizeof(path)) < 0)
			continue;
		(void)json_array_append_new(list, file_json(item, &d->item[i], path));
		text[n] = file_line(facts, item, &d->item[i], path);
		lines[n] = (struct wl_list_line){.group = wl_rule_id(d->item[i].rule),
		                                 .text = text[n] ? text[n] : path};
		n++;
	}
	if (lines && text)
		wl_render_list(cli->people, lines, n, 2, wl_render_columns(cli->people));
	for (size_t i = 0; text && i < n; i++)
		free(text[i]);
	free(lines);
	free(text);
	return list;
}

static json_t *view_signers(const struct wl_cli *cli, const struct wl_facts *facts)
{
	json_t *list = json_array();

	for (size_t i = 0; i < facts->nsigners; i++) {
		const struct wl_signer *s = &facts->signers[i];
		const char *role = s->role == WL_TRUST_AUTHORITY ? "authority" : "vendor";
		char hex[WL_SHA256_HEX + 1];
		wl_hex_encode(s->spki_sha256, WL_SHA256_BYTES, hex);
		wl_say_in(cli, 2, _("Signed (%s) by %s, key %s"), _(role), s->subject, hex);
		(void)json_array_append_new(list,
		                            json_pack("{s:s, s:s, s:s}", "role", role, "subject",
		                                      s->subject, "spki_sha256", hex));
	}
	return list;
}

static void add_update(json_t *o, const struct wl_facts *facts, const struct wl_decision *d)
{
	const struct wl_policy_device *device = wl_policy_device(facts->policy, facts->device);
	const char *vendor = d->vendor[0] ? d->vendor : (device ? device->vendor : "");

	(void)json_object_set_new(o, "device", json_string(facts->device));
	(void)json_object_set_new(o, "vendor", json_string(vendor));
	if (!d->has_update)
		return;
	(void)json_object_set_new(o, "component", json_string(d->component));
	(void)json_object_set_new(o, "version", json_string(d->version));
	(void)json_object_set_new(o, "release", json_integer((json_int_t)d->release));
	if (d->ticket[0])
		(void)json_object_set_new(o, "ticket", json_string(d->ticket));
}

static void say_verdict(const struct wl_cli *cli, const struct wl_facts *facts,
                        const struct wl_decision *d, const char *reason)
{
	const char *rule = wl_rule_id(d->rule);

	if (d->has_update)
		wl_say(cli, _("Update of %s to %s (release %llu) for %s"), d->component, d->version,
		       (unsigned long long)d->release, facts->device);
	if (d->vendor_signature == WL_SIGNED_NONE)
		wl_say(cli, "%s",
		       _("NOT SIGNED BY THE VENDOR: only the authority's officers vouch for it."));
	wl_say(cli, _("%s: %s (rule %s; weighlock help %s)"),
	       wl_view_verdict(wl_verdict_name(d->verdict)), reason, rule, rule);
	for (size_t i = 1; i < d->rules.n; i++)
		wl_say_in(cli, 2, "%s %s", _("also:"), wl_rule_id(d->rules.v[i]));
	if (d->verdict == WL_REFUSE) {
		char remedy[800];
		const struct wl_rule_arg args[] = {{"detail", d->detail}};
		(void)wl_rule_render(wl_rule_row(d->rule)->remedy, args, 1, remedy, sizeof(remedy));
		wl_say_next(cli, false, remedy, NULL, NULL);
	}
	char list[600] = "";
	for (size_t i = 0; i < d->not_checked.n; i++) {
		size_t used = strlen(list);
		(void)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
		               wl_rule_id(d->not_checked.v[i]));
	}
	wl_say(cli, _("Not checked here: %s. A pass here is not yet a pass at a station."), list);
}

static int status_of(const struct wl_decision *d)
{
	for (size_t i = 0; i < d->rules.n; i++) {
		if (d->rules.v[i] == WL_RULE_STATION_SANDBOX_MISSING)
			return WL_EXIT_FAULT;
	}
	switch (d->verdict) {
	case WL_PASS:
		return WL_EXIT_DONE;
	case WL_HOLD:
		return WL_EXIT_WAITING;
	default:
		return WL_EXIT_REFUSED;
	}
}

int wl_verify_view(const struct wl_cli *cli, const struct wl_facts *facts,
                   const struct wl_decision *d)
{
	char reason[800], path[SHOWN_PATH] = "";

	/* the file the deciding rule is about, where it is about one */
	for (size_t i = 0; i < d->nitems && !path[0]; i++) {
		const struct wl_item *item = &facts->items->v[i];
		if (d->item[i].rule == d->rule &&
		    wl_path_escape(item->path, item->path_n, path, sizeof(path)) < 0)
			path[0] = 0;
	}
	/* a file that is not there has no item: the detail names it */
	reason_of(facts, d->rule, d->rule == WL_RULE_UPDATE_FILE_MISSING ? d->detail : path,
	          d->detail, reason, sizeof(reason));
	json_t *files = view_files(cli, facts, d);
	json_t *signers = view_signers(cli, facts);
	json_t *o = json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:o}", "verdict",
	                      wl_verdict_name(d->verdict), "rule", wl_rule_id(d->rule), "rules",
	                      rules_json(&d->rules), "holds", rules_json(&d->holds), "reason",
	                      reason, "scope", "offline", "not_checked",
	                      rules_json(&d->not_checked), "signers", signers, "files", files);
	add_update(o, facts, d);
	say_verdict(cli, facts, d, reason);
	wl_cli_json(cli, o);
	json_decref(o);
	return status_of(d);
}
