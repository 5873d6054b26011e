/*
 * PolicyShow (weighlockd): the policy in force, or one that is proposed or past.
 *
 * Everybody with a role may read it: who may do what is no secret of the station.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/methods.h"
#include "daemon/broker/objects.h"

#define TEXT_MAX 24000U /* of policy.yaml in one frame, escaped and with the rest */

static json_t *people_of(const struct wl_policy *p)
{
	json_t *list = json_array();
	for (size_t i = 0; i < p->npeople && i < 200; i++) {
		json_t *roles = json_array();
		for (unsigned bit = 1; bit <= WL_PERSON_ADMINISTRATOR; bit <<= 1)
			if (p->people[i].roles & bit)
				(void)json_array_append_new(
				        roles,
				        json_string(wl_person_role_name((enum wl_person_role)bit)));
		(void)json_array_append_new(
		        list, json_pack("{s:s, s:o}", "person", p->people[i].id, "roles", roles));
	}
	return list;
}

static json_t *ports_of(const struct wl_policy *p)
{
	json_t *list = json_array();
	for (size_t i = 0; i < p->nports; i++)
		(void)json_array_append_new(list,
		                            json_pack("{s:s, s:s, s:s}", "port", p->ports[i].id,
		                                      "match", p->ports[i].match, "use",
		                                      wl_port_use_name(p->ports[i].use)));
	return list;
}

static json_t *devices_of(const struct wl_policy *p)
{
	json_t *list = json_array();
	for (size_t i = 0; i < p->ndevices && i < 100; i++)
		(void)json_array_append_new(
		        list,
		        json_pack("{s:s, s:s, s:s, s:s, s:I}", "device", p->devices[i].id, "vendor",
		                  p->devices[i].vendor, "model", p->devices[i].model, "serial",
		                  p->devices[i].serial, "overwrite_horizon_s",
		                  (json_int_t)p->devices[i].overwrite_horizon_s));
	return list;
}

static json_t *vendors_of(const struct wl_policy *p)
{
	json_t *list = json_array();
	for (size_t i = 0; i < p->nvendors && i < 100; i++)
		(void)json_array_append_new(
		        list, json_pack("{s:s, s:s, s:s}", "vendor", p->vendors[i].id, "signature",
		                        wl_signature_format_name(p->vendors[i].signature), "ticket",
		                        wl_demand_name(p->vendors[i].ticket)));
	return list;
}

static json_t *texts_of(const struct wl_policy_texts *texts)
{
	json_t *list = json_array();
	for (size_t i = 0; i < texts->n && i < 100; i++)
		(void)json_array_append_new(list, json_string(texts->v[i]));
	return list;
}

static json_t *outbound_of(const struct wl_policy *p)
{
	json_t *outputs = json_array();
	if (p->outbound.outputs & WL_OUTPUT_SCRUBBED)
		(void)json_array_append_new(outputs, json_string("scrubbed"));
	if (p->outbound.outputs & WL_OUTPUT_EVIDENCE)
		(void)json_array_append_new(outputs, json_string("evidence"));
	return json_pack("{s:o, s:o, s:o, s:I}", "outputs", outputs, "authorities",
	                 texts_of(&p->outbound.authorities), "recipients",
	                 texts_of(&p->outbound.recipients), "approvals",
	                 (json_int_t)p->outbound.approvals);
}

static json_t *policy_object(const struct wl_policy_ref *ref, const char *state)
{
	const struct wl_policy *p = ref->policy;
	WL_AUTO_FREE void *text = NULL;
	size_t n = 0;
	char hex[WL_SHA256_HEX + 1];
	wl_hex_encode(p->sha256, WL_SHA256_BYTES, hex);
	json_t *o = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:I}", "version",
	                      (json_int_t)p->version, "sha256", hex, "state", state, "mode",
	                      wl_mode_name(p->station.mode), "station", p->station.id, "origin",
	                      p->station.origin, "people", people_of(p), "ports", ports_of(p),
	                      "devices", devices_of(p), "vendors", vendors_of(p),
	                      "approvals_inbound", (json_int_t)p->inbound.approvals);
	if (p->outbound.outputs)
		(void)json_object_set_new(o, "outbound", outbound_of(p));
	if (wl_file_read(ref->folder_fd, "policy.yaml", TEXT_MAX, &text, &n) == 0)
		wl_object_text(o, "text", text);
	return o;
}

void wl_do_policy_show(struct wl_broker *b, struct wl_call *c)
{
	WL_CLEANUP(wl_policy_release) struct wl_policy_ref *ref = NULL;
	json_t *wanted = json_object_get(c->parameters, "version");
	uint64_t in_force = b->policy ? b->policy->policy->version : 0;
	uint64_t version = wanted ? (uint64_t)json_integer_value(wanted) : in_force;
	char name[48];
	const char *state = version == in_force ? "loaded" : "past";
	const struct wl_proposal *proposal = NULL;
	for (size_t i = 0; i < b->nproposals; i++)
		if (b->proposals[i].version == version)
			proposal = &b->proposals[i];
	(void)snprintf(name, sizeof(name), "%s%llu", proposal ? "proposed/" : "",
	               (unsigned long long)version);
	if (version == in_force && b->policy)
		ref = wl_policy_hold(b->policy);
	else if (wl_policy_load(b->policy_fd, name, NULL, &ref, NULL) < 0)
		return wl_call_no_such(c, "policy", name);
	json_t *o = policy_object(ref, proposal ? "proposed" : state);
	if (proposal) {
		wl_object_text(o, "proposed_by", proposal->proposed_by);
		wl_object_text(o, "next_actor", "administrator");
		(void)snprintf(name, sizeof(name), "weighlock policy confirm %llu",
		               (unsigned long long)version);
		wl_object_text(o, "next_command", name);
	}
	wl_call_reply(c, json_pack("{s:o}", "policy", o));
}
