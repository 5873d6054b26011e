/*
 * Cleanup by attribute: what a function owns is released when its scope ends.
 *
 * Every destructor accepts the empty value (NULL, -1), keeps errno, and so may stand on a
 * half-initialised object. TAKE_FD and TAKE_PTR hand ownership out of the scope.
 */
#ifndef WL_BASE_CLEANUP_H
#define WL_BASE_CLEANUP_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void wl_cleanup_close(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;
		(void)close(*fd);
		errno = saved;
		*fd = -1;
	}
}

static inline void wl_cleanup_free(void *p)
{
	int saved = errno;
	free(*(void **)p);
	*(void **)p = NULL;
	errno = saved;
}

static inline void wl_cleanup_fclose(FILE **f)
{
	if (*f) {
		int saved = errno;
		(void)fclose(*f);
		errno = saved;
		*f = NULL;
	}
}

#define WL_CLEANUP(fn) __attribute__((cleanup(fn)))
#define WL_AUTO_CLOSE  WL_CLEANUP(wl_cleanup_close)
#define WL_AUTO_FREE   WL_CLEANUP(wl_cleanup_free)
#define WL_AUTO_FCLOSE WL_CLEANUP(wl_cleanup_fclose)

/* A large buffer that is written before it is read: not worth zeroing at every call. */
#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define WL_UNINITIALISED __attribute__((uninitialized))
#endif
#endif
#ifndef WL_UNINITIALISED
#define WL_UNINITIALISED
#endif

#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int *wl_take_fd_ = &(fd);                                                          \
		int wl_taken_fd_ = *wl_take_fd_;                                                   \
		*wl_take_fd_ = -1;                                                                 \
		wl_taken_fd_;                                                                      \
	})

#define TAKE_PTR(ptr)                                                                              \
	({                                                                                         \
		__typeof__(ptr) *wl_take_ptr_ = &(ptr);                                            \
		__typeof__(ptr) wl_taken_ptr_ = *wl_take_ptr_;                                     \
		*wl_take_ptr_ = NULL;                                                              \
		wl_taken_ptr_;                                                                     \
	})

#define WL_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
