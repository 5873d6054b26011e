/* What a job says to its employer, for all kinds; see worker.h. Runs in the process of a job. */
#include "daemon/worker/worker.h"

int wl_worker_send(struct wl_worker *wk)
{
	return wl_channel_send(&wk->control, wk->out);
}

int wl_worker_receive(struct wl_worker *wk)
{
	return wl_channel_receive(&wk->control, wk->in, -1);
}

int wl_worker_finding(struct wl_worker *wk, uint64_t item, const struct wl_finding *finding)
{
	wl_message_start(wk->out, WL_MSG_WORK_FINDING, 0);
	wl_message_put_text(wk->out, WL_T_RULE, wl_rule_id(finding->rule));
	wl_message_put_text(wk->out, WL_T_DETAIL, finding->detail);
	wl_message_put_u64(wk->out, WL_T_ITEM, item);
	return wl_worker_send(wk);
}

int wl_worker_progress(struct wl_worker *wk, uint64_t done, uint64_t total)
{
	wl_message_start(wk->out, WL_MSG_WORK_PROGRESS, 0);
	wl_message_put_u64(wk->out, WL_T_TOTAL, total);
	wl_message_put_u64(wk->out, WL_T_DONE, done);
	return wl_worker_send(wk);
}
