/* Sorting that asks the system for nothing: no memory, no system call, n log n whatever comes. */
#ifndef WL_VOLUME_SORT_H
#define WL_VOLUME_SORT_H

#include <stddef.h>

#define WL_SORT_SIZE_MAX 128U /* bytes of one element */

/* Sorts n elements of `size` bytes (at most WL_SORT_SIZE_MAX) in ascending order; not stable. */
void wl_sort(void *base, size_t n, size_t size,
             int (*compare)(const void *a, const void *b, void *user), void *user);

#endif
