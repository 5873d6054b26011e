/* Other programs of weighlock, found beside this one or where they were installed. */
#ifndef WL_CLIENT_BESIDE_H
#define WL_CLIENT_BESIDE_H

#include <stddef.h>

/*
 * The path of a program: `variable` of the environment (not when running with more rights than the
 * caller's), else beside this program, in ../sbin from it, in the folder it was installed to, or
 * (an uninstalled build) in `build_folder` beside this program's. 0 or -ENOENT.
 */
int wl_beside_find(const char *program, const char *variable, const char *installed_folder,
                   const char *build_folder, char *buf, size_t size);

#endif
