/*
 * Acknowledge (weighlockd): the recipient says that a bag has arrived.
 *
 * Either somebody types the digest that the recipient computed, on their own word; or the receipts
 * come back on a medium (job_acknowledge.c), verified under the recipients' certificates. The texts
 * are people's own and end up in the ledger as they are. When power goes right after an entry, the
 * next start goes on from it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/job_acknowledge.h"
#include "daemon/broker/methods.h"

/* ---- typed ---- */

static struct wl_output *output_of_bag(struct wl_transfer *t, const char *bag_sha256)
{
	for (unsigned i = 0; i < t->noutputs; i++)
		if (t->outputs[i].released && !strcmp(t->outputs[i].bag_sha256, bag_sha256))
			return &t->outputs[i];
	return NULL;
}

static void take_word(struct wl_broker *b, struct wl_call *c, struct wl_tracked *x)
{
	const char *digest = wl_call_text(c, "bag_sha256");
	const struct wl_output *o = output_of_bag(x->t, digest);
	char entry[WL_ID_TEXT];
	struct wl_finding f = {0};

	if (!o)
		return wl_call_refuse(c, WL_RULE_EXPORT_RECEIPT_DIFFERS, NULL,
		                      json_pack("{s:s}", "detail", digest));
	if (o->acknowledged)
		return wl_call_refuse(c, WL_RULE_EXPORT_RECEIPT_KNOWN, NULL,
		                      json_pack("{s:s}", "detail", o->output));
	json_t *e = wl_call_entry(c, WL_E_TRANSFER_ACKNOWLEDGED, x->t->id);
	wl_entry_text(e, WL_M_BAG_SHA256, digest);
	wl_entry_text(e, WL_M_BY, wl_call_text(c, "by"));
	wl_entry_text(e, WL_M_RECEIVED_AT, wl_call_text(c, "received_at"));
	wl_entry_text(e, WL_M_OUTPUT, o->output);
	wl_entry_text(e, WL_M_METHOD, "word"); /* whoever else could have signed it */
	if (wl_broker_append(b, e, entry, &f) < 0)
		return wl_station_ledger_trouble(b, c, &f);
	wl_call_reply(c, json_pack("{s:s}", "entry", entry));
	wl_transfers_expire(b);
}

/* ---- brought on a medium ---- */

static void free_job(struct wl_receipt_task *job)
{
	json_decref(job->recipients);
	json_decref(job->taken);
	wl_task_release(&job->task);
	free(job);
}

static void receipt_done(struct wl_broker *b, struct wl_task *task)
{
	struct wl_receipt_task *job = (struct wl_receipt_task *)task;
	struct wl_call *c = wl_server_call(b->server, task->call_id);

	if (c && task->result < 0)
		wl_call_refuse_finding(c, &task->finding);
	else if (c)
		wl_call_reply(c, json_pack("{s:O}", "acknowledged", job->taken));
	wl_station_job_ended(b, task);
	struct wl_tracked *x = wl_transfers_find(b, job->transfer);
	if (x)
		x->is_receiving = false;
	free_job(job);
	wl_transfers_expire(b);
	wl_pick(b);
}

static void copy_bags(const struct wl_transfer *t, struct wl_receipt_task *job)
{
	for (unsigned i = 0; i < t->noutputs && job->nbags < WL_RECEIPT_BAGS_MAX; i++) {
		const struct wl_output *o = &t->outputs[i];
		struct wl_receipt_bag *bag = &job->bag[job->nbags];
		if (!o->released ||
		    wl_hex_decode(o->bag_sha256, bag->sha256, sizeof(bag->sha256)) < 0)
			continue;
		(void)snprintf(bag->output, sizeof(bag->output), "%s", o->output);
		bag->acknowledged = o->acknowledged;
		job->nbags++;
	}
}

static void take_medium(struct wl_broker *b, struct wl_call *c, struct wl_tracked *x)
{
	const struct wl_port *port = wl_call_source(b, c, wl_call_text(c, "port"));
	const char *by = wl_call_text(c, "by");
	unsigned ahead = 0;

	if (!port)
		return;
	struct wl_receipt_task *job = calloc(1, sizeof(*job));
	if (!job)
		return wl_call_unavailable(c, WL_RULE_STATION_BUSY, NULL);
	wl_task_setup(b, &job->task, "receipt", "", c->caller.person, c->caller.uid);
	job->task.run = wl_job_acknowledge_run;
	job->task.done = receipt_done;
	job->task.call_id = c->id;
	wl_task_take_medium(&job->task, port, &job->source);
	(void)snprintf(job->transfer, sizeof(job->transfer), "%s", x->t->id);
	(void)snprintf(job->by, sizeof(job->by), "%s", by ? by : "");
	(void)snprintf(job->received_at, sizeof(job->received_at), "%s",
	               wl_call_text(c, "received_at"));
	job->recipients = json_deep_copy(json_object_get(x->t->opened, "recipients"));
	copy_bags(x->t, job);
	if (wl_jobs_add(b->jobs, &job->task, &ahead) < 0) {
		free_job(job);
		return wl_call_refuse(c, WL_RULE_STATION_BUSY, NULL, NULL);
	}
	x->is_receiving = true;
	c->deferred = true;
}

void wl_do_acknowledge(struct wl_broker *b, struct wl_call *c)
{
	int64_t received = 0;
	struct wl_tracked *x = wl_transfers_of_call(b, c);
	const char *digest = wl_call_text(c, "bag_sha256"), *port = wl_call_text(c, "port");

	if (!x || !wl_station_is_usable(b, c))
		return;
	if (!x->t->outbound)
		return wl_call_bad_argument(c, "transfer", "an export");
	if (!wl_transfer_may(x, WL_VERB_ACKNOWLEDGE, c))
		return;
	if (!digest == !port)
		return wl_call_bad_argument(c, "bag_sha256", "either bag_sha256 or port");
	if (digest && !wl_hex_is_sha256(digest))
		return wl_call_bad_argument(c, "bag_sha256", "64 lower-case hex digits");
	if (digest && !wl_call_text(c, "by"))
		return wl_call_bad_argument(c, "by", "who received it");
	if (wl_time_parse(wl_call_text(c, "received_at"), &received) < 0)
		return wl_call_bad_argument(c, "received_at", "YYYY-MM-DDTHH:MM:SSZ");
	if (x->is_receiving) /* each output is acknowledged once */
		return wl_call_refuse(c, WL_RULE_STATION_BUSY, NULL, NULL);
	if (port)
		take_medium(b, c, x);
	else
		take_word(b, c, x);
}
