/*
 * Taking a recipient's receipts from a medium (weighlockd, work thread).
 *
 * A receipt is the bag's own tagmanifest-sha256.txt come back, with the recipient's signature
 * beside it: its digest is a fact of the digest tool and says which bag, so nobody has to parse it.
 * Whoever brought the medium controls all bytes; a worker reads the signature, and `check` verifies
 * it under the certificates that the policy names. When power goes, either all receipts of the
 * medium are in the ledger or none.
 */
#include "daemon/broker/job_acknowledge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/broker/claims.h"
#include "policy/drive.h"
#include "policy/inspect.h"

#define RECEIPT       "tagmanifest-sha256.txt"
#define SIGNATURE_END ".p7s"

/* What is known of one receipt before anything is written down. */
struct receipt {
	const struct wl_receipt_bag *bag;
	const struct wl_item *item;
	struct wl_signer signer[WL_DRIVE_SIGNERS_MAX];
	size_t nsigners;
};

struct receiving {
	struct wl_bench *bench;
	struct wl_receipt_task *job;
	struct wl_intake medium;
	struct wl_drive_certificate certificate[WL_STEP_TRUST_MAX];
	size_t ncertificates;
	struct receipt receipt[WL_RECEIPT_BAGS_MAX];
	size_t n;
	char other[WL_SHA256_HEX + 1]; /* a receipt of no bag of this transfer; "": none */
	const char *known;             /* the output of one that was recorded before */
};

static void receiving_clear(struct receiving *rx)
{
	wl_intake_clear(&rx->medium);
	for (size_t i = 0; i < rx->ncertificates; i++)
		wl_cleanup_close(&rx->certificate[i].fd);
}

static bool is_receipt(const struct wl_item *item)
{
	return !item->folder && item->size <= WL_SIGNATURE_FILE_BYTES_MAX &&
	       wl_item_is(item, RECEIPT);
}

static bool is_signature(const struct wl_item *item)
{
	return !item->folder && item->size <= WL_SIGNATURE_FILE_BYTES_MAX &&
	       wl_item_is(item, RECEIPT SIGNATURE_END);
}

/* Receipts, their signatures, and what the medium says about this station's own ledger. */
static bool wanted(const struct wl_item *item)
{
	return is_receipt(item) || is_signature(item) || wl_claim_is_named(item);
}

/* ---- the recipients' certificates ---- */

static bool is_recipient(const struct wl_receipt_task *job, const struct wl_policy_trust *t,
                         int64_t now)
{
	char hex[WL_SHA256_HEX + 1];

	if (t->role != WL_TRUST_RECIPIENT || !t->certificate ||
	    (t->not_after != 0 && now > t->not_after))
		return false;
	if (json_array_size(job->recipients) == 0)
		return true;
	wl_hex_encode(t->sha256, sizeof(t->sha256), hex);
	for (size_t i = 0; i < json_array_size(job->recipients); i++)
		if (!strcmp(json_string_value(json_array_get(job->recipients, i)), hex))
			return true;
	return false;
}

static int open_recipients(struct receiving *rx, int64_t now)
{
	const struct wl_policy *policy = rx->job->task.policy->policy;

	for (size_t i = 0; i < policy->ntrust && rx->ncertificates < WL_STEP_TRUST_MAX; i++) {
		const struct wl_policy_trust *t = &policy->trust[i];
		if (!is_recipient(rx->job, t, now))
			continue;
		int fd = openat(rx->job->task.policy->folder_fd, t->certificate,
		                O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			return -errno;
		struct wl_drive_certificate *c = &rx->certificate[rx->ncertificates++];
		*c = (struct wl_drive_certificate){.fd = fd, .trust = t->id};
		memcpy(c->der_sha256, t->sha256, sizeof(c->der_sha256));
	}
	return 0;
}

/* ---- one receipt ---- */

/* The signature beside it; -1 where there is none. */
static int signature_of(struct receiving *rx, const struct wl_item *receipt)
{
	for (size_t i = 0; i < rx->medium.items.n; i++) {
		const struct wl_item *item = &rx->medium.items.v[i];
		if (is_signature(item) && item->path_n == receipt->path_n + strlen(SIGNATURE_END) &&
		    !strncasecmp(item->path, receipt->path, receipt->path_n))
			return wl_intake_fd(&rx->medium, item);
	}
	return -1;
}

/* The same receipt lies there once more, signed: the bag itself came back too, perhaps. */
static bool is_there_better(struct receiving *rx, const struct wl_item *receipt)
{
	if (signature_of(rx, receipt) >= 0)
		return false;
	for (size_t i = 0; i < rx->medium.items.n; i++) {
		const struct wl_item *item = &rx->medium.items.v[i];
		if (is_receipt(item) && item->has_sha256 &&
		    !memcmp(item->sha256, receipt->sha256, sizeof(item->sha256)) &&
		    signature_of(rx, item) >= 0)
			return true;
	}
	return false;
}

static const struct wl_receipt_bag *bag_of(const struct wl_receipt_task *job,
                                           const struct wl_item *item)
{
	for (size_t i = 0; i < job->nbags; i++)
		if (item->has_sha256 &&
		    !memcmp(job->bag[i].sha256, item->sha256, sizeof(item->sha256)))
			return &job->bag[i];
	return NULL;
}

static int cannot_sign(struct wl_finding *f)
{
	char why[WL_DETAIL_MAX + 1];

	(void)snprintf(why, sizeof(why), "%s", f->detail);
	return wl_refuse(f, WL_RULE_EXPORT_RECEIPT_KEY_UNFIT, "%s", why);
}

static int verify(struct receiving *rx, struct wl_spawn *spawn, struct receipt *r,
                  struct wl_finding *f)
{
	char path[3 * WL_VOLUME_PATH_BYTES_MAX + 1];
	int signature = signature_of(rx, r->item);
	const struct wl_drive_signature s = {.purpose = "authority",
	                                     .content_fd = wl_intake_fd(&rx->medium, r->item),
	                                     .signature_fds = &signature,
	                                     .nsignatures = 1,
	                                     .certificates = rx->certificate,
	                                     .ncertificates = rx->ncertificates,
	                                     .time = time(NULL)};

	if (signature >= 0) {
		int e = wl_drive_verify_signature(spawn, &s, r->signer, &r->nsigners, f);
		/* a recipient whose key only decrypts gets no further by asking for another
		 * signature */
		return e == -EBADMSG && f->rule == WL_RULE_SIGNATURE_PURPOSE_WRONG ? cannot_sign(f)
		                                                                   : e;
	}
	/* nobody's key says so: then a person at the station must, and only where no key could */
	if (json_array_size(rx->job->recipients) == 0 && rx->job->by[0])
		return 0;
	if (wl_path_escape(r->item->path, r->item->path_n, path, sizeof(path)) < 0)
		path[0] = '\0';
	return wl_refuse(f, WL_RULE_EXPORT_RECEIPT_UNSIGNED, "%.150s", path);
}

static int take(struct receiving *rx, struct wl_spawn *spawn, const struct wl_item *item,
                struct wl_finding *f)
{
	const struct wl_receipt_bag *bag = bag_of(rx->job, item);

	if (!bag)
		wl_hex_encode(item->sha256, sizeof(item->sha256), rx->other);
	else if (bag->acknowledged)
		rx->known = bag->output;
	if (!bag || bag->acknowledged || is_there_better(rx, item))
		return 0;
	for (size_t i = 0; i < rx->n; i++)
		if (rx->receipt[i].bag == bag) /* the same twice */
			return 0;
	struct receipt *r = &rx->receipt[rx->n++];
	*r = (struct receipt){.bag = bag, .item = item};
	return verify(rx, spawn, r, f);
}

static int take_all(struct receiving *rx, struct wl_spawn *spawn, struct wl_finding *f)
{
	int r = 0;

	for (size_t i = 0; i < rx->medium.items.n && r == 0; i++) {
		const struct wl_item *item = &rx->medium.items.v[i];
		if (is_receipt(item) && wl_intake_fd(&rx->medium, item) >= 0)
			r = take(rx, spawn, item, f);
	}
	if (r < 0 || rx->n > 0)
		return r;
	if (rx->known)
		return wl_refuse(f, WL_RULE_EXPORT_RECEIPT_KNOWN, "%s", rx->known);
	if (rx->other[0])
		return wl_refuse(f, WL_RULE_EXPORT_RECEIPT_DIFFERS, "%s", rx->other);
	return wl_refuse(f, WL_RULE_EXPORT_RECEIPT_MISSING, "%s", rx->job->source.port);
}

/* ---- into the ledger ---- */

static json_t *entry_of(const struct receiving *rx, const struct receipt *r, json_t *row)
{
	const struct wl_receipt_task *job = rx->job;
	json_t *e = wl_entry_new(WL_E_TRANSFER_ACKNOWLEDGED, job->task.actor, job->task.uid,
	                         job->transfer);
	json_t *signers = json_array();
	char hex[WL_SHA256_HEX + 1];

	for (size_t i = 0; i < r->nsigners; i++) {
		wl_hex_encode(r->signer[i].spki_sha256, WL_SHA256_BYTES, hex);
		(void)json_array_append_new(signers, json_string(hex));
	}
	const char *by = job->by[0] ? job->by : r->signer[0].trust;
	wl_hex_encode(r->bag->sha256, sizeof(r->bag->sha256), hex);
	wl_entry_text(e, WL_M_BAG_SHA256, hex);
	wl_entry_text(e, WL_M_BY, by);
	wl_entry_text(e, WL_M_RECEIVED_AT, job->received_at);
	wl_entry_text(e, WL_M_OUTPUT, r->bag->output);
	wl_entry_text(e, WL_M_INSERTION, job->source.insertion);
	wl_entry_text(e, WL_M_METHOD, r->nsigners > 0 ? "signature" : "word");
	if (r->nsigners > 0)
		wl_entry_list(e, WL_M_SIGNERS, json_incref(signers));
	(void)json_object_set_new(row, "output", json_string(r->bag->output));
	(void)json_object_set_new(row, "bag_sha256", json_string(hex));
	(void)json_object_set_new(row, "by", json_string(by));
	(void)json_object_set_new(row, "signers", signers);
	return e;
}

static int write_down(struct receiving *rx, struct wl_finding *f)
{
	json_t *entries[WL_RECEIPT_BAGS_MAX];

	for (size_t i = 0; i < rx->n; i++) {
		json_t *row = json_object();
		entries[i] = entry_of(rx, &rx->receipt[i], row);
		(void)json_array_append_new(rx->job->taken, row);
	}
	return wl_bench_append_group(rx->bench, &rx->job->task, entries, rx->n, f);
}

static int receive(struct receiving *rx, struct wl_finding *f)
{
	WL_CLEANUP(wl_spawn_cleanup) struct wl_spawn *spawn = NULL;
	int r = wl_intake_fetch(&rx->medium, f);

	if (r == 0)
		r = wl_bench_spawn(rx->bench, &spawn, f);
	if (r == 0)
		r = wl_claims_check(&rx->medium, f);
	if (r == 0)
		r = open_recipients(rx, time(NULL));
	if (r == 0)
		r = take_all(rx, spawn, f);
	return r < 0 ? r : write_down(rx, f);
}

int wl_job_acknowledge_run(struct wl_bench *bench, struct wl_task *task)
{
	struct wl_receipt_task *job = (struct wl_receipt_task *)task;
	struct receiving *rx = calloc(1, sizeof(*rx));
	struct wl_finding *f = &task->finding;

	job->taken = json_array();
	if (!rx || !job->taken) {
		free(rx);
		return wl_refuse(f, WL_RULE_STATION_PART_MISSING, "receipt: %s", strerror(ENOMEM));
	}
	rx->bench = bench;
	rx->job = job;
	rx->medium = (struct wl_intake){.bench = bench,
	                                .task = task,
	                                .source = &job->source,
	                                .gate = "a",
	                                .purpose = "receipt",
	                                .wanted = wanted};
	int r = receive(rx, f);
	receiving_clear(rx);
	free(rx);
	if (r < 0 && f->rule == WL_RULE_NONE)
		return wl_refuse(f, WL_RULE_STATION_PART_MISSING, "receipt: %s", strerror(-r));
	return r;
}
