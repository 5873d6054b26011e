/*
 * The process of one job: puts its descriptors in their places, sets the last locks, does its work.
 *
 * From `run` on its input is hostile and the process is believed in nothing but what it may say on
 * its control channel. It holds its own descriptors and nothing else, may not fork, and ends with
 * its employer, its zygote or its deadline, whichever is first.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/spawn/sandbox.h"
#include "daemon/worker/frame.h"

static struct wl_message in = {.fd = -1}, out = {.fd = -1};

/* Descriptors 3 to 6 as ordered, /dev/null where none was, nothing above. */
static int place_descriptors(const int slots[WL_ZYGOTE_SLOTS])
{
	for (int i = 0; i < WL_ZYGOTE_SLOTS; i++)
		if (slots[i] >= 0 && dup3(slots[i], WL_WORKER_CONTROL_FD + i, O_CLOEXEC) < 0)
			return -errno;
	return close_range(WL_WORKER_AUX_FD + 1, ~0U, 0) < 0 ? -errno : 0;
}

static uint64_t may_write_bytes(enum wl_may_write may)
{
	if (may == WL_MAY_WRITE)
		return UINT64_MAX;
	return may == WL_MAY_WRITE_SAMPLES ? WL_IMAGE_SAMPLES_BYTES_MAX : 0;
}

static int lock(const struct wl_work_kind *kind, const struct wl_filter *filter,
                const int slots[WL_ZYGOTE_SLOTS], uint64_t deadline_ms)
{
	const char *step = NULL;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	if (getppid() != 1) /* the zygote is process 1 here, or gone already */
		return -ESRCH;
	int r = place_descriptors(slots);
	return r < 0 ? r
	             : wl_sandbox_tighten(filter, may_write_bytes(kind->write), deadline_ms, &step);
}

static void send_fault(struct wl_worker *wk, int error)
{
	const char *words = strerrordesc_np(error);

	wl_message_start(wk->out, WL_MSG_WORK_FAULT, 0);
	wl_message_put_u64(wk->out, WL_T_ERRNO, (uint64_t)error);
	wl_message_put_text(wk->out, WL_T_DETAIL, words ? words : "unknown fault");
	(void)wl_channel_send(&wk->control, wk->out);
}

void wl_job_main(const struct wl_work_kind *kind, const struct wl_filter *filter,
                 const int slots[WL_ZYGOTE_SLOTS], uint64_t deadline_ms)
{
	struct wl_worker wk = {.in = &in, .out = &out};

	if (lock(kind, filter, slots, deadline_ms) < 0)
		_exit(WL_WORKER_EXIT_SANDBOX);
	wl_channel_init(&wk.control, WL_WORKER_CONTROL_FD, WL_PEER_WORKER, WL_PEER_BROKER);
	int r = kind->run(&wk);
	if (r == -EPIPE) /* the employer went away: nobody is left to tell */
		_exit(EXIT_SUCCESS);
	if (r < 0) {
		send_fault(&wk, -r);
		_exit(WL_WORKER_EXIT_FAULT);
	}
	wl_message_start(wk.out, WL_MSG_WORK_DONE, 0);
	if (wk.tools && wk.tools[0])
		wl_message_put_text(wk.out, WL_T_TOOLS, wk.tools);
	(void)wl_channel_send(&wk.control, wk.out);
	_exit(EXIT_SUCCESS);
}
