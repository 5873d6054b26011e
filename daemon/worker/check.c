/*
 * The work "check" (tool): makes facts of what the signature parser claims.
 *
 * Orders come from the employer; in them, signed attributes, signature and key are a parser's claim
 * and may be anything, and content and manifest are a vendor's bytes. Runs in worker-tool, in the
 * same process for a whole transfer, so pins and content are forgotten after each answer: nothing
 * of one question can help another. Power: no state.
 */
#include <stdlib.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/update/certificate.h"
#include "daemon/update/check_lines.h"
#include "daemon/update/check_signature.h"
#include "daemon/worker/kinds.h"

#define PINS_MAX 64U

struct check_work {
	struct wl_worker *wk;
	uint8_t pin[PINS_MAX][WL_SHA256_BYTES];
	unsigned npins;
	int content, expected;
	uint64_t content_size, expected_size;
	struct wl_finding policy_finding; /* why a certificate did not become a pin */
};

static void forget(struct check_work *w)
{
	wl_cleanup_close(&w->content);
	wl_cleanup_close(&w->expected);
	*w = (struct check_work){.wk = w->wk, .content = -1, .expected = -1};
}

static int add_pin(struct check_work *w, const uint8_t sha256[WL_SHA256_BYTES])
{
	if (w->npins == PINS_MAX)
		return -E2BIG;
	memcpy(w->pin[w->npins++], sha256, WL_SHA256_BYTES);
	return 0;
}

static int take_pin(struct check_work *w, struct wl_message *m)
{
	return add_pin(w, wl_message_sha256(m, WL_T_SPKI_SHA256));
}

/* A certificate pins its key, if its DER is the one that was named. */
static int take_pin_certificate(struct check_work *w, struct wl_message *m)
{
	WL_AUTO_X509 X509 *x = NULL;
	uint8_t spki[WL_SPKI_BYTES_MAX], digest[WL_SHA256_BYTES];
	size_t n = 0;
	int e;

	if (!wl_message_has(m, WL_T_SHA256))
		return -EPROTO;
	e = wl_certificate_read_fd(m->fd, wl_message_sha256(m, WL_T_SHA256), &x,
	                           &w->policy_finding);
	if (e == -EBADMSG)
		return 0; /* no pin: said with the answer, if the signer is not found */
	if (e == 0)
		e = wl_certificate_spki(x, spki, &n);
	if (e == 0)
		e = wl_sha256_of(spki, n, digest);
	return e < 0 ? e : add_pin(w, digest);
}

static int keep(int *fd, uint64_t *size, struct wl_message *m)
{
	if (*fd >= 0)
		return -EPROTO;
	*fd = TAKE_FD(m->fd);
	*size = wl_message_u64(m, WL_T_SIZE);
	return 0;
}

static int take_content(struct check_work *w, struct wl_message *m)
{
	return keep(&w->content, &w->content_size, m);
}

static int take_expected(struct check_work *w, struct wl_message *m)
{
	return keep(&w->expected, &w->expected_size, m);
}

static const struct {
	enum wl_role role;
	int (*take)(struct check_work *w, struct wl_message *m);
} roles[] = {
        {WL_ROLE_PIN, take_pin_certificate},
        {WL_ROLE_CONTENT, take_content},
        {WL_ROLE_EXPECTED, take_expected},
};

static int take_next(struct check_work *w, struct wl_message *m)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(roles); i++)
		if (roles[i].role == wl_message_u64(m, WL_T_ROLE))
			return roles[i].take(w, m);
	return -EPROTO;
}

/* e: 0 or -EBADMSG with *f. */
static int answer(struct check_work *w, uint64_t item, int e, const struct wl_finding *f,
                  const uint8_t *spki_sha256)
{
	struct wl_message *m = w->wk->out;

	wl_message_start(m, WL_MSG_CHECK_RESULT, 0);
	wl_message_put_text(m, WL_T_RULE, e < 0 ? wl_rule_id(f->rule) : "");
	wl_message_put_text(m, WL_T_DETAIL, e < 0 ? f->detail : "");
	wl_message_put_u64(m, WL_T_ITEM, item);
	if (e == 0 && spki_sha256)
		wl_message_put_sha256(m, WL_T_SPKI_SHA256, spki_sha256);
	forget(w);
	return wl_worker_send(w->wk);
}

static int do_signature(struct check_work *w, struct wl_message *m)
{
	struct wl_check_claim claim = {
	        .digest = wl_message_u64(m, WL_T_DIGEST_ALGORITHM),
	        .signature = wl_message_u64(m, WL_T_SIGNATURE_ALGORITHM),
	        .attributes = wl_message_bytes(m, WL_T_SIGNED_ATTRIBUTES),
	        .value = wl_message_bytes(m, WL_T_SIGNATURE),
	        .spki = wl_message_bytes(m, WL_T_SPKI),
	};
	struct wl_check_content content = {
	        .fd = w->content,
	        .size = w->content_size,
	        .sha256 = wl_message_has(m, WL_T_SHA256) ? wl_message_sha256(m, WL_T_SHA256) : NULL,
	};
	uint8_t spki_sha256[WL_SHA256_BYTES];
	struct wl_finding f = {0};
	int e;

	if (w->content < 0)
		return -EPROTO;
	e = wl_check_signature(&claim, &content, (const uint8_t(*)[WL_SHA256_BYTES])w->pin,
	                       w->npins, spki_sha256, &f);
	if (e < 0 && e != -EBADMSG)
		return e;
	if (e < 0 && f.rule == WL_RULE_SIGNATURE_SIGNER_UNTRUSTED && w->policy_finding.rule)
		(void)snprintf(f.detail, sizeof(f.detail), "%.199s", w->policy_finding.detail);
	return answer(w, wl_message_u64(m, WL_T_ITEM), e, &f, spki_sha256);
}

static int do_lines(struct check_work *w, struct wl_message *m)
{
	WL_AUTO_FREE void *manifest = NULL;
	WL_AUTO_FREE void *expected = NULL;
	struct wl_finding f = {0};
	size_t n = 0, nexpected = 0;
	int e;

	if (w->content < 0 || w->expected < 0)
		return -EPROTO;
	/* ours, but no longer than what may stand against it can be */
	e = wl_fd_read_all(w->expected, WL_MANIFEST_BYTES_MAX, &expected, &nexpected);
	if (e == 0)
		e = wl_fd_read_all(w->content, WL_MANIFEST_FILE_BYTES_MAX, &manifest, &n);
	if (e == -EFBIG)
		e = wl_refuse(&f, WL_RULE_UPDATE_MANIFEST_BAD, "more than %u bytes",
		              (unsigned)WL_MANIFEST_FILE_BYTES_MAX);
	else if (e == 0 && (n != w->content_size || nexpected != w->expected_size))
		e = -EIO;
	if (e == 0)
		e = wl_check_lines((struct wl_bytes){expected, nexpected},
		                   (struct wl_bytes){manifest, n}, &f);
	if (e < 0 && e != -EBADMSG)
		return e;
	return answer(w, wl_message_u64(m, WL_T_ITEM), e, &f, NULL);
}

static const struct {
	enum wl_message_id id;
	int (*take)(struct check_work *w, struct wl_message *m);
} orders[] = {
        {WL_MSG_CHECK_PIN, take_pin},
        {WL_MSG_WORK_NEXT, take_next},
        {WL_MSG_CHECK_SIGNATURE, do_signature},
        {WL_MSG_CHECK_LINES, do_lines},
};

int wl_check_run(struct wl_worker *wk)
{
	WL_CLEANUP(forget) struct check_work w = {.wk = wk, .content = -1, .expected = -1};

	for (;;) {
		struct wl_message *m = wk->in;
		int e = wl_worker_receive(wk);

		if (e < 0)
			return e;
		if (m->id == WL_MSG_WORK_END)
			return 0;
		e = -EPROTO;
		for (size_t i = 0; i < WL_ARRAY_LEN(orders); i++)
			if (orders[i].id == m->id)
				e = orders[i].take(&w, m);
		wl_message_clear(m);
		if (e < 0)
			return e;
	}
}
