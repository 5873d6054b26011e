/*
 * The frame of every worker binary: waits in its sandbox as a zygote and forks one process per job.
 *
 * spawnd starts it as process 1 of fresh namespaces, with the zygote's channel as descriptor 3 and
 * /dev/null as 0 to 2. Here nothing from outside is ever read: orders come from spawnd and only
 * name a kind and bring descriptors, which go to the job's process unread. When power goes nothing
 * is lost: a worker owns nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "daemon/spawn/sandbox.h"
#include "daemon/worker/frame.h"

#define CHANNEL_FD_MIN    32
#define HEAP_SETTLE_BYTES WL_KIB(64) /* "large" to malloc, and below its use of mmap */

/* Moves the channel out of the way of the fixed descriptors and fills their places, so that what
 * arrives later never lies where it will be put. */
static int arrange_descriptors(struct wl_channel *c)
{
	int fd = fcntl(WL_WORKER_CONTROL_FD, F_DUPFD_CLOEXEC, CHANNEL_FD_MIN);

	if (fd < 0)
		return -errno;
	wl_channel_init(c, fd, WL_PEER_WORKER, WL_PEER_SPAWN);
	for (int i = WL_WORKER_CONTROL_FD; i <= WL_WORKER_AUX_FD; i++)
		if (dup3(STDIN_FILENO, i, O_CLOEXEC) < 0)
			return -errno;
	return 0;
}

static int prepare_kinds(struct wl_zygote *z)
{
	for (size_t i = 0; wl_work_kinds[i].name; i++) {
		int r = i < WL_ZYGOTE_KINDS_MAX ? 0 : -E2BIG;
		if (r == 0 && wl_work_kinds[i].prepare)
			r = wl_work_kinds[i].prepare();
		if (r == 0)
			r = wl_filter_compile(wl_work_kinds[i].name, &z->filters[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Puts the heap in order once, so that no job does it again: what was freed while preparing is
 * joined and given back, and a job's first allocation touches, and so copies, few of the pages it
 * shares with the zygote. */
static int settle_heap(void)
{
	void *p = malloc(HEAP_SETTLE_BYTES);

	if (!p)
		return -ENOMEM;
	free(p);
	(void)malloc_trim(0);
	return 0;
}

static int enter(struct wl_zygote *z, char *said, size_t size, const char **ret_step)
{
	*ret_step = "process";
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	tzset(); /* TZ=UTC0 by spawnd: no file is read for the zone, now or later */
	if (clearenv() != 0)
		return -ENOMEM;
	*ret_step = "kinds";
	int r = prepare_kinds(z);
	if (r == 0)
		r = wl_sandbox_enter(said, size, ret_step);
	return r < 0 ? r : settle_heap();
}

static int report(struct wl_channel *c, int r, const char *step, const char *said)
{
	static struct wl_message m = {.fd = -1};
	char detail[WL_ERROR_DETAIL_MAX + 1];

	wl_message_start(&m, r < 0 ? WL_MSG_ZYGOTE_FAILED : WL_MSG_ZYGOTE_READY, 0);
	if (r < 0) {
		(void)snprintf(detail, sizeof(detail), "%s: %s", step, strerrordesc_np(-r));
		wl_message_put_u64(&m, WL_T_ERRNO, (uint64_t)-r);
		wl_message_put_text(&m, WL_T_DETAIL, detail);
	} else {
		wl_message_put_text(&m, WL_T_SANDBOX, said);
	}
	return wl_channel_send(c, &m);
}

int main(int argc, char **argv)
{
	static struct wl_zygote z;
	const char *step = "descriptors";
	char said[WL_ERROR_DETAIL_MAX + 1] = "";

	(void)argv;
	if (argc != 1 || arrange_descriptors(&z.channel) < 0)
		return EXIT_FAILURE; /* not started by spawnd: there is nobody to tell */
	wl_frame_explain_kills();
	int r = enter(&z, said, sizeof(said), &step);
	if (report(&z.channel, r, step, said) < 0 || r < 0)
		_exit(EXIT_FAILURE);
	wl_zygote_serve(&z);
	_exit(EXIT_SUCCESS);
}
