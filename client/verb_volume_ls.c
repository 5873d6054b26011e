/*
 * `volume ls`: what a volume's image holds; a line per entry, paths escaped (INTERFACES 2).
 */
#include <stdlib.h>
#include <string.h>

#include "client/image_read.h"
#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"

static int show(const struct wl_cli *cli, const struct wl_item *item)
{
	char path[3 * WL_VOLUME_PATH_BYTES_MAX + 1], sha256[WL_SHA256_HEX + 1] = "";

	if (wl_path_escape(item->path, item->path_n, path, sizeof(path)) < 0)
		return WL_EXIT_FAULT;
	if (item->has_sha256)
		wl_hex_encode(item->sha256, WL_SHA256_BYTES, sha256);
	if (!cli->json) {
		(void)printf("%12llu  %s%s%s%s\n", (unsigned long long)item->size, sha256,
		             sha256[0] ? "  " : "", path, item->folder ? "/" : "");
		return 0;
	}
	json_t *object =
	        json_pack("{s:s, s:s, s:I}", "path", path, "kind", item->folder ? "folder" : "file",
	                  "bytes", (json_int_t)item->size);
	if (item->has_sha256)
		(void)json_object_set_new(object, "sha256", json_string(sha256));
	wl_cli_json(cli, object);
	json_decref(object);
	return 0;
}

int wl_verb_volume_ls(struct wl_cli *cli)
{
	struct wl_image image;
	bool digest = wl_args_given(cli->args, "digest");
	int worst = wl_image_open(cli, wl_args_operand(cli->args, 0), &image);
	size_t n = worst ? 0 : image.items.n;

	if (!worst && !cli->json)
		(void)printf("%s, %s, %llu\n", image.filesystem, image.table,
		             (unsigned long long)image.bytes);
	/* a file that is refused is listed without digest; a fault ends the listing */
	for (size_t i = 0; i < n && worst <= WL_EXIT_REFUSED; i++) {
		struct wl_item *item = &image.items.v[i];
		int one = digest && !item->folder ? wl_image_deliver(cli, &image, item, -1) : 0;
		worst = one > worst ? one : worst;
		if (show(cli, item))
			worst = WL_EXIT_FAULT;
	}
	wl_image_close(&image);
	return worst;
}
