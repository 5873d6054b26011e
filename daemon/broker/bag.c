/*
 * Composing a bag: paths of the payload, manifests, the order of everything.
 *
 * Runs in weighlockd. What comes in are facts and the three files ledgerd signed; a source's name
 * gives nothing but an extension out of a closed list, so no byte an attacker chose reaches a tag
 * file. Pure: nothing is written here, and equal orders give equal bytes.
 */
#include "daemon/broker/bag.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "daemon/broker/bag_page.h"

#define NUMBER_MAX    99999U
#define EXTENSION_MAX 5U
#define DATE_N        10 /* of YYYY-MM-DDTHH:MM:SSZ */

static const char *const extensions[] = {
        "avi", "bmp", "csv", "dcm", "dcs", "gif",  "img", "jp2", "jpeg", "jpg",
        "log", "pdf", "png", "raw", "tif", "tiff", "txt", "uff", "xml",
};

const char *wl_bag_output_name(enum wl_bag_output output)
{
	return output == WL_BAG_SCRUBBED ? "scrubbed" : "evidence";
}

/* ---- paths ---- */

/* The name's last extension where it is on the list, in lower case; else "bin". */
static const char *extension_of(const char *name, size_t n)
{
	char lower[EXTENSION_MAX + 1] = "";
	size_t at = n;

	while (at > 0 && n - at <= EXTENSION_MAX && name[at - 1] != '.' && name[at - 1] != '/')
		at--;
	if (at == 0 || name[at - 1] != '.' || n - at > EXTENSION_MAX)
		return "bin";
	for (size_t i = 0; i < n - at; i++) {
		char c = name[at + i];
		lower[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
	}
	for (size_t i = 0; i < WL_ARRAY_LEN(extensions); i++)
		if (strlen(extensions[i]) == n - at && memcmp(extensions[i], lower, n - at) == 0)
			return extensions[i];
	return "bin";
}

int wl_bag_path(enum wl_bag_output output, const char *transfer, uint32_t number,
                const void *source_name, size_t n, bool encrypted, char buf[WL_BAG_PATH_MAX])
{
	const char *ending = output == WL_BAG_SCRUBBED ? "png"
	                     : source_name             ? extension_of(source_name, n)
	                                               : "bin";

	if (!wl_id_is(WL_ID_TRANSFER, transfer) || number == 0 || number > NUMBER_MAX)
		return -EINVAL;
	(void)snprintf(buf, WL_BAG_PATH_MAX, "data/%s/%s.%05" PRIu32 ".%s%s",
	               wl_bag_output_name(output), transfer, number, ending,
	               encrypted ? ".p7m" : "");
	return 0;
}

/* What wl_bag_path could have made for this order. */
static bool path_is_ours(const struct wl_bag_order *o, const char *path)
{
	char prefix[WL_BAG_PATH_MAX], again[WL_BAG_PATH_MAX], name[WL_BAG_PATH_MAX], *end;
	size_t n = (size_t)snprintf(prefix, sizeof(prefix), "data/%s/%s.",
	                            wl_bag_output_name(o->output), o->transfer);

	if (n >= sizeof(prefix) || strncmp(path, prefix, n) != 0)
		return false;
	unsigned long number = strtoul(path + n, &end, 10);
	(void)snprintf(name, sizeof(name), "%s", end);
	n = strlen(name);
	if (o->encrypted && n > 4)
		name[n -= 4] = '\0';
	return number <= NUMBER_MAX &&
	       wl_bag_path(o->output, o->transfer, (uint32_t)number, name, n, o->encrypted,
	                   again) == 0 &&
	       strcmp(again, path) == 0;
}

static int check_order(const struct wl_bag_order *o)
{
	bool whole = o->custody.n && o->signature.n && o->receipt.n && o->payload_n > 0;

	if (!whole || !wl_id_is(WL_ID_TRANSFER, o->transfer) ||
	    (o->output != WL_BAG_SCRUBBED && o->output != WL_BAG_EVIDENCE))
		return -EINVAL;
	for (size_t i = 0; i < o->payload_n; i++)
		if (!path_is_ours(o, o->payload[i].path) ||
		    (i > 0 && strcmp(o->payload[i - 1].path, o->payload[i].path) >= 0))
			return -EINVAL;
	return 0;
}

/* ---- tag files ---- */

typedef void (*write_tag)(FILE *out, const struct wl_bag_order *o, const struct wl_bag *bag);

static void write_declaration(FILE *out, const struct wl_bag_order *o, const struct wl_bag *bag)
{
	(void)o;
	(void)bag;
	(void)fputs("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n", out);
}

static void write_info(FILE *out, const struct wl_bag_order *o, const struct wl_bag *bag)
{
	char when[WL_TIME_TEXT];
	uint64_t bytes = 0;

	(void)bag;
	for (size_t i = 0; i < o->payload_n; i++)
		bytes += o->payload[i].bytes;
	wl_time_format(o->time, when);
	(void)fprintf(
	        out,
	        "Bagging-Date: %.*s\nExternal-Identifier: %s/%s\nPayload-Oxum: %" PRIu64 ".%zu\n",
	        DATE_N, when, o->transfer, wl_bag_output_name(o->output), bytes, o->payload_n);
}

static void write_line(FILE *out, const uint8_t *digest, size_t n, const char *path)
{
	char hex[2 * WL_SHA512_BYTES + 1];

	wl_hex_encode(digest, n, hex);
	(void)fprintf(out, "%s  %s\n", hex, path);
}

static void write_manifest_256(FILE *out, const struct wl_bag_order *o, const struct wl_bag *bag)
{
	(void)bag;
	for (size_t i = 0; i < o->payload_n; i++)
		write_line(out, o->payload[i].sha256, WL_SHA256_BYTES, o->payload[i].path);
}

static void write_manifest_512(FILE *out, const struct wl_bag_order *o, const struct wl_bag *bag)
{
	(void)bag;
	for (size_t i = 0; i < o->payload_n; i++)
		write_line(out, o->payload[i].sha512, WL_SHA512_BYTES, o->payload[i].path);
}

static void write_bytes(FILE *out, struct wl_bytes b)
{
	(void)fwrite(b.p, 1, b.n, out);
}

static void write_custody(FILE *out, const struct wl_bag_order *o, const struct wl_bag *bag)
{
	(void)bag;
	write_bytes(out, o->custody);
}

static void write_signature(FILE *out, const struct wl_bag_order *o, const struct wl_bag *bag)
{
	(void)bag;
	write_bytes(out, o->signature);
}

static void write_receipt(FILE *out, const struct wl_bag_order *o, const struct wl_bag *bag)
{
	(void)bag;
	write_bytes(out, o->receipt);
}

static void write_read_me(FILE *out, const struct wl_bag_order *o, const struct wl_bag *bag)
{
	(void)bag;
	wl_bag_page_read_me(out, o);
}

static void write_index(FILE *out, const struct wl_bag_order *o, const struct wl_bag *bag)
{
	(void)bag;
	wl_bag_page_index(out, o);
}

/* Every tag file written before this one, in the order of their names. */
static void write_tag_manifest(FILE *out, const struct wl_bag_order *o, const struct wl_bag *bag)
{
	const char *last = "";

	(void)o;
	for (size_t done = 0; done < bag->n; done++) {
		const struct wl_bag_tag *next = NULL;
		for (size_t i = 0; i < bag->n; i++)
			if (strcmp(bag->tag[i].name, last) > 0 &&
			    (!next || strcmp(bag->tag[i].name, next->name) < 0))
				next = &bag->tag[i];
		if (!next)
			return;
		write_line(out, next->sha256, WL_SHA256_BYTES, next->name);
		last = next->name;
	}
}

/* In the order in which they stand on the volume; the last covers all others. */
static const struct {
	const char *name;
	write_tag write;
	bool pictures; /* only where what lies there can be looked at */
} tags[] = {
        {"LISEZ-MOI_READ-ME.html", write_read_me, false},
        {"index.html", write_index, true},
        {"bagit.txt", write_declaration, false},
        {"bag-info.txt", write_info, false},
        {"custody.json", write_custody, false},
        {"custody.json.p7s", write_signature, false},
        {"receipt.txt", write_receipt, false},
        {"manifest-sha256.txt", write_manifest_256, false},
        {"manifest-sha512.txt", write_manifest_512, false},
        {"tagmanifest-sha256.txt", write_tag_manifest, false},
};
_Static_assert(WL_ARRAY_LEN(tags) <= WL_BAG_TAG_FILES_MAX, "room for every tag file");

static int add_tag(struct wl_bag *bag, const char *name, write_tag write,
                   const struct wl_bag_order *o)
{
	struct wl_bag_tag *t = &bag->tag[bag->n];
	FILE *out = open_memstream(&t->bytes, &t->n);

	if (!out)
		return -ENOMEM;
	write(out, o, bag);
	int bad = ferror(out);
	if (fclose(out) != 0 || bad) {
		free(t->bytes);
		t->bytes = NULL;
		return -ENOMEM;
	}
	t->name = name;
	bag->n++;
	return wl_sha256_of(t->bytes, t->n, t->sha256);
}

int wl_bag_compose(const struct wl_bag_order *o, struct wl_bag *ret)
{
	WL_CLEANUP(wl_bag_clear) struct wl_bag bag = {0};
	int r = check_order(o);

	for (size_t i = 0; r == 0 && i < WL_ARRAY_LEN(tags); i++)
		if (!tags[i].pictures || (o->output == WL_BAG_SCRUBBED && !o->encrypted))
			r = add_tag(&bag, tags[i].name, tags[i].write, o);
	if (r < 0)
		return r;
	*ret = bag;
	bag = (struct wl_bag){0};
	return 0;
}

void wl_bag_clear(struct wl_bag *bag)
{
	for (size_t i = 0; i < bag->n; i++)
		free(bag->tag[i].bytes);
	*bag = (struct wl_bag){0};
}
