/*
 * How the station is (weighlockd): which parts answer, is there a policy, may transfers go on.
 *
 * Asked every second while something is missing, every ten otherwise. A part that comes back is
 * simply used again; the first time the ledger answers, everything is folded from it. When power
 * goes nothing is lost: it is all asked anew.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/daemon.h"
#include "daemon/broker/broker.h"

#define TICK_US      UINT64_C(1000000)
#define SLOW_TICK_US UINT64_C(10000000)

enum wl_rule wl_station_obstacle(const struct wl_broker *b)
{
	if (!b->ledger_there)
		return WL_RULE_STATION_PART_MISSING;
	if (b->status.rule != WL_RULE_NONE && b->status.rule != WL_RULE_STATION_NO_KEYS)
		return b->status.rule;
	if (!b->status.initialised)
		return WL_RULE_STATION_NO_KEYS;
	if (!strcmp(b->status.clock, "floor"))
		return WL_RULE_STATION_CLOCK_BEHIND;
	if (b->status.retired)
		return WL_RULE_STATION_RETIRED;
	if (!b->policy)
		return WL_RULE_STATION_NO_POLICY;
	if (b->status.alarm != WL_RULE_NONE)
		return b->status.alarm;
	return WL_RULE_NONE;
}

static bool answer_obstacle(struct wl_broker *b, struct wl_call *c, enum wl_rule rule)
{
	if (rule == WL_RULE_NONE && b->recovered)
		return true;
	if (rule == WL_RULE_NONE || rule == WL_RULE_STATION_PART_MISSING)
		wl_call_unavailable(c, WL_RULE_STATION_PART_MISSING,
		                    json_pack("{s:s, s:s}", "part", "ledger", "detail", "ledger"));
	else
		wl_call_refuse(c, rule, NULL, NULL);
	return false;
}

bool wl_station_is_usable(struct wl_broker *b, struct wl_call *c)
{
	if (!b->ledger_there || !b->recovered) /* perhaps it is back by now */
		wl_station_refresh(b);
	return answer_obstacle(b, c, wl_station_obstacle(b));
}

bool wl_station_is_auditable(struct wl_broker *b, struct wl_call *c)
{
	wl_station_refresh(b);
	enum wl_rule rule = wl_station_obstacle(b);
	const char *part = !wl_media_is_connected(b->media) ? "media"
	                   : !b->spawn_there                ? "spawn"
	                                                    : NULL;
	if (rule == WL_RULE_STATION_RETIRED || rule == b->status.alarm ||
	    rule == WL_RULE_STATION_VAULT_FULL)
		rule = b->policy ? WL_RULE_NONE : WL_RULE_STATION_NO_POLICY;
	if (!answer_obstacle(b, c, rule))
		return false;
	if (part)
		wl_call_unavailable(c, WL_RULE_STATION_PART_MISSING,
		                    json_pack("{s:s, s:s}", "part", part, "detail", part));
	return !part;
}

void wl_station_ledger_trouble(struct wl_broker *b, struct wl_call *c, const struct wl_finding *f)
{
	wl_log_notice("%s: %s %s", c->method, wl_rule_id(f->rule), f->detail);
	switch ((unsigned)f->rule) {
	case WL_RULE_NONE:
	case WL_RULE_STATION_PART_MISSING:
		b->ledger_there = false;
		wl_call_unavailable(c, WL_RULE_STATION_PART_MISSING,
		                    json_pack("{s:s, s:s}", "part", "ledger", "detail",
		                              f->detail[0] ? f->detail : "ledger"));
		break;
	case WL_RULE_STATION_LEDGER_FAILED:
		wl_call_unavailable(c, f->rule, json_pack("{s:s}", "detail", f->detail));
		break;
	default:
		wl_call_refuse_finding(c, f);
		break;
	}
}

/* Answers where it is none of that use, or empty: `empty` names that. What is written on must stand
 * in the ledger by its insertion already. */
static const struct wl_port *port_of(struct wl_broker *b, struct wl_call *c, const char *name,
                                     enum wl_port_use use, enum wl_rule empty)
{
	const struct wl_port *port = wl_ports_find(&b->ports, name);
	enum wl_rule rule = WL_RULE_NONE;

	if (!port)
		rule = WL_RULE_MEDIUM_PORT_UNKNOWN;
	else if (port->use != use)
		rule = WL_RULE_MEDIUM_DIRECTION_WRONG;
	else if (!port->medium.present ||
	         (use == WL_PORT_DESTINATION && !port->medium.insertion[0]))
		rule = empty;
	if (rule == WL_RULE_NONE)
		return port;
	wl_call_refuse(c, rule, NULL, json_pack("{s:s}", "port", name));
	return NULL;
}

const struct wl_port *wl_call_source(struct wl_broker *b, struct wl_call *c, const char *name)
{
	return port_of(b, c, name, WL_PORT_SOURCE, WL_RULE_MEDIUM_GONE);
}

const struct wl_port *wl_call_destination(struct wl_broker *b, struct wl_call *c, const char *name)
{
	return port_of(b, c, name, WL_PORT_DESTINATION, WL_RULE_DESTINATION_MISSING);
}

void wl_station_job_ended(struct wl_broker *b, const struct wl_task *task)
{
	if (task->result >= 0 || (task->finding.rule != WL_RULE_STATION_PART_MISSING &&
	                          task->finding.rule != WL_RULE_STATION_LEDGER_FAILED))
		return;
	b->spawn_there = b->recovered = false;
	wl_station_refresh(b);
}

static void look_at_spawn(struct wl_broker *b)
{
	struct wl_spawn *spawn = NULL;
	struct wl_finding f = {0};
	int r = wl_spawn_connect(b->spawn_path, b->paths.spawn_uid, &spawn);
	if (r == 0)
		r = wl_spawn_status(spawn, b->sandbox, sizeof(b->sandbox), &f);
	if ((r == 0) != b->spawn_there)
		wl_log_notice("spawnd is %s", r == 0 ? "there" : "not there");
	b->spawn_there = r == 0;
	wl_spawn_free(spawn);
}

static void look_at_ledger(struct wl_broker *b)
{
	struct wl_finding f = {0};
	bool was_there = b->ledger_there;
	b->ledger_there = wl_ledger_status(b->ledger, &b->status, &f) == 0;
	if (b->ledger_there != was_there)
		wl_log_notice("ledgerd is %s", b->ledger_there ? "there" : f.detail);
	if (!b->ledger_there || !b->status.initialised)
		return;
	if (!b->recovered) {
		if (wl_recover(b, &f) < 0)
			wl_log_error("reading the ledger back: %s %s", wl_rule_id(f.rule),
			             f.detail);
		else
			b->recovered = true;
	}
	if (!b->policy && b->status.has_policy)
		(void)wl_recover_policy(b);
}

static void look_at_media(struct wl_broker *b)
{
	struct wl_finding f = {0};
	const struct wl_policy *policy = wl_broker_policy(b);
	if (!policy || (wl_media_is_connected(b->media) && !b->media_stale))
		return;
	b->media_stale = false;
	if (wl_media_sync(b->media, policy, &f) < 0)
		wl_log_warning("mediad: %s", f.detail);
}

void wl_station_refresh(struct wl_broker *b)
{
	look_at_ledger(b);
	look_at_spawn(b);
	if (b->recovered) {
		look_at_media(b);
		wl_transfers_expire(b);
		wl_pick(b);
	}
	bool well = b->ledger_there && b->spawn_there &&
	            (!b->policy || wl_media_is_connected(b->media));
	(void)sd_event_source_set_time_relative(b->tick, well ? SLOW_TICK_US : TICK_US);
	(void)sd_event_source_set_enabled(b->tick, SD_EVENT_ONESHOT);
}
