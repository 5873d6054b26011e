/*
 * Reading manifests of a bag that was in other hands.
 *
 * The bytes are hostile: a path that leaves the bag, repeats, or has a second spelling on another
 * system is refused before any file is opened by it. Runs in the client; nothing is kept.
 */
#include "client/bag_manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/sha256.h"

#define LINES_MAX (WL_TRANSFER_FILES_MAX + 64U)

static bool is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

/* Names without a dot in front, joined by single slashes. */
static bool path_is_good(const char *path, bool payload)
{
	if (payload != (strncmp(path, "data/", 5) == 0) || (!payload && strchr(path, '/')))
		return false;
	for (const char *p = path; *p; p++) {
		bool first = p == path || p[-1] == '/';
		if (first ? *p == '.' || !is_name_character(*p)
		          : *p != '/' && !is_name_character(*p))
			return false;
	}
	return path[0] && path[strlen(path) - 1] != '/';
}

static int read_line(const char *line, size_t n, size_t digest_bytes, bool payload,
                     struct wl_bag_line *ret)
{
	char hex[2 * WL_BAG_DIGEST_MAX + 1];
	size_t digits = 2 * digest_bytes;

	if (n <= digits + 2 || n - digits - 2 > WL_BAG_NAME_MAX || memchr(line, 0, n))
		return -EINVAL;
	memcpy(hex, line, digits);
	hex[digits] = '\0';
	memcpy(ret->path, line + digits + 2, n - digits - 2);
	ret->path[n - digits - 2] = '\0';
	return line[digits] == ' ' && line[digits + 1] == ' ' &&
	                       wl_hex_decode(hex, ret->digest, digest_bytes) == 0 &&
	                       path_is_good(ret->path, payload)
	               ? 0
	               : -EINVAL;
}

static size_t count_lines(const char *text, size_t n)
{
	size_t lines = 0;

	for (size_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

int wl_bag_lines_read(const char *name, const char *text, size_t n, size_t digest_bytes,
                      bool payload, struct wl_bag_lines *ret, struct wl_finding *f)
{
	size_t lines = count_lines(text, n);
	const char *at = text, *end;

	if (lines == 0 || lines > LINES_MAX || text[n - 1] != '\n')
		return wl_refuse(f, WL_RULE_BAG_STRUCTURE, "%s has %zu lines, or ends within one",
		                 name, lines);
	ret->v = calloc(lines, sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (; ret->n < lines; ret->n++, at = end + 1) {
		struct wl_bag_line *line = &ret->v[ret->n];
		end = memchr(at, '\n', n - (size_t)(at - text));
		if (!end || read_line(at, (size_t)(end - at), digest_bytes, payload, line) < 0 ||
		    (ret->n > 0 && strcmp(line[-1].path, line->path) >= 0))
			return wl_refuse(f, WL_RULE_BAG_STRUCTURE,
			                 "%s, line %zu is not one that a station writes", name,
			                 ret->n + 1);
	}
	return 0;
}

static int by_path(const void *key, const void *line)
{
	return strcmp(key, ((const struct wl_bag_line *)line)->path);
}

const struct wl_bag_line *wl_bag_lines_find(const struct wl_bag_lines *lines, const char *path)
{
	return lines->n ? bsearch(path, lines->v, lines->n, sizeof(*lines->v), by_path) : NULL;
}

void wl_bag_lines_clear(struct wl_bag_lines *lines)
{
	free(lines->v);
	*lines = (struct wl_bag_lines){0};
}
