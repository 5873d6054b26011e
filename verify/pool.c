/*
 * Bundles in order, prepared by several threads.
 *
 * A ring of a few bundles: helpers read and hash them in any order, the caller's thread takes them
 * in order and does the work that has an order (the tree's upper levels, the rules over entries).
 * While the next one is not ready the caller's thread hashes too, so two processors are both busy
 * to the end. Memory is the ring's, whatever the ledger's size; a bundle larger than usual is read
 * by the caller alone, one at a time.
 */
#include "verify/pool.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#define RING        16U
#define THREADS_MAX 8U

enum state { FREE = 0, WANTED, TAKEN, DONE };

struct verify_pool {
	pthread_mutex_t lock;
	pthread_cond_t wanted, done;
	bool stop;
	enum state state[RING];
	struct verify_bundle *bundle[RING];
	struct verify_hash *sha; /* of the caller's thread */
	uint8_t *large;          /* for one bundle of any size */
	pthread_t thread[THREADS_MAX];
	unsigned threads;
	uint64_t size, vouched, next; /* next: bundle to be put into the ring */
	int dirfd;
};

/* The oldest bundle wanted, or -1; the lock is held. */
static int take_wanted(struct verify_pool *p, uint64_t oldest)
{
	for (unsigned i = 0; i < RING; i++) {
		unsigned at = (unsigned)((oldest + i) % RING);
		if (p->state[at] == WANTED) {
			p->state[at] = TAKEN;
			return (int)at;
		}
	}
	return -1;
}

static void *help(void *user)
{
	struct verify_pool *p = user;
	struct verify_hash *sha = verify_hash_new();
	int at;

	(void)pthread_mutex_lock(&p->lock);
	while (sha && !p->stop) {
		/* next - RING is not newer than the oldest; counting from it keeps the order */
		at = take_wanted(p, p->next);
		if (at < 0) {
			(void)pthread_cond_wait(&p->wanted, &p->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&p->lock);
		verify_bundle_run(p->bundle[at], sha);
		(void)pthread_mutex_lock(&p->lock);
		p->state[at] = DONE;
		(void)pthread_cond_signal(&p->done);
	}
	(void)pthread_mutex_unlock(&p->lock);
	verify_hash_free(sha);
	return NULL;
}

static uint64_t bundles(const struct verify_pool *p)
{
	return p->size / VERIFY_TILE_WIDTH + (p->size % VERIFY_TILE_WIDTH != 0);
}

/* Puts the next bundles into free places; the lock is held. */
static void fill_ring(struct verify_pool *p, uint64_t oldest)
{
	while (p->next < bundles(p) && p->next - oldest < RING) {
		unsigned at = (unsigned)(p->next % RING);
		struct verify_bundle *b = p->bundle[at];
		uint64_t left = p->size - p->next * VERIFY_TILE_WIDTH;

		b->dirfd = p->dirfd;
		b->index = p->next;
		b->width = left < VERIFY_TILE_WIDTH ? (unsigned)left : VERIFY_TILE_WIDTH;
		b->may_be_away = p->next * VERIFY_TILE_WIDTH + b->width <= p->vouched;
		p->state[at] = WANTED;
		p->next++;
		(void)pthread_cond_signal(&p->wanted);
	}
}

/* Waits for bundle `oldest`, hashing others meanwhile. */
static struct verify_bundle *await(struct verify_pool *p, uint64_t oldest)
{
	unsigned mine = (unsigned)(oldest % RING);

	(void)pthread_mutex_lock(&p->lock);
	fill_ring(p, oldest);
	while (p->state[mine] != DONE) {
		int at = take_wanted(p, oldest);
		if (at < 0) {
			(void)pthread_cond_wait(&p->done, &p->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&p->lock);
		verify_bundle_run(p->bundle[at], p->sha);
		(void)pthread_mutex_lock(&p->lock);
		p->state[at] = DONE;
	}
	p->state[mine] = FREE;
	(void)pthread_mutex_unlock(&p->lock);
	return p->bundle[mine];
}

/* Larger than the ring's places: read again, alone, into the one large buffer. */
static int run_large(struct verify_pool *p, struct verify_bundle *b)
{
	if (!p->large)
		p->large = malloc(VERIFY_BUNDLE_BYTES_MAX + 1);
	if (!p->large)
		return -ENOMEM;
	b->buf = p->large;
	b->cap = VERIFY_BUNDLE_BYTES_MAX;
	verify_bundle_run(b, p->sha);
	return 0;
}

static int run(struct verify_pool *p, verify_bundle_fn fn, void *user)
{
	for (uint64_t oldest = 0; oldest < bundles(p); oldest++) {
		struct verify_bundle *b = await(p, oldest);
		uint8_t *usual = b->buf;
		int r = b->result == -EFBIG ? run_large(p, b) : 0;

		if (r == 0)
			r = fn(user, b);
		b->buf = usual;
		b->cap = VERIFY_BUNDLE_BYTES_USUAL;
		if (r < 0)
			return r;
	}
	return 0;
}

static unsigned processors(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return (unsigned)CPU_COUNT(&set);
}

static int begin(struct verify_pool *p, unsigned threads)
{
	p->sha = verify_hash_new();
	if (!p->sha)
		return -ENOMEM;
	for (unsigned i = 0; i < RING; i++) {
		p->bundle[i] = calloc(1, sizeof(*p->bundle[i]));
		if (!p->bundle[i])
			return -ENOMEM;
		p->bundle[i]->cap = VERIFY_BUNDLE_BYTES_USUAL;
		p->bundle[i]->buf = malloc(VERIFY_BUNDLE_BYTES_USUAL + 1);
		if (!p->bundle[i]->buf)
			return -ENOMEM;
	}
	/* a thread that cannot be made is one helper less */
	while (p->threads + 1 < threads && p->threads < THREADS_MAX && bundles(p) > 1 &&
	       pthread_create(&p->thread[p->threads], NULL, help, p) == 0)
		p->threads++;
	return 0;
}

static void end(struct verify_pool *p)
{
	(void)pthread_mutex_lock(&p->lock);
	p->stop = true;
	(void)pthread_cond_broadcast(&p->wanted);
	(void)pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->threads; i++)
		(void)pthread_join(p->thread[i], NULL);
	for (unsigned i = 0; i < RING; i++)
		if (p->bundle[i]) {
			free(p->bundle[i]->buf);
			free(p->bundle[i]);
		}
	free(p->large);
	verify_hash_free(p->sha);
	(void)pthread_cond_destroy(&p->wanted);
	(void)pthread_cond_destroy(&p->done);
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
}

int verify_pool_run(int dirfd, uint64_t size, uint64_t vouched, unsigned threads,
                    verify_bundle_fn fn, void *user)
{
	struct verify_pool *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->dirfd = dirfd;
	p->size = size;
	p->vouched = vouched;
	(void)pthread_mutex_init(&p->lock, NULL);
	(void)pthread_cond_init(&p->wanted, NULL);
	(void)pthread_cond_init(&p->done, NULL);
	r = begin(p, threads ? threads : processors());
	if (r == 0)
		r = run(p, fn, user);
	end(p);
	return r;
}
