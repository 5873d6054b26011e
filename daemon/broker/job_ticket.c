/*
 * Taking tickets from a medium (weighlockd, work thread).
 *
 * Whoever brought the medium controls its names and bytes. Only files named NAME.ticket.json and
 * NAME.ticket.N.p7s, at most 64 KiB each, are read at all; a ticket, or the withdrawal of one, is
 * kept only after its signatures were verified by workers. When power goes between storing and the
 * entry ticket.added, the stored one is not known to the ledger and not used; a withdrawal counts
 * from its entry, and is brought again.
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

/* What lies under one name: the statement, its signature files and who signed. */
struct statement {
	const struct wl_item *item;
	int fds[WL_TICKET_SIGNATURES_MAX];
	size_t nfds;
	struct wl_ticket *ticket; /* or, where NULL, a withdrawal */
	struct wl_withdrawal withdrawal;
	struct wl_signer signers[WL_DRIVE_SIGNERS_MAX];
	size_t nsigners;
};

static void statement_clear(struct statement *s)
{
	s->ticket = wl_ticket_free(s->ticket);
}

static int store(struct intake *in, const struct statement *s)
{
	struct wl_ticket_blob json = {0}, sig[WL_TICKET_SIGNATURES_MAX] = {{0}};
	int r = wl_fd_read_all(wl_intake_fd(&in->medium, s->item), WL_TICKET_BYTES_MAX, &json.p,
	                       &json.n);
	for (size_t i = 0; i < s->nfds && r == 0; i++)
		r = wl_fd_read_all(s->fds[i], WL_TICKET_BYTES_MAX, &sig[i].p, &sig[i].n);
	if (r == 0)
		r = wl_tickets_store(in->medium.bench->tickets_fd,
		                     s->ticket ? s->ticket->id : s->withdrawal.ticket,
		                     s->ticket ? "ticket" : "withdrawal", &json, sig, s->nfds);
	blob_clear(&json);
	for (size_t i = 0; i < s->nfds; i++)
		blob_clear(&sig[i]);
	return r;
}

static json_t *signers_of(const struct statement *s)
{
	char hex[WL_SHA256_HEX + 1];
	json_t *list = json_array();
	for (size_t i = 0; i < s->nsigners; i++) {
		wl_hex_encode(s->signers[i].spki_sha256, WL_SHA256_BYTES, hex);
		(void)json_array_append_new(list, json_string(hex));
	}
	return list;
}

static int append_added(struct intake *in, const struct statement *s, struct wl_finding *f)
{
	char not_after[WL_TIME_TEXT];
	const struct wl_ticket *t = s->ticket;
	json_t *e = wl_entry_new(WL_E_TICKET_ADDED, in->job->task.actor, in->job->task.uid, NULL);
	wl_time_format(t->not_after, not_after);
	wl_entry_text(e, WL_M_TICKET, t->id);
	wl_entry_sha256(e, WL_M_SHA256, t->sha256);
	wl_entry_list(e, WL_M_SIGNERS, signers_of(s));
	wl_entry_text(e, WL_M_NOT_AFTER, not_after);
	return wl_bench_append(in->medium.bench, &in->job->task, e, NULL, f);
}

static int append_withdrawn(struct intake *in, const struct statement *s, struct wl_finding *f)
{
	const struct wl_withdrawal *w = &s->withdrawal;
	json_t *e =
	        wl_entry_new(WL_E_TICKET_WITHDRAWN, in->job->task.actor, in->job->task.uid, NULL);
	wl_entry_text(e, WL_M_TICKET, w->ticket);
	wl_entry_sha256(e, WL_M_SHA256, w->sha256);
	wl_entry_list(e, WL_M_SIGNERS, signers_of(s));
	wl_entry_text(e, WL_M_REASON, w->reason);
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

/* Adds what was taken to the answer. */
static int report_taken(struct intake *in, json_t *o)
{
	wl_object_text(o, "verdict", wl_verdict_name(WL_PASS));
	in->job->added++;
	return json_array_append_new(in->job->tickets, o) < 0 ? -ENOMEM : 0;
}

static int keep_ticket(struct intake *in, const struct statement *s, struct wl_finding *f)
{
	const struct wl_ticket *t = s->ticket;
	struct wl_rules rules = {0};
	bool there;
	wl_decide_ticket(in->job->task.policy->policy, in->job->station, t, s->signers, s->nsigners,
	                 time(NULL), &rules);
	enum wl_rule known = rules.n ? WL_RULE_NONE : known_rule(in, t, &there, f);
	if (rules.n || known) {
		report_refused(in, s->item, rules.n ? rules.v[0] : known, rules.n ? &rules : NULL,
		               t->id);
		return 0;
	}
	int r = store(in, s);
	if (r == 0 && !there)
		r = append_added(in, s, f);
	return r < 0 ? r
	             : report_taken(
	                       in, wl_object_ticket(t, s->signers, s->nsigners, time(NULL), false));
}

/*
 * One officer is enough to stop what may have taken two to allow, and the ticket need not be here
 * yet: it is refused when it comes. Brought twice, it is written down once.
 */
static int keep_withdrawal(struct intake *in, const struct statement *s, struct wl_finding *f)
{
	struct wl_ledger_ticket known = {0};
	int r = wl_ledger_ticket(in->medium.bench->ledger, "any", s->withdrawal.ticket, &known, f);
	if (r == 0 && !known.withdrawn)
		r = store(in, s);
	if (r == 0 && !known.withdrawn)
		r = append_withdrawn(in, s, f);
	return r < 0 ? r
	             : report_taken(in,
	                            wl_object_withdrawal(&s->withdrawal, s->signers, s->nsigners));
}

/* One statement: verified, decided upon, stored, written down. Only faults of ours are errors. */
static int take_statement(struct intake *in, struct wl_spawn *spawn, const struct wl_item *item,
                          struct wl_finding *f)
{
	WL_CLEANUP(statement_clear) struct statement s = {.item = item};
	struct wl_drive_ops ops = {.open_trust = open_trust, .user = in};
	for (size_t i = 0; i < in->medium.items.n && s.nfds < WL_TICKET_SIGNATURES_MAX; i++)
		if (is_signature_of(&in->medium.items.v[i], item->path, base_of(item)))
			s.fds[s.nfds++] = wl_intake_fd(&in->medium, &in->medium.items.v[i]);
	int r = wl_drive_read_ticket(spawn, in->job->task.policy->policy, &ops,
	                             wl_intake_fd(&in->medium, item), s.fds, s.nfds, time(NULL),
	                             &s.ticket, &s.withdrawal, s.signers, &s.nsigners, f);
	if (r == -EBADMSG) {
		report_refused(in, item, f->rule, NULL, f->detail);
		return 0;
	}
	if (r < 0)
		return r;
	return s.ticket ? keep_ticket(in, &s, f) : keep_withdrawal(in, &s, f);
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
			r = take_statement(&in, spawn, &in.medium.items.v[i], f);
	if (r < 0 && f->rule == WL_RULE_NONE)
		return wl_refuse(f, WL_RULE_STATION_PART_MISSING, "tickets: %s", strerror(-r));
	return r;
}
