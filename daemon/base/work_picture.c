/*
 * Driving decode, encode and check for one page; see work_picture.h.
 *
 * The decoder is hostile from its first byte: the size it says is a claim that the encoder holds
 * against the sealed samples, and the checker's word about the file written counts. The two tools'
 * words are compared with each other: where they differ nothing leaves. Runs in broker threads and
 * in the client. When power goes, the output is a file nobody has recorded.
 */
#include "daemon/base/work_picture.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

struct rebuilding {
	struct wl_spawn *spawn;
	const struct wl_picture_order *order;
	struct wl_picture *picture;
	struct wl_finding *finding;
	struct wl_job job;
	int samples;
	struct wl_message m;
};

static void rebuilding_clear(struct rebuilding *b)
{
	wl_job_kill(&b->job);
	wl_message_clear(&b->m);
	wl_cleanup_close(&b->samples);
}

static int lied(struct rebuilding *b, const char *what)
{
	return wl_refuse(b->finding, WL_RULE_STATION_WORKER_LIED, "%s", what);
}

static int start(struct rebuilding *b, const char *kind, int input, int output)
{
	struct wl_job_order order = {
	        .kind = kind,
	        .deadline_ms =
	                b->order->deadline_ms ? b->order->deadline_ms : WL_PICTURE_DEADLINE_MS,
	        .input_fd = input,
	        .output_fd = output,
	};

	return wl_job_start(b->spawn, &order, &b->job, b->finding);
}

/* The next message; a finding comes back as -EBADMSG, with the rules of pictures only. */
static int receive(struct rebuilding *b)
{
	int r = wl_job_receive(&b->job, &b->m, b->finding, NULL, NULL);

	if (r < 0 || b->m.id != WL_MSG_WORK_FINDING)
		return r;
	const char *rule = wl_message_text(&b->m, WL_T_RULE);
	if (strncmp(rule, "image.", 6) != 0)
		return lied(b, "a rule that is not one of pictures");
	return wl_refuse_claimed(b->finding, wl_rule_find(rule),
	                         wl_message_text(&b->m, WL_T_DETAIL));
}

/* work.done and the end of the process. */
static int finish(struct rebuilding *b, const char *work)
{
	int r = receive(b);

	if (r == 0 && b->m.id != WL_MSG_WORK_DONE)
		return lied(b, "an answer out of turn");
	if (r == 0)
		wl_tools_add(b->order->tools, work, &b->m);
	return r < 0 ? r : wl_job_finish(&b->job, b->finding);
}

/* A refusal is kept, and what ended the job on top of it is not worth saying. */
static int refused(struct rebuilding *b, int error)
{
	struct wl_finding why = *b->finding;

	wl_job_kill(&b->job);
	*b->finding = why;
	return error;
}

static int take_u32(struct rebuilding *b, enum wl_tag tag, uint64_t max, uint32_t *ret)
{
	uint64_t v = wl_message_u64(&b->m, tag);

	if (v == 0 || v > max)
		return lied(b, "a size that no picture has");
	*ret = (uint32_t)v;
	return 0;
}

static int take_shape(struct rebuilding *b, struct wl_picture *p)
{
	int r = take_u32(b, WL_T_WIDTH, b->order->side_max, &p->width);

	if (r == 0)
		r = take_u32(b, WL_T_HEIGHT, b->order->side_max, &p->height);
	if (r == 0)
		r = take_u32(b, WL_T_BITS, 16, &p->bits);
	if (r == 0)
		r = take_u32(b, WL_T_CHANNELS, 4, &p->channels);
	if (r == 0 && p->bits != 8 && p->bits != 16)
		r = lied(b, "a depth that is not 8 or 16 bits");
	return r;
}

static int take_removed(struct rebuilding *b)
{
	struct wl_picture *p = b->picture;

	if (p->nremoved == WL_PICTURE_REMOVED_MAX)
		return lied(b, "too many things removed");
	struct wl_picture_removed *r = &p->removed[p->nremoved++];
	const char *kind = wl_message_text(&b->m, WL_T_KIND);
	wl_text_escape(kind, strlen(kind), r->kind, sizeof(r->kind));
	r->bytes = wl_message_u64(&b->m, WL_T_BYTES);
	return 0;
}

static int take_decoded(struct rebuilding *b)
{
	struct wl_picture *p = b->picture;
	int r = take_shape(b, p);

	p->format = wl_picture_format_find(wl_message_text(&b->m, WL_T_FORMAT));
	if (r == 0)
		r = take_u32(b, WL_T_PAGES, WL_IMAGE_PAGES_MAX, &p->pages);
	if (r == 0 && (!(p->format & b->order->formats) || b->order->page > p->pages))
		r = lied(b, "a format or page that was not asked for");
	return r;
}

static int decode(struct rebuilding *b)
{
	b->samples = memfd_create("samples", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (b->samples < 0)
		return -errno;
	int r = start(b, "decode", b->order->source_fd, b->samples);
	if (r < 0)
		return r;
	wl_message_start(&b->m, WL_MSG_DECODE_BEGIN, 0);
	wl_message_put_text(&b->m, WL_T_FORMAT, b->order->named_as);
	wl_message_put_u64(&b->m, WL_T_PAGE, b->order->page);
	wl_message_put_u64(&b->m, WL_T_FORMATS, b->order->formats);
	wl_message_put_u64(&b->m, WL_T_SIDE_MAX, b->order->side_max);
	r = wl_job_send(&b->job, &b->m);
	while (r == 0) {
		r = receive(b);
		if (r < 0 || b->m.id == WL_MSG_DECODE_DONE)
			break;
		r = b->m.id == WL_MSG_PICTURE_REMOVED ? take_removed(b)
		                                      : lied(b, "an answer out of turn");
	}
	if (r == 0)
		r = take_decoded(b);
	return r < 0 ? refused(b, r) : finish(b, "decode");
}

/* The decoder's process is gone: nobody but us holds the samples. Its mappings went with it. */
static int seal(struct rebuilding *b)
{
	const struct wl_picture *p = b->picture;
	uint64_t bytes = (uint64_t)p->width * p->height * p->channels * (p->bits / 8);
	off_t size = lseek(b->samples, 0, SEEK_END);

	if (fcntl(b->samples, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	if (size < 0 || (uint64_t)size != bytes || bytes > WL_IMAGE_SAMPLES_BYTES_MAX)
		return lied(b, "more or fewer samples than the picture has");
	return 0;
}

/* Which masks are for a picture of this size; they must lie within it. */
static int choose_masks(struct rebuilding *b)
{
	const struct wl_picture_order *o = b->order;
	struct wl_picture *p = b->picture;

	if (o->nmasks > WL_IMAGE_MASKS_MAX)
		return -E2BIG;
	for (size_t i = 0; i < o->nmasks; i++) {
		const struct wl_picture_mask *m = &o->masks[i];
		if (m->width != p->width || m->height != p->height)
			continue;
		if (m->rect[0] > p->width || m->rect[2] > p->width - m->rect[0] ||
		    m->rect[1] > p->height || m->rect[3] > p->height - m->rect[1])
			return wl_refuse(b->finding, WL_RULE_IMAGE_MASK_MISSING,
			                 "mask %zu lies beyond its %u x %u pixels", i + 1, p->width,
			                 p->height);
		p->was_masked[i] = true;
		p->nmasked++;
	}
	if (o->nmasks > 0 && p->nmasked == 0 && o->refuse_unknown_size)
		return wl_refuse(b->finding, WL_RULE_IMAGE_MASK_MISSING, "%u x %u pixels", p->width,
		                 p->height);
	return 0;
}

static int order_masks(struct rebuilding *b)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->order->nmasks; i++) {
		const uint32_t *rect = b->order->masks[i].rect;
		if (!b->picture->was_masked[i])
			continue;
		wl_message_start(&b->m, WL_MSG_ENCODE_MASK, 0);
		wl_message_put_u64(&b->m, WL_T_WIDTH, rect[2]);
		wl_message_put_u64(&b->m, WL_T_HEIGHT, rect[3]);
		wl_message_put_u64(&b->m, WL_T_X, rect[0]);
		wl_message_put_u64(&b->m, WL_T_Y, rect[1]);
		r = wl_job_send(&b->job, &b->m);
	}
	return r;
}

static int take_encoded(struct rebuilding *b)
{
	struct wl_picture *p = b->picture;
	struct wl_bytes sha512 = wl_message_bytes(&b->m, WL_T_SHA512);

	if (b->m.id != WL_MSG_ENCODE_DONE)
		return lied(b, "an answer out of turn");
	if (sha512.n != (b->order->want_sha512 ? WL_SHA512_BYTES : 0))
		return lied(b, "a digest of another kind");
	if (sha512.n > 0)
		memcpy(p->output_sha512, sha512.p, WL_SHA512_BYTES);
	memcpy(p->samples_sha256, wl_message_sha256(&b->m, WL_T_SAMPLES_SHA256), WL_SHA256_BYTES);
	memcpy(p->decoded_sha256, wl_message_sha256(&b->m, WL_T_DECODED_SHA256), WL_SHA256_BYTES);
	p->output_bytes = wl_message_u64(&b->m, WL_T_BYTES);
	return 0;
}

static int encode(struct rebuilding *b)
{
	const struct wl_picture *p = b->picture;
	int r = start(b, "encode", b->samples, b->order->output_fd);

	if (r < 0)
		return r;
	wl_message_start(&b->m, WL_MSG_ENCODE_BEGIN, 0);
	wl_message_put_u64(&b->m, WL_T_WIDTH, p->width);
	wl_message_put_u64(&b->m, WL_T_HEIGHT, p->height);
	wl_message_put_u64(&b->m, WL_T_BITS, p->bits);
	wl_message_put_u64(&b->m, WL_T_CHANNELS, p->channels);
	wl_message_put_u64(&b->m, WL_T_MASKS, p->nmasked);
	wl_message_put_bool(&b->m, WL_T_FLAG, b->order->want_sha512);
	r = wl_job_send(&b->job, &b->m);
	if (r == 0)
		r = order_masks(b);
	if (r == 0)
		r = receive(b);
	if (r == 0)
		r = take_encoded(b);
	return r < 0 ? refused(b, r) : finish(b, "encode");
}

/* The checker read the file alone; it must have found what the encoder says it wrote. The digest of
 * the file is the checker's, who saw it as it lies there. */
static int compare(struct rebuilding *b)
{
	struct wl_picture *p = b->picture;
	struct wl_picture found = {0};

	if (b->m.id != WL_MSG_CHECK_PICTURE_DONE)
		return lied(b, "an answer out of turn");
	int r = take_shape(b, &found);
	if (r < 0)
		return r;
	if (found.width != p->width || found.height != p->height || found.bits != p->bits ||
	    found.channels != p->channels || wl_message_u64(&b->m, WL_T_BYTES) != p->output_bytes ||
	    memcmp(wl_message_sha256(&b->m, WL_T_SAMPLES_SHA256), p->samples_sha256,
	           WL_SHA256_BYTES) != 0)
		return wl_refuse(b->finding, WL_RULE_IMAGE_NOT_CANONICAL,
		                 "it is not what the encoder says it wrote");
	memcpy(p->output_sha256, wl_message_sha256(&b->m, WL_T_SHA256), WL_SHA256_BYTES);
	return 0;
}

static int check(struct rebuilding *b)
{
	int r = start(b, "check-picture", b->order->output_fd, 0);

	if (r < 0)
		return r;
	r = receive(b);
	if (r == 0)
		r = compare(b);
	return r < 0 ? refused(b, r) : finish(b, "check");
}

int wl_picture_rebuild(struct wl_spawn *s, const struct wl_picture_order *order,
                       struct wl_picture *ret, struct wl_finding *ret_finding)
{
	WL_CLEANUP(rebuilding_clear)
	struct rebuilding b = {.spawn = s,
	                       .order = order,
	                       .picture = ret,
	                       .finding = ret_finding,
	                       .job.control.fd = -1,
	                       .samples = -1};

	wl_message_init(&b.m);
	*ret = (struct wl_picture){0};
	*ret_finding = (struct wl_finding){.rule = WL_RULE_NONE};
	int r = decode(&b);
	if (r == 0)
		r = seal(&b);
	if (r == 0)
		r = choose_masks(&b);
	if (r == 0)
		r = encode(&b);
	return r < 0 ? r : check(&b);
}
