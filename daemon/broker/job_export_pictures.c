/*
 * Rebuilding the pictures of an export, and sealing what leaves (weighlockd, work thread).
 *
 * Every picture is somebody's bytes until two tools have said otherwise; each goes through three
 * processes of its own. A file of several pages is rebuilt whole or refused whole. What a worker
 * dies of refuses that file alone. When power goes, half-written outputs are thrown away by the
 * next run.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/base/work_picture.h"
#include "daemon/base/work_seal.h"
#include "daemon/broker/job_export.h"

#define PAGES_MAX 1000U /* of one source; the decoder has its own limit below it */
#define SEAL_MS   UINT64_C(3600000)

void wl_export_work_name(const struct wl_export_line *line, char buf[WL_VAULT_NAME_MAX + 1])
{
	(void)snprintf(buf, WL_VAULT_NAME_MAX + 1, "work.%05u.%05u", line->source->number,
	               line->page);
}

/* ---- pictures ---- */

struct rebuilding {
	struct wl_exporting *x;
	struct wl_export_output *o;
	struct wl_spawn *spawn;
	struct wl_picture_mask masks[WL_IMAGE_MASKS_MAX];
	struct wl_picture_order order;
};

static void rebuilding_clear(struct rebuilding *b)
{
	wl_spawn_free(b->spawn);
}

static void setup_order(struct rebuilding *b)
{
	const struct wl_policy *policy = b->x->job->task.policy->policy;
	const struct wl_policy_device *d = b->x->device;
	size_t n = 0;
	for (size_t i = 0; d && i < d->nmasks && n < WL_IMAGE_MASKS_MAX; i++) {
		const struct wl_policy_mask *m = &d->masks[i];
		b->masks[n++] = (struct wl_picture_mask){
		        .width = (uint32_t)m->width,
		        .height = (uint32_t)m->height,
		        .rect = {(uint32_t)m->rect[0], (uint32_t)m->rect[1], (uint32_t)m->rect[2],
		                 (uint32_t)m->rect[3]}};
	}
	b->order = (struct wl_picture_order){
	        .formats = policy->outbound.formats,
	        .side_max = (uint32_t)policy->limits.image_side,
	        .masks = b->masks,
	        .nmasks = n,
	        .want_sha512 = true,
	        .refuse_unknown_size = d && d->mask_unknown_size == WL_UNKNOWN_SIZE_REFUSE};
}

static void take_picture(struct wl_export_line *line, const struct wl_picture *p)
{
	line->verdict = WL_PASS;
	line->rule = WL_RULE_PASS_IMAGE_REBUILT;
	line->rebuilt = true;
	line->bytes = line->plain_bytes = p->output_bytes;
	memcpy(line->sha256, p->output_sha256, sizeof(line->sha256));
	memcpy(line->plain_sha256, p->output_sha256, sizeof(line->plain_sha256));
	memcpy(line->sha512, p->output_sha512, sizeof(line->sha512));
	memcpy(line->samples_sha256, p->samples_sha256, sizeof(line->samples_sha256));
	line->width = p->width;
	line->height = p->height;
	line->bits = p->bits;
	line->channels = p->channels;
	(void)snprintf(line->format, sizeof(line->format), "%s", wl_picture_format_name(p->format));
	for (size_t i = 0; i < WL_IMAGE_MASKS_MAX; i++)
		line->masked |= p->was_masked[i] ? UINT32_C(1) << i : 0;
}

/* A fault of the station, not of the picture. */
static bool is_fault(int r, const struct wl_finding *f)
{
	return r < 0 &&
	       (r != -EBADMSG || f->rule == WL_RULE_NONE || wl_rule_stops_reading(f->rule));
}

static int rebuild_page(struct rebuilding *b, struct wl_export_line *line, uint32_t *ret_pages,
                        struct wl_finding *f)
{
	const struct wl_vault *v = &b->x->bench->vault;
	const char *transfer = b->x->job->task.transfer;
	WL_AUTO_CLOSE int source = -1, output = -1;
	struct wl_picture p = {0};
	char name[WL_VAULT_NAME_MAX + 1];
	wl_export_work_name(line, name);
	int r = wl_vault_item_open(v, transfer, line->source->number, &source);
	if (r == 0)
		r = wl_vault_out_create(v, transfer, name, &output);
	if (r < 0)
		return r;
	b->order.source_fd = source;
	b->order.output_fd = output;
	b->order.page = line->page + 1;
	b->order.named_as = wl_picture_format_of_name(line->source->path);
	r = wl_picture_rebuild(b->spawn, &b->order, &p, f);
	*ret_pages = p.pages;
	if (r == 0)
		take_picture(line, &p);
	else
		(void)wl_vault_out_remove(v, transfer, name);
	return r;
}

static void refuse_line(const struct wl_exporting *x, struct wl_export_line *line,
                        const struct wl_finding *why)
{
	line->verdict = WL_REFUSE;
	line->rule = why->rule;
	(void)snprintf(line->detail, sizeof(line->detail), "%s", why->detail);
	if (why->rule == WL_RULE_IMAGE_FORMAT)
		(void)snprintf(line->policy_key, sizeof(line->policy_key), "outbound.formats");
	if (why->rule == WL_RULE_IMAGE_MASK_MISSING)
		(void)snprintf(line->policy_key, sizeof(line->policy_key), "devices.%s.masks",
		               x->job->device);
}

/* Throws away the pages before the one that was refused: a file is rebuilt whole or not at all. */
static void drop_pages(struct rebuilding *b, size_t from)
{
	char name[WL_VAULT_NAME_MAX + 1];
	for (size_t i = from; i < b->o->n; i++) {
		wl_export_work_name(&b->o->v[i], name);
		(void)wl_vault_out_remove(&b->x->bench->vault, b->x->job->task.transfer, name);
	}
	b->o->n = from;
}

static int rebuild(struct rebuilding *b, const struct wl_export_line *of, struct wl_finding *f)
{
	size_t first = b->o->n;
	uint32_t pages = 1;
	int r = 0;
	for (uint32_t page = 0; r == 0 && page < pages; page++) {
		struct wl_export_line line = *of;
		uint32_t said = 0;
		line.page = page;
		*f = (struct wl_finding){0};
		r = rebuild_page(b, &line, &said, f);
		if (is_fault(r, f))
			return r;
		if (page == 0 && r == 0 && said > 1 && said <= PAGES_MAX)
			pages = said;
		if (r < 0) {
			drop_pages(b, first);
			line.page = 0;
			refuse_line(b->x, &line, f);
		}
		int e = wl_export_add(b->o, &line);
		if (e < 0)
			return e;
	}
	*f = (struct wl_finding){0};
	return 0;
}

int wl_export_pictures(struct wl_exporting *x, struct wl_export_output *o, struct wl_finding *f)
{
	WL_CLEANUP(rebuilding_clear) struct rebuilding b = {.x = x, .o = o};
	int r = wl_bench_spawn(x->bench, &b.spawn, f);
	setup_order(&b);
	b.order.tools = &x->tools[o - x->outputs];
	for (size_t i = 0; r == 0 && i < x->items->n; i++) {
		const struct wl_item *item = &x->items->v[i];
		struct wl_export_line line;
		if (!item->has_sha256)
			continue;
		wl_export_line_of(x, item, &line);
		r = rebuild(&b, &line, f);
		if (r == 0)
			r = wl_exporting_step(x);
	}
	return r;
}

/* ---- sealing ---- */

struct sealing {
	struct wl_exporting *x;
	struct wl_spawn *spawn;
	struct wl_job job;
	struct wl_seal_recipient recipients[WL_SEAL_RECIPIENTS_MAX];
	size_t nrecipients;
};

static void sealing_clear(struct sealing *s)
{
	wl_job_kill(&s->job);
	wl_spawn_free(s->spawn);
	for (size_t i = 0; i < s->nrecipients; i++)
		wl_cleanup_close(&s->recipients[i].fd);
}

/* The certificate of the policy whose DER has this digest. */
static int open_recipient(struct sealing *s, const char *sha256)
{
	const struct wl_policy_ref *ref = s->x->job->task.policy;
	uint8_t wanted[WL_SHA256_BYTES];
	if (s->nrecipients == WL_SEAL_RECIPIENTS_MAX ||
	    wl_hex_decode(sha256 ? sha256 : "", wanted, sizeof(wanted)) < 0)
		return -EINVAL;
	for (size_t i = 0; i < ref->policy->ntrust; i++) {
		const struct wl_policy_trust *t = &ref->policy->trust[i];
		if (t->role != WL_TRUST_RECIPIENT || !t->certificate || !t->has_sha256 ||
		    memcmp(t->sha256, wanted, sizeof(wanted)) != 0)
			continue;
		struct wl_seal_recipient *to = &s->recipients[s->nrecipients];
		to->fd = openat(ref->folder_fd, t->certificate, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (to->fd < 0)
			return -errno;
		memcpy(to->der_sha256, wanted, sizeof(wanted));
		s->nrecipients++;
		return 0;
	}
	return -ENOENT;
}

static int start_sealing(struct sealing *s, struct wl_finding *f)
{
	const json_t *list = s->x->job->export->recipients;
	int r = 0;
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
		r = open_recipient(s, json_string_value(json_array_get(list, i)));
	if (r < 0)
		return wl_refuse(f, WL_RULE_EXPORT_RECIPIENT_UNKNOWN,
		                 "the policy no longer names a recipient of this export");
	r = wl_bench_spawn(s->x->bench, &s->spawn, f);
	return r < 0 ? r
	             : wl_seal_start(s->spawn, s->recipients, s->nrecipients, SEAL_MS, &s->job, f);
}

/* What was sealed must be what was read: the vault is not trusted to be what it was. */
static int take_sealed(struct wl_export_line *line, const struct wl_sealed *done,
                       struct wl_finding *f)
{
	const uint8_t *plain = line->rebuilt ? line->plain_sha256 : line->source->sha256;
	if (memcmp(done->source_sha256, plain, WL_SHA256_BYTES) != 0)
		return wl_refuse(f, WL_RULE_MEDIUM_CHANGED, "%s",
		                 "the vault no longer holds what was read");
	if (!line->rebuilt) {
		line->plain_bytes = line->source->size;
		memcpy(line->plain_sha256, line->source->sha256, WL_SHA256_BYTES);
	}
	line->bytes = done->bytes;
	memcpy(line->sha256, done->sha256, sizeof(line->sha256));
	memcpy(line->sha512, done->sha512, sizeof(line->sha512));
	return 0;
}

static int seal_line(struct sealing *s, struct wl_export_line *line, const char *name,
                     uint64_t item, struct wl_finding *f)
{
	const struct wl_vault *v = &s->x->bench->vault;
	const char *transfer = s->x->job->task.transfer;
	WL_AUTO_CLOSE int source = -1, output = -1;
	struct wl_sealed done = {0};
	char work[WL_VAULT_NAME_MAX + 1];
	wl_export_work_name(line, work);
	int r = line->rebuilt ? wl_vault_out_open(v, transfer, work, &source)
	                      : wl_vault_item_open(v, transfer, line->source->number, &source);
	if (r == 0)
		r = wl_vault_out_create(v, transfer, name, &output);
	if (r == 0)
		r = wl_seal_file(&s->job, item, source, output, &done, f);
	if (r == 0)
		r = take_sealed(line, &done, f);
	if (r == 0 && line->rebuilt)
		r = wl_vault_out_remove(v, transfer, work);
	return r;
}

static bool leaves(const struct wl_export_output *o, size_t i)
{
	return o->v[i].verdict == WL_PASS;
}

int wl_export_seal(struct wl_exporting *x, struct wl_export_output *o, struct wl_finding *f)
{
	WL_CLEANUP(sealing_clear) struct sealing s = {.x = x};
	bool rename_only = o->kind == WL_OUTPUT_SCRUBBED && !o->encrypted, any = false;
	uint64_t item = 0;
	s.job.control.fd = -1;
	for (size_t i = 0; i < o->n; i++)
		any = any || leaves(o, i);
	int r = any && !rename_only ? start_sealing(&s, f) : 0;
	for (size_t i = 0; r == 0 && i < o->n; i++) {
		char name[WL_VAULT_NAME_MAX + 1], work[WL_VAULT_NAME_MAX + 1];
		if (!leaves(o, i))
			continue;
		wl_export_out_name(wl_output_kind_name(o->kind), o->v[i].path, name);
		wl_export_work_name(&o->v[i], work);
		r = rename_only ? wl_vault_out_rename(&x->bench->vault, x->job->task.transfer, work,
		                                      name)
		                : seal_line(&s, &o->v[i], name, ++item, f);
		if (r == 0 && o->kind == WL_OUTPUT_EVIDENCE)
			r = wl_exporting_step(x);
	}
	if (r == 0 && any && !rename_only)
		r = wl_seal_end(&s.job, &x->tools[o - x->outputs], f);
	return r;
}
