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

struct facts {
	struct wl_png_written written;
	uint8_t decoded[WL_SHA256_BYTES], samples[WL_SHA256_BYTES];
};

static int take_begin(struct wl_worker *wk, struct wl_samples *s, uint64_t *ret_masks)
{
	uint64_t v[4];
	static const enum wl_tag tags[4] = {WL_T_WIDTH, WL_T_HEIGHT, WL_T_BITS, WL_T_CHANNELS};
	int r = wl_worker_receive(wk);

	if (r < 0)
		return r;
	if (wk->in->id != WL_MSG_ENCODE_BEGIN)
		return -EINVAL;
	for (size_t i = 0; i < WL_ARRAY_LEN(tags); i++) {
		v[i] = wl_message_u64(wk->in, tags[i]);
		if (v[i] > WL_IMAGE_SIDE_MAX)
			return -EINVAL;
	}
	*ret_masks = wl_message_u64(wk->in, WL_T_MASKS);
	if (*ret_masks > WL_IMAGE_MASKS_MAX)
		return -E2BIG;
	struct wl_shape shape = {.width = (uint32_t)v[0],
	                         .height = (uint32_t)v[1],
	                         .bits = (uint32_t)v[2],
	                         .channels = (uint32_t)v[3]};
	return wl_samples_open(WL_WORKER_INPUT_FD, &shape, s);
}

static int take_mask(struct wl_worker *wk, struct wl_samples *s)
{
	static const enum wl_tag tags[4] = {WL_T_X, WL_T_Y, WL_T_WIDTH, WL_T_HEIGHT};
	uint32_t v[4];
	int r = wl_worker_receive(wk);

	if (r < 0)
		return r;
	if (wk->in->id != WL_MSG_ENCODE_MASK)
		return -EINVAL;
	for (size_t i = 0; i < WL_ARRAY_LEN(tags); i++) {
		uint64_t value = wl_message_u64(wk->in, tags[i]);
		if (value > WL_IMAGE_SIDE_MAX)
			return -EINVAL;
		v[i] = (uint32_t)value;
	}
	return wl_mask_apply(s, v[0], v[1], v[2], v[3]);
}

static int check_output(void)
{
	struct stat st;

	if (fstat(WL_WORKER_OUTPUT_FD, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) && st.st_size == 0 ? 0 : -EINVAL;
}

static int report(struct wl_worker *wk, const struct facts *f)
{
	wl_message_start(wk->out, WL_MSG_ENCODE_DONE, 0);
	wl_message_put_sha256(wk->out, WL_T_SHA256, f->written.sha256);
	wl_message_put_u64(wk->out, WL_T_BYTES, f->written.bytes);
	wl_message_put_sha256(wk->out, WL_T_SAMPLES_SHA256, f->samples);
	wl_message_put_sha256(wk->out, WL_T_DECODED_SHA256, f->decoded);
	wl_message_put_bytes(wk->out, WL_T_SHA512, f->written.sha512, WL_PNG_SHA512_BYTES);
	return wl_worker_send(wk);
}

int wl_encode_run(struct wl_worker *wk)
{
	WL_CLEANUP(wl_samples_clear) struct wl_samples s = {0};
	struct facts f;
	uint64_t masks = 0;
	int r = take_begin(wk, &s, &masks);

	if (r == 0)
		r = check_output();
	if (r == 0)
		r = wl_samples_digest(&s, f.decoded);
	for (uint64_t i = 0; r == 0 && i < masks; i++)
		r = take_mask(wk, &s);
	memcpy(f.samples, f.decoded, sizeof(f.samples));
	if (r == 0 && masks > 0)
		r = wl_samples_digest(&s, f.samples);
	if (r == 0)
		r = wl_png_encode(&s, WL_WORKER_OUTPUT_FD, &f.written);
	return r < 0 ? r : report(wk, &f);
}
