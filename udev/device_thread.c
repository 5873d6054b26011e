/*
 * The device thread; see device_thread.h.
 *
 * Runs in weighlock-mediad. The device decides how long a job takes, and that is all it decides
 * here. The thread lives as long as the process and shares nothing with it but the mailbox; it is
 * not stopped at the end, because a job in an uninterruptible wait cannot be.
 */
#include "udev/device_thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "daemon/base/cleanup.h"

enum mailbox { EMPTY, WAITING, DONE };

struct wl_device_thread {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	enum mailbox mailbox;
	struct wl_device_job job;
	int done_fd;
};

static void do_open(struct wl_device_job *job)
{
	job->result = 0;
	for (unsigned i = 0; i < job->nothers && job->result == 0; i++)
		job->result = wl_device_check_free(&job->other[i].disk, &job->other[i].port,
		                                   &job->finding);
	if (job->result == 0)
		job->result = wl_device_open(&job->pass, &job->fd, &job->finding);
}

static void do_job(struct wl_device_job *job)
{
	job->fd = -1;
	job->over = false;
	if (job->what == WL_DEVICE_OPEN)
		do_open(job);
	else
		job->result =
		        wl_device_shut(&job->pass, job->timeout_ms, &job->over, &job->finding);
}

static void tell_done(struct wl_device_thread *t)
{
	uint64_t one = 1;

	while (write(t->done_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void *work(void *arg)
{
	struct wl_device_thread *t = arg;
	struct wl_device_job job;

	for (;;) {
		(void)pthread_mutex_lock(&t->lock);
		while (t->mailbox != WAITING)
			(void)pthread_cond_wait(&t->filled, &t->lock);
		job = t->job;
		(void)pthread_mutex_unlock(&t->lock);
		do_job(&job);
		(void)pthread_mutex_lock(&t->lock);
		t->job = job;
		t->mailbox = DONE;
		(void)pthread_mutex_unlock(&t->lock);
		tell_done(t);
	}
	return NULL;
}

static int start(struct wl_device_thread *t)
{
	sigset_t all, before;
	pthread_t thread;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int r = pthread_create(&thread, NULL, work, t);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0)
		(void)pthread_detach(thread);
	return -r;
}

int wl_device_thread_start(struct wl_device_thread **ret)
{
	struct wl_device_thread *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	(void)pthread_mutex_init(&t->lock, NULL);
	(void)pthread_cond_init(&t->filled, NULL);
	t->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = t->done_fd < 0 ? -errno : start(t);
	if (r < 0) {
		wl_cleanup_close(&t->done_fd);
		free(t);
		return r;
	}
	*ret = t;
	return 0;
}

int wl_device_thread_fd(const struct wl_device_thread *t)
{
	return t->done_fd;
}

int wl_device_thread_submit(struct wl_device_thread *t, const struct wl_device_job *job)
{
	int r = -EBUSY;

	(void)pthread_mutex_lock(&t->lock);
	if (t->mailbox == EMPTY) {
		t->job = *job;
		t->mailbox = WAITING;
		(void)pthread_cond_signal(&t->filled);
		r = 0;
	}
	(void)pthread_mutex_unlock(&t->lock);
	return r;
}

int wl_device_thread_collect(struct wl_device_thread *t, struct wl_device_job *ret)
{
	uint64_t count;
	int r = -EAGAIN;

	while (read(t->done_fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
	(void)pthread_mutex_lock(&t->lock);
	if (t->mailbox == DONE) {
		*ret = t->job;
		t->mailbox = EMPTY;
		r = 0;
	}
	(void)pthread_mutex_unlock(&t->lock);
	return r;
}
