/*
 * Rendering transfers. Paths in the objects are escaped (INTERFACES 2), other texts were escaped by
 * the station; the client adds words around them and decides nothing. Keeps nothing.
 */
#include "client/transfer_view.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/export_view.h"
#include "client/render.h"
#include "client/say.h"
#include "client/station.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

struct word {
	const char *name, *shown;
};

static const char *word_for(const struct word *table, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(table[i].name, name))
			return _(table[i].shown);
	}
	return name;
}

const char *wl_view_state(const char *state)
{
	static const struct word words[] = {
	        {"opened", N_("OPEN, waits for the stick")},
	        {"reading", N_("READING")},
	        {"inspecting", N_("BEING CHECKED")},
	        {"waiting", N_("WAITING for an approver")},
	        {"approved", N_("APPROVED")},
	        {"releasing", N_("BEING WRITTEN")},
	        {"released", N_("RELEASED")},
	        {"failed", N_("FAILED")},
	        {"refused", N_("REFUSED")},
	        {"rejected", N_("REJECTED by an approver")},
	        {"cancelled", N_("CANCELLED")},
	        {"closed", N_("CLOSED")},
	        {"acknowledged", N_("ACKNOWLEDGED by the recipient")},
	};
	return word_for(words, WL_ARRAY_LEN(words), state);
}

const char *wl_view_verdict(const char *verdict)
{
	static const struct word words[] = {
	        {"pass", N_("PASS")},
	        {"refuse", N_("REFUSED")},
	        {"hold", N_("HELD")},
	        {"leave", N_("LEFT BEHIND")},
	};
	return word_for(words, WL_ARRAY_LEN(words), verdict);
}

void wl_view_row(const json_t *t, char *buf, size_t size)
{
	char bytes[32] = "";
	const char *rule = wl_member_text(t, "rule");

	if (json_object_get(t, "bytes"))
		wl_size_format((uint64_t)wl_member_integer(t, "bytes"), bytes, sizeof(bytes));
	if (wl_is_export(t)) {
		char what[100];
		(void)snprintf(what, sizeof(what), _("case %.40s"), wl_member_text(t, "case"));
		(void)snprintf(buf, size, "%s  %s  %s  %s  %s%s%s%s%s%s  %s %s",
		               wl_member_text(t, "transfer"), _("out"), wl_member_text(t, "device"),
		               what, bytes, bytes[0] ? "  " : "",
		               wl_view_state(wl_member_text(t, "state")), rule[0] ? " (" : "", rule,
		               rule[0] ? ")" : "", _("by"), wl_member_text(t, "opened_by"));
		return;
	}
	(void)snprintf(buf, size, "%s  %s  %s  %s %s  %s%s%s%s%s%s  %s %s",
	               wl_member_text(t, "transfer"),
	               strcmp(wl_member_text(t, "direction"), "inbound") ? _("out") : _("in"),
	               wl_member_text(t, "device"), wl_member_text(t, "component"),
	               wl_member_text(t, "version"), bytes, bytes[0] ? "  " : "",
	               wl_view_state(wl_member_text(t, "state")), rule[0] ? " (" : "", rule,
	               rule[0] ? ")" : "", _("by"), wl_member_text(t, "opened_by"));
}

/* "  label: a, b" for an array of text; nothing where it is absent or empty. */
static void say_list(const struct wl_cli *cli, const char *label, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		wl_say_in(cli, 2, "%s %s", label, json_string_value(json_array_get(list, i)));
}

static void say_text(const struct wl_cli *cli, const char *label, const char *text)
{
	if (text[0])
		wl_say_in(cli, 2, "%s %s", label, text);
}

static void say_update(const struct wl_cli *cli, const json_t *t)
{
	if (wl_member_text(t, "component")[0])
		wl_say_in(cli, 2, _("Update: %s %s (release %lld), vendor %s"),
		          wl_member_text(t, "component"), wl_member_text(t, "version"),
		          (long long)wl_member_integer(t, "release"), wl_member_text(t, "vendor"));
	say_text(cli, _("Ticket:"), wl_member_text(t, "ticket"));
	if (!strcmp(wl_member_text(t, "vendor_signature"), "none"))
		wl_say_in(cli, 2, "%s",
		          _("NOT SIGNED BY THE VENDOR: only the authority's officers vouch for "
		            "it."));
	say_list(cli, _("Signed by:"), json_object_get(t, "signers"));
}

static void say_people(const struct wl_cli *cli, const json_t *t)
{
	wl_say_in(cli, 2, _("Opened by %s, %s"), wl_member_text(t, "opened_by"),
	          wl_member_text(t, "opened_at"));
	say_text(cli, _("Work order:"), wl_member_text(t, "work_order"));
	if (wl_member_text(t, "engineer")[0])
		wl_say_in(cli, 2, _("Engineer: %s, %s; escort %s"), wl_member_text(t, "engineer"),
		          wl_member_text(t, "engineer_org"), wl_member_text(t, "escort"));
	const json_t *approvals = json_object_get(t, "approvals");
	for (size_t i = 0; i < json_array_size(approvals); i++) {
		const json_t *a = json_array_get(approvals, i);
		const char *voided = wl_member_text(a, "voided");
		if (voided[0])
			wl_say_in(cli, 2, _("Approved by %s, no longer good (%s)"),
			          wl_member_text(a, "actor"), voided);
		else
			wl_say_in(cli, 2, _("Approved by %s until %s"), wl_member_text(a, "actor"),
			          wl_member_text(a, "until"));
	}
}

static void say_outputs(const struct wl_cli *cli, const json_t *t)
{
	const json_t *outputs = json_object_get(t, "outputs");

	for (size_t i = 0; i < json_array_size(outputs); i++) {
		const json_t *o = json_array_get(outputs, i);
		char bytes[32];
		wl_size_format((uint64_t)wl_member_integer(o, "bytes"), bytes, sizeof(bytes));
		wl_say_in(cli, 2, _("Output %s: %s, %lld files, %s, %lld refused, %lld left"),
		          wl_member_text(o, "output"),
		          wl_view_verdict(wl_member_text(o, "verdict")),
		          (long long)wl_member_integer(o, "files"), bytes,
		          (long long)wl_member_integer(o, "refused"),
		          (long long)wl_member_integer(o, "left"));
		say_text(cli, _("  manifest"), wl_member_text(o, "manifest_sha256"));
		if (wl_member_text(o, "released_at")[0])
			wl_say_in(cli, 4, _("written to medium %s in port %s, %s"),
			          wl_member_text(o, "medium"),
			          wl_member_text(o, "destination_port"),
			          wl_member_text(o, "released_at"));
	}
}

static void say_decision(const struct wl_cli *cli, const json_t *t)
{
	const char *rule = wl_member_text(t, "rule");
	const json_t *holds = json_object_get(t, "holds");

	if (!rule[0])
		return;
	if (wl_member_text(t, "reason")[0])
		wl_say_in(cli, 2, _("Why: %s (rule %s; weighlock help %s)"),
		          wl_member_text(t, "reason"), rule, rule);
	else
		wl_say_in(cli, 2, _("Decided by rule %s"), rule);
	for (size_t i = 0; i < json_array_size(holds); i++)
		wl_say_in(cli, 2, _("Must be accepted by name: %s"),
		          json_string_value(json_array_get(holds, i)));
	const json_t *rules = json_object_get(t, "rules");
	for (size_t i = 1; i < json_array_size(rules); i++)
		say_text(cli, _("also:"), json_string_value(json_array_get(rules, i)));
}

void wl_view_transfer(const struct wl_cli *cli, const json_t *t)
{
	wl_say(cli, _("%s: %s, device %s"), wl_member_text(t, "transfer"),
	       wl_view_state(wl_member_text(t, "state")), wl_member_text(t, "device"));
	if (wl_is_export(t)) {
		wl_export_view(cli, t);
		say_decision(cli, t);
		say_people(cli, t);
		return;
	}
	say_update(cli, t);
	say_decision(cli, t);
	say_outputs(cli, t);
	say_people(cli, t);
	if (wl_member_text(t, "outcome")[0])
		wl_say_in(cli, 2, _("Outcome: %s, release %lld before, %lld after. %s"),
		          wl_member_text(t, "outcome"),
		          (long long)wl_member_integer(t, "release_before"),
		          (long long)wl_member_integer(t, "release_after"),
		          wl_member_text(t, "words"));
}

static char *item_line(const json_t *item)
{
	char bytes[32], *line = NULL;
	const char *verdict = wl_member_text(item, "verdict");
	const char *reason = wl_member_text(item, "reason");
	bool pass = !strcmp(verdict, "pass");

	wl_size_format((uint64_t)wl_member_integer(item, "bytes"), bytes, sizeof(bytes));
	/* the pages of one file differ by what is made of them */
	const char *name = pass ? wl_member_text(item, "output_name") : "";
	const char *output = name[0] ? wl_member_text(item, "output") : "";
	if (asprintf(&line, "%s  %s  %s%s%s%s%s%s%s%s%s%s", wl_member_text(item, "path"), bytes,
	             wl_view_verdict(verdict), name[0] ? "  -> " : "", output, output[0] ? "/" : "",
	             name, pass || !reason[0] ? "" : "  ", pass ? "" : reason, pass ? "" : "  (",
	             pass ? "" : wl_member_text(item, "rule"), pass ? "" : ")") < 0)
		return NULL;
	return line;
}

void wl_view_items(const struct wl_cli *cli, const json_t *items)
{
	size_t n = json_array_size(items);
	struct wl_list_line *lines = calloc(n ? n : 1, sizeof(*lines));
	if (!lines)
		return;
	if (n)
		wl_say_in(cli, 2, "%s", _("Files:"));
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(items, i);
		char *line = item_line(item);
		lines[i].group = wl_member_text(item, "rule");
		lines[i].text = line ? line : "";
	}
	wl_render_list(cli->people, lines, n, 4, wl_render_columns(cli->people));
	for (size_t i = 0; i < n; i++) {
		if (lines[i].text[0])
			free((void *)(uintptr_t)lines[i].text);
	}
	free(lines);
}

int wl_view_fetch(struct wl_cli *cli, const char *transfer, json_t **ret_transfer,
                  json_t **ret_items)
{
	json_t *whole = NULL, *items = json_array();
	json_int_t from = 0;

	for (;;) {
		json_t *page = NULL;
		json_t *call = json_pack("{s:s}", "transfer", transfer);
		if (from > 0)
			(void)json_object_set_new(call, "from", json_integer(from));
		int status = wl_station_call(cli, "Show", call, &page);
		if (status) {
			json_decref(whole);
			json_decref(items);
			return status;
		}
		json_t *shown = json_object_get(page, "transfer");
		(void)json_array_extend(items, json_object_get(page, "items"));
		json_int_t next = wl_member_integer(shown, "items_next");
		if (!whole)
			whole = json_incref(shown);
		json_decref(page);
		if (next <= from)
			break;
		from = next;
	}
	*ret_transfer = whole ? whole : json_object();
	*ret_items = items;
	return 0;
}

int wl_view_exit(const json_t *t)
{
	static const struct {
		const char *state;
		enum wl_exit status;
	} table[] = {
	        {"refused", WL_EXIT_REFUSED},   {"rejected", WL_EXIT_REFUSED},
	        {"cancelled", WL_EXIT_REFUSED}, {"failed", WL_EXIT_FAULT},
	        {"released", WL_EXIT_DONE},     {"closed", WL_EXIT_DONE},
	        {"acknowledged", WL_EXIT_DONE},
	};
	const char *state = wl_member_text(t, "state");
	for (size_t i = 0; i < WL_ARRAY_LEN(table); i++) {
		if (!strcmp(table[i].state, state))
			return (int)table[i].status;
	}
	return WL_EXIT_WAITING;
}
