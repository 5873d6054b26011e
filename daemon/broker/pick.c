/*
 * Media for transfers that wait for one (weighlockd).
 *
 * Plugging alone reads nothing: a medium is read because a person opened a transfer, and only in a
 * source port. The newest transfer that waits gets it; where two media could be meant nobody
 * guesses (medium.several). A medium whose reading stopped is not read again unasked.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/daemon.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/jobs.h"
#include "daemon/broker/visits.h"

void wl_task_setup(struct wl_broker *b, struct wl_task *task, const char *kind,
                   const char *transfer, const char *actor, uid_t uid)
{
	task->kind = kind;
	task->policy = wl_policy_hold(b->policy);
	task->uid = uid;
	(void)snprintf(task->transfer, sizeof(task->transfer), "%s", transfer);
	(void)snprintf(task->actor, sizeof(task->actor), "%s", actor);
}

void wl_task_release(struct wl_task *task)
{
	wl_policy_release(&task->policy);
}

void wl_pick_medium(const struct wl_port *port, struct wl_task_medium *ret)
{
	*ret = (struct wl_task_medium){.diskseq = port->medium.diskseq,
	                               .bytes = port->medium.bytes};
	(void)snprintf(ret->port, sizeof(ret->port), "%s", port->port);
	(void)snprintf(ret->insertion, sizeof(ret->insertion), "%s", port->medium.insertion);
	(void)snprintf(ret->medium, sizeof(ret->medium), "%s", port->medium.medium);
}

void wl_task_take_medium(struct wl_task *task, const struct wl_port *port,
                         struct wl_task_medium *ret)
{
	wl_pick_medium(port, ret);
	(void)snprintf(task->insertion, sizeof(task->insertion), "%s", ret->insertion);
}

/* ---- reading ---- */

static void fail_transfer(struct wl_broker *b, const char *id, enum wl_rule rule,
                          const char *detail)
{
	struct wl_finding f = {0};
	json_t *e = wl_broker_entry(b, WL_E_TRANSFER_FAILED, id);
	wl_entry_rule(e, WL_M_RULE, rule);
	if (detail[0])
		wl_entry_text(e, WL_M_DETAIL, detail);
	if (wl_broker_append(b, e, NULL, &f) < 0)
		wl_log_error("%s: transfer.failed: %s", id, f.detail);
}

static void free_job(struct wl_read_task *job)
{
	wl_export_order_free(job->export);
	wl_task_release(&job->task);
	free(job);
}

static void answer_read(struct wl_broker *b, struct wl_read_task *job, struct wl_tracked *x)
{
	struct wl_call *c = job->task.call_id ? wl_server_call(b->server, job->task.call_id) : NULL;
	struct wl_progress p = {.step = "decided"};
	if (!c)
		return;
	if (job->task.result < 0 && job->task.result != -ECANCELED)
		wl_call_refuse_finding(c, &job->task.finding);
	else
		wl_call_reply(c, json_pack("{s:o}", "progress", wl_watch_object(b, c, x, &p)));
}

static void read_done(struct wl_broker *b, struct wl_task *task)
{
	struct wl_read_task *job = (struct wl_read_task *)task;
	struct wl_tracked *x = wl_transfers_find(b, task->transfer);
	if (task->result < 0)
		wl_log_notice("%s: %s: %s %s", task->transfer, task->kind,
		              wl_rule_id(task->finding.rule), task->finding.detail);
	if (x && task->result < 0 && task->result != -ECANCELED) {
		enum wl_rule rule =
		        task->finding.rule ? task->finding.rule : WL_RULE_STATION_PART_MISSING;
		if (x->t->state == WL_INSPECTING)
			fail_transfer(b, task->transfer, rule, task->finding.detail);
		(void)snprintf(x->tried, sizeof(x->tried), "%s", job->source.insertion);
		x->hint = rule;
		(void)snprintf(x->hint_detail, sizeof(x->hint_detail), "%s", task->finding.detail);
		wl_watch_changed(b, task->transfer, "stopped");
	}
	wl_station_job_ended(b, task);
	x = wl_transfers_find(b, task->transfer);
	if (x)
		answer_read(b, job, x);
	free_job(job);
	wl_pick(b);
}

int wl_pick_queue(struct wl_broker *b, struct wl_tracked *x, const struct wl_port *port,
                  uint64_t call_id)
{
	unsigned ahead = 0;
	struct wl_read_task *job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	wl_task_setup(b, &job->task, port ? "read" : "inspect", x->t->id, x->t->opened_by,
	              getuid());
	job->task.run = wl_job_read_run;
	job->task.done = read_done;
	job->task.call_id = call_id;
	if (port) {
		wl_task_take_medium(&job->task, port, &job->source);
	}
	(void)snprintf(job->device, sizeof(job->device), "%s", wl_transfer_text(x->t, "device"));
	(void)snprintf(job->vendor, sizeof(job->vendor), "%s", wl_transfer_text(x->t, "vendor"));
	const char *ticket = json_string_value(json_object_get(x->t->opened, "ticket"));
	(void)snprintf(job->ticket, sizeof(job->ticket), "%s", ticket ? ticket : "");
	(void)snprintf(job->station, sizeof(job->station), "%s", b->status.station);
	if (x->t->outbound)
		job->export = wl_export_order_of(b, x->t, port != NULL);
	int r = x->t->outbound && !job->export ? -ENOMEM : wl_jobs_add(b->jobs, &job->task, &ahead);
	if (r < 0) {
		free_job(job);
		return r;
	}
	x->hint = WL_RULE_NONE;
	if (ahead > 0)
		wl_watch_changed(b, x->t->id, "queued");
	return 0;
}

/* The source port this transfer can be read from; NULL and why not. */
static struct wl_port *choose_port(struct wl_broker *b, const struct wl_tracked *x,
                                   enum wl_rule *ret_hint)
{
	const char *bound = json_string_value(json_object_get(x->t->opened, "port"));
	struct wl_port *found = NULL;
	*ret_hint = WL_RULE_NONE;
	for (size_t i = 0; i < b->ports.n; i++) {
		struct wl_port *p = &b->ports.v[i];
		bool there = p->medium.present && p->medium.insertion[0];
		if (!there || (bound && strcmp(bound, p->port) != 0))
			continue;
		if (p->use != WL_PORT_SOURCE) {
			*ret_hint = found ? *ret_hint : WL_RULE_MEDIUM_DIRECTION_WRONG;
			continue;
		}
		if (!strcmp(p->medium.insertion, x->tried))
			continue;
		if (found) {
			*ret_hint = WL_RULE_MEDIUM_SEVERAL;
			return NULL;
		}
		found = p;
		*ret_hint = WL_RULE_NONE;
	}
	return found;
}

/* The medium is there; what is missing is the escort's word, or the day. */
static void wait_for_visit(struct wl_broker *b, struct wl_tracked *x, enum wl_rule rule)
{
	const char *visit = json_string_value(json_object_get(x->t->opened, "visit"));
	if (x->hint == rule)
		return;
	x->hint = rule;
	(void)snprintf(x->hint_detail, sizeof(x->hint_detail), "%s", visit ? visit : "");
	wl_watch_changed(b, x->t->id, "source-wanted");
}

void wl_pick(struct wl_broker *b)
{
	if (!b->recovered || wl_station_obstacle(b) != WL_RULE_NONE || !wl_jobs_is_idle(b->jobs) ||
	    !b->spawn_there)
		return;
	for (size_t i = b->ntransfers; i > 0; i--) {
		struct wl_tracked *x = &b->transfers[i - 1];
		enum wl_rule hint;
		if (x->t->state != WL_OPENED || wl_jobs_has(b->jobs, x->t->id))
			continue;
		struct wl_port *port = choose_port(b, x, &hint);
		enum wl_rule visit = port ? wl_visits_step(b, x->t) : WL_RULE_NONE;
		if (visit != WL_RULE_NONE) {
			wait_for_visit(b, x, visit);
			continue;
		}
		if (port && wl_pick_queue(b, x, port, 0) == 0)
			return; /* one at a time: the next one when this has ended */
		if (hint != x->hint && hint != WL_RULE_NONE) {
			x->hint = hint;
			x->hint_detail[0] = '\0';
			wl_watch_changed(b, x->t->id, "source-wanted");
		}
	}
}

/* ---- what mediad tells ---- */

static void append_gone(struct wl_broker *b, const char *insertion)
{
	struct wl_finding f = {0};
	if (!insertion[0])
		return;
	wl_jobs_gone(b->jobs, insertion);
	json_t *e = wl_broker_entry(b, WL_E_MEDIUM_GONE, NULL);
	wl_entry_text(e, WL_M_INSERTION, insertion);
	if (wl_broker_append(b, e, NULL, &f) < 0)
		wl_log_warning("medium.gone: %s %s", wl_rule_id(f.rule), f.detail);
}

/* An earlier run of the broker may have written this insertion down. */
static bool is_known_insertion(const struct wl_broker *b, struct wl_port *port)
{
	for (size_t i = 0; i < b->ninsertions; i++) {
		const struct wl_insertion *k = &b->insertions[i];
		if (k->diskseq != port->medium.diskseq || strcmp(k->port, port->port) != 0)
			continue;
		(void)snprintf(port->medium.insertion, sizeof(port->medium.insertion), "%s",
		               k->insertion);
		return true;
	}
	return false;
}

static void append_seen(struct wl_broker *b, struct wl_port *port)
{
	struct wl_medium *m = &port->medium;
	struct wl_finding f = {0};
	char insertion[WL_ID_TEXT];
	wl_id_insertion(b->status.station, b->status.next_insertion, insertion);
	json_t *e = wl_broker_entry(b, WL_E_MEDIUM_SEEN, NULL);
	wl_entry_text(e, WL_M_INSERTION, insertion);
	wl_entry_text(e, WL_M_PORT, port->port);
	wl_entry_int(e, WL_M_DISKSEQ, m->diskseq);
	wl_entry_text(e, WL_M_MEDIUM, m->medium);
	wl_entry_int(e, WL_M_BYTES, m->bytes);
	if (m->vid[0])
		wl_entry_text(e, WL_M_VID, m->vid);
	if (m->pid[0])
		wl_entry_text(e, WL_M_PID, m->pid);
	if (m->serial[0])
		wl_entry_text(e, WL_M_SERIAL, m->serial);
	if (wl_broker_append(b, e, NULL, &f) < 0) {
		wl_log_warning("medium.seen: %s %s", wl_rule_id(f.rule), f.detail);
		port->medium = (struct wl_medium){0};
		b->media_stale = true; /* seen again when the ledger is there */
		return;
	}
	b->status.next_insertion++;
	(void)snprintf(m->insertion, sizeof(m->insertion), "%s", insertion);
}

void wl_media_seen(void *user, const struct wl_message *msg)
{
	struct wl_broker *b = user;
	char gone[WL_ID_TEXT];
	struct wl_port *port = wl_ports_seen(&b->ports, msg, gone);
	append_gone(b, gone);
	if (!port)
		return;
	if (!is_known_insertion(b, port))
		append_seen(b, port);
	wl_pick(b);
}

void wl_media_gone(void *user, const struct wl_message *msg)
{
	struct wl_broker *b = user;
	char gone[WL_ID_TEXT];
	wl_ports_gone(&b->ports, msg, gone);
	append_gone(b, gone);
}

void wl_media_connected(void *user, bool yes)
{
	struct wl_broker *b = user;
	wl_log_notice("mediad is %s", yes ? "there" : "not there");
	if (!yes) {
		(void)sd_event_source_set_time_relative(b->tick, 200000);
		(void)sd_event_source_set_enabled(b->tick, SD_EVENT_ONESHOT);
	}
}
