/*
 * A worker-image for tests only, never installed: its decoder was taken over and lies or dies as
 * the picture says ("decode LIE"). Any other picture of LIAR_BYTES bytes becomes that many gray
 * samples.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/worker/kinds.h"
#include "tests/sandbox/picture_liar.h"

struct claim {
	const char *lie;
	const char *format;
	uint64_t width, height, bits, channels, pages;
};

static const struct claim claims[] = {
        {"wider", "png", LIAR_BYTES + 1, 1, 8, 1, 1},
        {"narrower", "png", LIAR_BYTES - 1, 1, 8, 1, 1},
        {"empty", "png", LIAR_BYTES, 0, 8, 1, 1},
        {"huge", "png", UINT64_C(1) << 40, 1, 8, 1, 1},
        {"overflow", "png", 32768, 32768, 16, 4, 1},
        {"depth", "png", LIAR_BYTES, 1, 12, 1, 1},
        {"channels", "png", LIAR_BYTES, 1, 8, 5, 1},
        {"no-pages", "png", LIAR_BYTES, 1, 8, 1, 0},
        {"pages", "png", LIAR_BYTES, 1, 8, 1, 1000000},
        {"format", "gif", LIAR_BYTES, 1, 8, 1, 1},
        {"unasked", "tiff", LIAR_BYTES, 1, 8, 1, 1},
        {"honest", "png", LIAR_BYTES, 1, 8, 1, 1},
};

static int answer(struct wl_worker *wk, const struct claim *c)
{
	wl_message_start(wk->out, WL_MSG_DECODE_DONE, 0);
	wl_message_put_text(wk->out, WL_T_FORMAT, c->format);
	wl_message_put_u64(wk->out, WL_T_WIDTH, c->width);
	wl_message_put_u64(wk->out, WL_T_HEIGHT, c->height);
	wl_message_put_u64(wk->out, WL_T_BITS, c->bits);
	wl_message_put_u64(wk->out, WL_T_CHANNELS, c->channels);
	wl_message_put_u64(wk->out, WL_T_PAGES, c->pages);
	return wl_worker_send(wk);
}

static int answer_honestly(struct wl_worker *wk)
{
	return answer(wk, &claims[WL_ARRAY_LEN(claims) - 1]);
}

static int twice(struct wl_worker *wk)
{
	int r = answer_honestly(wk);

	return r < 0 ? r : answer_honestly(wk);
}

static int of_another_job(struct wl_worker *wk)
{
	wl_message_start(wk->out, WL_MSG_SEAL_DONE, 0);
	wl_message_put_u64(wk->out, WL_T_ITEM, 1);
	wl_message_put_sha256(wk->out, WL_T_SHA256, (uint8_t[32]){0});
	wl_message_put_u64(wk->out, WL_T_BYTES, 1);
	wl_message_put_bytes(wk->out, WL_T_SHA512, (uint8_t[64]){0}, 64);
	wl_message_put_sha256(wk->out, WL_T_SOURCE_SHA256, (uint8_t[32]){0});
	return wl_worker_send(wk);
}

static int silent(struct wl_worker *wk)
{
	(void)wk;
	return 0;
}

static int removes_everything(struct wl_worker *wk)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < 100; i++) {
		wl_message_start(wk->out, WL_MSG_PICTURE_REMOVED, 0);
		wl_message_put_text(wk->out, WL_T_KIND, "exif");
		wl_message_put_u64(wk->out, WL_T_BYTES, i);
		r = wl_worker_send(wk);
	}
	return r < 0 ? r : answer_honestly(wk);
}

/* A rule that is not the decoder's to give. */
static int of_another_rule(struct wl_worker *wk)
{
	struct wl_finding f;

	(void)wl_refuse(&f, WL_RULE_PASS_IMAGE_REBUILT, "all is well");
	return wl_worker_finding(wk, 0, &f);
}

static int more_samples(struct wl_worker *wk)
{
	int r = wl_write_full(WL_WORKER_OUTPUT_FD, "and a letter besides", 20);

	return r < 0 ? r : answer_honestly(wk);
}

/* More than may be said, and what would break out of a record that does not look. */
static int boasts(struct wl_worker *wk)
{
	wk->tools = "\"}]}{\\\"a 1,\xe2\x80\xae\xe2\x80\xa8 2,,a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,"
	            "r,s,t,u,v,w,x,y,z,1,2,3,4,5,6,7,8,9,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	return answer_honestly(wk);
}

/* Seals of its own would keep the samples from being sealed whole. */
static int seals(struct wl_worker *wk)
{
	(void)syscall(SYS_fcntl, WL_WORKER_OUTPUT_FD, 1033 /* F_ADD_SEALS */, 1 /* F_SEAL_SEAL */);
	return answer_honestly(wk);
}

static int dies(struct wl_worker *wk)
{
	(void)wk;
	_exit(3);
}

static int dies_after(struct wl_worker *wk)
{
	(void)answer_honestly(wk);
	_exit(3);
}

static int falls(struct wl_worker *wk)
{
	(void)wk;
	__builtin_trap();
}

static int waits(struct wl_worker *wk)
{
	for (;;)
		if (wl_worker_receive(wk) < 0)
			return 0;
}

static const struct {
	const char *lie;
	int (*act)(struct wl_worker *wk);
} acts[] = {
        {"twice", twice},           {"another-job", of_another_job},
        {"silent", silent},         {"removed", removes_everything},
        {"rule", of_another_rule},  {"more", more_samples},
        {"seals", seals},           {"dies", dies},
        {"dies-after", dies_after}, {"falls", falls},
        {"waits", waits},           {"boasts", boasts},
};

static int run(struct wl_worker *wk)
{
	char words[LIAR_BYTES + 1] = "";
	int r = wl_worker_receive(wk);

	if (r < 0)
		return r;
	ssize_t n = wl_pread_full(WL_WORKER_INPUT_FD, words, LIAR_BYTES, 0);
	if (n != LIAR_BYTES)
		return n < 0 ? (int)n : -EINVAL;
	r = wl_write_full(WL_WORKER_OUTPUT_FD, words, LIAR_BYTES);
	const char *lie = liar_act(words, "decode");
	for (size_t i = 0; lie && r == 0 && i < WL_ARRAY_LEN(acts); i++)
		if (strcmp(acts[i].lie, lie) == 0)
			return acts[i].act(wk);
	for (size_t i = 0; lie && r == 0 && i < WL_ARRAY_LEN(claims); i++)
		if (strcmp(claims[i].lie, lie) == 0)
			return answer(wk, &claims[i]);
	return r < 0 || lie ? -EINVAL : answer_honestly(wk);
}

const struct wl_work_kind wl_work_kinds[] = {
        {"decode", NULL, run, WL_MAY_WRITE_SAMPLES},
        {NULL, NULL, NULL, WL_MAY_WRITE},
};
