/*
 * Appending entries in the main thread, and what follows from an entry (weighlockd).
 *
 * The ledger comes first: nothing changes here before the entry is durable, and what changes is
 * what folding the entry says. When power goes between the two, the next start folds it.
 */
#include "daemon/broker/visits.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/daemon.h"

const struct wl_policy *wl_broker_policy(const struct wl_broker *b)
{
	return b->policy ? b->policy->policy : NULL;
}

bool wl_broker_is_test(const struct wl_broker *b)
{
	const struct wl_policy *policy = wl_broker_policy(b);
	return policy && policy->station.mode == WL_MODE_TEST;
}

unsigned wl_broker_approvals_needed(const struct wl_broker *b, const struct wl_transfer *t)
{
	const struct wl_policy *policy = wl_broker_policy(b);
	uint64_t wanted = !policy       ? 1
	                  : t->outbound ? policy->outbound.approvals
	                                : policy->inbound.approvals;
	if (wanted < 2 && b->status.unvouched) /* a successor that no auditor has cosigned yet */
		return 2;
	return wanted > 1 ? (unsigned)wanted : 1;
}

json_t *wl_broker_entry(struct wl_broker *b, enum wl_event event, const char *transfer)
{
	(void)b;
	return wl_entry_new(event, "station", getuid(), transfer);
}

json_t *wl_call_entry(const struct wl_call *c, enum wl_event event, const char *transfer)
{
	char stranger[WL_ID_TEXT];
	(void)snprintf(stranger, sizeof(stranger), "uid:%u", (unsigned)c->caller.uid);
	return wl_entry_new(event, c->caller.person[0] ? c->caller.person : stranger, c->caller.uid,
	                    transfer);
}

int wl_broker_append(struct wl_broker *b, json_t *entry, char ret_id[WL_ID_TEXT],
                     struct wl_finding *f)
{
	const struct wl_policy *policy = wl_broker_policy(b);
	int r = wl_ledger_append(b->ledger, entry, policy ? policy->sha256 : NULL, -1, 0, f);
	if (r == 0) {
		if (ret_id)
			wl_entry_id(entry, ret_id);
		wl_broker_saw(b, entry);
	} else if (f->rule == WL_RULE_STATION_PART_MISSING) {
		b->ledger_there = false;
	}
	json_decref(entry);
	return r;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

/* What an entry says about a medium. */
static void saw_medium(struct wl_broker *b, enum wl_event event, const json_t *data)
{
	struct wl_port *port = wl_ports_of_insertion(&b->ports, text_of(data, "insertion"));
	switch ((unsigned)event) {
	case WL_E_MEDIUM_PREPARED:
		wl_names_set(&b->ports.suspect, text_of(data, "medium"), false);
		wl_names_set(&b->ports.ours, text_of(data, "medium"), true);
		if (port)
			port->medium.prepared_known = port->medium.prepared = true;
		break;
	case WL_E_MEDIUM_REFUSED:
		if (port)
			(void)snprintf(port->medium.refused, sizeof(port->medium.refused), "%s",
			               text_of(data, "rule"));
		break;
	case WL_E_WIPE_INTENT:
		if (port)
			port->medium.prepared_known = true, port->medium.prepared = false;
		break;
	default:
		break;
	}
}

/* A release that did not end well leaves its medium suspect; one that did clears it. */
static void saw_release(struct wl_broker *b, enum wl_event event, const struct wl_transfer *t,
                        const json_t *data)
{
	const char *medium = "", *insertion = "";
	for (unsigned i = 0; i < t->noutputs; i++)
		if (!strcmp(t->outputs[i].intent, text_of(data, "intent"))) {
			medium = t->outputs[i].medium;
			insertion = t->outputs[i].destination_insertion;
		}
	if (event == WL_E_RELEASE_FAILED || event == WL_E_RELEASE_UNKNOWN)
		wl_names_set(&b->ports.suspect, medium, true);
	else if (event == WL_E_RELEASE_DONE)
		wl_names_set(&b->ports.suspect, medium, false);
	else
		return;
	struct wl_port *port = wl_ports_of_insertion(&b->ports, insertion);
	if (port)
		port->medium.prepared_known = true, port->medium.prepared = false;
}

static const char *step_of(enum wl_event event)
{
	switch ((unsigned)event) {
	case WL_E_TRANSFER_INSPECTED:
	case WL_E_TRANSFER_REFUSED:
		return "decided";
	case WL_E_RELEASE_DONE:
		return "released";
	case WL_E_RELEASE_FAILED:
	case WL_E_RELEASE_UNKNOWN:
	case WL_E_TRANSFER_FAILED:
		return "stopped";
	case WL_E_TRANSFER_APPROVED:
	case WL_E_APPROVAL_VOIDED:
	case WL_E_TRANSFER_REJECTED:
	case WL_E_TRANSFER_CANCELLED:
	case WL_E_TRANSFER_OUTCOME:
	case WL_E_TRANSFER_RETRIED:
	case WL_E_TRANSFER_NOTED:
		return "changed";
	default:
		return NULL;
	}
}

void wl_broker_saw(struct wl_broker *b, const json_t *entry)
{
	const char *id = text_of(entry, "transfer");
	enum wl_event event = wl_event_find(text_of(entry, "event"));
	const json_t *data = json_object_get(entry, "data");
	saw_medium(b, event, data);
	wl_visits_saw(b, entry);
	if (!id[0])
		return;
	struct wl_tracked *x = wl_transfers_find(b, id);
	if (!x && event == WL_E_TRANSFER_OPENED) {
		struct wl_transfer *t = wl_transfer_new();
		x = t ? wl_transfers_add(b, t) : NULL;
	}
	if (!x)
		return;
	if (wl_transfer_apply(x->t, entry, wl_broker_approvals_needed(b, x->t)) < 0)
		wl_log_error("%s: an entry %s that cannot be folded", id, text_of(entry, "event"));
	if (event == WL_E_RELEASE_INTENT)
		x->had_intent = true;
	saw_release(b, event, x->t, data);
	if (step_of(event))
		wl_watch_changed(b, id, step_of(event));
}

void wl_broker_took(struct wl_broker *b, json_t *entry)
{
	wl_broker_saw(b, entry);
	json_decref(entry);
}
