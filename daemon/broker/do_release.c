/*
 * Release and Prepare (weighlockd): everything that can be asked before the work thread begins.
 *
 * Only the opener releases, only while enough approvals stand; which medium is meant is fixed by
 * its insertion at this moment. A client that goes away stops nothing. When power goes, the ledger
 * says how far it came.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/daemon.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/jobs.h"
#include "daemon/broker/methods.h"
#include "daemon/broker/visits.h"

/* ---- the port ---- */

/* The destination port of a call with a medium in it; answers and returns NULL otherwise. */
static bool parts_are_there(struct wl_broker *b, struct wl_call *c)
{
	const char *part = !wl_media_is_connected(b->media) ? "media"
	                   : !b->spawn_there                ? "spawn"
	                                                    : NULL;
	if (part)
		wl_call_unavailable(c, WL_RULE_STATION_PART_MISSING,
		                    json_pack("{s:s, s:s}", "part", part, "detail", part));
	return !part;
}

/* Source and destination are one insertion. A source that was moved to a destination port has
 * another one, and is refused because this station did not prepare it. */
static bool is_source(const struct wl_transfer *t, const struct wl_port *port)
{
	return !strcmp(t->insertion, port->medium.insertion);
}

/* ---- release ---- */

static void release_done(struct wl_broker *b, struct wl_task *task)
{
	struct wl_release_task *job = (struct wl_release_task *)task;
	struct wl_call *c = wl_server_call(b->server, task->call_id);
	struct wl_tracked *x = wl_transfers_find(b, task->transfer);
	struct wl_progress p = {.step = "released"};
	(void)snprintf(p.port, sizeof(p.port), "%s", job->destination.port);
	(void)snprintf(p.medium, sizeof(p.medium), "%s", job->destination.medium);
	if (task->result < 0)
		wl_log_notice("%s: release: %s %s", task->transfer, wl_rule_id(task->finding.rule),
		              task->finding.detail);
	if (job->unknown && x && x->t->state == WL_RELEASING)
		b->recovered =
		        false; /* the ledger did not take the end: fold it anew when it can */
	if (c && task->result == 0)
		wl_call_reply(c, json_pack("{s:o}", "progress", wl_watch_object(b, c, x, &p)));
	else if (c && task->finding.rule)
		wl_call_refuse_finding(c, &task->finding);
	else if (c)
		wl_call_unavailable(c, WL_RULE_STATION_PART_MISSING, NULL);
	json_decref(job->approvals);
	json_decref(job->inspected);
	wl_station_job_ended(b, task);
	wl_task_release(task);
	free(job);
	if (!b->recovered)
		wl_station_refresh(b);
	wl_pick(b);
}

static json_t *standing_approvals(const struct wl_transfer *t)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < t->napprovals; i++)
		if (t->approvals[i].voided == WL_RULE_NONE)
			(void)json_array_append_new(list, json_string(t->approvals[i].entry));
	return list;
}

static int queue_release(struct wl_broker *b, struct wl_call *c, struct wl_tracked *x,
                         const struct wl_output *o, const struct wl_port *port)
{
	unsigned ahead = 0;
	struct wl_release_task *job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	wl_task_setup(b, &job->task, "release", x->t->id, c->caller.person, c->caller.uid);
	job->task.run = wl_job_release_run;
	job->task.done = release_done;
	job->task.call_id = c->id;
	wl_task_take_medium(&job->task, port, &job->destination);
	job->is_source = is_source(x->t, port);
	job->was_prepared = wl_names_has(&b->ports.ours, port->medium.medium);
	job->tried_before = x->had_intent;
	(void)snprintf(job->device, sizeof(job->device), "%s", wl_transfer_text(x->t, "device"));
	(void)snprintf(job->output, sizeof(job->output), "%s", o->output);
	(void)snprintf(job->origin, sizeof(job->origin), "%s", b->status.origin);
	(void)snprintf(job->manifest_sha256, sizeof(job->manifest_sha256), "%s",
	               o->manifest_sha256);
	job->approvals = standing_approvals(x->t);
	job->outbound = x->t->outbound;
	job->test = wl_broker_is_test(b);
	/* the work thread's own; of several outputs only the rule is an output's */
	job->inspected = x->t->outbound ? json_pack("{s:s}", "rule", wl_rule_id(o->rule))
	                                : json_deep_copy(x->t->inspected);
	int r = wl_jobs_add(b->jobs, &job->task, &ahead);
	if (r < 0) {
		json_decref(job->approvals);
		json_decref(job->inspected);
		wl_task_release(&job->task);
		free(job);
	}
	return r;
}

/* Enough approvals stand now; answers where not. */
static bool is_approved(struct wl_broker *b, struct wl_call *c, struct wl_tracked *x)
{
	struct wl_approval given[WL_GIVEN_MAX];
	uint8_t manifests[WL_OUTPUTS_MAX][WL_SHA256_BYTES];
	struct wl_approval_facts facts;
	wl_transfer_approval_facts(b, x->t, given, manifests, &facts);
	enum wl_rule no = wl_decide_approved(&facts, NULL, NULL);
	if (no == WL_RULE_NONE)
		return true;
	wl_transfers_expire(b);
	wl_call_refuse(c, no, NULL, NULL);
	return false;
}

static void release(struct wl_broker *b, struct wl_call *c, struct wl_tracked *x,
                    const char *output, const char *port_name)
{
	const struct wl_output *o = wl_transfer_output(x->t, output);
	if (!o)
		return wl_call_no_such(c, "output", output);
	if (!wl_output_leaves(o)) /* nothing of it is left */
		return wl_call_refuse(c, o->rule, NULL, json_pack("{s:s}", "detail", output));
	if (!wl_policy_device(wl_broker_policy(b), wl_transfer_text(x->t, "device")))
		return wl_call_refuse(c, WL_RULE_UPDATE_DEVICE_UNKNOWN, NULL, NULL);
	enum wl_rule visit = wl_visits_step(b, x->t);
	if (visit != WL_RULE_NONE) /* before the first byte; a write that runs is never stopped */
		return wl_call_refuse(c, visit, NULL,
		                      json_pack("{s:s, s:s}", "detail",
		                                wl_transfer_text(x->t, "visit"), "device",
		                                wl_transfer_text(x->t, "device")));
	if (!is_approved(b, c, x) || !parts_are_there(b, c))
		return;
	const struct wl_port *port = wl_call_destination(b, c, port_name);
	if (!port)
		return;
	if (is_source(x->t, port))
		return wl_call_refuse(c, WL_RULE_DESTINATION_IS_SOURCE, NULL,
		                      json_pack("{s:s}", "port", port_name));
	if (wl_jobs_has(b->jobs, x->t->id) || queue_release(b, c, x, o, port) < 0)
		return wl_call_refuse(c, WL_RULE_STATION_BUSY, NULL, NULL);
	c->deferred = true;
}

void wl_do_release(struct wl_broker *b, struct wl_call *c)
{
	struct wl_tracked *x = wl_transfers_of_call(b, c);
	if (!x || !wl_station_is_usable(b, c))
		return;
	if (wl_decide_opener(x->t->opened_by, c->caller.person) != WL_RULE_NONE)
		return wl_call_refuse(c, WL_RULE_PERSON_NOT_OPENER, NULL, NULL);
	wl_transfers_expire(b);
	if (x->t->state == WL_WAITING) /* say what is missing, not only that something is */
		return (void)is_approved(b, c, x);
	if (!wl_transfer_may(x, WL_VERB_RELEASE, c))
		return;
	release(b, c, x, wl_call_text(c, "output"), wl_call_text(c, "port"));
}

void wl_release_again(struct wl_broker *b, struct wl_call *c, struct wl_tracked *x)
{
	const struct wl_output *o = &x->t->outputs[0];
	for (unsigned i = 0; i < x->t->noutputs; i++)
		if (!x->t->outputs[i].released && wl_output_leaves(&x->t->outputs[i]) &&
		    (o->released || !wl_output_leaves(o) || x->t->outputs[i].destination_port[0]))
			o = &x->t->outputs[i];
	if (!o->destination_port[0])
		return wl_call_refuse(c, WL_RULE_DESTINATION_MISSING, NULL, NULL);
	release(b, c, x, o->output, o->destination_port);
}

/* ---- prepare ---- */

static void prepare_done(struct wl_broker *b, struct wl_task *task)
{
	struct wl_prepare_task *job = (struct wl_prepare_task *)task;
	struct wl_call *c = wl_server_call(b->server, task->call_id);
	struct wl_progress p = {.step = "prepared"};
	(void)snprintf(p.port, sizeof(p.port), "%s", job->destination.port);
	(void)snprintf(p.medium, sizeof(p.medium), "%s", job->destination.medium);
	if (task->result < 0)
		wl_log_notice("prepare %s: %s %s", job->destination.port,
		              wl_rule_id(task->finding.rule), task->finding.detail);
	if (c && task->result == 0)
		wl_call_reply(c, json_pack("{s:o}", "progress", wl_watch_object(b, c, NULL, &p)));
	else if (c && task->finding.rule)
		wl_call_refuse_finding(c, &task->finding);
	else if (c)
		wl_call_unavailable(c, WL_RULE_STATION_PART_MISSING, NULL);
	wl_station_job_ended(b, task);
	wl_task_release(task);
	free(job);
	wl_pick(b);
}

void wl_do_prepare(struct wl_broker *b, struct wl_call *c)
{
	const char *device = wl_call_text(c, "device"), *use = wl_call_text(c, "use");
	unsigned ahead = 0;
	if (!wl_station_is_usable(b, c))
		return;
	if (strcmp(use, "delivery") != 0 && strcmp(use, "audit") != 0)
		return wl_call_bad_argument(c, "use", "delivery, audit");
	if (device && !wl_policy_device(wl_broker_policy(b), device))
		return wl_call_refuse(c, WL_RULE_UPDATE_DEVICE_UNKNOWN, NULL,
		                      json_pack("{s:s}", "device", device));
	if (!parts_are_there(b, c))
		return;
	const struct wl_port *port = wl_call_destination(b, c, wl_call_text(c, "port"));
	struct wl_prepare_task *job = port ? calloc(1, sizeof(*job)) : NULL;
	if (!port)
		return;
	if (!job)
		return wl_call_unavailable(c, WL_RULE_STATION_BUSY, NULL);
	wl_task_setup(b, &job->task, "prepare", "", c->caller.person, c->caller.uid);
	job->task.run = wl_job_prepare_run;
	job->task.done = prepare_done;
	job->task.call_id = c->id;
	wl_task_take_medium(&job->task, port, &job->destination);
	(void)snprintf(job->device, sizeof(job->device), "%s", device ? device : "");
	(void)snprintf(job->origin, sizeof(job->origin), "%s", b->status.origin);
	if (wl_jobs_add(b->jobs, &job->task, &ahead) < 0) {
		wl_task_release(&job->task);
		free(job);
		return wl_call_refuse(c, WL_RULE_STATION_BUSY, NULL, NULL);
	}
	c->deferred = true;
}
