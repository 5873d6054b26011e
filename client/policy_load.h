/* A policy.yaml of the person's own and the files beside it, read as its user's own word. */
#ifndef WL_CLIENT_POLICY_LOAD_H
#define WL_CLIENT_POLICY_LOAD_H

#include "client/cli.h"
#include "policy/model.h"

/* The folder a path's file lies in: a descriptor (O_PATH semantics are not needed), or negative
 * errno. */
int wl_policy_folder(const char *path);

/*
 * Reads it and compares the files it names. 0: *ret (wl_policy_free) and what was warned of; the
 * exit status 2 with the errors in *ret_errors (nothing was said yet); other exit status: said.
 * *ret stays NULL where the policy itself is bad.
 */
int wl_policy_load(const struct wl_cli *cli, const char *path, struct wl_policy **ret,
                   struct wl_policy_errors *ret_errors);

/* Prints them as compilers do: FILE:LINE:COLUMN: sentence (rule …). JSON: one object a line. */
void wl_policy_errors_say(const struct wl_cli *cli, const char *path,
                          const struct wl_policy_errors *errors);

#endif
