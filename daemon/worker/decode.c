/*
 * The work "decode" (parser): one page of one picture into plain samples.
 *
 * The picture is the attacker's, and so is this process from its first byte on. It reads slot 4,
 * and the only thing it can write is the memory file in slot 5. What it says is a claim: sizes are
 * held against the samples by the encoder, and what it lists as removed is only shown. Power: no
 * state.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/image/decode.h"
#include "daemon/worker/kinds.h"

static void unmap(struct wl_bytes *b)
{
	if (b->p)
		(void)munmap((void *)(uintptr_t)b->p, b->n);
}

/* The source, mapped; more than may be is cut off behind the first byte too many, and so refused.
 */
static int map_source(struct wl_bytes *ret)
{
	struct stat st;

	if (fstat(WL_WORKER_INPUT_FD, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	ret->n = st.st_size > (off_t)WL_IMAGE_SOURCE_BYTES_MAX
	                 ? (size_t)WL_IMAGE_SOURCE_BYTES_MAX + 1
	                 : (size_t)st.st_size;
	if (ret->n == 0)
		return 0;
	void *p = mmap(NULL, ret->n, PROT_READ, MAP_PRIVATE, WL_WORKER_INPUT_FD, 0);
	if (p == MAP_FAILED) {
		ret->n = 0;
		return -errno;
	}
	ret->p = p;
	return 0;
}

static int report_removed(struct wl_worker *wk, const struct wl_decode *d)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < WL_REMOVED_MAX; i++) {
		if (d->removed[i] == 0)
			continue;
		wl_message_start(wk->out, WL_MSG_PICTURE_REMOVED, 0);
		wl_message_put_text(wk->out, WL_T_KIND, wl_removed_name((enum wl_removed)i));
		wl_message_put_u64(wk->out, WL_T_BYTES, d->removed[i]);
		r = wl_worker_send(wk);
	}
	return r;
}

static int report(struct wl_worker *wk, const struct wl_decode *d, const char *format)
{
	const struct wl_shape *s = &d->samples.shape;
	int r = report_removed(wk, d);

	if (r < 0)
		return r;
	wl_message_start(wk->out, WL_MSG_DECODE_DONE, 0);
	wl_message_put_text(wk->out, WL_T_FORMAT, format);
	wl_message_put_u64(wk->out, WL_T_WIDTH, s->width);
	wl_message_put_u64(wk->out, WL_T_HEIGHT, s->height);
	wl_message_put_u64(wk->out, WL_T_BITS, s->bits);
	wl_message_put_u64(wk->out, WL_T_CHANNELS, s->channels);
	wl_message_put_u64(wk->out, WL_T_PAGES, d->pages);
	return wl_worker_send(wk);
}

static int take_order(struct wl_worker *wk, struct wl_decode *d, unsigned *ret_formats)
{
	int r = wl_worker_receive(wk);

	if (r < 0)
		return r;
	uint64_t page = wl_message_u64(wk->in, WL_T_PAGE);
	uint64_t side_max = wl_message_u64(wk->in, WL_T_SIDE_MAX);
	uint64_t formats = wl_message_u64(wk->in, WL_T_FORMATS);
	if (wk->in->id != WL_MSG_DECODE_BEGIN || page < 1 || page > WL_IMAGE_PAGES_MAX ||
	    side_max > WL_IMAGE_SIDE_MAX || formats > UINT8_MAX)
		return -EINVAL;
	d->page = (uint32_t)page;
	d->side_max = (uint32_t)side_max;
	*ret_formats = (unsigned)formats;
	return 0;
}

int wl_decode_run(struct wl_worker *wk)
{
	WL_CLEANUP(unmap) struct wl_bytes source = {0};
	struct wl_decode d = {.samples_fd = WL_WORKER_OUTPUT_FD};
	struct wl_finding f = {.rule = WL_RULE_NONE};
	const char *format = "";
	unsigned formats = 0;
	int r = take_order(wk, &d, &formats);

	if (r == 0)
		r = map_source(&source);
	if (r < 0)
		return r;
	d.source = source;
	r = wl_decode(&d, formats, wl_message_text(wk->in, WL_T_FORMAT), &format, &f);
	wk->tools = wl_decode_tools(format);
	if (r == 0)
		r = report(wk, &d, format);
	else if (r == -EBADMSG && f.rule != WL_RULE_NONE)
		r = wl_worker_finding(wk, 0, &f);
	wl_samples_clear(&d.samples);
	return r;
}
