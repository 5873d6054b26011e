/*
 * The payload of a bag and its tag files (weighlockd, work thread).
 *
 * Nothing here comes from outside: paths and digests are ours, out of the manifest whose digest the
 * ledger holds and out of the ledger's own entries; the bytes of the payload are not touched. When
 * power goes all of it is made again from the same facts.
 */
#include "daemon/broker/bag_contents.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/text.h"

#define DOCUMENT_MAX (64U << 20)

void wl_bag_contents_clear(struct wl_bag_contents *c)
{
	for (size_t i = 0; i < c->ntags; i++)
		wl_cleanup_close(&c->tag_fd[i]);
	wl_bag_clear(&c->bag);
	free(c->payload);
	free(c->names);
	*c = (struct wl_bag_contents){0};
}

/* ---- payload ---- */

static int by_path(const void *a, const void *b)
{
	const struct wl_bag_payload *x = a, *y = b;
	return strcmp(x->path, y->path);
}

static bool ends_sealed(const char *path)
{
	size_t n = strlen(path);
	return n > 4 && strcmp(path + n - 4, ".p7m") == 0;
}

struct asking {
	struct wl_bag_contents *c;
	const char *output;
	bool *known;
};

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

/* The last entry that says what lies there counts: a decision may have been made again. */
static void take_decided(struct asking *a, const json_t *data)
{
	const char *name = text_of(data, "output_name");
	const char *sha256 = text_of(
	        data, json_object_get(data, "sealed_sha256") ? "sealed_sha256" : "output_sha256");
	uint8_t digest[WL_SHA256_BYTES];
	if (strcmp(text_of(data, "output"), a->output) != 0 || !name[0] ||
	    wl_hex_decode(sha256, digest, sizeof(digest)) < 0)
		return;
	struct wl_bag_payload wanted = {.bytes = 0}, *p;
	(void)snprintf(wanted.path, sizeof(wanted.path), "data/%.8s/%.40s%s", a->output, name,
	               json_object_get(data, "sealed_sha256") ? ".p7m" : "");
	p = bsearch(&wanted, a->c->payload, a->c->n, sizeof(*p), by_path);
	if (p && memcmp(p->sha256, digest, sizeof(digest)) == 0)
		a->known[p - a->c->payload] = wl_hex_decode(text_of(data, "output_sha512"),
		                                            p->sha512, sizeof(p->sha512)) == 0;
}

static bool on_entry(void *user, uint64_t seq, const char *text, size_t n)
{
	json_t *entry = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	(void)seq;
	if (!strcmp(text_of(entry, "event"), "item.decided"))
		take_decided(user, json_object_get(entry, "data"));
	json_decref(entry);
	return true;
}

static int take_payload(struct wl_bag_contents *c, const struct wl_delivery *d)
{
	c->payload = calloc(d->n + 1, sizeof(*c->payload));
	c->names = calloc(d->n + 1, sizeof(*c->names));
	if (!c->payload || !c->names)
		return -ENOMEM;
	for (size_t i = 0; i < d->n; i++) {
		const struct wl_delivery_file *file = &d->v[i];
		struct wl_bag_payload *p = &c->payload[c->n++];
		if (file->path_n >= sizeof(p->path))
			return -EINVAL;
		memcpy(p->path, file->path, file->path_n);
		p->bytes = file->bytes;
		memcpy(p->sha256, file->sha256, sizeof(p->sha256));
		c->encrypted = c->encrypted || ends_sealed(p->path);
	}
	qsort(c->payload, c->n, sizeof(*c->payload), by_path);
	return 0;
}

int wl_bag_contents_load(struct wl_bench *bench, const struct wl_release_task *job,
                         const struct wl_delivery *d, struct wl_bag_contents *ret,
                         struct wl_finding *f)
{
	WL_AUTO_FREE bool *known = calloc(d->n + 1, sizeof(*known));
	struct asking a = {ret, job->output, known};
	int r = known ? take_payload(ret, d) : -ENOMEM;
	if (r == 0)
		r = wl_ledger_entries(bench->ledger, job->task.transfer, 0, UINT64_MAX >> 1,
		                      on_entry, &a, f);
	for (size_t i = 0; r == 0 && i < ret->n; i++) {
		wl_export_out_name(job->output, ret->payload[i].path, ret->names[i]);
		if (!known[i])
			r = wl_refuse(f, WL_RULE_MEDIUM_CHANGED, "%s",
			              "the ledger does not know a file of this output");
	}
	return r;
}

/* ---- the whole ---- */

static int document(const struct wl_note *note, const char *name, void **ret_p,
                    struct wl_bytes *ret)
{
	size_t n = 0;
	for (unsigned i = 0; i < note->n; i++) {
		if (strcmp(note->file[i].name, name) != 0)
			continue;
		int r = wl_fd_read_all(note->file[i].fd, DOCUMENT_MAX, ret_p, &n);
		if (r == 0)
			*ret = (struct wl_bytes){*ret_p, n};
		return r;
	}
	return -ENOENT;
}

static int plan_tags(struct wl_bag_contents *c, struct wl_build_file *plan, size_t *n)
{
	for (size_t i = 0; i < c->bag.n; i++) {
		const struct wl_bag_tag *tag = &c->bag.tag[i];
		int r = wl_memfd_sealed(tag->name, tag->bytes, tag->n, &c->tag_fd[c->ntags]);
		if (r < 0)
			return r;
		plan[(*n)++] = (struct wl_build_file){.path = tag->name,
		                                      .path_n = strlen(tag->name),
		                                      .bytes = tag->n,
		                                      .fd = c->tag_fd[c->ntags++],
		                                      .sha256 = tag->sha256};
		if (strcmp(tag->name, "tagmanifest-sha256.txt") == 0)
			memcpy(c->sha256, tag->sha256, sizeof(c->sha256));
	}
	return 0;
}

int wl_bag_contents_plan(struct wl_bag_contents *c, const struct wl_release_task *job,
                         const struct wl_note *custody, int64_t time, struct wl_build_file *plan,
                         size_t *ret_n)
{
	WL_AUTO_FREE void *record = NULL, *signature = NULL, *receipt = NULL;
	struct wl_bag_order order = {.transfer = job->task.transfer,
	                             .output = strcmp(job->output, "scrubbed") ? WL_BAG_EVIDENCE
	                                                                       : WL_BAG_SCRUBBED,
	                             .time = time,
	                             .encrypted = c->encrypted,
	                             .test = job->test,
	                             .payload = c->payload,
	                             .payload_n = c->n};
	int r = document(custody, "custody.json", &record, &order.custody);
	if (r == 0)
		r = document(custody, "custody.json.p7s", &signature, &order.signature);
	if (r == 0)
		r = document(custody, "receipt.txt", &receipt, &order.receipt);
	if (r == 0)
		r = wl_bag_compose(&order, &c->bag);
	*ret_n = 0;
	if (r == 0)
		r = plan_tags(c, plan, ret_n);
	for (size_t i = 0; r == 0 && i < c->n; i++)
		plan[(*ret_n)++] = (struct wl_build_file){.path = c->payload[i].path,
		                                          .path_n = strlen(c->payload[i].path),
		                                          .bytes = c->payload[i].bytes,
		                                          .fd = -1,
		                                          .out = c->names[i],
		                                          .sha256 = c->payload[i].sha256};
	return r;
}
