/* Files of a ledger's folder, opened as hostile files must be. */
#ifndef WL_VERIFY_FILES_H
#define WL_VERIFY_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "verify/hash.h"

#define VERIFY_PATH_MAX 128

/* tile/<what>/<N in groups of three, all but the last with x>, `.p/W` where width is below 256. */
void verify_tile_path(char *buf, size_t size, const char *what, uint64_t n, unsigned width);

/*
 * Reads at most max bytes of a regular file into buf (which has room for max + 1). The number of
 * bytes; -EFBIG where there are more, -EINVAL for what is no regular file, -ELOOP for a link, -EIO,
 * or what openat says.
 */
ssize_t verify_file_read(int dirfd, const char *path, uint8_t *buf, size_t max);

/* SHA-256 of a regular file of any size. 0, or as above. */
int verify_file_hash(int dirfd, const char *path, struct verify_hash *sha, uint8_t *ret);

/* The tile of this width, or the full one, which begins with the same bytes. As above. */
ssize_t verify_tile_read(int dirfd, const char *what, uint64_t n, unsigned width, uint8_t *buf,
                         size_t max);

/* Writes a new file and puts it in the place of an old one: there whole or not at all, also after a
 * power cut. 0 or negative errno. */
int verify_file_replace(int dirfd, const char *name, const void *p, size_t n);

#endif
