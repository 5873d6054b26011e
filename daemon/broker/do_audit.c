/*
 * LedgerCosign, StationCert and LedgerCheckpoint (weighlockd): what comes back from auditors and
 * certificate authorities, and the checkpoint for paper.
 *
 * The bytes on the medium are read by workers and verified by ledgerd (job_audit.c); here a port is
 * chosen and the answer rendered. When power goes, the ledger says what was taken in.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/job_audit.h"
#include "daemon/broker/ledger_audit.h"
#include "daemon/broker/methods.h"
#include "daemon/broker/objects.h"

static void set_time(json_t *o, const char *member, int64_t t)
{
	char text[WL_TIME_TEXT];

	wl_time_format(t, text);
	if (t > 0)
		wl_object_text(o, member, text);
}

void wl_audit_describe(const struct wl_broker *b, json_t *o)
{
	(void)json_object_set_new(o, "entries", json_integer((json_int_t)b->status.size));
	if (b->status.cosigned_size > 0)
		(void)json_object_set_new(o, "cosigned_entries",
		                          json_integer((json_int_t)b->status.cosigned_size));
	set_time(o, "cosigned_at", b->status.cosigned_at);
	set_time(o, "cosignature_due", b->status.cosignature_due);
	set_time(o, "certificate_not_after", b->status.certificate_not_after);
	if (b->status.retired)
		(void)json_object_set_new(o, "retired", json_true());
}

static void bring_done(struct wl_broker *b, struct wl_task *task)
{
	struct wl_bring_task *job = (struct wl_bring_task *)task;
	struct wl_call *c = wl_server_call(b->server, task->call_id);
	char entry[WL_ID_TEXT];

	wl_station_job_ended(b, task);
	wl_station_refresh(b); /* an alarm or a cosignature changes how the station stands */
	wl_id_entry(b->status.station, job->seq, entry);
	if (c && task->result == 0) {
		json_t *o = json_pack("{s:s, s:s}", "entry", entry, "name", job->name);
		wl_audit_describe(b, o);
		if (job->size > 0)
			(void)json_object_set_new(o, "size", json_integer((json_int_t)job->size));
		wl_call_reply(c, o);
	} else if (c) {
		wl_call_refuse_finding(c, &task->finding);
	}
	wl_task_release(task);
	free(job);
}

static void bring(struct wl_broker *b, struct wl_call *c, const char *kind,
                  int (*run)(struct wl_bench *, struct wl_task *))
{
	const struct wl_port *port = wl_station_is_auditable(b, c)
	                                     ? wl_call_source(b, c, wl_call_text(c, "port"))
	                                     : NULL;
	struct wl_bring_task *job = port ? calloc(1, sizeof(*job)) : NULL;
	unsigned ahead = 0;

	if (!port)
		return;
	if (!job)
		return wl_call_unavailable(c, WL_RULE_STATION_BUSY, NULL);
	wl_task_setup(b, &job->task, kind, "", c->caller.person, c->caller.uid);
	job->task.run = run;
	job->task.done = bring_done;
	job->task.call_id = c->id;
	wl_pick_medium(port, &job->source);
	(void)snprintf(job->task.insertion, sizeof(job->task.insertion), "%s",
	               port->medium.insertion);
	if (wl_jobs_add(b->jobs, &job->task, &ahead) < 0) {
		wl_task_release(&job->task);
		free(job);
		return wl_call_refuse(c, WL_RULE_STATION_BUSY, NULL, NULL);
	}
	c->deferred = true;
}

void wl_do_ledger_cosign(struct wl_broker *b, struct wl_call *c)
{
	bring(b, c, "cosign", wl_job_cosign_run);
}

void wl_do_station_cert(struct wl_broker *b, struct wl_call *c)
{
	bring(b, c, "certificate", wl_job_cert_run);
}

void wl_do_ledger_checkpoint(struct wl_broker *b, struct wl_call *c)
{
	WL_AUTO_FREE char *checkpoint = NULL, *cosigned = NULL, *pem = NULL;
	struct wl_finding f = {0};

	if (wl_ledger_checkpoint(b->ledger, &checkpoint, &f) < 0 ||
	    wl_ledger_cosigned(b->ledger, &cosigned, &pem, &f) < 0)
		return wl_station_ledger_trouble(b, c, &f);
	wl_station_refresh(b);
	json_t *o = json_pack("{s:s, s:s, s:s}", "station", b->status.station, "origin",
	                      b->status.origin, "checkpoint", checkpoint);
	wl_object_text(o, "cosigned", cosigned);
	wl_object_text(o, "certificate", pem);
	wl_audit_describe(b, o);
	wl_call_reply(c, o);
}
