/*
 * A policy as its user's own word: unsigned, so `not_checked` has policy.signature wherever a
 * verdict comes from it. The grammar is strict and bounded.
 */
#include "client/policy_load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"

int wl_policy_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	WL_AUTO_FREE char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!folder)
		return -ENOMEM;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The files the policy names, as they lie beside it; those that are not there are left out. */
static int check_files(const struct wl_policy *p, const char *path, struct wl_policy_errors *errors)
{
	const char *names[64];
	struct wl_policy_file files[64];
	size_t n = 0, named = wl_policy_files(p, names, WL_ARRAY_LEN(names));
	WL_AUTO_CLOSE int folder = wl_policy_folder(path);

	if (folder < 0)
		return folder;
	if (named > WL_ARRAY_LEN(names))
		return -E2BIG;
	for (size_t i = 0; i < named; i++) {
		WL_AUTO_FREE void *bytes = NULL;
		size_t size = 0;
		int r = wl_file_read(folder, names[i], WL_CERTIFICATE_FILE_BYTES_MAX, &bytes,
		                     &size);
		if (r == -ENOENT)
			continue;
		files[n].name = names[i];
		files[n].readable =
		        r == 0 && wl_policy_der_digest(bytes, size, files[n].sha256) == 0;
		n++;
	}
	return wl_policy_check_files(p, files, n, errors);
}

int wl_policy_load(const struct wl_cli *cli, const char *path, struct wl_policy **ret,
                   struct wl_policy_errors *ret_errors)
{
	WL_AUTO_FREE void *p = NULL;
	size_t n = 0;
	int r = wl_file_read(AT_FDCWD, path, WL_POLICY_BYTES_MAX, &p, &n);

	*ret = NULL;
	*ret_errors = (struct wl_policy_errors){0};
	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s cannot be read: %s."), path, strerror(-r));
	r = wl_policy_read(p, n, ret, ret_errors);
	if (r == 0)
		r = check_files(*ret, path, ret_errors);
	if (r == 0)
		return 0;
	if (r == -EBADMSG)
		return WL_EXIT_USAGE;
	*ret = wl_policy_free(*ret);
	return wl_say_failure(cli, WL_EXIT_FAULT, "IO", "%s: %s.", path, strerror(-r));
}

void wl_policy_errors_say(const struct wl_cli *cli, const char *path,
                          const struct wl_policy_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++) {
		const struct wl_policy_error *e = &errors->v[i];
		char text[400];
		(void)wl_policy_error_render(e, text, sizeof(text));
		(void)fprintf(cli->people, "%s:%u:%u: %s%s (rule %s)\n", path, e->line, e->column,
		              e->warning ? _("warning: ") : "", text, wl_rule_id(e->rule));
		json_t *object = json_pack("{s:s, s:s, s:i, s:i, s:s, s:s}", "kind",
		                           e->warning ? "warning" : "error", "rule",
		                           wl_rule_id(e->rule), "line", (int)e->line, "column",
		                           (int)e->column, "key", e->key, "reason", text);
		wl_cli_json(cli, object);
		json_decref(object);
	}
}
