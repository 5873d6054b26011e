/*
 * Rebuilding the pictures of `scrub`: a thread per processor, each with a spawnd of its own.
 *
 * This process only opens files, hashes sources and passes descriptors; pictures are read by
 * workers. A worker that dies, is late or lies refuses the one picture it was at. When power goes,
 * OUT holds .part-N files and no picture under a name.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "client/folder.h"
#include "client/progress.h"
#include "client/say.h"
#include "client/scrub.h"
#include "daemon/base/cleanup.h"

#define THREADS_MAX    8U
#define SHOW_EVERY_MS  200
#define PART_NAME_SIZE 32

struct pool {
	struct wl_scrub *s;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	size_t next;          /* source */
	uint64_t parts, done; /* files made; bytes of sources that are done */
	unsigned running;
	bool stop; /* the machine fails: no more */
};

struct thread {
	struct pool *pool;
	struct wl_spawn *spawn;
	pthread_t id;
};

static void part_name(uint64_t part, char buf[PART_NAME_SIZE])
{
	(void)snprintf(buf, PART_NAME_SIZE, ".part-%llu", (unsigned long long)part);
}

void wl_scrub_output_name(uint64_t number, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%05llu.png", (unsigned long long)number);
}

/* Appends a row; under the lock. NULL without memory. */
static struct wl_scrub_row *add_row(struct pool *p, const struct wl_scrub_row *row)
{
	struct wl_scrub *s = p->s;

	if (s->nrows == s->rows_room) {
		size_t room = s->rows_room * 2 + 64;
		void *v = reallocarray(s->rows, room, sizeof(*s->rows));
		if (!v)
			return NULL;
		s->rows = v;
		s->rows_room = room;
	}
	s->rows[s->nrows] = *row;
	return &s->rows[s->nrows++];
}

/* A fault of this machine that the next picture would meet too. */
static bool is_hopeless(const struct wl_scrub_row *row)
{
	return row->end == WL_SCRUB_FAULT;
}

static void judge(struct wl_scrub_row *row, int r)
{
	enum wl_rule rule = row->finding.rule;

	row->error = r;
	if (r == 0)
		row->end = WL_SCRUB_REBUILT;
	else if (r == -EBADMSG && rule != WL_RULE_NONE && rule != WL_RULE_STATION_SANDBOX_MISSING &&
	         rule != WL_RULE_STATION_PART_MISSING && rule != WL_RULE_STATION_BUSY)
		row->end = WL_SCRUB_REFUSED;
	else
		row->end = WL_SCRUB_FAULT;
}

static int rebuild_page(struct thread *t, int fd, struct wl_scrub_row *row)
{
	struct wl_scrub *s = t->pool->s;
	char name[PART_NAME_SIZE];

	part_name(row->part, name);
	WL_AUTO_CLOSE int out =
	        openat(s->out, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (out < 0)
		return -errno;
	const struct wl_picture_order order = {
	        .source_fd = fd,
	        .output_fd = out,
	        .named_as = wl_picture_format_of_name(s->sources[row->source].path),
	        .formats = s->formats,
	        .page = row->page,
	        .side_max = s->side_max,
	        .masks = s->masks,
	        .nmasks = s->nmasks,
	        .refuse_unknown_size =
	                s->device && s->device->mask_unknown_size == WL_UNKNOWN_SIZE_REFUSE,
	};
	int r = wl_picture_rebuild(t->spawn, &order, &row->picture, &row->finding);
	if (r < 0)
		(void)unlinkat(s->out, name, 0);
	return r;
}

/* One page, and how many there are. */
static uint32_t do_page(struct thread *t, int fd, struct wl_scrub_row *row)
{
	struct pool *p = t->pool;

	(void)pthread_mutex_lock(&p->lock);
	row->part = ++p->parts;
	(void)pthread_mutex_unlock(&p->lock);
	judge(row, rebuild_page(t, fd, row));
	(void)pthread_mutex_lock(&p->lock);
	if (!add_row(p, row) || is_hopeless(row))
		p->stop = true;
	(void)pthread_mutex_unlock(&p->lock);
	return row->picture.pages;
}

static void do_source(struct thread *t, size_t index, struct wl_scrub_row *row)
{
	struct wl_scrub *s = t->pool->s;
	const struct wl_scrub_source *source = &s->sources[index];
	WL_AUTO_CLOSE int fd = -1;
	uint64_t bytes = 0;

	*row = (struct wl_scrub_row){.source = index, .page = 1};
	int r = wl_folder_open(s->folders[source->folder], source->path, &fd);
	if (r == 0 && s->cli->json) {
		r = wl_sha256_of_fd(fd, row->source_sha256, &bytes);
		row->has_source_sha256 = r == 0;
	}
	if (r < 0) {
		judge(row, r);
		(void)pthread_mutex_lock(&t->pool->lock);
		t->pool->stop = t->pool->stop || !add_row(t->pool, row);
		(void)pthread_mutex_unlock(&t->pool->lock);
		return;
	}
	uint32_t pages = 1;
	for (uint32_t page = 1; page <= pages && !t->pool->stop; page++) {
		row->page = page;
		uint32_t said = do_page(t, fd, row);
		if (page == 1 && said > 1)
			pages = said;
	}
}

static void *work(void *arg)
{
	struct thread *t = arg;
	struct pool *p = t->pool;
	struct wl_scrub_row *row = malloc(sizeof(*row));

	(void)pthread_mutex_lock(&p->lock);
	while (row && !p->stop && p->next < p->s->nsources) {
		size_t index = p->next++;
		(void)pthread_mutex_unlock(&p->lock);
		do_source(t, index, row);
		(void)pthread_mutex_lock(&p->lock);
		p->done += p->s->sources[index].bytes;
		(void)pthread_cond_signal(&p->moved);
	}
	p->running--;
	(void)pthread_cond_signal(&p->moved);
	(void)pthread_mutex_unlock(&p->lock);
	free(row);
	return NULL;
}

static unsigned how_many(const struct wl_scrub *s)
{
	cpu_set_t set;
	unsigned n = sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;

	n = n < THREADS_MAX ? n : THREADS_MAX;
	return n < s->nsources ? n : (unsigned)s->nsources;
}

static void wait_for_all(struct pool *p)
{
	struct wl_progress progress = {0};
	uint64_t total = 0;

	for (size_t i = 0; i < p->s->nsources; i++)
		total += p->s->sources[i].bytes;
	(void)pthread_mutex_lock(&p->lock);
	while (p->running > 0) {
		struct timespec until;
		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += SHOW_EVERY_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		(void)pthread_cond_timedwait(&p->moved, &p->lock, &until);
		wl_progress_show(&progress, _("Rebuilding pictures"), p->done, total);
	}
	(void)pthread_mutex_unlock(&p->lock);
	wl_progress_end(&progress);
}

static int by_source(const void *a, const void *b)
{
	const struct wl_scrub_row *x = a, *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	return x->page < y->page ? -1 : x->page > y->page;
}

int wl_scrub_run(struct wl_scrub *s)
{
	struct pool pool = {
	        .s = s, .lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};
	struct thread threads[THREADS_MAX] = {0};
	unsigned n = how_many(s), started = 0;
	int status = 0;

	for (unsigned i = 0; !status && i < n; i++) {
		threads[i].pool = &pool;
		status = wl_offline_start(s->cli, &threads[i].spawn);
	}
	for (; !status && started < n; started++) {
		(void)pthread_mutex_lock(&pool.lock);
		pool.running++;
		(void)pthread_mutex_unlock(&pool.lock);
		if (pthread_create(&threads[started].id, NULL, work, &threads[started]) != 0) {
			pool.running--;
			break;
		}
	}
	if (!status && started == 0)
		status = wl_say_failure(s->cli, WL_EXIT_FAULT, "IO", "%s.", strerror(EAGAIN));
	wait_for_all(&pool);
	for (unsigned i = 0; i < started; i++)
		(void)pthread_join(threads[i].id, NULL);
	for (unsigned i = 0; i < n; i++)
		wl_offline_end(&threads[i].spawn);
	if (s->nrows > 0)
		qsort(s->rows, s->nrows, sizeof(*s->rows), by_source);
	return status;
}

static int by_samples(const void *a, const void *b)
{
	const struct wl_scrub_row *x = *(const struct wl_scrub_row *const *)a;
	const struct wl_scrub_row *y = *(const struct wl_scrub_row *const *)b;
	int r = memcmp(x->picture.samples_sha256, y->picture.samples_sha256, WL_SHA256_BYTES);

	return r ? r : by_source(x, y); /* equal samples are equal files */
}

/* From .part-N to its number, with a time that says nothing of its turn. */
static int name_one(struct wl_scrub *s, struct wl_scrub_row *row, const struct timespec times[2])
{
	char part[PART_NAME_SIZE], name[32];

	part_name(row->part, part);
	wl_scrub_output_name(row->number, name, sizeof(name));
	if (utimensat(s->out, part, times, AT_SYMLINK_NOFOLLOW) < 0 ||
	    renameat(s->out, part, s->out, name) < 0)
		return -errno;
	return 0;
}

int wl_scrub_name_outputs(struct wl_scrub *s)
{
	WL_AUTO_FREE struct wl_scrub_row **order = calloc(s->nrows + 1, sizeof(*order));
	struct timespec now = {.tv_sec = time(NULL)};
	const struct timespec times[2] = {now, now};
	size_t n = 0;
	int r = order ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < s->nrows; i++)
		if (s->rows[i].end == WL_SCRUB_REBUILT)
			order[n++] = &s->rows[i];
	if (n > 0)
		qsort(order, n, sizeof(*order), by_samples);
	for (size_t i = 0; r == 0 && i < n; i++) {
		order[i]->number = i + 1;
		r = name_one(s, order[i], times);
	}
	return r;
}
