/*
 * How long a locked worker takes: to start with its whole sandbox, and to be forked for one item.
 *
 * usage: bench_spawn WEIGHLOCK-SPAWND [ROUNDS]; WEIGHLOCK_WORKERS names uninstalled workers. Prints
 * the medians in microseconds, one `name value` per line. A worker's start is spawnd's first answer
 * less the start of spawnd itself (measured by an order it refuses); an item is a job of the kind
 * digest from its order to the word about its end. `fork_cpu_us` is what this machine asks for a
 * process at the very least: the processor's time of a fork that only ends.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/work.h"

#define ROUNDS_MAX 1001

static struct wl_message message = {.fd = -1};

static double now_us(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), ascending);
	return v[n / 2];
}

static int die(const char *what, int error, const struct wl_finding *why)
{
	(void)fprintf(stderr, "%s: %s %s %s\n", what, strerrordesc_np(-error),
	              wl_rule_id(why->rule), why->detail);
	return EXIT_FAILURE;
}

/* spawnd is up (it answered an order for a kind that does not exist), then its first worker is. */
static int time_worker(const char *path, double *ret_us, struct wl_finding *why)
{
	struct wl_spawn *s = NULL;
	struct wl_job job = {0};
	const struct wl_job_order nothing = {
	        .kind = "nothing", .deadline_ms = 1000, .input_fd = -1};
	char said[256];
	int r = wl_spawn_start(path, &s);

	if (r < 0)
		return r;
	if (wl_job_start(s, &nothing, &job, why) != -EINVAL)
		r = -EPROTO;
	double before = now_us();
	if (r == 0)
		r = wl_spawn_status(s, said, sizeof(said), why);
	*ret_us = now_us() - before;
	(void)wl_spawn_free(s);
	return r;
}

static int time_item(struct wl_spawn *s, double *ret_us, struct wl_finding *why)
{
	const struct wl_job_order order = {.kind = "digest", .deadline_ms = 5000, .input_fd = -1};
	struct wl_job job = {0};
	double before = now_us();
	int r = wl_job_start(s, &order, &job, why);

	if (r < 0)
		return r;
	wl_message_start(&message, WL_MSG_WORK_END, 0);
	r = wl_job_send(&job, &message);
	if (r == 0)
		r = wl_job_receive(&job, &message, why, NULL, NULL);
	if (r == 0)
		r = wl_job_finish(&job, why);
	*ret_us = now_us() - before;
	return r;
}

static double spent_us(int who)
{
	struct rusage u = {0};

	(void)getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static int time_forks(size_t rounds, double *ret_us)
{
	double before = spent_us(RUSAGE_SELF) + spent_us(RUSAGE_CHILDREN);

	for (size_t i = 0; i < rounds; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return -errno;
	}
	*ret_us = (spent_us(RUSAGE_SELF) + spent_us(RUSAGE_CHILDREN) - before) / (double)rounds;
	return 0;
}

int main(int argc, char **argv)
{
	static double worker_us[ROUNDS_MAX], item_us[ROUNDS_MAX];
	struct wl_finding why = {.rule = WL_RULE_NONE};
	struct wl_spawn *s = NULL;
	size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 51;
	double fork_us = 0;
	int r = 0;

	if (argc < 2 || rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	for (size_t i = 0; r == 0 && i < rounds; i++)
		r = time_worker(argv[1], &worker_us[i], &why);
	if (r < 0)
		return die("worker", r, &why);
	r = time_forks(10 * rounds, &fork_us);
	if (r == 0)
		r = wl_spawn_start(argv[1], &s);
	for (size_t i = 0; r == 0 && i < rounds; i++)
		r = time_item(s, &item_us[i], &why);
	if (r < 0)
		return die("item", r, &why);
	(void)wl_spawn_free(s);
	printf("worker_start_us %.0f\nitem_us %.0f\nfork_cpu_us %.0f\n", median(worker_us, rounds),
	       median(item_us, rounds), fork_us);
	return EXIT_SUCCESS;
}
