/* Whole reads and writes on descriptors, sealed memory files, durable replacement of a file. */
#ifndef WL_BASE_FDIO_H
#define WL_BASE_FDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Until n bytes or the end: the number read, or negative errno. */
ssize_t wl_read_full(int fd, void *buf, size_t n);
ssize_t wl_pread_full(int fd, void *buf, size_t n, off_t offset);
int wl_write_full(int fd, const void *buf, size_t n);                /* 0 or negative errno */
int wl_pwrite_full(int fd, const void *buf, size_t n, off_t offset); /* 0 or negative errno */

/* A memfd holding exactly these bytes, sealed (WRITE|SHRINK|GROW|SEAL), CLOEXEC, offset 0. */
int wl_memfd_sealed(const char *name, const void *p, size_t n, int *ret_fd);
/* 0 where fd is a memfd with those four seals, else -EPERM. */
int wl_memfd_check_sealed(int fd);

/* Has the pages of p[0..n) ready, all at once, instead of one fault a page as they are touched: a
 * fault costs several times as much as the page, on a virtual machine twenty times (measured). For
 * reading, or for writing (the page is then the process's own). A hint: what cannot be had now is
 * had when it is touched. Linux 5.14. */
void wl_pages_ready(const void *p, size_t n, bool for_writing);

/* A pipe for bulk data, CLOEXEC, 1 MiB deep where the system allows it. 0 or negative errno. */
int wl_pipe(int *ret_read, int *ret_write);

/* The whole file, at most max bytes (-EFBIG), with a NUL after it; free(*ret_p). */
int wl_file_read(int dirfd, const char *name, size_t max, void **ret_p, size_t *ret_n);
int wl_fd_read_all(int fd, size_t max, void **ret_p, size_t *ret_n); /* by pread from 0 */

/* tmp, fsync, rename, fsync of the folder. 0 or negative errno. */
int wl_file_replace(int dirfd, const char *name, const void *p, size_t n, mode_t mode);

#endif
