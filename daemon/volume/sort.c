/*
 * Heap sort.
 *
 * Runs in worker-volume on lists the attacker chose. glibc's qsort_r asks the kernel how much
 * memory the machine has (measured in 2.36), which a worker's filter answers with death, and its
 * quick sort can be driven to quadratic time; this does neither. Pure: power does not matter.
 */
#include "daemon/volume/sort.h"

#include <stdint.h>
#include <string.h>

struct heap {
	uint8_t *base;
	size_t size;
	int (*compare)(const void *a, const void *b, void *user);
	void *user;
};

static void exchange(const struct heap *h, size_t a, size_t b)
{
	uint8_t tmp[WL_SORT_SIZE_MAX];
	memcpy(tmp, h->base + a * h->size, h->size);
	memcpy(h->base + a * h->size, h->base + b * h->size, h->size);
	memcpy(h->base + b * h->size, tmp, h->size);
}

static int order(const struct heap *h, size_t a, size_t b)
{
	return h->compare(h->base + a * h->size, h->base + b * h->size, h->user);
}

/* Lets the element at `at` sink until it is not less than its children, in a heap of n. */
static void sink(const struct heap *h, size_t at, size_t n)
{
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= n)
			return;
		if (child + 1 < n && order(h, child, child + 1) < 0)
			child++;
		if (order(h, at, child) >= 0)
			return;
		exchange(h, at, child);
		at = child;
	}
}

void wl_sort(void *base, size_t n, size_t size,
             int (*compare)(const void *a, const void *b, void *user), void *user)
{
	struct heap h = {base, size, compare, user};
	for (size_t i = n / 2; i-- > 0;)
		sink(&h, i, n);
	for (size_t i = n; i-- > 1;) {
		exchange(&h, 0, i);
		sink(&h, 0, i);
	}
}
