/*
 * The kind `unseal` (parser): opens sealed files with their recipient's private key.
 *
 * The files are hostile; the key is the person's who started this, on the recipient's machine.
 * Whoever takes this process over through a file has the key in it, and nowhere to carry it: no
 * file, no network, one pipe to the employer, who compares what comes with the signed digest. No
 * state; the key is wiped at the end.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/update/envelope.h"
#include "daemon/update/envelope_open.h"
#include "daemon/worker/kinds.h"

int wl_unseal_prepare(void)
{
	return wl_envelope_prepare();
}

static int to_pipe(void *user, const void *p, size_t n)
{
	return wl_write_full(*(int *)user, p, n);
}

/* The first message: the key, or why it is none. */
static int receive_key(struct wl_worker *wk, EVP_PKEY **ret, struct wl_finding *f)
{
	void *pem = NULL;
	size_t n = 0;
	int r = wl_worker_receive(wk);

	if (r == 0 && (wk->in->id != WL_MSG_WORK_NEXT ||
	               wl_message_u64(wk->in, WL_T_ROLE) != (uint64_t)WL_ROLE_KEY))
		r = -EBADMSG;
	if (r < 0)
		return r;
	WL_AUTO_CLOSE int fd = TAKE_FD(wk->in->fd);
	r = wl_fd_read_all(fd, WL_KEY_FILE_BYTES_MAX, &pem, &n);
	if (r == -EFBIG)
		(void)wl_refuse(f, WL_RULE_BAG_NOT_OPENED, "the key file is too large");
	else if (r == 0 && wl_envelope_key(pem, n, ret, f) == 0)
		f->rule = WL_RULE_NONE;
	if (pem)
		OPENSSL_cleanse(pem, n);
	free(pem);
	return r == -EFBIG ? 0 : r;
}

static int receive_pipe(struct wl_worker *wk, uint64_t item, int *ret_fd)
{
	int r = wl_worker_receive(wk);

	if (r < 0)
		return r;
	if (wk->in->id != WL_MSG_WORK_NEXT || wl_message_u64(wk->in, WL_T_ITEM) != item ||
	    wl_message_u64(wk->in, WL_T_ROLE) != (uint64_t)WL_ROLE_PIPE)
		return -EBADMSG;
	*ret_fd = TAKE_FD(wk->in->fd);
	return 0;
}

static int do_file(struct wl_worker *wk, EVP_PKEY *key)
{
	uint64_t item = wl_message_u64(wk->in, WL_T_ITEM), bytes = 0;
	WL_AUTO_CLOSE int sealed = TAKE_FD(wk->in->fd), pipe = -1;
	struct wl_finding f = {0};
	int r = receive_pipe(wk, item, &pipe);

	if (r < 0)
		return r;
	r = wl_envelope_open(sealed, key, to_pipe, &pipe, &bytes, &f);
	if (r == -EBADMSG)
		return wl_worker_finding(wk, item, &f);
	if (r < 0)
		return r;
	wl_message_start(wk->out, WL_MSG_UNSEAL_DONE, 0);
	wl_message_put_u64(wk->out, WL_T_ITEM, item);
	wl_message_put_u64(wk->out, WL_T_BYTES, bytes);
	return wl_worker_send(wk);
}

static int serve(struct wl_worker *wk, EVP_PKEY *key)
{
	wl_message_start(wk->out, WL_MSG_UNSEAL_READY, 0);
	int r = wl_worker_send(wk);

	while (r == 0) {
		r = wl_worker_receive(wk);
		if (r == 0 && wk->in->id == WL_MSG_WORK_END)
			return 0;
		if (r == 0 && (wk->in->id != WL_MSG_WORK_NEXT ||
		               wl_message_u64(wk->in, WL_T_ROLE) != (uint64_t)WL_ROLE_CONTENT))
			r = -EBADMSG;
		if (r == 0)
			r = do_file(wk, key);
	}
	return r;
}

int wl_unseal_run(struct wl_worker *wk)
{
	struct wl_finding f = {0};
	EVP_PKEY *key = NULL;
	int r = receive_key(wk, &key, &f);

	if (r == 0 && !key)
		return wl_worker_finding(wk, 0, &f);
	if (r == 0)
		r = serve(wk, key);
	EVP_PKEY_free(key); /* wipes */
	return r;
}
