/*
 * What `scrub` is to do: its sources, its folder for outputs, the policy it was given.
 *
 * Names of sources may come from a scanner's stick: they are shown escaped and never become part of
 * an output. The policy is its user's own unsigned word. Runs in the client; power: OUT may be left
 * with nothing in it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/folder.h"
#include "client/policy_load.h"
#include "client/say.h"
#include "client/scrub.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

static int add_source(struct wl_scrub *s, const char *prefix, const char *path, size_t folder,
                      uint64_t bytes)
{
	if (s->nsources % 64 == 0) {
		void *v = reallocarray(s->sources, s->nsources + 64, sizeof(*s->sources));
		if (!v)
			return -ENOMEM;
		s->sources = v;
	}
	WL_AUTO_FREE char *whole = NULL;
	if (asprintf(&whole, "%s%s%s", prefix, prefix[0] ? "/" : "", path) < 0) {
		whole = NULL;
		return -ENOMEM;
	}
	size_t room = 3 * strlen(whole) + 1;
	struct wl_scrub_source *one = &s->sources[s->nsources];
	*one = (struct wl_scrub_source){
	        .shown = malloc(room), .path = strdup(path), .folder = folder, .bytes = bytes};
	s->nsources++;
	if (!one->shown || !one->path)
		return -ENOMEM;
	return wl_path_escape(whole, strlen(whole), one->shown, room);
}

static int add_folder(struct wl_scrub *s, int fd)
{
	int *v = reallocarray(s->folders, s->nfolders + 1, sizeof(*v));

	if (!v) {
		(void)close(fd);
		return -ENOMEM;
	}
	s->folders = v;
	s->folders[s->nfolders++] = fd;
	return 0;
}

static int gather_folder(struct wl_scrub *s, const char *path)
{
	WL_CLEANUP(wl_items_clear) struct wl_items items = {0};
	int fd = -1, status = wl_folder_list(s->cli, path, &items, &fd);
	int r = status ? 0 : add_folder(s, fd);

	for (size_t i = 0; !status && r == 0 && i < items.n; i++)
		if (!items.v[i].folder)
			r = add_source(s, path, items.v[i].path, s->nfolders - 1, items.v[i].size);
	return r < 0 ? wl_say_failure(s->cli, WL_EXIT_FAULT, "IO", "%s: %s.", path, strerror(-r))
	             : status;
}

static int gather_file(struct wl_scrub *s, const char *path, uint64_t bytes)
{
	WL_AUTO_FREE char *for_folder = strdup(path);
	WL_AUTO_FREE char *for_name = strdup(path);

	if (!for_folder || !for_name)
		return WL_EXIT_FAULT;
	const char *folder = dirname(for_folder), *name = basename(for_name);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : add_folder(s, fd);
	if (r == 0)
		r = add_source(s, strchr(path, '/') ? folder : "", name, s->nfolders - 1, bytes);
	return r < 0 ? wl_say_failure(s->cli, WL_EXIT_FAULT, "IO", "%s: %s.", path, strerror(-r))
	             : 0;
}

int wl_scrub_gather(struct wl_scrub *s)
{
	int status = 0;

	for (size_t i = 0; !status && i < wl_args_operands(s->cli->args); i++) {
		const char *path = wl_args_operand(s->cli->args, i);
		struct stat st;
		if (lstat(path, &st) < 0)
			return wl_say_failure(s->cli, WL_EXIT_USAGE, "BadArgument",
			                      _("%s cannot be read: %s."), path, strerror(errno));
		if (S_ISDIR(st.st_mode))
			status = gather_folder(s, path);
		else if (S_ISREG(st.st_mode))
			status = gather_file(s, path, (uint64_t)st.st_size);
		else
			status =
			        wl_say_failure(s->cli, WL_EXIT_USAGE, "BadArgument",
			                       _("%s is a link or a special file; only plain files "
			                         "and folders are taken."),
			                       path);
	}
	if (!status && s->nsources == 0)
		return wl_say_failure(s->cli, WL_EXIT_USAGE, "BadArgument",
		                      _("There is no file in what was named."));
	return status;
}

static bool is_empty(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	bool empty = d != NULL;

	while (d && (e = readdir(d)))
		empty = empty && (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."));
	if (d)
		(void)closedir(d);
	return empty;
}

int wl_scrub_open_out(struct wl_scrub *s)
{
	s->out_made = mkdir(s->out_name, 0777) == 0;
	if (!s->out_made && errno != EEXIST)
		return wl_say_failure(s->cli, WL_EXIT_FAULT, "IO",
		                      _("The folder %s cannot be made: %s."), s->out_name,
		                      strerror(errno));
	s->out = open(s->out_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->out < 0)
		return wl_say_failure(s->cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s is no folder to write into: %s."), s->out_name,
		                      strerror(errno));
	if (!is_empty(s->out))
		return wl_say_failure(s->cli, WL_EXIT_USAGE, "BadArgument",
		                      _("The folder %s is not empty. Name a new one, so that clean "
		                        "copies lie with nothing else."),
		                      s->out_name);
	return 0;
}

static int take_masks(struct wl_scrub *s)
{
	const struct wl_policy_device *d = s->device;

	if (d->nmasks > WL_IMAGE_MASKS_MAX)
		return wl_say_failure(s->cli, WL_EXIT_USAGE, "policy.value",
		                      _("The device %s has more than %u masks."), d->id,
		                      WL_IMAGE_MASKS_MAX);
	for (size_t i = 0; i < d->nmasks; i++) {
		const struct wl_policy_mask *m = &d->masks[i];
		s->masks[i] = (struct wl_picture_mask){.width = (uint32_t)m->width,
		                                       .height = (uint32_t)m->height};
		for (size_t j = 0; j < 4; j++)
			s->masks[i].rect[j] = (uint32_t)m->rect[j];
	}
	s->nmasks = d->nmasks;
	return 0;
}

static int find_device(struct wl_scrub *s, const char *id)
{
	for (size_t i = 0; i < s->policy->ndevices; i++)
		if (!strcasecmp(s->policy->devices[i].id, id))
			s->device = &s->policy->devices[i];
	if (!s->device)
		return wl_say_failure(s->cli, WL_EXIT_USAGE, "NoSuch",
		                      _("The policy has no device \"%s\"."), id);
	return take_masks(s);
}

int wl_scrub_load_policy(struct wl_scrub *s)
{
	const char *path = wl_args_value(s->cli->args, "policy");
	const char *device = wl_args_value(s->cli->args, "device");
	WL_AUTO_FREE struct wl_policy_errors *errors = malloc(sizeof(*errors));

	s->formats = WL_FORMAT_ALL;
	s->side_max = WL_IMAGE_SIDE_MAX;
	if (device && !path)
		return wl_say_failure(s->cli, WL_EXIT_USAGE, "BadArgument",
		                      _("--device needs --policy: the masks of a device stand "
		                        "there."));
	if (!path)
		return 0;
	int status = errors ? wl_policy_load(s->cli, path, &s->policy, errors) : WL_EXIT_FAULT;
	if (status == WL_EXIT_USAGE && errors->n > 0) {
		const struct wl_cli quiet = {.people = stderr};
		wl_policy_errors_say(&quiet, path, errors);
		return wl_say_failure(s->cli, status, wl_rule_id(errors->v[0].rule),
		                      _("%s is no policy to work by: %zu errors."), path,
		                      errors->errors);
	}
	if (status)
		return status;
	if (s->policy->outbound.formats)
		s->formats = s->policy->outbound.formats;
	s->side_max = (uint32_t)s->policy->limits.image_side;
	return device ? find_device(s, device) : 0;
}

void wl_scrub_clear(struct wl_scrub *s)
{
	for (size_t i = 0; i < s->nfolders; i++)
		(void)close(s->folders[i]);
	for (size_t i = 0; i < s->nsources; i++) {
		free(s->sources[i].shown);
		free(s->sources[i].path);
	}
	free(s->folders);
	free(s->sources);
	free(s->rows);
	wl_cleanup_close(&s->out);
	wl_policy_cleanup(&s->policy);
}
