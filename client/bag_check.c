/*
 * A bag's files against its manifests.
 *
 * Every byte and name is hostile: the medium was in other hands. Files are opened below the folder
 * and never through a link, hashed, and not interpreted; tag files that are read are bounded. Runs
 * in the client as the recipient's own account; nothing is written.
 */
#include "client/bag_check.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/folder.h"
#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "policy/litter.h"

#define PIECE_BYTES  (256U << 10)
#define INFO_MAX     4096U
#define TAG_MANIFEST "tagmanifest-sha256.txt"

static const char declaration[] = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

static const char *const needed_tags[] = {
        "LISEZ-MOI_READ-ME.html", "bag-info.txt",        "bagit.txt",           "custody.json",
        "custody.json.p7s",       "manifest-sha256.txt", "manifest-sha512.txt", "receipt.txt",
};

void wl_bag_check_clear(struct wl_bag_check *c)
{
	wl_cleanup_close(&c->folder);
	wl_items_clear(&c->items);
	wl_bag_lines_clear(&c->payload);
	wl_bag_lines_clear(&c->payload512);
	wl_bag_lines_clear(&c->tags);
	json_decref(c->record);
	c->record = NULL;
}

void wl_bag_found(struct wl_bag_check *c, enum wl_rule rule, const char *file, const char *detail)
{
	struct wl_bag_finding *f = &c->finding[c->findings];

	if (c->findings == WL_BAG_FINDINGS_MAX) {
		c->more++;
		return;
	}
	f->rule = rule;
	f->file[0] = '\0';
	if (file)
		wl_text_escape(file, strlen(file), f->file, sizeof(f->file));
	(void)snprintf(f->detail, sizeof(f->detail), "%s", detail);
	c->findings++;
}

/* ---- tag files ---- */

static int read_tag(struct wl_bag_check *c, const char *name, size_t max, char **ret, size_t *ret_n)
{
	WL_AUTO_CLOSE int fd = -1;
	void *p = NULL;
	int r = wl_folder_open(c->folder, name, &fd);

	if (r == 0)
		r = wl_fd_read_all(fd, max, &p, ret_n);
	if (r == -ENOENT)
		wl_bag_found(c, WL_RULE_BAG_FILE_MISSING, name, "");
	else if (r == -EFBIG || r == -ELOOP)
		wl_bag_found(c, WL_RULE_BAG_STRUCTURE, name, "a tag file is too large, or a link");
	*ret = p;
	return r;
}

static void read_lines(struct wl_bag_check *c, const char *name, size_t digest_bytes, bool payload,
                       struct wl_bag_lines *ret)
{
	WL_AUTO_FREE char *text = NULL;
	struct wl_finding f;
	size_t n = 0;

	if (read_tag(c, name, WL_MANIFEST_FILE_BYTES_MAX, &text, &n) == 0 &&
	    wl_bag_lines_read(name, text, n, digest_bytes, payload, ret, &f) == -EBADMSG)
		wl_bag_found(c, f.rule, name, f.detail);
}

/* The value of a line "Label: value" exactly as a station writes it. */
static bool info_value(const char *text, const char *label, char *buf, size_t size)
{
	const char *at = strstr(text, label);
	size_t n = at ? strcspn(at + strlen(label), "\n") : 0;

	if (!at || (at != text && at[-1] != '\n') || n == 0 || n >= size)
		return false;
	memcpy(buf, at + strlen(label), n);
	buf[n] = '\0';
	return true;
}

static void read_info(struct wl_bag_check *c)
{
	WL_AUTO_FREE char *text = NULL;
	char id[64], oxum[64], noon[32];
	size_t n = 0;
	int64_t when;

	if (read_tag(c, "bag-info.txt", INFO_MAX, &text, &n) < 0 || !text)
		return;
	bool good = strlen(text) == n &&
	            info_value(text, "Bagging-Date: ", c->date, sizeof(c->date)) &&
	            info_value(text, "External-Identifier: ", id, sizeof(id)) &&
	            info_value(text, "Payload-Oxum: ", oxum, sizeof(oxum));
	char *slash = good ? strchr(id, '/') : NULL;
	(void)snprintf(noon, sizeof(noon), "%sT12:00:00Z", c->date);
	if (!slash || wl_time_parse(noon, &when) < 0) {
		c->date[0] = '\0';
		wl_bag_found(c, WL_RULE_BAG_STRUCTURE, "bag-info.txt",
		             "bag-info.txt lacks what it must say");
		return;
	}
	*slash = '\0';
	(void)snprintf(c->transfer, sizeof(c->transfer), "%s", id);
	(void)snprintf(c->output, sizeof(c->output), "%s", slash + 1);
	(void)snprintf(c->oxum, sizeof(c->oxum), "%s", oxum);
}

/* ---- what is there and what should be ---- */

static bool is_known(const struct wl_bag_check *c, const char *path)
{
	return strcmp(path, TAG_MANIFEST) == 0 || wl_bag_lines_find(&c->tags, path) ||
	       wl_bag_lines_find(&c->payload, path);
}

static int find_extra(struct wl_bag_check *c)
{
	WL_AUTO_FREE enum wl_litter *litter = calloc(c->items.n + 1, sizeof(*litter));

	if (!litter)
		return -ENOMEM;
	wl_litter_judge(&c->items, litter);
	for (size_t i = 0; i < c->items.n; i++) {
		const struct wl_item *item = &c->items.v[i];
		if (item->folder || is_known(c, item->path))
			continue;
		if (litter[i] == WL_LITTER_LEAVE && strncmp(item->path, "data/", 5) != 0)
			c->litter++;
		else
			wl_bag_found(c, WL_RULE_BAG_FILE_EXTRA, item->path, "");
	}
	return 0;
}

static void find_missing(struct wl_bag_check *c, const struct wl_bag_lines *lines, bool payload)
{
	for (size_t i = 0; i < lines->n; i++) {
		const char *path = lines->v[i].path;
		const struct wl_item *item = wl_items_find(&c->items, path, strlen(path));
		if (!item || item->folder)
			wl_bag_found(c, WL_RULE_BAG_FILE_MISSING, path, "");
		else if (payload)
			c->bytes += item->size;
	}
	for (size_t i = 0; !payload && i < WL_ARRAY_LEN(needed_tags); i++)
		if (!wl_bag_lines_find(lines, needed_tags[i]))
			wl_bag_found(c, WL_RULE_BAG_STRUCTURE, TAG_MANIFEST,
			             "the tag manifest does not name every tag file");
}

/* Last: a changed or missing file is said as that. */
static void check_oxum(struct wl_bag_check *c)
{
	char want[64];

	(void)snprintf(want, sizeof(want), "%llu.%zu", (unsigned long long)c->bytes, c->payload.n);
	if (c->findings == 0 && strcmp(want, c->oxum) != 0)
		wl_bag_found(c, WL_RULE_BAG_STRUCTURE, "bag-info.txt",
		             "there is more or less in data/ than Payload-Oxum says");
}

/* Both manifests name the same files; then one pass gives both digests. */
static void compare_manifests(struct wl_bag_check *c)
{
	bool same = c->payload.n == c->payload512.n;

	for (size_t i = 0; same && i < c->payload.n; i++)
		same = strcmp(c->payload.v[i].path, c->payload512.v[i].path) == 0;
	if (!same)
		wl_bag_found(c, WL_RULE_BAG_STRUCTURE, "manifest-sha512.txt",
		             "the two manifests do not name the same files");
}

/* ---- digests ---- */

static void free_context(EVP_MD_CTX **ctx)
{
	EVP_MD_CTX_free(*ctx);
}

static int digest(int fd, uint8_t sha256[32], uint8_t sha512[64])
{
	WL_CLEANUP(free_context) EVP_MD_CTX *small = EVP_MD_CTX_new();
	WL_CLEANUP(free_context) EVP_MD_CTX *large = EVP_MD_CTX_new();
	static uint8_t piece[PIECE_BYTES];
	off_t at = 0;
	ssize_t n;
	unsigned a, b;

	if (!small || !large || EVP_DigestInit_ex(small, EVP_sha256(), NULL) != 1 ||
	    EVP_DigestInit_ex(large, EVP_sha512(), NULL) != 1)
		return -ENOMEM;
	while ((n = wl_pread_full(fd, piece, sizeof(piece), at)) > 0) {
		if (EVP_DigestUpdate(small, piece, (size_t)n) != 1 ||
		    EVP_DigestUpdate(large, piece, (size_t)n) != 1)
			return -EIO;
		at += n;
	}
	if (n < 0)
		return (int)n;
	return EVP_DigestFinal_ex(small, sha256, &a) == 1 &&
	                       EVP_DigestFinal_ex(large, sha512, &b) == 1
	               ? 0
	               : -EIO;
}

static int check_digests(struct wl_bag_check *c, const struct wl_bag_lines *lines,
                         const struct wl_bag_lines *lines512)
{
	for (size_t i = 0; i < lines->n; i++) {
		WL_AUTO_CLOSE int fd = -1;
		uint8_t sha256[32], sha512[64];
		const char *path = lines->v[i].path;
		int r = wl_folder_open(c->folder, path, &fd);
		if (r == -ENOENT || r == -EISDIR)
			continue; /* said as missing */
		if (r == 0)
			r = digest(fd, sha256, sha512);
		if (r == -EIO || r == -ENOMEM)
			return r;
		if (r < 0 || memcmp(sha256, lines->v[i].digest, sizeof(sha256)) != 0)
			wl_bag_found(c, WL_RULE_BAG_FILE_CHANGED, path,
			             "its SHA-256 is not the one of the manifest");
		else if (lines512 && memcmp(sha512, lines512->v[i].digest, sizeof(sha512)) != 0)
			wl_bag_found(c, WL_RULE_BAG_FILE_CHANGED, path,
			             "its SHA-512 is not the one of the manifest");
	}
	return 0;
}

static void check_declaration(struct wl_bag_check *c)
{
	WL_AUTO_FREE char *text = NULL;
	size_t n = 0;

	if (read_tag(c, "bagit.txt", INFO_MAX, &text, &n) == 0 &&
	    (n != strlen(declaration) || memcmp(text, declaration, n) != 0))
		wl_bag_found(c, WL_RULE_BAG_STRUCTURE, "bagit.txt",
		             "bagit.txt is not that of BagIt 1.0");
}

int wl_bag_check_files(const struct wl_cli *cli, const char *path, struct wl_bag_check *c)
{
	int status = wl_folder_list(cli, path, &c->items, &c->folder), r = 0;

	if (status)
		return status;
	check_declaration(c);
	read_lines(c, "manifest-sha256.txt", 32, true, &c->payload);
	read_lines(c, "manifest-sha512.txt", 64, true, &c->payload512);
	read_lines(c, TAG_MANIFEST, 32, false, &c->tags);
	if (c->findings)
		return 0; /* without manifests nothing else can be said */
	find_missing(c, &c->payload, true);
	find_missing(c, &c->tags, false);
	read_info(c);
	compare_manifests(c);
	if (c->findings == 0 || c->finding[0].rule != WL_RULE_BAG_STRUCTURE) {
		r = find_extra(c);
		if (r == 0)
			r = check_digests(c, &c->payload,
			                  c->payload.n == c->payload512.n ? &c->payload512 : NULL);
		if (r == 0)
			r = check_digests(c, &c->tags, NULL);
		check_oxum(c);
	}
	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", _("%s cannot be read: %s."), path,
		                      strerror(-r));
	return 0;
}
