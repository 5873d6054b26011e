/*
 * Checking signatures with workers. The signature file is hostile and is parsed in its worker;
 * what that says is a claim until `check` has verified it over the content. Keeps nothing.
 */
#include "client/signature_check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/base/cleanup.h"

#define DEADLINE_MS 60000U

static uint64_t size_of(int fd)
{
	struct stat st;
	return fstat(fd, &st) < 0 ? 0 : (uint64_t)st.st_size;
}

static int send_file(struct wl_job *job, enum wl_role role, const struct wl_check_file *file)
{
	return wl_job_next(job, 0, role, size_of(file->fd), file->fd, file->der_sha256);
}

static int send_parser_order(struct wl_job *job, const struct wl_check_order *o,
                             struct wl_message *m)
{
	wl_message_start(m, WL_MSG_SIGNATURE_BEGIN, 0);
	wl_message_put_text(m, WL_T_PURPOSE, o->purpose);
	wl_message_put_i64(m, WL_T_TIME, o->time);
	int r = wl_job_send(job, m);
	for (size_t i = 0; r == 0 && i < o->nanchors; i++)
		r = send_file(job, WL_ROLE_ANCHOR, &o->anchors[i]);
	for (size_t i = 0; r == 0 && i < o->ncertificates; i++)
		r = send_file(job, WL_ROLE_CERTIFICATE, &o->certificates[i]);
	if (r == 0)
		r = wl_job_next(job, 0, WL_ROLE_SIGNATURE, size_of(o->signature_fd),
		                o->signature_fd, NULL);
	wl_message_start(m, WL_MSG_WORK_END, 0);
	return r < 0 ? r : wl_job_send(job, m);
}

/* Pins: the certificates' keys where the order names certificates, else the key claimed itself. */
static int send_pins(struct wl_job *job, const struct wl_check_order *o,
                     const struct wl_message *claim, struct wl_message *m)
{
	struct wl_bytes spki = wl_message_bytes(claim, WL_T_SPKI);
	uint8_t digest[WL_SHA256_BYTES];
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->ncertificates; i++)
		r = send_file(job, WL_ROLE_PIN, &o->certificates[i]);
	if (r < 0 || o->ncertificates > 0)
		return r;
	r = wl_sha256_of(spki.p, spki.n, digest);
	wl_message_start(m, WL_MSG_CHECK_PIN, 0);
	wl_message_put_sha256(m, WL_T_SPKI_SHA256, digest);
	return r < 0 ? r : wl_job_send(job, m);
}

static int send_claim(struct wl_job *job, const struct wl_message *claim, struct wl_message *m)
{
	static const enum wl_tag bytes[] = {WL_T_SIGNED_ATTRIBUTES, WL_T_SIGNATURE, WL_T_SPKI};

	wl_message_start(m, WL_MSG_CHECK_SIGNATURE, 0);
	wl_message_put_u64(m, WL_T_ITEM, wl_message_u64(claim, WL_T_ITEM));
	wl_message_put_u64(m, WL_T_DIGEST_ALGORITHM, wl_message_u64(claim, WL_T_DIGEST_ALGORITHM));
	wl_message_put_u64(m, WL_T_SIGNATURE_ALGORITHM,
	                   wl_message_u64(claim, WL_T_SIGNATURE_ALGORITHM));
	for (size_t i = 0; i < WL_ARRAY_LEN(bytes); i++) {
		struct wl_bytes value = wl_message_bytes(claim, bytes[i]);
		wl_message_put_bytes(m, bytes[i], value.p, value.n);
	}
	return wl_job_send(job, m);
}

static void add_key(struct wl_check_keys *keys, const uint8_t *spki_sha256, const char *subject)
{
	for (size_t i = 0; i < keys->n; i++) {
		if (!memcmp(keys->v[i].spki_sha256, spki_sha256, WL_SHA256_BYTES))
			return;
	}
	if (keys->n == WL_CHECK_KEYS_MAX)
		return;
	memcpy(keys->v[keys->n].spki_sha256, spki_sha256, WL_SHA256_BYTES);
	(void)snprintf(keys->v[keys->n].subject, sizeof(keys->v[0].subject), "%s", subject);
	keys->n++;
}

static int refused_by(const struct wl_message *m, struct wl_finding *f)
{
	return wl_refuse_claimed(f, wl_rule_find(wl_message_text(m, WL_T_RULE)),
	                         wl_message_text(m, WL_T_DETAIL));
}

/* One claim verified. 0 and the key is added; -EBADMSG: why not. */
static int verify(struct wl_job *checker, const struct wl_check_order *o,
                  const struct wl_message *claim, struct wl_message *m, struct wl_check_keys *keys,
                  struct wl_finding *f)
{
	int r = send_pins(checker, o, claim, m);
	if (r == 0)
		r = wl_job_next(checker, 0, WL_ROLE_CONTENT, size_of(o->content_fd), o->content_fd,
		                NULL);
	if (r == 0)
		r = send_claim(checker, claim, m);
	if (r == 0)
		r = wl_job_receive(checker, m, f, NULL, NULL);
	if (r < 0)
		return r;
	if (m->id != WL_MSG_CHECK_RESULT)
		return wl_refuse(f, WL_RULE_STATION_WORKER_LIED, "an answer out of turn");
	if (wl_message_text(m, WL_T_RULE)[0])
		return refused_by(m, f);
	if (!wl_message_has(m, WL_T_SPKI_SHA256))
		return wl_refuse(f, WL_RULE_STATION_WORKER_LIED, "a good signature without a key");
	add_key(keys, wl_message_sha256(m, WL_T_SPKI_SHA256), wl_message_text(claim, WL_T_SUBJECT));
	return 0;
}

/* Both jobs at work: each claim of the parser goes to the checker. */
static int run(struct wl_job *parser, struct wl_job *checker, const struct wl_check_order *o,
               struct wl_check_keys *keys, struct wl_finding *ret_first)
{
	struct wl_message claim, m;
	struct wl_finding f = {0};
	size_t good = 0;
	int first = 0; /* the first finding counts where no key was good */

	wl_message_init(&claim);
	wl_message_init(&m);
	int r = send_parser_order(parser, o, &m);
	while (r == 0) {
		r = wl_job_receive(parser, &claim, &f, NULL, NULL);
		if (r == 0 && claim.id == WL_MSG_WORK_DONE)
			break;
		int one = r;
		if (r == 0 && claim.id == WL_MSG_SIGNATURE_SIGNER)
			one = verify(checker, o, &claim, &m, keys, &f);
		else if (r == 0 && claim.id == WL_MSG_WORK_FINDING)
			one = refused_by(&claim, &f);
		else if (r == 0)
			one = wl_refuse(&f, WL_RULE_STATION_WORKER_LIED, "an answer out of turn");
		good += one == 0;
		if (one == -EBADMSG && !first) {
			*ret_first = f;
			first = one;
		} else if (one < 0 && one != -EBADMSG) {
			r = one;
		}
	}
	wl_message_clear(&claim);
	wl_message_clear(&m);
	if (r < 0)
		return r;
	if (good)
		return 0;
	return first ? first
	             : wl_refuse(ret_first, WL_RULE_SIGNATURE_MISSING, "it names no signer");
}

int wl_signature_check(struct wl_spawn *spawn, const struct wl_check_order *order,
                       struct wl_check_keys *keys, struct wl_finding *ret_finding)
{
	const struct wl_job_order parse = {
	        .kind = "signature", .deadline_ms = DEADLINE_MS, .input_fd = -1};
	const struct wl_job_order check = {
	        .kind = "check", .deadline_ms = DEADLINE_MS, .input_fd = -1};
	struct wl_job parser = {.control.fd = -1}, checker = {.control.fd = -1};
	int r = wl_job_start(spawn, &parse, &parser, ret_finding);

	if (r == 0)
		r = wl_job_start(spawn, &check, &checker, ret_finding);
	if (r == 0)
		r = run(&parser, &checker, order, keys, ret_finding);
	wl_job_kill(&parser);
	wl_job_kill(&checker);
	return r;
}
