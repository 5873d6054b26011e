/* A folder of the person's own, listed and digested for offline verbs. */
#ifndef WL_CLIENT_FOLDER_H
#define WL_CLIENT_FOLDER_H

#include "client/cli.h"
#include "policy/items.h"

/*
 * Everything below `path`, numbered: files and folders, as a medium's list would be. 0 and *ret_fd
 * (the folder, the caller's), or the exit status after the person was told: links and special
 * files are not taken.
 */
int wl_folder_list(const struct wl_cli *cli, const char *path, struct wl_items *items, int *ret_fd);

/* SHA-256 and first bytes of every file in it. 0 or the exit status. */
int wl_folder_digest(const struct wl_cli *cli, int folder, struct wl_items *items);

/* A fresh read-only descriptor of a plain file in it; raw path; never through a link. 0 or negative
 * errno. */
int wl_folder_open(int folder, const char *path, int *ret_fd);

#endif
