/*
 * A worker-tool for tests only, never installed: encoder and checker are broken or bribed, and do
 * what the samples and the output say ("encode LIE", "check LIE"). The output is the samples
 * themselves; a digest is the words' own.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/sha256.h"
#include "daemon/worker/kinds.h"
#include "tests/sandbox/picture_liar.h"

struct said {
	uint64_t width, bytes;
	uint8_t digest[WL_SHA256_BYTES], sha512[64];
	bool has_sha512;
};

static int read_words(char words[LIAR_BYTES + 1], struct said *ret)
{
	ssize_t n = wl_pread_full(WL_WORKER_INPUT_FD, words, LIAR_BYTES, 0);

	if (n != LIAR_BYTES)
		return n < 0 ? (int)n : -EINVAL;
	words[LIAR_BYTES] = '\0';
	*ret = (struct said){.width = LIAR_BYTES, .bytes = LIAR_BYTES};
	memcpy(ret->digest, words, WL_SHA256_BYTES);
	return 0;
}

static int say_encoded(struct wl_worker *wk, const struct said *s)
{
	wl_message_start(wk->out, WL_MSG_ENCODE_DONE, 0);
	wl_message_put_u64(wk->out, WL_T_BYTES, s->bytes);
	wl_message_put_sha256(wk->out, WL_T_SAMPLES_SHA256, s->digest);
	wl_message_put_sha256(wk->out, WL_T_DECODED_SHA256, s->digest);
	if (s->has_sha512)
		wl_message_put_bytes(wk->out, WL_T_SHA512, s->sha512, sizeof(s->sha512));
	return wl_worker_send(wk);
}

static int say_checked(struct wl_worker *wk, const struct said *s)
{
	wl_message_start(wk->out, WL_MSG_CHECK_PICTURE_DONE, 0);
	wl_message_put_sha256(wk->out, WL_T_SHA256, s->digest);
	wl_message_put_u64(wk->out, WL_T_BYTES, s->bytes);
	wl_message_put_u64(wk->out, WL_T_WIDTH, s->width);
	wl_message_put_u64(wk->out, WL_T_HEIGHT, 1);
	wl_message_put_u64(wk->out, WL_T_BITS, 8);
	wl_message_put_u64(wk->out, WL_T_CHANNELS, 1);
	wl_message_put_sha256(wk->out, WL_T_SAMPLES_SHA256, s->digest);
	return wl_worker_send(wk);
}

/* Both lie in the same ways; `say` is what each has to say, `other` what is the other one's. */
static int lie(struct wl_worker *wk, const char *how, struct said *s,
               int (*say)(struct wl_worker *, const struct said *),
               int (*other)(struct wl_worker *, const struct said *))
{
	if (strcmp(how, "dies") == 0)
		_exit(3);
	if (strcmp(how, "falls") == 0)
		__builtin_trap();
	if (strcmp(how, "silent") == 0)
		return 0;
	if (strcmp(how, "another-job") == 0)
		return other(wk, s);
	if (strcmp(how, "unasked") == 0)
		s->has_sha512 = true;
	if (strcmp(how, "bytes") == 0)
		s->bytes++;
	if (strcmp(how, "wider") == 0)
		s->width++;
	if (strcmp(how, "digest") == 0)
		s->digest[31] ^= 1;
	int r = say(wk, s);
	if (r == 0 && strcmp(how, "twice") == 0)
		r = say(wk, s);
	if (strcmp(how, "dies-after") == 0)
		_exit(3);
	return r;
}

static int encode(struct wl_worker *wk)
{
	char words[LIAR_BYTES + 1] = "";
	struct said s = {.bytes = 0};
	int r = wl_worker_receive(wk);
	uint64_t masks = r == 0 ? wl_message_u64(wk->in, WL_T_MASKS) : 0;

	/* every order is taken: one that ends sooner would have died before its employer was done
	 */
	for (uint64_t i = 0; r == 0 && i < masks; i++)
		r = wl_worker_receive(wk);
	if (r == 0)
		r = read_words(words, &s);
	if (r == 0)
		r = wl_memfd_check_sealed(WL_WORKER_INPUT_FD);
	if (r == 0)
		r = wl_write_full(WL_WORKER_OUTPUT_FD, words, LIAR_BYTES);
	if (r < 0)
		return r;
	const char *how = liar_act(words, "encode");
	return lie(wk, how ? how : "", &s, say_encoded, say_checked);
}

static int check(struct wl_worker *wk)
{
	char words[LIAR_BYTES + 1] = "";
	struct wl_finding f;
	struct said s = {.bytes = 0};
	int r = read_words(words, &s);

	if (r < 0)
		return r;
	const char *how = liar_act(words, "check");
	if (how && strcmp(how, "finds") == 0) {
		(void)wl_refuse(&f, WL_RULE_IMAGE_NOT_CANONICAL, "what it found");
		return wl_worker_finding(wk, 0, &f);
	}
	return lie(wk, how ? how : "", &s, say_checked, say_encoded);
}

const struct wl_work_kind wl_work_kinds[] = {
        {"encode", NULL, encode, WL_MAY_WRITE},
        {"check-picture", NULL, check, WL_MAY_WRITE},
        {NULL, NULL, NULL, WL_MAY_WRITE},
};
