/*
 * The files of an output, from the manifest in the vault (weighlockd).
 *
 * The broker wrote the manifest itself, and its digest stands in the ledger: before it is read it
 * is hashed and compared, so what is delivered is what was inspected and approved, also after a
 * restart.
 */
#include "daemon/broker/delivery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"

void wl_delivery_clear(struct wl_delivery *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->v[i].path);
	free(d->v);
	*d = (struct wl_delivery){0};
}

static int add(struct wl_delivery *d, const struct wl_delivery_file *file)
{
	struct wl_delivery_file *grown = realloc(d->v, (d->n + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	d->v = grown;
	d->v[d->n++] = *file;
	d->bytes += file->bytes;
	return 0;
}

/* `sha256  bytes  item  verdict  rule  path` */
static int parse_line(char *line, struct wl_delivery *d)
{
	char *field[5], *end;
	for (int i = 0; i < 5; i++) {
		char *gap = strstr(line, "  ");
		if (!gap)
			return -EINVAL;
		*gap = '\0';
		field[i] = line;
		line = gap + 2;
	}
	if (strcmp(field[3], wl_verdict_name(WL_PASS)) != 0)
		return 0;
	struct wl_delivery_file file = {0};
	const char *dot = strrchr(field[2], '.');
	if (wl_hex_decode(field[0], file.sha256, sizeof(file.sha256)) < 0 || !dot)
		return -EINVAL;
	file.bytes = strtoull(field[1], &end, 10);
	if (*end || end == field[1])
		return -EINVAL;
	file.number = (uint32_t)strtoul(dot + 1, &end, 10);
	file.path = *end ? NULL : malloc(strlen(line) + 1);
	if (!file.path)
		return *end ? -EINVAL : -ENOMEM;
	int r = wl_path_unescape(line, file.path, strlen(line) + 1, &file.path_n);
	if (r == 0)
		r = add(d, &file);
	if (r < 0)
		free(file.path);
	return r;
}

int wl_delivery_parse(char *text, struct wl_delivery *ret)
{
	WL_CLEANUP(wl_delivery_clear) struct wl_delivery d = {0};
	while (*text) {
		char *end = strchr(text, '\n');
		if (!end)
			return -EINVAL;
		*end = '\0';
		int r = parse_line(text, &d);
		if (r < 0)
			return r;
		text = end + 1;
	}
	*ret = d;
	d = (struct wl_delivery){0};
	return 0;
}

void wl_delivery_manifest_name(const char *output, char buf[WL_ID_TEXT + 16])
{
	bool plain = strcmp(output, "delivery") == 0;
	(void)snprintf(buf, WL_ID_TEXT + 16, "out/manifest%s%.32s", plain ? "" : ".",
	               plain ? "" : output);
}

int wl_delivery_load(const struct wl_vault *v, const char *transfer, const char *name,
                     const char *manifest_sha256, struct wl_delivery *ret, struct wl_finding *f)
{
	WL_AUTO_FREE void *text = NULL;
	size_t n = 0;
	uint8_t sha256[WL_SHA256_BYTES];
	char hex[WL_SHA256_HEX + 1];
	int r = wl_vault_get(v, transfer, name, WL_MANIFEST_BYTES_MAX, &text, &n);
	if (r == 0)
		r = wl_sha256_of(text, n, sha256);
	if (r == 0) {
		wl_hex_encode(sha256, sizeof(sha256), hex);
		r = strcmp(hex, manifest_sha256) == 0 ? wl_delivery_parse(text, ret) : -EBADMSG;
	}
	if (r < 0)
		return wl_refuse(f, WL_RULE_MEDIUM_CHANGED, "%s: %s",
		                 "the vault no longer holds what was inspected", strerror(-r));
	return 0;
}

const struct wl_delivery_file *wl_delivery_find(const struct wl_delivery *d, const void *path,
                                                size_t n)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].path_n == n && memcmp(d->v[i].path, path, n) == 0)
			return &d->v[i];
	return NULL;
}
