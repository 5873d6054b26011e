/*
 * The work "check-picture" (tool): says whether a file is in the one form that may leave.
 *
 * The file is taken as hostile although one of our tools wrote it: the checker shares no code with
 * the encoder. Its word is what the record says of the output. Runs in worker-tool, one picture a
 * process. Power: no state.
 */
#include "daemon/image/check_png.h"
#include "daemon/worker/kinds.h"

int wl_check_picture_run(struct wl_worker *wk)
{
	struct wl_png_facts facts;
	struct wl_finding f = {.rule = WL_RULE_NONE};
	int r = wl_png_check(WL_WORKER_INPUT_FD, &facts, &f);

	if (r == -EBADMSG)
		return wl_worker_finding(wk, 0, &f);
	if (r < 0)
		return r;
	wk->tools = wl_picture_tools();
	wl_message_start(wk->out, WL_MSG_CHECK_PICTURE_DONE, 0);
	wl_message_put_sha256(wk->out, WL_T_SHA256, facts.sha256);
	wl_message_put_u64(wk->out, WL_T_BYTES, facts.bytes);
	wl_message_put_u64(wk->out, WL_T_WIDTH, facts.width);
	wl_message_put_u64(wk->out, WL_T_HEIGHT, facts.height);
	wl_message_put_u64(wk->out, WL_T_BITS, facts.bits);
	wl_message_put_u64(wk->out, WL_T_CHANNELS, facts.channels);
	wl_message_put_sha256(wk->out, WL_T_SAMPLES_SHA256, facts.samples_sha256);
	return wl_worker_send(wk);
}
