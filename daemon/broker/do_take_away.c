/*
 * LedgerExport and StationCsr (weighlockd): onto a medium in a destination port.
 *
 * Which medium is meant is fixed by its insertion at this moment; what lies on it is the attacker's
 * and looked at by workers only (job_take_away.c). Both go on where transfers are stopped by an
 * alarm: that is when an auditor needs them most. When power goes, the ledger says how far it came.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/job_audit.h"
#include "daemon/broker/ledger_audit.h"
#include "daemon/broker/methods.h"

static void export_done(struct wl_broker *b, struct wl_task *task)
{
	struct wl_take_away_task *job = (struct wl_take_away_task *)task;
	struct wl_call *c = wl_server_call(b->server, task->call_id);

	if (task->result < 0)
		wl_log_notice("%s %s: %s %s", task->kind, job->destination.port,
		              wl_rule_id(task->finding.rule), task->finding.detail);
	if (c && task->result == 0)
		wl_call_reply(c, json_pack("{s:I, s:I, s:I, s:I, s:s, s:s}", "first",
		                           (json_int_t)job->first, "size", (json_int_t)job->size,
		                           "files", (json_int_t)job->files, "bytes",
		                           (json_int_t)job->bytes, "port", job->destination.port,
		                           "medium", job->destination.medium));
	else if (c)
		wl_call_refuse_finding(c, &task->finding);
	wl_station_job_ended(b, task);
	wl_task_release(task);
	free(job);
	wl_station_refresh(b);
}

static void queue(struct wl_broker *b, struct wl_call *c, const struct wl_port *port, bool csr)
{
	struct wl_take_away_task *job = calloc(1, sizeof(*job));
	unsigned ahead = 0;

	if (!job)
		return wl_call_unavailable(c, WL_RULE_STATION_BUSY, NULL);
	wl_task_setup(b, &job->task, csr ? "csr" : "export", "", c->caller.person, c->caller.uid);
	job->task.run = wl_job_take_away_run;
	job->task.done = export_done;
	job->task.call_id = c->id;
	job->csr = csr;
	job->full = json_is_true(json_object_get(c->parameters, "full"));
	job->only_new = json_is_true(json_object_get(c->parameters, "only_new"));
	job->replace = json_is_true(json_object_get(c->parameters, "replace"));
	wl_pick_medium(port, &job->destination);
	(void)snprintf(job->task.insertion, sizeof(job->task.insertion), "%s",
	               port->medium.insertion);
	(void)snprintf(job->station, sizeof(job->station), "%s", b->status.station);
	(void)snprintf(job->origin, sizeof(job->origin), "%s", b->status.origin);
	if (wl_jobs_add(b->jobs, &job->task, &ahead) < 0) {
		wl_task_release(&job->task);
		free(job);
		return wl_call_refuse(c, WL_RULE_STATION_BUSY, NULL, NULL);
	}
	c->deferred = true;
}

void wl_do_ledger_export(struct wl_broker *b, struct wl_call *c)
{
	const struct wl_port *port = wl_station_is_auditable(b, c)
	                                     ? wl_call_destination(b, c, wl_call_text(c, "port"))
	                                     : NULL;

	if (port)
		queue(b, c, port, false);
}

void wl_do_station_csr(struct wl_broker *b, struct wl_call *c)
{
	WL_AUTO_FREE char *pem = NULL;
	struct wl_finding f = {0};

	if (!wl_station_is_auditable(b, c))
		return;
	if (wl_call_text(c, "port")) {
		const struct wl_port *port = wl_call_destination(b, c, wl_call_text(c, "port"));
		if (port)
			queue(b, c, port, true);
		return;
	}
	if (wl_ledger_csr(b->ledger, &pem, &f) < 0)
		return wl_station_ledger_trouble(b, c, &f);
	wl_call_reply(c, json_pack("{s:s}", "request", pem));
}
