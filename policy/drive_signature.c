/*
 * One signed thing by itself: a policy, a ticket that is brought to the station, `ticket check`.
 *
 * Content and signatures are anybody's bytes until `check` has found a key good that the caller
 * named by its certificate. Nothing is parsed before that, and then only by the strict reader. Runs
 * in the broker's work thread and in the offline client; keeps nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "policy/drive_work.h"

#define CERTIFICATES_MAX WL_STEP_TRUST_MAX

struct verifying {
	struct wl_spawn *spawn;
	const struct wl_drive_signature *s;
	struct wl_message *m;
	struct wl_signature_claim *claims; /* of the signature being looked at */
	size_t nclaims;
	bool has_key, has_finding, has_first;
	uint8_t key[WL_SHA256_BYTES];
	struct wl_finding finding; /* of the present worker */
	struct wl_finding first;   /* the first one that stays */
	struct wl_signer *signers;
	size_t nsigners;
};

static int sink_signer(void *user, const struct wl_signature_claim *claim)
{
	struct verifying *v = user;
	if (v->nclaims == WL_SIGNATURE_SIGNERS_MAX)
		return -E2BIG;
	v->claims[v->nclaims++] = *claim;
	return 0;
}

static int sink_key(void *user, const uint8_t spki_sha256[WL_SHA256_BYTES])
{
	struct verifying *v = user;
	v->has_key = true;
	memcpy(v->key, spki_sha256, WL_SHA256_BYTES);
	return 0;
}

static int sink_finding(void *user, const struct wl_finding *finding)
{
	struct verifying *v = user;
	if (!v->has_finding)
		v->finding = *finding;
	v->has_finding = true;
	return 0;
}

static int run_worker(struct verifying *v, struct wl_drive_order *o, struct wl_drive_file *files,
                      size_t n, int (*work)(struct wl_drive_run *, const struct wl_drive_order *))
{
	const struct wl_drive_sink sink = {
	        .signer = sink_signer, .key = sink_key, .finding = sink_finding, .user = v};
	struct wl_drive_run run = {.spawn = v->spawn, .m = v->m, .sink = &sink};
	o->files = files;
	o->nfiles = n;
	v->has_key = v->has_finding = false;
	return work(&run, o);
}

static void keep_finding(struct verifying *v)
{
	if (v->has_finding && !v->has_first) {
		v->first = v->finding;
		v->has_first = true;
	}
}

static void keep_signer(struct verifying *v, const struct wl_signature_claim *claim,
                        const struct wl_drive_certificate *c)
{
	for (size_t i = 0; i < v->nsigners; i++)
		if (memcmp(v->signers[i].spki_sha256, v->key, WL_SHA256_BYTES) == 0)
			return;
	if (v->nsigners == WL_DRIVE_SIGNERS_MAX)
		return;
	struct wl_signer *s = &v->signers[v->nsigners++];
	*s = (struct wl_signer){.role = WL_TRUST_AUTHORITY};
	memcpy(s->spki_sha256, v->key, WL_SHA256_BYTES);
	(void)snprintf(s->trust, sizeof(s->trust), "%s", c->trust ? c->trust : "");
	(void)snprintf(s->subject, sizeof(s->subject), "%s", claim->subject);
}

/* One claim, under one certificate after the other until one fits. */
static int check_claim(struct verifying *v, const struct wl_signature_claim *claim)
{
	for (size_t i = 0; i < v->s->ncertificates; i++) {
		const struct wl_drive_certificate *c = &v->s->certificates[i];
		struct wl_drive_order o = {.claim = claim};
		struct wl_drive_file files[2] = {
		        {.fd = c->fd, .role = WL_ROLE_PIN, .has_sha256 = true},
		        {.fd = v->s->content_fd, .role = WL_ROLE_CONTENT}};
		memcpy(files[0].sha256, c->der_sha256, WL_SHA256_BYTES);
		int r = run_worker(v, &o, files, WL_ARRAY_LEN(files), wl_drive_check);
		if (r < 0)
			return r;
		if (v->has_key && !v->has_finding) {
			keep_signer(v, claim, c);
			return 0;
		}
		if (v->finding.rule != WL_RULE_SIGNATURE_SIGNER_UNTRUSTED)
			break;
	}
	keep_finding(v);
	return 0;
}

static int check_one(struct verifying *v, int signature_fd)
{
	struct wl_drive_order o = {.purpose = v->s->purpose, .time = v->s->time};
	struct wl_drive_file files[CERTIFICATES_MAX + 1] = {
	        {.fd = signature_fd, .role = WL_ROLE_SIGNATURE}};
	size_t n = 1;
	for (size_t i = 0; i < v->s->ncertificates; i++, n++) {
		files[n] = (struct wl_drive_file){.fd = v->s->certificates[i].fd,
		                                  .role = WL_ROLE_CERTIFICATE,
		                                  .has_sha256 = true};
		memcpy(files[n].sha256, v->s->certificates[i].der_sha256, WL_SHA256_BYTES);
	}
	v->nclaims = 0;
	int r = run_worker(v, &o, files, n, wl_drive_signature);
	if (r < 0)
		return r;
	keep_finding(v);
	for (size_t i = 0; i < v->nclaims && r >= 0; i++)
		r = check_claim(v, &v->claims[i]);
	return r;
}

/* Held against one signer: the others may suffice (as in the inspection). */
static bool spoils(enum wl_rule rule)
{
	return rule != WL_RULE_SIGNATURE_SIGNER_UNTRUSTED && rule != WL_RULE_SIGNATURE_KEY_WEAK &&
	       rule != WL_RULE_SIGNATURE_CERTIFICATE_EXPIRED &&
	       rule != WL_RULE_SIGNATURE_PURPOSE_WRONG && rule != WL_RULE_SIGNATURE_REVOKED;
}

int wl_drive_verify_signature(struct wl_spawn *spawn, const struct wl_drive_signature *s,
                              struct wl_signer *ret_signers, size_t *ret_n,
                              struct wl_finding *ret_finding)
{
	if (s->ncertificates > CERTIFICATES_MAX)
		return -EINVAL;
	if (s->nsignatures == 0)
		return wl_refuse(ret_finding, WL_RULE_SIGNATURE_MISSING, "%s",
		                 "there is no signature file");
	WL_AUTO_FREE struct wl_message *m = malloc(sizeof(*m));
	WL_AUTO_FREE struct wl_signature_claim *claims =
	        calloc(WL_SIGNATURE_SIGNERS_MAX, sizeof(*claims));
	if (!m || !claims)
		return -ENOMEM;
	wl_message_init(m);
	struct verifying v = {
	        .spawn = spawn, .s = s, .m = m, .claims = claims, .signers = ret_signers};
	for (size_t i = 0; i < s->nsignatures; i++) {
		int r = check_one(&v, s->signature_fds[i]);
		if (r < 0)
			return r;
	}
	if (v.has_first && (v.nsigners == 0 || spoils(v.first.rule))) {
		*ret_finding = v.first;
		return -EBADMSG;
	}
	if (v.nsigners == 0)
		return wl_refuse(ret_finding, WL_RULE_SIGNATURE_SIGNER_UNTRUSTED, "%s", "");
	*ret_n = v.nsigners;
	return 0;
}

static int digest_certificate(int fd, uint8_t ret[WL_SHA256_BYTES])
{
	WL_AUTO_FREE void *p = NULL;
	size_t n;
	int r = wl_fd_read_all(fd, WL_CERTIFICATE_FILE_BYTES_MAX, &p, &n);
	return r < 0 ? r : wl_policy_der_digest(p, n, ret);
}

int wl_drive_verify_policy(struct wl_spawn *spawn, int yaml_fd, int signature_fd, int authority_fd,
                           int64_t time, struct wl_finding *ret_finding)
{
	struct wl_drive_certificate c = {.fd = authority_fd, .trust = "policy-authority"};
	struct wl_drive_signature s = {.purpose = "policy",
	                               .content_fd = yaml_fd,
	                               .signature_fds = &signature_fd,
	                               .nsignatures = 1,
	                               .certificates = &c,
	                               .ncertificates = 1,
	                               .time = time};
	struct wl_signer signers[WL_DRIVE_SIGNERS_MAX];
	struct wl_finding why;
	size_t n;
	int r = digest_certificate(authority_fd, c.der_sha256);
	if (r == -EBADMSG)
		return wl_refuse(ret_finding, WL_RULE_POLICY_SIGNATURE, "%s",
		                 "the pinned certificate of the policy authority cannot be read");
	if (r >= 0)
		r = wl_drive_verify_signature(spawn, &s, signers, &n, &why);
	if (r == -EBADMSG)
		return wl_refuse(ret_finding, WL_RULE_POLICY_SIGNATURE, "%s: %.150s",
		                 wl_rule_id(why.rule), why.detail);
	return r;
}

/* ---- tickets ---- */

struct officers {
	struct wl_drive_certificate v[CERTIFICATES_MAX];
	size_t n;
};

static void close_officers(struct officers *o)
{
	for (size_t i = 0; i < o->n; i++)
		wl_cleanup_close(&o->v[i].fd);
}

/* The authority's certificates of the policy whose day has not passed. */
static int open_officers(const struct wl_policy *p, const struct wl_drive_ops *ops, int64_t now,
                         struct officers *ret)
{
	for (size_t i = 0; i < p->ntrust && ret->n < CERTIFICATES_MAX; i++) {
		const struct wl_policy_trust *t = &p->trust[i];
		if (t->role != WL_TRUST_AUTHORITY || (t->not_after != 0 && now > t->not_after))
			continue;
		struct wl_drive_certificate *c = &ret->v[ret->n];
		*c = (struct wl_drive_certificate){.fd = -1, .trust = t->id};
		memcpy(c->der_sha256, t->sha256, WL_SHA256_BYTES);
		int r = ops->open_trust(ops->user, t->certificate, &c->fd);
		if (r < 0)
			return r;
		ret->n++;
	}
	return 0;
}

int wl_drive_read_ticket(struct wl_spawn *spawn, const struct wl_policy *policy,
                         const struct wl_drive_ops *ops, int ticket_fd, const int *signature_fds,
                         size_t nsignatures, int64_t now, struct wl_ticket **ret,
                         struct wl_withdrawal *ret_withdrawal, struct wl_signer *ret_signers,
                         size_t *ret_n, struct wl_finding *ret_finding)
{
	WL_CLEANUP(close_officers) struct officers officers = {.n = 0};
	WL_AUTO_FREE void *p = NULL;
	size_t n;
	int r = open_officers(policy, ops, now, &officers);
	if (r < 0)
		return r;
	const struct wl_drive_signature s = {.purpose = "authority",
	                                     .content_fd = ticket_fd,
	                                     .signature_fds = signature_fds,
	                                     .nsignatures = nsignatures,
	                                     .certificates = officers.v,
	                                     .ncertificates = officers.n,
	                                     .time = now};
	r = wl_drive_verify_signature(spawn, &s, ret_signers, ret_n, ret_finding);
	if (r < 0)
		return r;
	r = wl_fd_read_all(ticket_fd, WL_TICKET_BYTES_MAX, &p, &n);
	if (r == -EFBIG)
		return wl_refuse(ret_finding, WL_RULE_TICKET_UNREADABLE, "%s",
		                 "larger than 64 KiB");
	if (r < 0)
		return r;
	*ret = NULL;
	r = wl_withdrawal_read(p, n, ret_withdrawal, ret_finding);
	return r == -ENOMSG ? wl_ticket_read(p, n, ret, ret_finding) : r;
}
