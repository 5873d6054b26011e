/*
 * The work "signature" (parser): one signature file, and the manifest it stands for.
 *
 * The employer says the purpose and the time, hands over the file, the policy's certificates and,
 * for a vendor, the manifest; this says what the file claims. The file and the manifest are the
 * attacker's. Runs in worker-update, one process per file: a vendor's bytes and the authority's are
 * never in one process. Nothing here passes anything: `check` verifies. Power: no state.
 *
 * What it sends: work.finding item 0 where the whole file is refused; else for each SignerInfo
 * (item 1 to 4) either signature.signer, or work.finding where its certificate or key is refused;
 * then manifest.entry for every line, or a work.finding update.manifest-bad of item 0.
 * check.pin may name keys that need no anchor (a policy may pin the signer itself).
 */
#include <stdlib.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/update/check_signature.h"
#include "daemon/update/manifest.h"
#include "daemon/update/signer.h"
#include "daemon/worker/kinds.h"

struct signature_work {
	struct wl_worker *wk;
	struct wl_trust trust;
	bool begun, too_large, manifest_too_large;
	void *signature;
	size_t signature_n;
	void *manifest;
	size_t manifest_n;
	struct wl_finding policy_finding; /* a file of the policy could not be read */
};

static void cleanup_work(struct signature_work *w)
{
	wl_trust_clear(&w->trust);
	wl_cleanup_free(&w->signature);
	wl_cleanup_free(&w->manifest);
}

static int take_begin(struct signature_work *w, struct wl_message *m)
{
	w->trust.purpose = wl_signer_purpose_find(wl_message_text(m, WL_T_PURPOSE));
	w->trust.time = wl_message_i64(m, WL_T_TIME);
	if (w->begun || !w->trust.purpose)
		return -EPROTO;
	w->begun = true;
	return 0;
}

static int take_pin(struct signature_work *w, struct wl_message *m)
{
	if (w->trust.npins == WL_TRUST_CERTIFICATES_MAX)
		return -E2BIG;
	memcpy(w->trust.pin[w->trust.npins++], wl_message_sha256(m, WL_T_SPKI_SHA256),
	       WL_SHA256_BYTES);
	return 0;
}

/* Once; a file over the limit is remembered as such and its bytes are not read. */
static int take_file(int fd, size_t max, void **file, size_t *n, bool *too_large)
{
	int e;

	if (*file || *too_large)
		return -EPROTO;
	e = wl_fd_read_all(fd, max, file, n);
	if (e == -EFBIG) {
		*too_large = true;
		e = 0;
	}
	return e;
}

static int take_signature(struct signature_work *w, struct wl_message *m)
{
	return take_file(m->fd, WL_SIGNATURE_FILE_BYTES_MAX, &w->signature, &w->signature_n,
	                 &w->too_large);
}

static int take_manifest(struct signature_work *w, struct wl_message *m)
{
	if (w->trust.purpose != WL_PURPOSE_VENDOR)
		return -EPROTO;
	return take_file(m->fd, WL_MANIFEST_FILE_BYTES_MAX, &w->manifest, &w->manifest_n,
	                 &w->manifest_too_large);
}

static int take_certificate(struct signature_work *w, struct wl_message *m, X509 **list,
                            unsigned *n)
{
	int e;

	if (*n == WL_TRUST_CERTIFICATES_MAX)
		return -E2BIG;
	e = wl_certificate_read_fd(
	        m->fd, wl_message_has(m, WL_T_SHA256) ? wl_message_sha256(m, WL_T_SHA256) : NULL,
	        &list[*n], &w->policy_finding);
	if (e == 0)
		(*n)++;
	/* said once everything is here: the employer is still sending */
	return e == -EBADMSG ? 0 : e;
}

static int take_anchor(struct signature_work *w, struct wl_message *m)
{
	return take_certificate(w, m, w->trust.anchor, &w->trust.nanchors);
}

static int take_signer_certificate(struct signature_work *w, struct wl_message *m)
{
	return take_certificate(w, m, w->trust.certificate, &w->trust.ncertificates);
}

static const struct {
	enum wl_role role;
	int (*take)(struct signature_work *w, struct wl_message *m);
} roles[] = {
        {WL_ROLE_SIGNATURE, take_signature},
        {WL_ROLE_CONTENT, take_manifest},
        {WL_ROLE_ANCHOR, take_anchor},
        {WL_ROLE_CERTIFICATE, take_signer_certificate},
};

static int take_next(struct signature_work *w, struct wl_message *m)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(roles); i++)
		if (w->begun && roles[i].role == wl_message_u64(m, WL_T_ROLE))
			return roles[i].take(w, m);
	return -EPROTO;
}

static const struct {
	enum wl_message_id id;
	int (*take)(struct signature_work *w, struct wl_message *m);
} orders[] = {
        {WL_MSG_SIGNATURE_BEGIN, take_begin},
        {WL_MSG_CHECK_PIN, take_pin},
        {WL_MSG_WORK_NEXT, take_next},
};

/* Everything the employer hands over, up to work.end. */
static int collect(struct signature_work *w)
{
	for (;;) {
		struct wl_message *m = w->wk->in;
		int e = wl_worker_receive(w->wk);

		if (e < 0)
			return e;
		if (m->id == WL_MSG_WORK_END)
			return w->begun ? 0 : -EPROTO;
		e = -EPROTO;
		for (size_t i = 0; i < WL_ARRAY_LEN(orders); i++)
			if (orders[i].id == m->id)
				e = orders[i].take(w, m);
		wl_message_clear(m);
		if (e < 0)
			return e;
	}
}

static int send_signer(struct signature_work *w, uint64_t item, const struct wl_cms_signer *claimed,
                       const struct wl_signer *found)
{
	struct wl_message *m = w->wk->out;
	uint8_t set[WL_SIGNATURE_ATTRIBUTES_BYTES_MAX];
	size_t n = wl_cms_attributes_set(claimed, set);

	wl_message_start(m, WL_MSG_SIGNATURE_SIGNER, 0);
	wl_message_put_u64(m, WL_T_ITEM, item);
	wl_message_put_u64(m, WL_T_DIGEST_ALGORITHM, claimed->digest);
	wl_message_put_u64(m, WL_T_SIGNATURE_ALGORITHM, found->algorithm);
	wl_message_put_bytes(m, WL_T_SIGNED_ATTRIBUTES, set, n);
	wl_message_put_bytes(m, WL_T_SIGNATURE, claimed->signature.p, claimed->signature.n);
	wl_message_put_bytes(m, WL_T_SPKI, found->spki, found->spki_n);
	wl_message_put_text(m, WL_T_SUBJECT, found->subject);
	wl_message_put_i64(m, WL_T_NOT_BEFORE, found->not_before);
	wl_message_put_i64(m, WL_T_NOT_AFTER, found->not_after);
	return wl_worker_send(w->wk);
}

static int report_signers(struct signature_work *w, const struct wl_cms *cms)
{
	for (unsigned i = 0; i < cms->nsigners; i++) {
		struct wl_signer found;
		struct wl_finding f;
		int e = wl_signer_judge(cms, &cms->signer[i], &w->trust, &found, &f);

		if (e == -EBADMSG)
			e = wl_worker_finding(w->wk, i + 1, &f);
		else if (e == 0)
			e = send_signer(w, i + 1, &cms->signer[i], &found);
		if (e < 0)
			return e;
	}
	return 0;
}

static int report_signature(struct signature_work *w)
{
	struct wl_bytes file = {w->signature, w->signature_n};
	struct wl_cms cms;
	struct wl_finding f;
	int e;

	if (w->too_large)
		e = wl_refuse(&f, WL_RULE_SIGNATURE_TOO_LARGE, "more than %u bytes",
		              (unsigned)WL_SIGNATURE_FILE_BYTES_MAX);
	else
		e = wl_cms_prepare(file, &cms, &f);
	if (e == 0)
		return report_signers(w, &cms);
	return e == -EBADMSG ? wl_worker_finding(w->wk, 0, &f) : e;
}

static int send_entry(void *user, struct wl_bytes path, const uint8_t sha256[WL_SHA256_BYTES])
{
	struct signature_work *w = user;
	struct wl_message *m = w->wk->out;

	wl_message_start(m, WL_MSG_MANIFEST_ENTRY, 0);
	wl_message_put_bytes(m, WL_T_PATH, path.p, path.n);
	wl_message_put_sha256(m, WL_T_SHA256, sha256);
	return wl_worker_send(w->wk);
}

static int report_manifest(struct signature_work *w)
{
	struct wl_finding f;
	int e;

	if (w->manifest_too_large)
		e = wl_refuse(&f, WL_RULE_UPDATE_MANIFEST_BAD, "more than %u bytes",
		              (unsigned)WL_MANIFEST_FILE_BYTES_MAX);
	else
		e = wl_manifest_read((struct wl_bytes){w->manifest, w->manifest_n}, send_entry, w,
		                     &f);
	return e == -EBADMSG ? wl_worker_finding(w->wk, 0, &f) : e;
}

int wl_signature_prepare(void)
{
	return wl_check_prepare();
}

int wl_signature_run(struct wl_worker *wk)
{
	WL_CLEANUP(cleanup_work) struct signature_work w = {.wk = wk};
	int e = collect(&w);

	if (e < 0)
		return e;
	if (!w.signature && !w.too_large)
		return -EPROTO;
	if (w.policy_finding.rule)
		e = wl_worker_finding(wk, 0, &w.policy_finding);
	if (e == 0)
		e = report_signature(&w);
	if (e == 0 && (w.manifest || w.manifest_too_large))
		e = report_manifest(&w);
	return e;
}
