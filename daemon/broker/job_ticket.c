/*
 * Taking tickets from a medium (weighlockd, work thread).
 *
 * Whoever brought the medium controls its names and bytes. Only files named NAME.ticket.json and
 * NAME.ticket.N.p7s, at most 64 KiB each, are read at all; a ticket is kept only after its
 * signatures were verified by workers. When power goes between storing and the entry ticket.added,
 * the stored one is not known to the ledger and not used.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/broker/claims.h"
#include "daemon/broker/job_intake.h"
#include "daemon/broker/objects.h"
#include "daemon/broker/tickets.h"
#include "policy/drive.h"

#define SIGNATURE_PART ".ticket."
#define SIGNATURE_END  ".p7s"

struct intake {
	struct wl_ticket_task *job;
	struct wl_intake medium;
};

static void intake_clear(struct intake *in)
{
	wl_intake_clear(&in->medium);
}

static bool ends_with(const struct wl_item *item, const char *end)
{
	size_t n = strlen(end);
	return item->path_n > n && memcmp(item->path + item->path_n - n, end, n) == 0;
}

/* NAME.ticket.json: how long NAME with its folder is; 0 for another file. */
static size_t base_of(const struct wl_item *item)
{
	return ends_with(item, WL_TICKET_SUFFIX) ? item->path_n - strlen(WL_TICKET_SUFFIX) : 0;
}

/* BASE.ticket.N.p7s for this base? */
static bool is_signature_of(const struct wl_item *item, const char *base, size_t n)
{
	size_t part = strlen(SIGNATURE_PART), end = strlen(SIGNATURE_END);
	if (!ends_with(item, SIGNATURE_END) || item->path_n != n + part + 1 + end)
		return false;
	char digit = item->path[n + part];
	return memcmp(item->path, base, n) == 0 &&
	       memcmp(item->path + n, SIGNATURE_PART, part) == 0 && digit >= '1' && digit <= '9';
}

/* Tickets and their signatures; and what the medium says about this station's own ledger. */
static bool wanted(const struct wl_item *item)
{
	return wl_claim_is_named(item) || (item->size <= WL_TICKET_BYTES_MAX &&
	                                   (base_of(item) > 0 || ends_with(item, SIGNATURE_END)));
}

static int open_trust(void *user, const char *file, int *ret_fd)
{
	struct intake *in = user;
	int fd = openat(in->job->task.policy->folder_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static void blob_clear(struct wl_ticket_blob *b)
{
	free(b->p);
}

static int store(struct intake *in, const struct wl_ticket *t, int json_fd, const int *fds,
                 size_t n)
{
	struct wl_ticket_blob json = {0}, sig[WL_TICKET_SIGNATURES_MAX] = {{0}};
	int r = wl_fd_read_all(json_fd, WL_TICKET_BYTES_MAX, &json.p, &json.n);
	for (size_t i = 0; i < n && r == 0; i++)
		r = wl_fd_read_all(fds[i], WL_TICKET_BYTES_MAX, &sig[i].p, &sig[i].n);
	if (r == 0)
		r = wl_tickets_store(in->medium.bench->tickets_fd, t->id, &json, sig, n);
	blob_clear(&json);
	for (size_t i = 0; i < n; i++)
		blob_clear(&sig[i]);
	return r;
}

static int append_added(struct intake *in, const struct wl_ticket *t,
                        const struct wl_signer *signers, size_t n, struct wl_finding *f)
{
	char hex[WL_SHA256_HEX + 1], not_after[WL_TIME_TEXT];
	json_t *e = wl_entry_new(WL_E_TICKET_ADDED, in->job->task.actor, in->job->task.uid, NULL);
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++) {
		wl_hex_encode(signers[i].spki_sha256, WL_SHA256_BYTES, hex);
		(void)json_array_append_new(list, json_string(hex));
	}
	wl_time_format(t->not_after, not_after);
	wl_entry_text(e, WL_M_TICKET, t->id);
	wl_entry_sha256(e, WL_M_SHA256, t->sha256);
	wl_entry_list(e, WL_M_SIGNERS, list);
	wl_entry_text(e, WL_M_NOT_AFTER, not_after);
	return wl_bench_append(in->medium.bench, &in->job->task, e, NULL, f);
}

static void report_refused(struct intake *in, const struct wl_item *item, enum wl_rule rule,
                           const struct wl_rules *rules, const char *detail)
{
	char path[3 * WL_VOLUME_PATH_BYTES_MAX + 1];
	struct wl_rules one = {.v = {rule}, .n = 1};
	json_t *o = json_object();
	if (wl_path_escape(item->path, item->path_n, path, sizeof(path)) < 0)
		path[0] = '\0';
	wl_object_text(o, "name", path);
	wl_object_text(o, "file", path);
	wl_object_text(o, "verdict", wl_verdict_name(WL_REFUSE));
	wl_object_text(o, "detail", detail);
	wl_object_text(o, "rule", wl_rule_id(rule));
	(void)json_object_set_new(o, "rules", wl_object_rules(rules ? rules : &one));
	(void)json_array_append_new(in->job->tickets, o);
}

/* Is there one of this name already, and is it another? */
static enum wl_rule known_rule(struct intake *in, const struct wl_ticket *t, bool *ret_there,
                               struct wl_finding *f)
{
	struct wl_ledger_ticket known = {0};
	*ret_there = false;
	if (wl_ledger_ticket(in->medium.bench->ledger, "any", t->id, &known, f) < 0)
		return f->rule;
	if (!known.known)
		return WL_RULE_NONE;
	if (known.withdrawn)
		return WL_RULE_TICKET_WITHDRAWN;
	*ret_there = memcmp(known.sha256, t->sha256, WL_SHA256_BYTES) == 0;
	return *ret_there ? WL_RULE_NONE : WL_RULE_TICKET_USED;
}

/* One ticket: verified, decided upon, stored, written down. Only faults of ours are errors. */
static int take_ticket(struct intake *in, struct wl_spawn *spawn, const struct wl_item *item,
                       struct wl_finding *f)
{
	WL_CLEANUP(wl_ticket_cleanup) struct wl_ticket *t = NULL;
	struct wl_signer signers[WL_DRIVE_SIGNERS_MAX];
	struct wl_drive_ops ops = {.open_trust = open_trust, .user = in};
	struct wl_rules rules = {0};
	int fds[WL_TICKET_SIGNATURES_MAX];
	size_t nfds = 0, nsigners = 0;
	bool there;
	for (size_t i = 0; i < in->medium.items.n && nfds < WL_TICKET_SIGNATURES_MAX; i++)
		if (is_signature_of(&in->medium.items.v[i], item->path, base_of(item)))
			fds[nfds++] = wl_intake_fd(&in->medium, &in->medium.items.v[i]);
	const struct wl_policy *policy = in->job->task.policy->policy;
	int r = wl_drive_read_ticket(spawn, policy, &ops, wl_intake_fd(&in->medium, item), fds,
	                             nfds, time(NULL), &t, signers, &nsigners, f);
	if (r == -EBADMSG) {
		report_refused(in, item, f->rule, NULL, f->detail);
		return 0;
	}
	if (r < 0)
		return r;
	wl_decide_ticket(policy, in->job->station, t, signers, nsigners, time(NULL), &rules);
	enum wl_rule known = rules.n ? WL_RULE_NONE : known_rule(in, t, &there, f);
	if (rules.n || known) {
		report_refused(in, item, rules.n ? rules.v[0] : known, rules.n ? &rules : NULL,
		               t->id);
		return 0;
	}
	r = store(in, t, wl_intake_fd(&in->medium, item), fds, nfds);
	if (r == 0 && !there)
		r = append_added(in, t, signers, nsigners, f);
	if (r < 0)
		return r;
	json_t *o = wl_object_ticket(t, signers, nsigners, time(NULL), false);
	wl_object_text(o, "verdict", wl_verdict_name(WL_PASS));
	in->job->added++;
	return json_array_append_new(in->job->tickets, o) < 0 ? -ENOMEM : 0;
}

int wl_job_ticket_run(struct wl_bench *bench, struct wl_task *task)
{
	WL_CLEANUP(intake_clear)
	struct intake in = {.job = (struct wl_ticket_task *)task};
	WL_CLEANUP(wl_spawn_cleanup) struct wl_spawn *spawn = NULL;
	struct wl_finding *f = &task->finding;
	in.job->tickets = json_array();
	in.medium = (struct wl_intake){.bench = bench,
	                               .task = task,
	                               .source = &in.job->source,
	                               .gate = "a",
	                               .purpose = "tickets",
	                               .wanted = wanted};
	int r = wl_intake_fetch(&in.medium, f);
	if (r == 0)
		r = wl_bench_spawn(bench, &spawn, f);
	if (r == 0)
		r = wl_claims_check(&in.medium, f);
	for (size_t i = 0; i < in.medium.items.n && r == 0; i++)
		if (!in.medium.items.v[i].folder && base_of(&in.medium.items.v[i]) > 0 &&
		    wl_intake_fd(&in.medium, &in.medium.items.v[i]) >= 0)
			r = take_ticket(&in, spawn, &in.medium.items.v[i], f);
	if (r < 0 && f->rule == WL_RULE_NONE)
		return wl_refuse(f, WL_RULE_STATION_PART_MISSING, "tickets: %s", strerror(-r));
	return r;
}
