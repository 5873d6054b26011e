/*
 * What preparing a medium and exporting onto one have in common (weighlockd, work thread).
 *
 * The medium and everything on it is the attacker's until it is overwritten. The intent is durable
 * before the gate opens for writing; when power goes between intent and end, the ledger holds an
 * intent without an end and the medium is neither prepared nor an export.
 */
#include <errno.h>
#include <unistd.h>

#include "daemon/broker/jobs.h"
#include "daemon/broker/media_client.h"

int wl_job_wipe_intent(struct wl_bench *bench, struct wl_task *task, const struct wl_task_medium *m,
                       char ret_intent[WL_ID_TEXT], int64_t *ret_time, struct wl_finding *f)
{
	json_t *e = wl_entry_new(WL_E_WIPE_INTENT, task->actor, task->uid, NULL);
	wl_entry_text(e, WL_M_INSERTION, m->insertion);
	wl_entry_text(e, WL_M_PORT, m->port);
	wl_entry_text(e, WL_M_MEDIUM, m->medium);
	wl_entry_text(e, WL_M_METHOD, "quick");
	json_t *kept = json_incref(e);
	int r = wl_bench_append(bench, task, e, ret_intent, f);
	*ret_time = wl_entry_time(kept);
	json_decref(kept);
	return r;
}

int wl_job_wipe_ended(struct wl_bench *bench, struct wl_task *task, const char *intent,
                      uint64_t bytes, bool done, struct wl_finding *f)
{
	json_t *e =
	        wl_entry_new(done ? WL_E_WIPE_DONE : WL_E_WIPE_FAILED, "station", getuid(), NULL);
	wl_entry_text(e, WL_M_INTENT, intent);
	wl_entry_int(e, WL_M_BYTES, bytes);
	wl_entry_int(e, WL_M_ERRORS, done ? 0 : 1);
	return wl_bench_append(bench, task, e, NULL, f);
}

int wl_job_shut_gate(struct wl_bench *bench, struct wl_task *task, struct wl_gate *gate,
                     const struct wl_task_medium *m, const char *purpose, uint64_t bytes, int r,
                     struct wl_finding *f)
{
	struct wl_finding other = {0};
	if (wl_gate_shut(bench->media, gate, &other) < 0 && r == 0) {
		*f = other;
		r = -EBADMSG;
	}
	int s = wl_bench_gate_shut(bench, task, "b", m, purpose, r == 0 ? bytes : 0,
	                           r == 0 ? "complete" : wl_rule_id(f->rule), "", &other);
	if (s < 0 && r == 0)
		*f = other;
	return r < 0 ? r : s;
}
