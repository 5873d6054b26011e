/*
 * AddTicket and ListTickets (weighlockd).
 *
 * The bytes of tickets are verified by workers before they are kept (job_ticket.c); here a port is
 * chosen and answers are rendered.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/broker/broker.h"
#include "daemon/broker/jobs.h"
#include "daemon/broker/methods.h"
#include "daemon/broker/objects.h"
#include "daemon/broker/tickets.h"

#define ANSWER_BYTES_MAX 60000U

/* Adds the rendered sentences to refused tickets. */
static void add_reasons(json_t *tickets, const char *language)
{
	size_t i;
	json_t *o;
	json_array_foreach(tickets, i, o)
	{
		const char *id = json_string_value(json_object_get(o, "rule"));
		if (id)
			wl_rule_explain(o, wl_rule_find(id), o, language);
	}
}

/* None passed: refused with the rules of the first. */
static void refuse_all(struct wl_call *c, json_t *tickets)
{
	json_t *first = json_array_get(tickets, 0);
	const char *rule = json_string_value(json_object_get(first, "rule"));
	if (!rule)
		return wl_call_refuse(c, WL_RULE_TICKET_MISSING, NULL, NULL);
	wl_call_refuse(c, wl_rule_find(rule), json_incref(json_object_get(first, "rules")),
	               json_deep_copy(first));
}

static void ticket_done(struct wl_broker *b, struct wl_task *task)
{
	struct wl_ticket_task *job = (struct wl_ticket_task *)task;
	struct wl_call *c = wl_server_call(b->server, task->call_id);
	if (c && task->result < 0)
		wl_call_refuse_finding(c, &task->finding);
	else if (c && job->added == 0)
		refuse_all(c, job->tickets);
	else if (c) {
		add_reasons(job->tickets, c->language);
		wl_call_reply(c, json_pack("{s:O}", "tickets", job->tickets));
	}
	json_decref(job->tickets);
	wl_station_job_ended(b, task);
	wl_task_release(task);
	free(job);
	wl_pick(b);
}

void wl_do_add_ticket(struct wl_broker *b, struct wl_call *c)
{
	const char *name = wl_call_text(c, "port");
	unsigned ahead = 0;
	if (!wl_station_is_usable(b, c))
		return;
	const struct wl_port *port = wl_call_source(b, c, name);
	if (!port)
		return;
	struct wl_ticket_task *job = calloc(1, sizeof(*job));
	if (!job)
		return wl_call_unavailable(c, WL_RULE_STATION_BUSY, NULL);
	wl_task_setup(b, &job->task, "ticket", "", c->caller.person, c->caller.uid);
	job->task.run = wl_job_ticket_run;
	job->task.done = ticket_done;
	job->task.call_id = c->id;
	wl_task_take_medium(&job->task, port, &job->source);
	(void)snprintf(job->station, sizeof(job->station), "%s", b->status.station);
	if (wl_jobs_add(b->jobs, &job->task, &ahead) < 0) {
		wl_task_release(&job->task);
		free(job);
		return wl_call_refuse(c, WL_RULE_STATION_BUSY, NULL, NULL);
	}
	c->deferred = true;
}

void wl_do_list_tickets(struct wl_broker *b, struct wl_call *c)
{
	struct wl_stored_ticket *all = NULL;
	size_t n = 0, bytes = 0;
	json_t *tickets = json_array();
	if (wl_tickets_load(b->tickets_fd, &all, &n) < 0)
		n = 0;
	for (size_t i = n; i > 0; i--) { /* the last ids first: a list too long loses the oldest */
		struct wl_ledger_ticket known = {0};
		struct wl_finding f = {0};
		const struct wl_ticket *t = all[i - 1].ticket;
		if (wl_ledger_ticket(b->ledger, "any", t->id, &known, &f) < 0 || !known.known)
			continue;
		json_t *o = wl_object_ticket(t, NULL, 0, time(NULL), known.withdrawn);
		bytes += json_dumpb(o, NULL, 0, JSON_COMPACT) + 1;
		if (bytes <= ANSWER_BYTES_MAX)
			(void)json_array_insert_new(tickets, 0, o);
		else
			json_decref(o);
	}
	wl_tickets_free(all, n);
	wl_call_reply(c, json_pack("{s:o}", "tickets", tickets));
}
