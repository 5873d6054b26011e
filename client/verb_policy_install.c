/*
 * `policy install`: proposes a signed policy. From a folder of the person's its files are read and
 * sent here; from a port the station reads them. Nothing is parsed here; the station checks the
 * signature before it reads a byte.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "client/say.h"
#include "client/station.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "policy/model.h"

static void close_folder(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

/* Adds one file; *total counts bytes. 0 or the exit status. */
static int add_file(const struct wl_cli *cli, int folder, const char *name, json_t *files,
                    size_t *total)
{
	WL_AUTO_FREE void *p = NULL;
	size_t n = 0;
	int r = wl_file_read(folder, name, WL_POLICY_FILES_BYTES_MAX, &p, &n);

	if (r >= 0)
		*total += n;
	if (r == -EFBIG || *total > WL_POLICY_FILES_BYTES_MAX)
		return wl_say_failure(cli, WL_EXIT_USAGE, "TooMuch",
		                      _("The policy and its files are more than %u bytes "
		                        "together."),
		                      (unsigned)WL_POLICY_FILES_BYTES_MAX);
	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", _("%s cannot be read: %s."), name,
		                      strerror(-r));
	WL_AUTO_FREE char *base64 = malloc(4 * ((n + 2) / 3) + 1);
	if (!base64)
		return WL_EXIT_FAULT;
	wl_base64_encode(p, n, base64);
	(void)json_array_append_new(files, json_pack("{s:s, s:s}", "name", name, "base64", base64));
	return 0;
}

static int collect(const struct wl_cli *cli, const char *path, json_t *files)
{
	WL_CLEANUP(close_folder) DIR *folder = opendir(path);
	size_t total = 0;
	bool has_policy = false, has_signature = false;
	int status = 0;
	struct dirent *e;

	if (!folder)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s cannot be read: %s."), path, strerror(errno));
	while (!status && (e = readdir(folder))) {
		if (!wl_policy_file_is_wanted(e->d_name, strlen(e->d_name)))
			continue;
		has_policy |= !strcmp(e->d_name, "policy.yaml");
		has_signature |= !strcmp(e->d_name, "policy.yaml.p7s");
		status = add_file(cli, dirfd(folder), e->d_name, files, &total);
	}
	if (!status && (!has_policy || !has_signature))
		status = wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument", _("%s lacks %s."), path,
		                        has_policy ? "policy.yaml.p7s" : "policy.yaml");
	return status;
}

int wl_verb_policy_install(struct wl_cli *cli)
{
	const char *path = wl_args_value(cli->args, "from");
	json_t *call = json_object(), *answer = NULL;
	char command[64];
	int status = 0;

	if (strchr(path, '/')) {
		json_t *files = json_array();
		status = collect(cli, path, files);
		(void)json_object_set_new(call, "files", files);
	} else {
		(void)json_object_set_new(call, "port", json_string(path));
	}
	if (status) {
		json_decref(call);
		return status;
	}
	status = wl_station_call(cli, "PolicyPropose", call, &answer);
	if (status)
		return status;
	json_int_t version = wl_member_integer(answer, "version");
	wl_say(cli,
	       _("Policy version %lld is signed by the pinned policy authority and waits for "
	         "a second administrator."),
	       (long long)version);
	(void)snprintf(command, sizeof(command), "weighlock policy confirm %lld",
	               (long long)version);
	wl_say_next(cli, false, _("Another administrator looks at it and types"), NULL, command);
	(void)json_object_set_new(answer, "next_command", json_string(command));
	wl_cli_json(cli, answer);
	json_decref(answer);
	return WL_EXIT_DONE;
}
