/*
 * The reader of a bag's manifests on any bytes, as a recipient is handed them on a stick: what is
 * read is in order, each path only once and found again by its name; all else is bag.structure. The
 * first byte says which manifest it is to be (SHA-256 or SHA-512, payload or tag files).
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/bag_manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const struct wl_bag_lines *lines, size_t i, bool payload)
{
	const struct wl_bag_line *line = &lines->v[i];

	assert(wl_bag_lines_find(lines, line->path) == line);
	assert(i == 0 || strcmp(lines->v[i - 1].path, line->path) < 0);
	assert(line->path[0] != '/' && line->path[0] != '.' && !strstr(line->path, "/."));
	assert((strncmp(line->path, "data/", 5) == 0) == payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wl_bag_lines lines = {0};
	struct wl_finding f = {.rule = WL_RULE_NONE};

	if (size == 0)
		return 0;
	bool payload = data[0] & 1;
	char *text = malloc(size); /* of the caller: a NUL behind the bytes, as from a file */
	if (!text)
		abort();
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	int r = wl_bag_lines_read("manifest-sha256.txt", text, size - 1, data[0] & 2 ? 64 : 32,
	                          payload, &lines, &f);
	assert(r == 0 || (r == -EBADMSG && f.rule == WL_RULE_BAG_STRUCTURE));
	for (size_t i = 0; r == 0 && i < lines.n; i++)
		check_line(&lines, i, payload);
	wl_bag_lines_clear(&lines);
	free(text);
	return 0;
}
