/*
 * Names of tickets and their signatures. Paths are the person's own.
 */
#include "client/ticket_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "policy/ticket.h"

bool wl_ticket_name_is_good(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t n = strlen(name), m = strlen(WL_TICKET_SUFFIX);
	return n > m && !strcmp(name + n - m, WL_TICKET_SUFFIX);
}

int wl_ticket_signature_path(const char *ticket_path, unsigned n, char *buf, size_t size)
{
	if (!wl_ticket_name_is_good(ticket_path))
		return -EINVAL;
	/* NAME.ticket.json becomes NAME.ticket.N.p7s */
	size_t stem = strlen(ticket_path) - strlen(".json");
	int used = snprintf(buf, size, "%.*s.%u.p7s", (int)stem, ticket_path, n);
	return used > 0 && (size_t)used < size ? 0 : -ENAMETOOLONG;
}

unsigned wl_ticket_signature_free(const char *ticket_path)
{
	char path[4096];
	for (unsigned n = 1; n <= WL_TICKET_SIGNATURES_MAX; n++) {
		if (wl_ticket_signature_path(ticket_path, n, path, sizeof(path)) == 0 &&
		    access(path, F_OK) < 0)
			return n;
	}
	return 0;
}
