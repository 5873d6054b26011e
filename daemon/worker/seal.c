/*
 * The kind `seal` (tool): copies a file, plain or encrypted to recipients, and says what it wrote.
 *
 * It interprets nothing of the file: what it says are facts. The certificates are the policy's,
 * each named by the digest of its DER. The file it writes to is made durable by its owner, who
 * holds the same open file; half a file left by a power cut is thrown away at the next start. It
 * holds no private key; content keys live in libcrypto for one file and are wiped there.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/work_seal.h"
#include "daemon/update/certificate.h"
#include "daemon/update/envelope.h"
#include "daemon/worker/kinds.h"

#define PIECE_BYTES  WL_MIB(1)
#define OUTPUT_BYTES WL_KIB(256) /* libcrypto writes in small pieces; the file gets large ones */

struct seal_work {
	struct wl_worker *wk;
	X509 *recipient[WL_SEAL_RECIPIENTS_MAX];
	size_t n;
	struct wl_finding finding; /* about a recipient; said with the first file */
	uint64_t wrong;            /* number of that recipient, from 1; 0: none */
};

/* One file on its way out. */
struct output {
	int fd;
	uint64_t bytes;
	EVP_MD_CTX *sha512;
	size_t pending_n;
};

static struct wl_sha256 *source_sha, *output_sha;
static uint8_t *piece, *pending;
static EVP_MD *sha512;

int wl_seal_prepare(void)
{
	source_sha = wl_sha256_new();
	output_sha = wl_sha256_new();
	piece = malloc(PIECE_BYTES);
	pending = malloc(OUTPUT_BYTES);
	sha512 = EVP_MD_fetch(NULL, "SHA2-512", NULL);
	if (!source_sha || !output_sha || !piece || !pending || !sha512)
		return -ENOMEM;
	return wl_envelope_prepare();
}

/* ---- writing ---- */

static int hand_on(struct output *o, const void *p, size_t n)
{
	int r = wl_sha256_add(output_sha, p, n);

	if (r == 0 && EVP_DigestUpdate(o->sha512, p, n) != 1)
		r = -EIO;
	if (r == 0)
		r = wl_write_full(o->fd, p, n);
	o->bytes += n;
	return r;
}

static int flush(struct output *o)
{
	size_t n = o->pending_n;

	o->pending_n = 0;
	return n ? hand_on(o, pending, n) : 0;
}

static int put(void *user, const void *p, size_t n)
{
	struct output *o = user;
	int r = o->pending_n + n > OUTPUT_BYTES ? flush(o) : 0;

	if (r < 0 || n > OUTPUT_BYTES)
		return r < 0 ? r : hand_on(o, p, n);
	memcpy(pending + o->pending_n, p, n);
	o->pending_n += n;
	return 0;
}

/* Reads the source whole, once. */
static int pass_on(int source, struct wl_envelope *envelope, struct output *o)
{
	off_t at = 0;
	ssize_t n;

	while ((n = wl_pread_full(source, piece, PIECE_BYTES, at)) > 0) {
		int r = wl_sha256_add(source_sha, piece, (size_t)n);
		if (r == 0)
			r = envelope ? wl_envelope_add(envelope, piece, (size_t)n)
			             : put(o, piece, (size_t)n);
		if (r < 0)
			return r;
		at += n;
	}
	return (int)n;
}

static int copy(struct seal_work *w, int source, struct output *o)
{
	WL_CLEANUP(wl_envelope_cleanup) struct wl_envelope *envelope = NULL;
	int r = wl_sha256_begin(source_sha);

	if (r == 0)
		r = wl_sha256_begin(output_sha);
	if (r == 0 && EVP_DigestInit_ex2(o->sha512, sha512, NULL) != 1)
		r = -EIO;
	if (r == 0 && w->n > 0)
		r = wl_envelope_new(w->recipient, w->n, put, o, &envelope);
	if (r == 0)
		r = pass_on(source, envelope, o);
	if (r == 0 && envelope)
		r = wl_envelope_end(envelope);
	return r < 0 ? r : flush(o);
}

static int report(struct seal_work *w, uint64_t item, struct output *o)
{
	uint8_t digest[WL_SHA256_BYTES], source[WL_SHA256_BYTES], large[EVP_MAX_MD_SIZE];
	struct wl_message *m = w->wk->out;
	unsigned n = 0;
	int r = wl_sha256_end(output_sha, digest);

	if (r == 0)
		r = wl_sha256_end(source_sha, source);
	if (r == 0 && EVP_DigestFinal_ex(o->sha512, large, &n) != 1)
		r = -EIO;
	if (r < 0)
		return r;
	wl_message_start(m, WL_MSG_SEAL_DONE, 0);
	wl_message_put_u64(m, WL_T_ITEM, item);
	wl_message_put_sha256(m, WL_T_SHA256, digest);
	wl_message_put_u64(m, WL_T_BYTES, o->bytes);
	wl_message_put_bytes(m, WL_T_SHA512, large, n);
	wl_message_put_sha256(m, WL_T_SOURCE_SHA256, source);
	return wl_worker_send(w->wk);
}

/* ---- orders ---- */

static int refuse_file(struct seal_work *w, const struct wl_finding *f)
{
	w->finding = *f;
	w->wrong = w->n + 1;
	return 0;
}

static int take_recipient(struct seal_work *w)
{
	struct wl_message *m = w->wk->in;
	WL_AUTO_X509 X509 *x = NULL;
	struct wl_finding f, why;

	if (w->wrong)
		return 0; /* said already that one will not do */
	if (w->n == WL_SEAL_RECIPIENTS_MAX || !wl_message_has(m, WL_T_SHA256))
		return -EBADMSG;
	int r = wl_certificate_read_fd(m->fd, wl_message_sha256(m, WL_T_SHA256), &x, &why);
	if (r == -EBADMSG)
		r = wl_refuse(&f, WL_RULE_EXPORT_RECIPIENT_UNFIT, "%s", why.detail);
	else if (r == 0)
		r = wl_envelope_check(x, &f);
	if (r < 0)
		return r == -EBADMSG ? refuse_file(w, &f) : r;
	w->recipient[w->n++] = TAKE_PTR(x);
	return 0;
}

/* After the content comes the file its copy goes into. */
static int receive_sink(struct seal_work *w, uint64_t item, int *ret_fd)
{
	struct wl_message *m = w->wk->in;
	int r = wl_worker_receive(w->wk);

	if (r < 0)
		return r;
	if (m->id != WL_MSG_WORK_NEXT || wl_message_u64(m, WL_T_ITEM) != item ||
	    wl_message_u64(m, WL_T_ROLE) != (uint64_t)WL_ROLE_SINK)
		return -EBADMSG;
	*ret_fd = TAKE_FD(m->fd);
	return 0;
}

static int do_file(struct seal_work *w)
{
	uint64_t item = wl_message_u64(w->wk->in, WL_T_ITEM);
	WL_AUTO_CLOSE int source = TAKE_FD(w->wk->in->fd), sink = -1;
	int r = receive_sink(w, item, &sink);
	struct output o = {.fd = sink};

	if (r < 0)
		return r;
	if (w->wrong) {
		r = wl_worker_finding(w->wk, w->wrong, &w->finding);
		return r < 0 ? r : -ECANCELED;
	}
	o.sha512 = EVP_MD_CTX_new();
	r = o.sha512 ? copy(w, source, &o) : -ENOMEM;
	if (r == 0)
		r = report(w, item, &o);
	EVP_MD_CTX_free(o.sha512);
	return r;
}

static int serve(struct seal_work *w)
{
	for (;;) {
		int r = wl_worker_receive(w->wk);
		if (r < 0)
			return r;
		if (w->wk->in->id == WL_MSG_WORK_END)
			return 0;
		if (w->wk->in->id != WL_MSG_WORK_NEXT)
			return -EBADMSG;
		uint64_t role = wl_message_u64(w->wk->in, WL_T_ROLE);
		if (role == (uint64_t)WL_ROLE_CERTIFICATE)
			r = take_recipient(w);
		else
			r = role == (uint64_t)WL_ROLE_CONTENT ? do_file(w) : -EBADMSG;
		if (r < 0)
			return r == -ECANCELED ? 0 : r;
	}
}

int wl_seal_run(struct wl_worker *wk)
{
	struct seal_work w = {.wk = wk};
	int r = serve(&w);

	for (size_t i = 0; i < w.n; i++)
		X509_free(w.recipient[i]);
	OPENSSL_cleanse(piece, PIECE_BYTES); /* the last of a picture */
	wk->tools = wl_seal_tools();
	return r;
}
