/*
 * Finding the other programs. The environment is the caller's own and is not heeded where this
 * program has more rights than the caller.
 */
#include "client/beside.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_program(const char *path)
{
	return access(path, X_OK) == 0;
}

int wl_beside_find(const char *program, const char *variable, const char *installed_folder,
                   const char *build_folder, char *buf, size_t size)
{
	const char *named = variable[0] ? secure_getenv(variable) : NULL;
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const struct {
		const char *base, *folder;
	} places[] = {{self, ""}, {self, "/../sbin"}, {"", installed_folder}, {self, build_folder}};

	if (named && named[0]) {
		(void)snprintf(buf, size, "%s", named);
		return is_program(buf) ? 0 : -ENOENT;
	}
	self[n > 0 ? n : 0] = 0;
	char *slash = strrchr(self, '/');
	if (slash)
		*slash = 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int used =
		        snprintf(buf, size, "%s%s/%s", places[i].base, places[i].folder, program);
		if (used > 0 && (size_t)used < size && is_program(buf))
			return 0;
	}
	return -ENOENT;
}
