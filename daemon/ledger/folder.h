/* Folders of the ledger: made durably, opened beneath one descriptor without following links. */
#ifndef WL_LEDGER_FOLDER_H
#define WL_LEDGER_FOLDER_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Opens the folder `path` (relative, no "." or "..") under `dirfd`, making what is missing with
 * `mode`; each new folder's parent is fsynced. path "" opens dirfd again. 0 or negative errno.
 */
int wl_folder_make(int dirfd, const char *path, mode_t mode, int *ret_fd);

/* The same without making anything. -ENOENT. */
int wl_folder_open(int dirfd, const char *path, int *ret_fd);

/* Replaces `path` (folders made as needed) by these bytes, durably. 0 or negative errno. */
int wl_folder_write(int dirfd, const char *path, const void *p, size_t n, mode_t folder_mode,
                    mode_t file_mode);

/* Removes every file of the folder `name` and the folder itself; missing is no error. One level. */
int wl_folder_remove(int dirfd, const char *name);

#endif
