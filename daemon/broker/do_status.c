/*
 * GetStatus and ListMedia (weighlockd): how the station is, what is in its ports.
 *
 * Anybody who may connect can ask for the state; names of devices come from outside and are
 * escaped.
 */
#include <string.h>
#include <time.h>

#include "daemon/broker/broker.h"
#include "daemon/broker/methods.h"
#include "daemon/broker/objects.h"

static const char *state_of(struct wl_broker *b, enum wl_rule obstacle)
{
	if (b->ledger_there && !b->status.initialised)
		return b->init_fingerprint[0] ? "unconfirmed" : "uninitialised";
	if (obstacle == WL_RULE_STATION_RETIRED)
		return "retired";
	if (obstacle == WL_RULE_STATION_NO_POLICY)
		return "no-policy";
	if (obstacle != WL_RULE_NONE || !b->spawn_there || !wl_media_is_connected(b->media))
		return "fault";
	return wl_jobs_is_idle(b->jobs) ? "ready" : "busy";
}

static void add_fault(struct wl_broker *b, const struct wl_call *c, json_t *faults, json_t *details,
                      enum wl_rule rule, json_t *args)
{
	json_t *o = json_object();
	(void)json_array_append_new(faults, json_string(wl_rule_id(rule)));
	wl_object_text(o, "rule", wl_rule_id(rule));
	wl_rule_explain(o, rule, args, c->language);
	(void)json_object_set_new(o, "args", args ? args : json_object());
	if (rule != WL_RULE_MEDIUM_SUSPECT)
		wl_next_of_station(b, c->language, o);
	(void)json_array_append_new(details, o);
}

static void add_faults(struct wl_broker *b, const struct wl_call *c, json_t *faults,
                       json_t *details)
{
	enum wl_rule rule = wl_station_obstacle(b);
	if (rule == WL_RULE_STATION_PART_MISSING)
		add_fault(b, c, faults, details, rule,
		          json_pack("{s:s, s:s}", "part", "ledger", "detail", "ledger"));
	else if (rule != WL_RULE_NONE)
		add_fault(b, c, faults, details, rule, NULL);
	if (b->status.cosignature_due > 0 && time(NULL) > b->status.cosignature_due)
		add_fault(b, c, faults, details, WL_RULE_STATION_COSIGNATURE_OLD, NULL);
	if (!b->spawn_there)
		add_fault(b, c, faults, details, WL_RULE_STATION_PART_MISSING,
		          json_pack("{s:s, s:s}", "part", "spawn", "detail", "spawn"));
	if (b->policy && !wl_media_is_connected(b->media))
		add_fault(b, c, faults, details, WL_RULE_STATION_PART_MISSING,
		          json_pack("{s:s, s:s}", "part", "media", "detail", "media"));
	for (size_t i = 0; i < b->ports.n; i++) {
		const struct wl_port *p = &b->ports.v[i];
		if (p->medium.present && wl_names_has(&b->ports.suspect, p->medium.medium))
			add_fault(b, c, faults, details, WL_RULE_MEDIUM_SUSPECT,
			          json_pack("{s:s, s:s}", "port", p->port, "medium",
			                    p->medium.medium));
	}
}

void wl_do_get_status(struct wl_broker *b, struct wl_call *c)
{
	const struct wl_policy *policy = wl_broker_policy(b);
	json_t *faults = json_array(), *details = json_array(), *roles = json_array();
	wl_station_refresh(b);
	add_faults(b, c, faults, details);
	for (unsigned bit = 1; bit <= WL_PERSON_ADMINISTRATOR; bit <<= 1)
		if (c->caller.roles & bit)
			(void)json_array_append_new(
			        roles, json_string(wl_person_role_name((enum wl_person_role)bit)));
	json_t *o =
	        json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:b}", "station", b->status.station,
	                  "mode", policy ? wl_mode_name(policy->station.mode) : "", "state",
	                  state_of(b, wl_station_obstacle(b)), "faults", faults, "fault_details",
	                  details, "roles", roles, "setup", !policy && c->caller.setup_group);
	wl_object_text(o, "person", c->caller.person);
	if (b->ledger_there && b->status.initialised) {
		json_t *ledger = json_object();
		wl_audit_describe(b, ledger);
		(void)json_object_set_new(o, "ledger", ledger);
	}
	if (policy)
		(void)json_object_set_new(o, "policy_version",
		                          json_integer((json_int_t)policy->version));
	wl_object_text(o, "mirror", b->status.mirror);
	if (b->status.unvouched)
		(void)json_object_set_new(o, "two_approvers", json_true());
	wl_next_of_station(b, c->language, o);
	wl_call_reply(c, o);
}

void wl_do_list_media(struct wl_broker *b, struct wl_call *c)
{
	json_t *media = json_array();
	for (size_t i = 0; i < b->ports.n; i++) {
		const struct wl_port *p = &b->ports.v[i];
		json_t *o = wl_object_port(&b->ports, p);
		for (size_t k = 0; k < b->ntransfers && p->medium.insertion[0]; k++) {
			const struct wl_transfer *t = b->transfers[k].t;
			bool reads = t->state == WL_READING &&
			             !strcmp(t->insertion, p->medium.insertion);
			bool writes =
			        t->state == WL_RELEASING && t->noutputs &&
			        !strcmp(t->outputs[0].destination_insertion, p->medium.insertion);
			if (reads || writes)
				wl_object_text(o, "transfer", t->id);
		}
		(void)json_array_append_new(media, o);
	}
	wl_call_reply(c, json_pack("{s:o}", "media", media));
}
