/*
 * `status`: what is in the ports, what waits, what to do next. Reads only.
 */
#include <string.h>
#include <time.h>

#include "client/export_view.h"
#include "client/media_view.h"
#include "client/say.h"
#include "client/station.h"
#include "client/transfer_view.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

static const char *state_words(const char *state)
{
	static const struct {
		const char *state, *words;
	} table[] = {
	        {"uninitialised", N_("set up, but without keys. Nothing can cross yet.")},
	        {"unconfirmed", N_("waiting for the second person to confirm its keys.")},
	        {"no-policy", N_("without a policy. Nothing can cross yet.")},
	        {"ready", N_("ready.")},
	        {"busy", N_("at work.")},
	        {"fault", N_("stopped by a fault. Nothing can cross.")},
	        {"retired", N_("retired. Nothing crosses any more.")},
	};
	for (size_t i = 0; i < WL_ARRAY_LEN(table); i++) {
		if (!strcmp(table[i].state, state))
			return _(table[i].words);
	}
	return state;
}

static void say_station(const struct wl_cli *cli, const json_t *s)
{
	const char *name = wl_member_text(s, "station"), *person = wl_member_text(s, "person");
	const json_t *roles = json_object_get(s, "roles");

	wl_say(cli, _("Station %s%s is %s"), name[0] ? name : "?",
	       strcmp(wl_member_text(s, "mode"), "test") ? "" : " [TEST]",
	       state_words(wl_member_text(s, "state")));
	if (person[0]) {
		char list[200] = "";
		for (size_t i = 0; i < json_array_size(roles); i++) {
			size_t used = strlen(list);
			(void)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
			               _(json_string_value(json_array_get(roles, i))));
		}
		wl_say_in(cli, 2, _("You are %s: %s"), person, list);
	}
	const json_t *faults = json_object_get(s, "fault_details");
	for (size_t i = 0; i < json_array_size(faults); i++) {
		const json_t *f = json_array_get(faults, i);
		const char *rule = wl_member_text(f, "rule");
		wl_say_in(cli, 2, _("FAULT: %s (rule %s; weighlock help %s)"),
		          wl_member_text(f, "reason"), rule, rule);
	}
}

#define DAY_S              86400
#define CERTIFICATE_WARN_S (90 * DAY_S)
#define COSIGNATURE_WARN_S (30 * DAY_S)

static void say_cosignature(const struct wl_cli *cli, const json_t *l, int64_t now)
{
	const char *at = wl_member_text(l, "cosigned_at"),
	           *due = wl_member_text(l, "cosignature_due");
	int64_t when = 0, end = 0;

	if (at[0] && wl_time_parse(at, &when) == 0)
		wl_say_in(cli, 2,
		          _("Ledger: %lld entries; countersigned up to %lld on %.10s, %lld days "
		            "ago."),
		          (long long)wl_member_integer(l, "entries"),
		          (long long)wl_member_integer(l, "cosigned_entries"), at,
		          (long long)((now - when) / DAY_S));
	else
		wl_say_in(cli, 2, _("Ledger: %lld entries; no auditor has countersigned it yet."),
		          (long long)wl_member_integer(l, "entries"));
	if (!due[0])
		wl_say_in(cli, 2, "%s",
		          _("The policy names no auditor's key, so nobody can countersign."));
	else if (wl_time_parse(due, &end) == 0 && now > end)
		wl_say_in(cli, 2, _("WARNING: a cosignature was due on %.10s."), due);
	else if (end - now < COSIGNATURE_WARN_S)
		wl_say_in(cli, 2, _("WARNING: the next cosignature is due on %.10s."), due);
}

static void say_certificate(const struct wl_cli *cli, const json_t *l, int64_t now)
{
	const char *text = wl_member_text(l, "certificate_not_after");
	int64_t end = 0;

	if (!text[0] || wl_time_parse(text, &end) < 0 || end - now > CERTIFICATE_WARN_S)
		return;
	if (now > end)
		wl_say_in(cli, 2,
		          _("WARNING: the station's certificate expired on %.10s; every paper says "
		            "so."),
		          text);
	else
		wl_say_in(cli, 2,
		          _("WARNING: the station's certificate expires in %lld days, on %.10s."),
		          (long long)((end - now) / DAY_S), text);
	wl_say_next(cli, false, _("Ask for a new one; the key stays."), NULL,
	            "weighlock station csr");
}

/* How the ledger stands with its auditors, for those who look after it. */
static void say_ledger(const struct wl_cli *cli, const json_t *s)
{
	const json_t *l = json_object_get(s, "ledger"), *roles = json_object_get(s, "roles");
	bool shown = false;

	for (size_t i = 0; i < json_array_size(roles); i++) {
		const char *role = json_string_value(json_array_get(roles, i));
		shown = shown || !strcmp(role, "auditor") || !strcmp(role, "administrator") ||
		        !strcmp(role, "approver");
	}
	if (!l || !shown)
		return;
	say_cosignature(cli, l, time(NULL));
	say_certificate(cli, l, time(NULL));
}

static json_t *of_device(const json_t *transfers, const char *device)
{
	json_t *kept = json_array();
	for (size_t i = 0; i < json_array_size(transfers); i++) {
		json_t *t = json_array_get(transfers, i);
		if (!device || !strcasecmp(device, wl_member_text(t, "device")))
			(void)json_array_append(kept, t);
	}
	return kept;
}

/* Stranger and set-up person may see only the first part. */
static void say_rest(struct wl_cli *cli, json_t *whole, const char *device)
{
	struct wl_reply media = {0}, list = {0};

	if (!wl_member_text(whole, "person")[0])
		return;
	if (wl_station_ask(cli, "ListMedia", NULL, &media) == 0) {
		json_t *ports = json_object_get(media.parameters, "media");
		if (!media.error[0] && ports) {
			wl_media_view(cli, ports);
			(void)json_object_set(whole, "media", ports);
		}
		wl_reply_clear(&media);
	}
	if (wl_station_ask(cli, "ListTransfers", json_pack("{s:s}", "state", "open"), &list) != 0)
		return;
	json_t *open = of_device(json_object_get(list.parameters, "transfers"), device);
	for (size_t i = 0; i < json_array_size(open); i++) {
		char row[400];
		const json_t *t = json_array_get(open, i);
		wl_view_row(t, row, sizeof(row));
		wl_say_in(cli, 2, "%s", row);
		wl_say_next_of(cli, t);
	}
	(void)json_object_set_new(whole, "transfers", open);
	wl_reply_clear(&list);
}

/* When the scanner overwrites, by the policy and what was seen on its media. */
static void say_horizon(struct wl_cli *cli, const char *device)
{
	struct wl_reply policy = {0}, list = {0};

	if (!device || wl_station_ask(cli, "PolicyShow", NULL, &policy) != 0)
		return;
	const json_t *devices =
	        json_object_get(json_object_get(policy.parameters, "policy"), "devices");
	if (wl_station_ask(cli, "ListTransfers", NULL, &list) == 0) {
		json_t *of = of_device(json_object_get(list.parameters, "transfers"), device);
		for (size_t i = 0; i < json_array_size(devices); i++) {
			const json_t *d = json_array_get(devices, i);
			if (!strcasecmp(device, wl_member_text(d, "device")))
				wl_export_view_horizon(cli, wl_member_text(d, "device"),
				                       wl_member_integer(d, "overwrite_horizon_s"),
				                       of);
		}
		json_decref(of);
		wl_reply_clear(&list);
	}
	wl_reply_clear(&policy);
}

int wl_verb_status(struct wl_cli *cli)
{
	json_t *s = NULL;
	int status = wl_station_call(cli, "GetStatus", NULL, &s);

	if (status)
		return status;
	say_station(cli, s);
	say_horizon(cli, wl_args_value(cli->args, "device"));
	say_ledger(cli, s);
	say_rest(cli, s, wl_args_value(cli->args, "device"));
	if (wl_member_text(s, "next_words")[0] || wl_member_text(s, "next_command")[0])
		wl_say_next_of(cli, s);
	else if (json_array_size(json_object_get(s, "transfers")) == 0)
		wl_say_next(cli, false, _("Nothing waits."), NULL, "weighlock help");
	wl_cli_json(cli, s);
	json_decref(s);
	return WL_EXIT_DONE;
}
