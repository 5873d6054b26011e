/*
 * The works "checkpoint" and "certificate" (parsers): one small file each, in one process each.
 *
 * Slot 4 is the file; every byte of it is the attacker's. "checkpoint" says what a checkpoint, a
 * receipt or a cosigned checkpoint claims; "certificate" gives an X.509 certificate back as DER.
 * Neither verifies anything: ledgerd does, under keys it already has. Runs in worker-update; no
 * state, so power going only loses the answer.
 */
#include <errno.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/update/certificate.h"
#include "daemon/update/checkpoint_claim.h"
#include "daemon/worker/kinds.h"

#define SUBJECT_MAX 200U

static int send_claim(struct wl_worker *wk, const struct wl_checkpoint_claim *c)
{
	struct wl_message *m = wk->out;
	int e;

	wl_message_start(m, WL_MSG_CHECKPOINT_CLAIM, 0);
	wl_message_put_u64(m, WL_T_SIZE, c->size);
	wl_message_put_text(m, WL_T_ORIGIN, c->origin);
	wl_message_put_sha256(m, WL_T_ROOT_SHA256, c->root);
	e = wl_worker_send(wk);
	for (unsigned i = 0; e >= 0 && i < c->nlines; i++) {
		wl_message_start(m, WL_MSG_CHECKPOINT_SIGNATURE, 0);
		wl_message_put_bytes(m, WL_T_SIGNATURE, c->line[i].blob, c->line[i].blob_n);
		wl_message_put_text(m, WL_T_NAME, c->line[i].name);
		wl_message_put_bytes(m, WL_T_KEY_ID, c->line[i].key_id, sizeof(c->line[i].key_id));
		e = wl_worker_send(wk);
	}
	return e;
}

int wl_checkpoint_run(struct wl_worker *wk)
{
	struct wl_checkpoint_claim claim = {0};
	WL_AUTO_FREE void *p = NULL;
	struct wl_finding f = {.rule = WL_RULE_NONE};
	size_t n = 0;
	int e = wl_fd_read_all(WL_WORKER_INPUT_FD, WL_CHECKPOINT_FILE_BYTES_MAX, &p, &n);

	if (e == 0)
		e = wl_checkpoint_claim_read((struct wl_bytes){p, n}, &claim, &f);
	else if (e == -EFBIG)
		e = wl_refuse(&f, WL_RULE_STATION_COSIGNATURE_UNREADABLE, "more than %u bytes",
		              (unsigned)WL_CHECKPOINT_FILE_BYTES_MAX);
	if (e == -EBADMSG)
		return wl_worker_finding(wk, 0, &f);
	return e < 0 ? e : send_claim(wk, &claim);
}

static int send_certificate(struct wl_worker *wk, X509 *certificate)
{
	uint8_t der[16384], *at = der;
	char subject[SUBJECT_MAX + 1];
	int n = i2d_X509(certificate, NULL);

	if (n <= 0 || (size_t)n > sizeof(der) || i2d_X509(certificate, &at) != n)
		return -EFBIG;
	wl_certificate_subject(certificate, subject, sizeof(subject));
	wl_message_start(wk->out, WL_MSG_CERTIFICATE_CLAIM, 0);
	wl_message_put_text(wk->out, WL_T_SUBJECT, subject);
	wl_message_put_bytes(wk->out, WL_T_DOCUMENT, der, (size_t)n);
	return wl_worker_send(wk);
}

int wl_certificate_run(struct wl_worker *wk)
{
	WL_AUTO_X509 X509 *certificate = NULL;
	struct wl_finding f = {.rule = WL_RULE_NONE};
	int e = wl_certificate_read_fd(WL_WORKER_INPUT_FD, NULL, &certificate, &f);

	if (e == 0)
		e = send_certificate(wk, certificate);
	if (e != -EBADMSG && e != -EFBIG)
		return e;
	(void)wl_refuse(&f, WL_RULE_STATION_CERTIFICATE_UNREADABLE, "%s",
	                e == -EFBIG ? "it is too large" : "it is not one certificate");
	return wl_worker_finding(wk, 0, &f);
}
