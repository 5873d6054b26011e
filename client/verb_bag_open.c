/*
 * `bag open`: decrypts the files of a bag into a new folder, each by itself.
 *
 * The bag is hostile: it is checked whole before the key is used, each file is parsed and decrypted
 * in a worker, and a file gets its name only when its digest is the record's. Nothing is written
 * outside the folder, through a link or over anything. If the power goes, a file under a .part name
 * is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/bag_check.h"
#include "client/folder.h"
#include "client/offline.h"
#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/sha256.h"
#include "daemon/base/work_unseal.h"

#define DEADLINE_MS (24U * 3600U * 1000U) /* the whole bag; a person can stop it */
#define SEALED_END  ".p7m"

struct opening {
	struct wl_bag_check bag;
	int out;
	struct wl_spawn *spawn;
	struct wl_job job;
	size_t opened;
};

/* A folder that is not there yet, or an empty one. 0 or the exit status. */
static int make_out(const struct wl_cli *cli, int *ret_fd)
{
	const char *path = wl_args_value(cli->args, "output");
	struct wl_items items = {0};

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", _("%s cannot be made: %s."), path,
		                      strerror(errno));
	int status = wl_folder_list(cli, path, &items, ret_fd);
	if (!status && items.n > 0)
		status = wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                        _("%s is not empty; nothing is written over."), path);
	wl_items_clear(&items);
	return status;
}

/* The digest the record gives the plain file. */
static int plain_digest(const json_t *item, uint8_t sha256[WL_SHA256_BYTES])
{
	const char *hex = json_string_value(json_object_get(item, "output_sha256"));

	return hex ? wl_hex_decode(hex, sha256, WL_SHA256_BYTES) : -EINVAL;
}

/* Decrypts into NAME.part, which becomes NAME where its digest is the record's. */
static int open_into(struct opening *o, int sealed, const char *name,
                     const uint8_t want[WL_SHA256_BYTES], struct wl_finding *f)
{
	char part[WL_BAG_NAME_MAX + 8];
	struct wl_unsealed u;

	(void)snprintf(part, sizeof(part), "%s.part", name);
	WL_AUTO_CLOSE int fd =
	        openat(o->out, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : wl_unseal_file(&o->job, o->opened + 1, sealed, fd, &u, f);
	if (r == 0 && memcmp(u.sha256, want, WL_SHA256_BYTES) != 0)
		r = wl_refuse(f, WL_RULE_BAG_NOT_OPENED,
		              "what came out is not what the record names");
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat2(o->out, part, o->out, name, RENAME_NOREPLACE) < 0)
		r = -errno;
	if (r < 0 && fd >= 0)
		(void)unlinkat(o->out, part, 0);
	return r;
}

static int open_file(const struct wl_cli *cli, struct opening *o, size_t i)
{
	const struct wl_bag_line *line = &o->bag.payload.v[i];
	const json_t *item = json_array_get(json_object_get(o->bag.record, "items"), i);
	const char *slash = strrchr(line->path, '/');
	uint8_t want[WL_SHA256_BYTES];
	char name[WL_BAG_NAME_MAX + 1];
	struct wl_finding f = {0};
	WL_AUTO_CLOSE int sealed = -1;
	size_t n = (size_t)snprintf(name, sizeof(name), "%s", slash + 1);
	int r = wl_folder_open(o->bag.folder, line->path, &sealed);

	if (n > strlen(SEALED_END) && strcmp(name + n - strlen(SEALED_END), SEALED_END) == 0)
		name[n - strlen(SEALED_END)] = '\0';
	if (r == 0 && plain_digest(item, want) < 0)
		r = wl_refuse(&f, WL_RULE_BAG_NOT_OPENED, "the record does not name its digest");
	if (r == 0)
		r = open_into(o, sealed, name, want, &f);
	if (r == -EBADMSG && strncmp(wl_rule_id(f.rule), "bag.", 4) == 0) {
		wl_bag_found(&o->bag, f.rule, line->path, f.detail);
		return WL_EXIT_REFUSED;
	}
	if (r < 0)
		return wl_offline_failed(cli, line->path, r, &f);
	o->opened++;
	return 0;
}

static int start(const struct wl_cli *cli, struct opening *o)
{
	const char *path = wl_args_value(cli->args, "key");
	WL_AUTO_CLOSE int key = open(path, O_RDONLY | O_CLOEXEC);
	struct wl_finding f = {0};

	if (key < 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s cannot be read: %s."), path, strerror(errno));
	int status = wl_offline_start(cli, &o->spawn);
	if (status)
		return status;
	int r = wl_unseal_start(o->spawn, key, DEADLINE_MS, &o->job, &f);
	return r < 0 ? wl_offline_failed(cli, path, r, &f) : 0;
}

static int open_all(const struct wl_cli *cli, struct opening *o)
{
	struct wl_finding f = {0};
	int status = make_out(cli, &o->out);

	if (!status)
		status = start(cli, o);
	for (size_t i = 0; !status && i < o->bag.payload.n; i++)
		status = open_file(cli, o, i);
	if (!status && wl_unseal_end(&o->job, &f) < 0)
		status = wl_offline_failed(cli, "unseal", -EBADMSG, &f);
	wl_job_kill(&o->job);
	o->spawn = wl_spawn_free(o->spawn);
	return status;
}

static int answer(const struct wl_cli *cli, const struct opening *o, int status)
{
	const char *path = wl_args_value(cli->args, "output");
	json_t *json = json_pack("{s:I, s:s}", "opened", (json_int_t)o->opened, "output", path);

	if (o->bag.findings)
		wl_say(cli, _("REFUSED: %zu of %zu files were opened."), o->opened,
		       o->bag.payload.n);
	else
		wl_say(cli,
		       _("Opened %zu files into %s; each has the digest the custody record names."),
		       o->opened, path);
	wl_bag_findings_say(cli, &o->bag, json);
	if (!o->bag.findings)
		wl_say(cli, _("Whether the record is the station's: weighlock bag verify."));
	wl_cli_json(cli, json);
	json_decref(json);
	return o->bag.findings ? WL_EXIT_REFUSED : status;
}

int wl_verb_bag_open(struct wl_cli *cli)
{
	WL_AUTO_FREE struct opening *o = calloc(1, sizeof(*o));
	int status;

	if (!o)
		return WL_EXIT_FAULT;
	o->bag.folder = o->out = o->job.control.fd = -1;
	status = wl_bag_check_files(cli, wl_args_operand(cli->args, 0), &o->bag);
	if (!status && !o->bag.findings)
		status = wl_bag_check_record(cli, &o->bag);
	if (!status && !o->bag.findings && !o->bag.encrypted)
		status = wl_say_failure(
		        cli, WL_EXIT_USAGE, "BadArgument",
		        _("Nothing in this bag is encrypted; its files can be used as they "
		          "are."));
	else if (!status && !o->bag.findings)
		status = open_all(cli, o);
	if (!status || o->bag.findings)
		status = answer(cli, o, status);
	wl_cleanup_close(&o->out);
	wl_bag_check_clear(&o->bag);
	return status;
}
