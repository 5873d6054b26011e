/*
 * Reading a volume with two workers (weighlockd, work thread).
 *
 * The medium is hostile and so is the parser from its first byte on: it may list what is not there,
 * send too much, too little, nothing, or die. Its numbers are only used to ask it for a file again;
 * order and numbers of items are ours, sizes and digests the digest tool's. When power goes the
 * reading is lost and done again from the medium.
 */
#include "daemon/broker/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"

#define WINDOW           4U /* files asked for ahead */
#define DEADLINE_BASE_MS UINT64_C(600000)
#define SLOWEST_BYTES_A_MS                                                                         \
	500U /* half a megabyte a second, the slowest stick worth waiting for                      \
	      */

/* One entry as the parser listed it, by its place in the order of arrival (wl_item.cookie). */
struct listed {
	uint64_t reader_item, position;
};

struct reading {
	const struct wl_reader_order *order;
	struct wl_items *items;
	struct wl_spawn *reader_spawn, *digest_spawn;
	struct wl_job reader, digest;
	struct wl_message *m;
	struct listed *listed;
	size_t nlisted, room;
	uint32_t *queue; /* indices of items, in the order of the medium */
	size_t nqueue;
	uint64_t total, done, file_done;
	uint32_t at_fault;
};

static void reading_clear(struct reading *r)
{
	wl_job_kill(&r->reader);
	wl_job_kill(&r->digest);
	wl_spawn_free(r->reader_spawn);
	wl_spawn_free(r->digest_spawn);
	if (r->m)
		wl_message_clear(r->m);
	free(r->m);
	free(r->listed);
	free(r->queue);
}

static uint64_t deadline_ms(uint64_t bytes)
{
	return DEADLINE_BASE_MS + bytes / SLOWEST_BYTES_A_MS;
}

static bool cancelled(const struct reading *r)
{
	return atomic_load(&r->order->task->cancel);
}

static void progress(void *user, uint64_t done, uint64_t total)
{
	struct reading *r = user;
	(void)total;
	if (done < r->file_done)
		r->file_done = 0;
	wl_bench_progress(r->order->bench, r->order->task, r->order->step, r->done + done,
	                  r->total);
	r->file_done = done;
}

static int start(struct reading *r, struct wl_finding *f)
{
	struct wl_job_order reader = {.kind = "read-medium",
	                              .deadline_ms = deadline_ms(r->order->medium_bytes),
	                              .gate = r->order->gate,
	                              .input_fd = -1};
	struct wl_job_order digest = {
	        .kind = "digest", .deadline_ms = reader.deadline_ms, .input_fd = -1};
	r->m = malloc(sizeof(*r->m));
	if (!r->m)
		return -ENOMEM;
	wl_message_init(r->m);
	int e = wl_bench_spawn(r->order->bench, &r->reader_spawn, f);
	if (e == 0)
		e = wl_bench_spawn(r->order->bench, &r->digest_spawn, f);
	if (e == 0)
		e = wl_job_start(r->reader_spawn, &reader, &r->reader, f);
	if (e == 0)
		e = wl_job_start(r->digest_spawn, &digest, &r->digest, f);
	return e;
}

static int lied(struct wl_finding *f, const char *what)
{
	return wl_refuse(f, WL_RULE_STATION_WORKER_LIED, "%s", what);
}

/* The next message of the parser: its finding is -EBADMSG, a fault of the machine -EIO. */
static int from_reader(struct reading *r, struct wl_finding *f)
{
	int e = wl_job_receive(&r->reader, r->m, f, progress, r);
	if (e == -EIO) {
		char detail[WL_DETAIL_MAX + 1];
		(void)snprintf(detail, sizeof(detail), "%s", f->detail);
		(void)wl_refuse(f, WL_RULE_MEDIUM_UNREADABLE, "%s", detail);
		return -EIO;
	}
	if (e < 0 || r->m->id != WL_MSG_WORK_FINDING)
		return e;
	uint64_t item = wl_message_u64(r->m, WL_T_ITEM);
	for (size_t i = 0; item && i < r->items->n; i++)
		if (r->listed[r->items->v[i].cookie].reader_item == item)
			r->at_fault = r->items->v[i].number;
	enum wl_rule rule = wl_rule_find(wl_message_text(r->m, WL_T_RULE));
	if (rule == WL_RULE_NONE || wl_rule_row(rule)->verdict != WL_REFUSE)
		return lied(f, "a finding without a rule");
	return wl_refuse_claimed(f, rule, wl_message_text(r->m, WL_T_DETAIL));
}

static int take_entry(struct reading *r, struct wl_finding *f)
{
	struct wl_bytes path = wl_message_bytes(r->m, WL_T_PATH);
	bool folder = !strcmp(wl_message_text(r->m, WL_T_KIND), "folder");
	if (r->nlisted == r->room) {
		size_t room = r->room ? r->room * 2 : 256;
		struct listed *grown = realloc(r->listed, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		r->listed = grown;
		r->room = room;
	}
	r->listed[r->nlisted] = (struct listed){.reader_item = wl_message_u64(r->m, WL_T_ITEM),
	                                        .position = wl_message_u64(r->m, WL_T_POSITION)};
	int e = wl_items_add(r->items, path.p, path.n, folder, wl_message_u64(r->m, WL_T_SIZE),
	                     r->nlisted++);
	return e == -E2BIG ? wl_refuse(f, WL_RULE_VOLUME_TOO_MANY_FILES, "more than %u entries",
	                               2 * WL_TRANSFER_FILES_MAX)
	                   : e;
}

static int list(struct reading *r, struct wl_finding *f)
{
	wl_message_start(r->m, WL_MSG_MEDIUM_BEGIN, 0);
	wl_message_put_u64(r->m, WL_T_SIZE, r->order->medium_bytes);
	wl_message_put_u64(r->m, WL_T_FILES_MAX, r->order->files_max);
	wl_message_put_u64(r->m, WL_T_BYTES_MAX, r->order->bytes_max);
	int e = wl_job_send(&r->reader, r->m);
	if (e < 0)
		return e;
	for (;;) {
		e = from_reader(r, f);
		if (e < 0)
			return e;
		if (r->m->id == WL_MSG_VOLUME_LISTED)
			break;
		if (r->m->id == WL_MSG_VOLUME_INFO)
			continue;
		if (r->m->id != WL_MSG_VOLUME_ENTRY)
			return lied(f, "something else than a list");
		e = take_entry(r, f);
		if (e < 0)
			return e;
	}
	wl_items_number(r->items);
	if (!wl_items_are_within(r->items, r->order->files_max, r->order->bytes_max))
		return wl_refuse(f, WL_RULE_VOLUME_TOO_MANY_FILES,
		                 "more files or bytes are listed than may be read");
	return r->order->listed(r->order->user, r->items, f);
}

static int by_position(const void *a, const void *b, void *reading)
{
	const struct reading *r = reading;
	const struct wl_item *x = &r->items->v[*(const uint32_t *)a];
	const struct wl_item *y = &r->items->v[*(const uint32_t *)b];
	uint64_t p = r->listed[x->cookie].position, q = r->listed[y->cookie].position;
	return p < q ? -1 : p > q;
}

static int make_queue(struct reading *r)
{
	r->queue = calloc(r->items->n ? r->items->n : 1, sizeof(*r->queue));
	if (!r->queue)
		return -ENOMEM;
	for (size_t i = 0; i < r->items->n; i++) {
		if (r->items->v[i].folder ||
		    (r->order->wanted && !r->order->wanted(r->order->user, &r->items->v[i])))
			continue;
		r->queue[r->nqueue++] = (uint32_t)i;
		r->total += r->items->v[i].size;
	}
	qsort_r(r->queue, r->nqueue, sizeof(*r->queue), by_position, r);
	return 0;
}

/* Asks for one file: a pipe between the two workers, and where its bytes go. */
static int ask(struct reading *r, const struct wl_item *item)
{
	int ends[2];
	WL_AUTO_CLOSE int sink = -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	(void)fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
	int e = wl_job_next(&r->reader, r->listed[item->cookie].reader_item, WL_ROLE_PIPE,
	                    item->size, ends[1], NULL);
	if (e == 0)
		e = wl_job_next(&r->digest, item->number, WL_ROLE_PIPE, item->size, ends[0], NULL);
	(void)close(ends[0]);
	(void)close(ends[1]);
	if (e == 0)
		e = r->order->sink(r->order->user, item, &sink);
	if (e < 0)
		return e;
	if (sink >= 0)
		return wl_job_next(&r->digest, item->number, WL_ROLE_SINK, item->size, sink, NULL);
	wl_message_start(r->m, WL_MSG_DIGEST_DROP, 0);
	wl_message_put_u64(r->m, WL_T_ITEM, item->number);
	return wl_job_send(&r->digest, r->m);
}

/* One file's end, first as the parser claims it, then as the tool saw it. */
static int take(struct reading *r, struct wl_item *item, struct wl_finding *f)
{
	int e = from_reader(r, f);
	if (e < 0)
		return e;
	if (r->m->id != WL_MSG_FILE_DONE ||
	    wl_message_u64(r->m, WL_T_ITEM) != r->listed[item->cookie].reader_item)
		return lied(f, "another file than was asked for");
	e = wl_job_receive(&r->digest, r->m, f, NULL, NULL);
	if (e < 0)
		return e == -EIO ? wl_refuse(f, WL_RULE_STATION_VAULT_FULL,
		                             "the vault cannot be written")
		                 : e;
	if (r->m->id != WL_MSG_DIGEST_ITEM || wl_message_u64(r->m, WL_T_ITEM) != item->number)
		return lied(f, "digest of another item");
	r->at_fault = item->number;
	if (!wl_message_bool(r->m, WL_T_COMPLETE))
		return wl_refuse(f, WL_RULE_VOLUME_SIZE_WRONG, "%llu bytes listed, %llu there",
		                 (unsigned long long)item->size,
		                 (unsigned long long)wl_message_u64(r->m, WL_T_BYTES));
	struct wl_bytes head = wl_message_bytes(r->m, WL_T_HEAD);
	wl_item_set_digest(item, wl_message_sha256(r->m, WL_T_SHA256), head.p, head.n);
	r->at_fault = 0;
	r->done += item->size;
	return 0;
}

static int copy(struct reading *r, struct wl_finding *f)
{
	int e = make_queue(r);
	for (size_t asked = 0, taken = 0; e == 0 && taken < r->nqueue;) {
		if (cancelled(r))
			return -ECANCELED;
		if (asked < r->nqueue && asked - taken < WINDOW) {
			e = ask(r, &r->items->v[r->queue[asked++]]);
			if (e == -EPIPE) /* it died: the next receive says of what */
				e = 0;
			continue;
		}
		e = take(r, &r->items->v[r->queue[taken++]], f);
		if (e == 0)
			wl_bench_progress(r->order->bench, r->order->task, r->order->step, r->done,
			                  r->total);
	}
	return e;
}

static int finish_one(struct wl_job *job, struct wl_message *m, struct wl_finding *f)
{
	wl_message_start(m, WL_MSG_WORK_END, 0);
	int e = wl_job_send(job, m);
	if (e == 0)
		e = wl_job_receive(job, m, f, NULL, NULL);
	if (e == 0 && m->id != WL_MSG_WORK_DONE)
		e = lied(f, "no end");
	return e < 0 ? e : wl_job_finish(job, f);
}

int wl_reader_run(const struct wl_reader_order *order, struct wl_items *items, uint32_t *ret_item,
                  struct wl_finding *f)
{
	WL_CLEANUP(reading_clear) struct reading r = {.order = order, .items = items};
	r.reader.control.fd = r.digest.control.fd = -1;
	int e = start(&r, f);
	if (e == 0)
		e = list(&r, f);
	if (e == 0)
		e = copy(&r, f);
	if (e == 0)
		e = finish_one(&r.reader, r.m, f);
	if (e == 0)
		e = finish_one(&r.digest, r.m, f);
	*ret_item = r.at_fault;
	return e;
}

static void free_message(struct wl_message **m)
{
	if (*m)
		wl_message_clear(*m);
	free(*m);
}

int wl_reader_head(struct wl_bench *bench, uint64_t gate, uint64_t size, uint8_t ret_sha256[32],
                   struct wl_finding *f)
{
	WL_CLEANUP(wl_spawn_cleanup) struct wl_spawn *spawn = NULL;
	WL_CLEANUP(wl_job_kill) struct wl_job job = {.control.fd = -1};
	WL_CLEANUP(free_message) struct wl_message *m = malloc(sizeof(*m));
	struct wl_job_order order = {
	        .kind = "digest", .deadline_ms = deadline_ms(size), .gate = gate, .input_fd = -1};
	if (!m)
		return -ENOMEM;
	wl_message_init(m);
	int e = wl_bench_spawn(bench, &spawn, f);
	if (e == 0)
		e = wl_job_start(spawn, &order, &job, f);
	if (e < 0)
		return e;
	wl_message_start(m, WL_MSG_DIGEST_RAW, 0);
	wl_message_put_u64(m, WL_T_ITEM, 0);
	wl_message_put_u64(m, WL_T_SIZE, size);
	e = wl_job_send(&job, m);
	if (e == 0)
		e = wl_job_receive(&job, m, f, NULL, NULL);
	if (e < 0)
		return e == -EIO ? wl_refuse(f, WL_RULE_MEDIUM_UNREADABLE,
		                             "the first bytes cannot be read")
		                 : e;
	if (m->id != WL_MSG_DIGEST_ITEM)
		return lied(f, "no digest");
	memcpy(ret_sha256, wl_message_sha256(m, WL_T_SHA256), WL_SHA256_BYTES);
	return finish_one(&job, m, f);
}
