/*
 * The queue and its thread (weighlockd).
 *
 * One long job at a time, because one gate is open at a time on the whole station. What media and
 * workers say reaches the jobs themselves; here only whole tasks and notes change hands, by
 * ownership, under one lock. When power goes the queue is lost: what was under way is found again
 * in the ledger.
 */
#include "daemon/broker/job.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/broker/jobs.h"

#define GONE_TRIES   20
#define GONE_WAIT_MS 50
#define TELL_EACH_MS 100

struct note {
	struct note *next;
	json_t *entry;        /* an appended entry, or */
	struct wl_task *task; /* a task that has ended, or */
	struct wl_progress progress;
};

struct wl_jobs {
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;             /* below: under the lock */
	struct wl_task *queue; /* the first is at work where `busy` */
	struct wl_task *at_work;
	struct note *notes, **notes_end;
	int wake_fd; /* eventfd towards the main thread */
	sd_event_source *source;
	struct wl_bench bench;
	struct wl_jobs_handlers handlers;
	struct wl_broker *broker;
};

void wl_spawn_cleanup(struct wl_spawn **s)
{
	*s = wl_spawn_free(*s);
}

/* ---- notes, from the work thread ---- */

static void post(struct wl_jobs *j, const struct note *content)
{
	struct note *n = malloc(sizeof(*n));
	uint64_t one = 1;
	if (!n) { /* an entry is in the ledger all the same; a task must not be lost */
		if (content->task)
			abort();
		json_decref(content->entry);
		return;
	}
	*n = *content;
	n->next = NULL;
	pthread_mutex_lock(&j->lock);
	*j->notes_end = n;
	j->notes_end = &n->next;
	pthread_mutex_unlock(&j->lock);
	(void)!write(j->wake_fd, &one, sizeof(one));
}

int wl_bench_append_manifest(struct wl_bench *bench, struct wl_task *task, json_t *entry,
                             int manifest_fd, uint64_t bytes, struct wl_finding *f)
{
	const struct wl_policy *policy = task->policy ? task->policy->policy : NULL;
	int r = wl_ledger_append(bench->ledger, entry, policy ? policy->sha256 : NULL, manifest_fd,
	                         bytes, f);
	if (r < 0) {
		json_decref(entry);
		return r;
	}
	post(bench->jobs, &(struct note){.entry = entry});
	return 0;
}

int wl_bench_append(struct wl_bench *bench, struct wl_task *task, json_t *entry,
                    char ret_id[WL_ID_TEXT], struct wl_finding *f)
{
	json_t *kept = json_incref(entry);
	int r = wl_bench_append_manifest(bench, task, entry, -1, 0, f);
	if (r == 0 && ret_id)
		wl_entry_id(kept, ret_id);
	json_decref(kept);
	return r;
}

int wl_bench_append_group(struct wl_bench *bench, struct wl_task *task, json_t **entries, size_t n,
                          struct wl_finding *f)
{
	const struct wl_policy *policy = task->policy ? task->policy->policy : NULL;
	int r = wl_ledger_append_group(bench->ledger, entries, n, policy ? policy->sha256 : NULL,
	                               f);
	for (size_t i = 0; i < n; i++)
		if (r == 0)
			post(bench->jobs, &(struct note){.entry = entries[i]});
		else
			json_decref(entries[i]);
	return r;
}

/* Ten a second are enough for people; a new step and the end of one are always told. */
static bool is_too_soon(struct wl_bench *bench, const char *step, uint64_t done, uint64_t total)
{
	struct timespec t = {0};
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	int64_t now_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	if (bench->told_step == step && done != total && now_ms - bench->told_ms < TELL_EACH_MS)
		return true;
	bench->told_step = step;
	bench->told_ms = now_ms;
	return false;
}

void wl_bench_progress(struct wl_bench *bench, const struct wl_task *task, const char *step,
                       uint64_t done, uint64_t total)
{
	if (is_too_soon(bench, step, done, total))
		return;
	struct note n = {
	        .progress = {.step = step, .done = done, .total = total, .call_id = task->call_id}};
	(void)snprintf(n.progress.transfer, WL_ID_TEXT, "%s", task->transfer);
	post(bench->jobs, &n);
}

void wl_bench_progress_at(struct wl_bench *bench, const struct wl_task *task, const char *step,
                          const char *port, const char *medium)
{
	struct note n = {.progress = {.step = step, .call_id = task->call_id}};
	(void)snprintf(n.progress.transfer, WL_ID_TEXT, "%s", task->transfer);
	(void)snprintf(n.progress.port, WL_ID_TEXT, "%s", port);
	(void)snprintf(n.progress.medium, WL_ID_TEXT, "%s", medium);
	post(bench->jobs, &n);
}

int wl_bench_spawn(struct wl_bench *bench, struct wl_spawn **ret, struct wl_finding *f)
{
	int r = wl_spawn_connect(bench->spawn_path, bench->spawn_uid, ret);
	if (r < 0)
		return wl_refuse(f, WL_RULE_STATION_PART_MISSING, "spawn: %s", strerror(-r));
	return 0;
}

/* ---- the thread ---- */

static struct wl_task *take_task(struct wl_jobs *j)
{
	pthread_mutex_lock(&j->lock);
	j->at_work = NULL;
	while (!j->queue && !j->stop)
		pthread_cond_wait(&j->wake, &j->lock);
	struct wl_task *task = j->stop ? NULL : j->queue;
	if (task)
		j->queue = task->next;
	j->at_work = task;
	pthread_mutex_unlock(&j->lock);
	return task;
}

static void *work(void *user)
{
	struct wl_jobs *j = user;
	struct wl_task *task;
	while ((task = take_task(j))) {
		if (atomic_load(&task->cancel))
			task->result = -ECANCELED;
		else
			task->result = task->run(&j->bench, task);
		wl_part_drop(
		        j->bench.media); /* what it would tell meanwhile is for the main thread */
		post(j, &(struct note){.task = task});
	}
	return NULL;
}

/* ---- the main thread ---- */

static struct note *take_notes(struct wl_jobs *j)
{
	pthread_mutex_lock(&j->lock);
	struct note *notes = j->notes;
	j->notes = NULL;
	j->notes_end = &j->notes;
	pthread_mutex_unlock(&j->lock);
	return notes;
}

static void deliver(struct wl_jobs *j, struct note *n)
{
	if (n->entry)
		j->handlers.entry(j->broker, n->entry);
	else if (n->task)
		n->task->done(j->broker, n->task);
	else
		j->handlers.progress(j->broker, &n->progress);
}

static int on_notes(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	(void)source;
	(void)revents;
	struct wl_jobs *j = user;
	uint64_t count;
	(void)!read(fd, &count, sizeof(count));
	for (struct note *n = take_notes(j); n;) {
		struct note *next = n->next;
		deliver(j, n);
		free(n);
		n = next;
	}
	return 0;
}

static int start_thread(struct wl_jobs *j)
{
	sigset_t all, old;
	pthread_attr_t attr;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are the main thread's */
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, 1U << 20);
	int r = pthread_create(&j->thread, &attr, work, j);
	(void)pthread_attr_destroy(&attr);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	j->started = r == 0;
	return -r;
}

static int bench_init(struct wl_jobs *j, const struct wl_jobs_config *c)
{
	j->bench = (struct wl_bench){.jobs = j,
	                             .spawn_path = c->spawn_path,
	                             .spawn_uid = c->spawn_uid,
	                             .vault = c->vault,
	                             .tickets_fd = c->tickets_fd,
	                             .trust_fd = c->trust_fd};
	j->bench.media = calloc(1, sizeof(*j->bench.media));
	if (!j->bench.media)
		return -ENOMEM;
	wl_part_init(j->bench.media, "media", c->media_path, c->media_uid, WL_PEER_MEDIA);
	return wl_ledger_new(c->ledger_path, c->ledger_uid, &j->bench.ledger);
}

int wl_jobs_new(sd_event *event, const struct wl_jobs_config *config,
                const struct wl_jobs_handlers *handlers, struct wl_broker *b, struct wl_jobs **ret)
{
	struct wl_jobs *j = calloc(1, sizeof(*j));
	if (!j)
		return -ENOMEM;
	(void)pthread_mutex_init(&j->lock, NULL);
	(void)pthread_cond_init(&j->wake, NULL);
	j->notes_end = &j->notes;
	j->handlers = *handlers;
	j->broker = b;
	j->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int r = j->wake_fd < 0 ? -errno : bench_init(j, config);
	if (r == 0)
		r = sd_event_add_io(event, &j->source, j->wake_fd, EPOLLIN, on_notes, j);
	if (r >= 0)
		r = start_thread(j);
	if (r < 0) {
		wl_jobs_free(j);
		return r;
	}
	*ret = j;
	return 0;
}

struct wl_jobs *wl_jobs_free(struct wl_jobs *j)
{
	if (!j)
		return NULL;
	pthread_mutex_lock(&j->lock);
	j->stop = true;
	if (j->at_work)
		atomic_store(&j->at_work->cancel, true);
	pthread_cond_signal(&j->wake);
	pthread_mutex_unlock(&j->lock);
	if (j->started)
		(void)pthread_join(j->thread, NULL);
	for (struct note *n = take_notes(j); n;) {
		struct note *next = n->next;
		deliver(j, n);
		free(n);
		n = next;
	}
	while (j->queue) {
		struct wl_task *task = j->queue;
		j->queue = task->next;
		task->result = -ECANCELED;
		task->done(j->broker, task);
	}
	sd_event_source_disable_unref(j->source);
	wl_cleanup_close(&j->wake_fd);
	if (j->bench.media)
		wl_part_drop(j->bench.media);
	free(j->bench.media);
	json_decref(j->bench.gate_unsaid);
	wl_ledger_free(j->bench.ledger);
	(void)pthread_cond_destroy(&j->wake);
	(void)pthread_mutex_destroy(&j->lock);
	free(j);
	return NULL;
}

int wl_jobs_add(struct wl_jobs *j, struct wl_task *task, unsigned *ret_ahead)
{
	pthread_mutex_lock(&j->lock);
	unsigned ahead = j->at_work != NULL;
	struct wl_task **at = &j->queue;
	for (; *at; at = &(*at)->next)
		ahead++;
	int r = ahead > WL_JOBS_QUEUED_MAX || j->stop ? -EBUSY : 0;
	if (r == 0) {
		task->next = NULL;
		*at = task;
		*ret_ahead = ahead;
		pthread_cond_signal(&j->wake);
	}
	pthread_mutex_unlock(&j->lock);
	return r;
}

static struct wl_task *find(struct wl_jobs *j, const char *transfer)
{
	if (j->at_work && !strcmp(j->at_work->transfer, transfer))
		return j->at_work;
	for (struct wl_task *t = j->queue; t; t = t->next)
		if (!strcmp(t->transfer, transfer))
			return t;
	for (struct note *n = j->notes; n; n = n->next) /* ended, and `done` not yet called */
		if (n->task && !strcmp(n->task->transfer, transfer))
			return n->task;
	return NULL;
}

bool wl_jobs_has(struct wl_jobs *j, const char *transfer)
{
	pthread_mutex_lock(&j->lock);
	bool has = find(j, transfer) != NULL;
	pthread_mutex_unlock(&j->lock);
	return has;
}

bool wl_jobs_works_on(struct wl_jobs *j, const char *transfer)
{
	pthread_mutex_lock(&j->lock);
	bool works = j->at_work && !strcmp(j->at_work->transfer, transfer);
	pthread_mutex_unlock(&j->lock);
	return works;
}

void wl_jobs_cancel(struct wl_jobs *j, const char *transfer)
{
	pthread_mutex_lock(&j->lock);
	struct wl_task *task = find(j, transfer);
	if (task)
		atomic_store(&task->cancel, true);
	pthread_mutex_unlock(&j->lock);
}

void wl_jobs_gone(struct wl_jobs *j, const char *insertion)
{
	pthread_mutex_lock(&j->lock);
	if (j->at_work && insertion[0] && !strcmp(j->at_work->insertion, insertion))
		atomic_store(&j->at_work->gone, true);
	pthread_mutex_unlock(&j->lock);
}

/* The kernel's news of a pulled stick and the worker's failed read race each other. */
bool wl_bench_is_gone(struct wl_task *task)
{
	for (int i = 0; i < GONE_TRIES && !atomic_load(&task->gone); i++)
		(void)nanosleep(&(struct timespec){.tv_nsec = GONE_WAIT_MS * 1000000L}, NULL);
	return atomic_load(&task->gone);
}

bool wl_jobs_is_idle(struct wl_jobs *j)
{
	pthread_mutex_lock(&j->lock);
	bool idle = !j->at_work && !j->queue;
	pthread_mutex_unlock(&j->lock);
	return idle;
}
