/*
 * The conversations with the workers that read signatures, check them, and look into archives.
 *
 * A parser may have been taken over by the file it read: what it sends is bounded, a rule it names
 * must be one a parser can find, its words are escaped again, and anything else it says is taken
 * for a lie and refuses the item. Files are handed over as descriptors; nothing is parsed here.
 * Runs in the broker's work thread and in the offline client. A power cut ends the workers; nothing
 * is kept.
 */
#include "policy/drive_work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/base/text.h"

#define SIGNATURE_DEADLINE_MS 20000U
#define CHECK_DEADLINE_MS     30000U
#define UNPACK_DEADLINE_MS    60000U
#define SLOWEST_BYTES_PER_MS  4096U /* of a disk that is busy besides */

static int tell(struct wl_drive_run *r, enum wl_rule rule, const char *detail)
{
	struct wl_finding finding = {.rule = rule};
	wl_text_escape(detail, strlen(detail), finding.detail, sizeof(finding.detail));
	return r->sink->finding(r->sink->user, &finding);
}

static int tell_lie(struct wl_drive_run *r, const char *detail)
{
	return tell(r, WL_RULE_STATION_WORKER_LIED, detail);
}

/* May a parser or a check say this? Never that something is good, never another stage's business.
 */
static bool may_say(enum wl_rule rule)
{
	const struct wl_rule_row *row = wl_rule_row(rule);
	return row->verdict == WL_REFUSE &&
	       (row->stage == 5 || row->stage == 7 || row->stage == 8 || row->stage == 9);
}

static int take_rule(struct wl_drive_run *r, const char *id, const char *detail)
{
	enum wl_rule rule = wl_rule_find(id);
	if (!may_say(rule))
		return tell_lie(r, "a rule that is none of its own");
	return tell(r, rule, detail);
}

static int size_of(int fd, uint64_t *ret)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = st.st_size > 0 ? (uint64_t)st.st_size : 0;
	return 0;
}

/* ---- sending ---- */

static int send_files(struct wl_job *job, const struct wl_drive_order *o)
{
	for (size_t i = 0; i < o->nfiles; i++) {
		const struct wl_drive_file *f = &o->files[i];
		uint64_t size = 0;
		int e = size_of(f->fd, &size);
		if (e >= 0)
			e = wl_job_next(job, i + 1, f->role, size, f->fd,
			                f->has_sha256 ? f->sha256 : NULL);
		if (e < 0)
			return e;
	}
	return 0;
}

static int send_pins(struct wl_drive_run *r, struct wl_job *job, const struct wl_drive_order *o)
{
	for (size_t i = 0; i < o->npins; i++) {
		wl_message_start(r->m, WL_MSG_CHECK_PIN, job->serial);
		wl_message_put_sha256(r->m, WL_T_SPKI_SHA256, o->pins[i]);
		int e = wl_job_send(job, r->m);
		if (e < 0)
			return e;
	}
	return 0;
}

static int send_end(struct wl_drive_run *r, struct wl_job *job)
{
	wl_message_start(r->m, WL_MSG_WORK_END, job->serial);
	return wl_job_send(job, r->m);
}

static int send_signature(struct wl_drive_run *r, struct wl_job *job,
                          const struct wl_drive_order *o)
{
	wl_message_start(r->m, WL_MSG_SIGNATURE_BEGIN, job->serial);
	wl_message_put_text(r->m, WL_T_PURPOSE, o->purpose);
	wl_message_put_i64(r->m, WL_T_TIME, o->time);
	int e = wl_job_send(job, r->m);
	if (e >= 0)
		e = send_pins(r, job, o);
	if (e >= 0)
		e = send_files(job, o);
	return e < 0 ? e : send_end(r, job);
}

static int send_check(struct wl_drive_run *r, struct wl_job *job, const struct wl_drive_order *o)
{
	const struct wl_signature_claim *c = o->claim;
	int e = send_pins(r, job, o);
	if (e >= 0)
		e = send_files(job, o);
	if (e < 0)
		return e;
	wl_message_start(r->m, c ? WL_MSG_CHECK_SIGNATURE : WL_MSG_CHECK_LINES, job->serial);
	wl_message_put_u64(r->m, WL_T_ITEM, 1);
	if (c) {
		if (o->content_sha256)
			wl_message_put_sha256(r->m, WL_T_SHA256, o->content_sha256);
		wl_message_put_u64(r->m, WL_T_DIGEST_ALGORITHM, c->digest_algorithm);
		wl_message_put_u64(r->m, WL_T_SIGNATURE_ALGORITHM, c->signature_algorithm);
		wl_message_put_bytes(r->m, WL_T_SIGNED_ATTRIBUTES, c->signed_attributes,
		                     c->signed_attributes_n);
		wl_message_put_bytes(r->m, WL_T_SIGNATURE, c->signature, c->signature_n);
		wl_message_put_bytes(r->m, WL_T_SPKI, c->spki, c->spki_n);
	}
	e = wl_job_send(job, r->m);
	return e < 0 ? e : send_end(r, job);
}

static int send_unpack(struct wl_drive_run *r, struct wl_job *job, const struct wl_drive_order *o)
{
	wl_message_start(r->m, WL_MSG_UNPACK_BEGIN, job->serial);
	wl_message_put_text(r->m, WL_T_FORMAT, o->format);
	wl_message_put_u64(r->m, WL_T_FILES_MAX, o->files_max);
	wl_message_put_u64(r->m, WL_T_BYTES_MAX, o->bytes_max);
	int e = wl_job_send(job, r->m);
	if (e >= 0)
		e = send_files(job, o);
	return e < 0 ? e : send_end(r, job);
}

/* ---- receiving ---- */

struct talk {
	struct wl_drive_run *r;
	const struct wl_drive_order *o;
	uint64_t members, bytes; /* of an archive, as claimed */
	bool answered;           /* check has said its result */
};

static void copy_bytes(struct wl_bytes from, uint8_t *to, size_t size, size_t *ret_n)
{
	*ret_n = from.n < size ? from.n : size; /* the table of messages bounds it already */
	if (*ret_n > 0)
		memcpy(to, from.p, *ret_n);
}

static int take_signer(struct talk *t, const struct wl_message *m)
{
	struct wl_signature_claim *c = calloc(1, sizeof(*c));
	const char *subject = wl_message_text(m, WL_T_SUBJECT);
	if (!c)
		return -ENOMEM;
	c->digest_algorithm = wl_message_u64(m, WL_T_DIGEST_ALGORITHM);
	c->signature_algorithm = wl_message_u64(m, WL_T_SIGNATURE_ALGORITHM);
	copy_bytes(wl_message_bytes(m, WL_T_SIGNED_ATTRIBUTES), c->signed_attributes,
	           sizeof(c->signed_attributes), &c->signed_attributes_n);
	copy_bytes(wl_message_bytes(m, WL_T_SIGNATURE), c->signature, sizeof(c->signature),
	           &c->signature_n);
	copy_bytes(wl_message_bytes(m, WL_T_SPKI), c->spki, sizeof(c->spki), &c->spki_n);
	wl_text_escape(subject, strlen(subject), c->subject, sizeof(c->subject));
	c->not_before = wl_message_i64(m, WL_T_NOT_BEFORE);
	c->not_after = wl_message_i64(m, WL_T_NOT_AFTER);
	int e = t->r->sink->signer ? t->r->sink->signer(t->r->sink->user, c) : -E2BIG;
	free(c);
	return e;
}

static int take_line(struct talk *t, const struct wl_message *m)
{
	struct wl_bytes path = wl_message_bytes(m, WL_T_PATH);
	if (!t->r->sink->line)
		return -E2BIG;
	return t->r->sink->line(t->r->sink->user, path.p, path.n,
	                        wl_message_sha256(m, WL_T_SHA256));
}

static int take_finding(struct talk *t, const struct wl_message *m)
{
	return take_rule(t->r, wl_message_text(m, WL_T_RULE), wl_message_text(m, WL_T_DETAIL));
}

static int take_result(struct talk *t, const struct wl_message *m)
{
	const char *rule = wl_message_text(m, WL_T_RULE);
	if (t->answered)
		return -E2BIG;
	t->answered = true;
	if (rule[0] != '\0')
		return take_rule(t->r, rule, wl_message_text(m, WL_T_DETAIL));
	if (!t->o->claim)
		return 0; /* the lines are those expected */
	if (!wl_message_has(m, WL_T_SPKI_SHA256) || !t->r->sink->key)
		return -E2BIG;
	return t->r->sink->key(t->r->sink->user, wl_message_sha256(m, WL_T_SPKI_SHA256));
}

/* What a member's name may not be, looked at once more outside the parser. */
static enum wl_rule bad_member(struct wl_bytes path)
{
	if (path.n == 0 || path.p[0] == '/')
		return WL_RULE_ARCHIVE_PATH_ABSOLUTE;
	for (size_t i = 0, begin = 0; i <= path.n; i++) {
		if (i < path.n && path.p[i] != '/')
			continue;
		if (i - begin == 2 && memcmp(path.p + begin, "..", 2) == 0)
			return WL_RULE_ARCHIVE_PATH_PARENT;
		begin = i + 1;
	}
	return WL_RULE_NONE;
}

static int take_member(struct talk *t, const struct wl_message *m)
{
	enum wl_rule rule = bad_member(wl_message_bytes(m, WL_T_PATH));
	if (rule != WL_RULE_NONE)
		return tell(t->r, rule, "");
	if (++t->members > t->o->files_max)
		return tell(t->r, WL_RULE_ARCHIVE_TOO_MANY, "");
	if (__builtin_add_overflow(t->bytes, wl_message_u64(m, WL_T_SIZE), &t->bytes) ||
	    t->bytes > t->o->bytes_max)
		return tell(t->r, WL_RULE_ARCHIVE_BOMB, "");
	return 0;
}

/* What each kind of worker may say. */
struct words {
	enum wl_message_id id;
	int (*take)(struct talk *t, const struct wl_message *m);
};

static const struct words signature_words[] = {
        {WL_MSG_SIGNATURE_SIGNER, take_signer},
        {WL_MSG_MANIFEST_ENTRY, take_line},
        {WL_MSG_WORK_FINDING, take_finding},
        {WL_MSG_NONE, NULL},
};

static const struct words check_words[] = {
        {WL_MSG_CHECK_RESULT, take_result},
        {WL_MSG_NONE, NULL},
};

static const struct words unpack_words[] = {
        {WL_MSG_ARCHIVE_MEMBER, take_member},
        {WL_MSG_WORK_FINDING, take_finding},
        {WL_MSG_NONE, NULL},
};

/* Until work.done. -EBADMSG with *f: the worker died, was late or lied. */
static int hear(struct talk *t, struct wl_job *job, const struct words *words, struct wl_finding *f)
{
	struct wl_drive_run *r = t->r;
	for (;;) {
		int e = wl_job_receive(job, r->m, f, r->progress, r->progress_user);
		if (e < 0)
			return e;
		if (r->m->id == WL_MSG_WORK_DONE)
			return 0;
		const struct words *w = words;
		while (w->take && w->id != r->m->id)
			w++;
		e = w->take ? w->take(t, r->m) : -E2BIG;
		wl_message_clear(r->m);
		if (e == -E2BIG)
			return wl_refuse(f, WL_RULE_STATION_WORKER_LIED, "%s",
			                 "it said more than it may");
		if (e < 0)
			return e;
	}
}

static uint64_t deadline(const struct wl_drive_order *o, uint64_t least)
{
	uint64_t ms = least, size = 0;
	for (size_t i = 0; i < o->nfiles; i++)
		if (size_of(o->files[i].fd, &size) == 0)
			ms += size / SLOWEST_BYTES_PER_MS;
	return ms;
}

typedef int send_fn(struct wl_drive_run *r, struct wl_job *job, const struct wl_drive_order *o);

static int converse(struct wl_drive_run *r, const struct wl_drive_order *o, const char *kind,
                    uint64_t least_ms, send_fn *send, const struct words *words)
{
	struct talk t = {.r = r, .o = o};
	struct wl_job job = {0};
	struct wl_finding f = {0};
	const struct wl_job_order order = {
	        .kind = kind, .deadline_ms = deadline(o, least_ms), .input_fd = -1};
	int e = wl_job_start(r->spawn, &order, &job, &f);
	if (e >= 0) {
		e = send(r, &job, o);
		/* a worker that is gone says why when it is listened to */
		if (e >= 0 || e == -EPIPE)
			e = hear(&t, &job, words, &f);
		if (e >= 0)
			e = wl_job_finish(&job, &f);
		else
			wl_job_kill(&job);
	}
	wl_message_clear(r->m);
	if (e == 0 && words == check_words && !t.answered)
		return tell_lie(r, "it did not answer");
	/* that spawnd is gone says nothing about what was looked into */
	if (e == -EBADMSG && f.rule == WL_RULE_STATION_PART_MISSING)
		return -ECONNRESET;
	if (e == -EBADMSG)
		return tell(r, f.rule, f.detail);
	return e;
}

int wl_drive_signature(struct wl_drive_run *r, const struct wl_drive_order *o)
{
	return converse(r, o, "signature", SIGNATURE_DEADLINE_MS, send_signature, signature_words);
}

int wl_drive_check(struct wl_drive_run *r, const struct wl_drive_order *o)
{
	return converse(r, o, "check", CHECK_DEADLINE_MS, send_check, check_words);
}

int wl_drive_unpack(struct wl_drive_run *r, const struct wl_drive_order *o)
{
	return converse(r, o, "unpack", UNPACK_DEADLINE_MS, send_unpack, unpack_words);
}
