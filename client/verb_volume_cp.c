/*
 * `volume cp`: copies files out of a volume's image into an empty folder. Names were decoded by a
 * parser and are checked again here: nothing is ever written outside the folder or over a file.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "client/image_read.h"
#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"

/* Nothing empty, nothing that climbs, nothing hidden in a NUL. */
static bool path_is_safe(const struct wl_item *item)
{
	const char *s = item->path;

	if (strlen(s) != item->path_n || !s[0])
		return false;
	while (*s) {
		size_t n = strcspn(s, "/");
		if (n == 0 || (n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.'))
			return false;
		s += n;
		if (*s == '/' && !*++s)
			return false;
	}
	return true;
}

static int make_folders(int root, const char *path)
{
	char part[WL_VOLUME_PATH_BYTES_MAX + 1];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t n = (size_t)(slash - path);
		if (n >= sizeof(part))
			return -ENAMETOOLONG;
		memcpy(part, path, n);
		part[n] = 0;
		if (mkdirat(root, part, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int create(int root, const char *path, int *ret_fd)
{
	struct open_how how = {.flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	                       .mode = 0644,
	                       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	int r = make_folders(root, path);
	if (r < 0)
		return r;
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int copy_one(struct wl_cli *cli, struct wl_image *image, struct wl_item *item, int root)
{
	WL_AUTO_CLOSE int fd = -1;
	char shown[3 * WL_VOLUME_PATH_BYTES_MAX + 1], sha256[WL_SHA256_HEX + 1];
	int r = path_is_safe(item) ? create(root, item->path, &fd) : -EINVAL;

	if (wl_path_escape(item->path, item->path_n, shown, sizeof(shown)) < 0)
		return WL_EXIT_FAULT;
	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", _("%s cannot be written: %s."),
		                      shown, strerror(-r));
	int status = wl_image_deliver(cli, image, item, fd);
	if (status) {
		(void)unlinkat(root, item->path, 0);
		return status;
	}
	if (fsync(fd) < 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", _("%s cannot be written: %s."),
		                      shown, strerror(errno));
	wl_hex_encode(item->sha256, WL_SHA256_BYTES, sha256);
	if (!cli->json)
		(void)printf("%s  %s\n", sha256, shown);
	json_t *object = json_pack("{s:s, s:I, s:s}", "path", shown, "bytes",
	                           (json_int_t)item->size, "sha256", sha256);
	wl_cli_json(cli, object);
	json_decref(object);
	return 0;
}

/* Named on the command line, or nothing was. */
static bool is_wanted(const struct wl_cli *cli, const struct wl_item *item)
{
	const char *path;
	size_t i = 2;

	if (item->folder)
		return false;
	for (; (path = wl_args_operand(cli->args, i)); i++) {
		if (!strcmp(path, item->path))
			return true;
	}
	return i == 2;
}

int wl_verb_volume_cp(struct wl_cli *cli)
{
	const char *folder = wl_args_operand(cli->args, 1);
	WL_AUTO_CLOSE int root = -1;
	struct wl_image image;
	size_t copied = 0;
	int worst = 0;

	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		worst = -errno;
	root = worst < 0 ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", _("%s cannot be written: %s."),
		                      folder, strerror(errno));
	int status = wl_image_open(cli, wl_args_operand(cli->args, 0), &image);
	for (size_t i = 0; !status && i < image.items.n && worst <= WL_EXIT_REFUSED; i++) {
		if (!is_wanted(cli, &image.items.v[i]))
			continue;
		int one = copy_one(cli, &image, &image.items.v[i], root);
		worst = one > worst ? one : worst;
		copied++;
	}
	if (!status && !worst && copied == 0 && wl_args_operands(cli->args) > 2)
		worst = wl_say_failure(cli, WL_EXIT_USAGE, "NoSuch",
		                       _("None of these files is on the volume."));
	wl_image_close(&image);
	return status ? status : worst;
}
