/*
 * The work "encode" (tool): sealed samples, masks, canonical PNG.
 *
 * The samples were chosen by a hostile decoder; they are numbers here and nothing is interpreted in
 * them. Their size is held against the shape in the order. The output is made durable by its owner;
 * when power goes it is a file that nobody has recorded. Runs in worker-tool, one picture a
 * process.
 */
#include <sys/stat.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/image/encode_png.h"
#include "daemon/worker/kinds.h"

struct order {
	struct wl_png_order png;
	struct wl_png_mask masks[WL_IMAGE_MASKS_MAX];
};

/* Numbers of at most a side. */
static int take_numbers(struct wl_worker *wk, const enum wl_tag tags[4], uint32_t ret[4])
{
	for (size_t i = 0; i < 4; i++) {
		uint64_t v = wl_message_u64(wk->in, tags[i]);
		if (v > WL_IMAGE_SIDE_MAX)
			return -EINVAL;
		ret[i] = (uint32_t)v;
	}
	return 0;
}

static int take_begin(struct wl_worker *wk, struct order *o)
{
	static const enum wl_tag tags[4] = {WL_T_WIDTH, WL_T_HEIGHT, WL_T_BITS, WL_T_CHANNELS};
	uint32_t v[4];
	int r = wl_worker_receive(wk);

	if (r < 0)
		return r;
	if (wk->in->id != WL_MSG_ENCODE_BEGIN)
		return -EINVAL;
	uint64_t masks = wl_message_u64(wk->in, WL_T_MASKS);
	r = take_numbers(wk, tags, v);
	if (r == 0 && masks > WL_IMAGE_MASKS_MAX)
		r = -E2BIG;
	if (r < 0)
		return r;
	o->png = (struct wl_png_order){.samples_fd = WL_WORKER_INPUT_FD,
	                               .shape = {v[0], v[1], v[2], v[3]},
	                               .masks = o->masks,
	                               .nmasks = (size_t)masks,
	                               .output_fd = WL_WORKER_OUTPUT_FD,
	                               .want_sha512 = wl_message_bool(wk->in, WL_T_FLAG)};
	return 0;
}

static int take_mask(struct wl_worker *wk, struct wl_png_mask *ret)
{
	static const enum wl_tag tags[4] = {WL_T_X, WL_T_Y, WL_T_WIDTH, WL_T_HEIGHT};
	uint32_t v[4];
	int r = wl_worker_receive(wk);

	if (r == 0 && wk->in->id != WL_MSG_ENCODE_MASK)
		r = -EINVAL;
	if (r == 0)
		r = take_numbers(wk, tags, v);
	if (r == 0)
		*ret = (struct wl_png_mask){v[0], v[1], v[2], v[3]};
	return r;
}

static int check_output(void)
{
	struct stat st;

	if (fstat(WL_WORKER_OUTPUT_FD, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) && st.st_size == 0 ? 0 : -EINVAL;
}

static int report(struct wl_worker *wk, const struct order *o, const struct wl_png_written *w)
{
	wl_message_start(wk->out, WL_MSG_ENCODE_DONE, 0);
	wl_message_put_u64(wk->out, WL_T_BYTES, w->bytes);
	wl_message_put_sha256(wk->out, WL_T_SAMPLES_SHA256, w->samples_sha256);
	wl_message_put_sha256(wk->out, WL_T_DECODED_SHA256, w->decoded_sha256);
	if (o->png.want_sha512)
		wl_message_put_bytes(wk->out, WL_T_SHA512, w->sha512, WL_PNG_SHA512_BYTES);
	return wl_worker_send(wk);
}

int wl_encode_run(struct wl_worker *wk)
{
	struct order o = {0};
	struct wl_png_written written = {0};
	int r = take_begin(wk, &o);

	if (r == 0)
		r = check_output();
	for (size_t i = 0; r == 0 && i < o.png.nmasks; i++)
		r = take_mask(wk, &o.masks[i]);
	if (r == 0)
		r = wl_png_encode(&o.png, &written);
	wk->tools = wl_picture_tools();
	return r < 0 ? r : report(wk, &o, &written);
}
