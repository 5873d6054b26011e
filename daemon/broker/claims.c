/*
 * What media say about this station's own ledger.
 *
 * Whoever brought the medium wrote every byte; a worker reads the file, ledgerd verifies what it
 * claims under the ledger's key. Only a checkpoint this station really signed can do anything, and
 * all it can do is stop transfers. Runs in the broker's work thread. The alarm is ledgerd's entry,
 * so it is there after power went.
 */
#include "daemon/broker/claims.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"

#define CLAIM_DEADLINE_MS 10000U

bool wl_claim_is_named(const struct wl_item *item)
{
	static const char *const names[] = {"checkpoint", "checkpoint.cosigned", "receipt.txt",
	                                    "cosignature.txt"};

	if (item->folder || item->size > WL_CHECKPOINT_FILE_BYTES_MAX)
		return false;
	for (size_t i = 0; i < WL_ARRAY_LEN(names); i++)
		if (wl_item_is(item, names[i]))
			return true;
	return wl_item_ends(item, ".tlog-proof");
}

bool wl_claim_is_ours(const struct wl_item *item)
{
	static const char *const places[] = {"checkpoint", "checkpoint.cosigned", "receipt.txt",
	                                     "cosignature.txt", "WEIGHLOCK/RECEIPT.TXT"};

	for (size_t i = 0; i < WL_ARRAY_LEN(places); i++)
		if (item->path_n == strlen(places[i]) && wl_item_ends(item, places[i]))
			return wl_claim_is_named(item);
	return false;
}

static void take_line(struct wl_claim *c, const struct wl_message *m)
{
	struct wl_bytes blob = wl_message_bytes(m, WL_T_SIGNATURE);
	struct wl_bytes id = wl_message_bytes(m, WL_T_KEY_ID);

	if (c->nlines == WL_CHECKPOINT_SIGNATURES_MAX || blob.n > sizeof(c->line[0].blob) ||
	    id.n != sizeof(c->line[0].key_id))
		return;
	memcpy(c->line[c->nlines].blob, blob.p, blob.n);
	memcpy(c->line[c->nlines].key_id, id.p, id.n);
	c->line[c->nlines].blob_n = blob.n;
	(void)snprintf(c->line[c->nlines].name, sizeof(c->line[0].name), "%s",
	               wl_message_text(m, WL_T_NAME));
	c->nlines++;
}

/* One message of the worker: 1 at its end, 0 to go on, negative for a finding or a fault. */
static int take_answer(const struct wl_message *m, struct wl_claim *c, struct wl_finding *f)
{
	switch ((unsigned)m->id) {
	case WL_MSG_CHECKPOINT_CLAIM:
		c->size = wl_message_u64(m, WL_T_SIZE);
		memcpy(c->root, wl_message_sha256(m, WL_T_ROOT_SHA256), sizeof(c->root));
		(void)snprintf(c->origin, sizeof(c->origin), "%s", wl_message_text(m, WL_T_ORIGIN));
		return 0;
	case WL_MSG_CHECKPOINT_SIGNATURE:
		take_line(c, m);
		return 0;
	case WL_MSG_WORK_FINDING:
		return wl_refuse_claimed(f, WL_RULE_STATION_COSIGNATURE_UNREADABLE,
		                         wl_message_text(m, WL_T_DETAIL));
	case WL_MSG_WORK_DONE:
		return c->origin[0] ? 1 : wl_refuse(f, WL_RULE_STATION_WORKER_LIED, "no claim");
	default:
		return wl_refuse(f, WL_RULE_STATION_WORKER_LIED, "a message that does not belong");
	}
}

int wl_claim_read(struct wl_spawn *spawn, int fd, struct wl_claim *ret, struct wl_finding *f)
{
	struct wl_job_order order = {
	        .kind = "checkpoint", .deadline_ms = CLAIM_DEADLINE_MS, .input_fd = fd};
	struct wl_job job = {.control.fd = -1};
	WL_AUTO_FREE struct wl_message *m = malloc(sizeof(*m));

	if (!m)
		return -ENOMEM;
	*ret = (struct wl_claim){.size = 0};
	wl_message_init(m);
	int r = wl_job_start(spawn, &order, &job, f);
	while (r == 0) {
		r = wl_job_receive(&job, m, f, NULL, NULL);
		if (r == 0)
			r = take_answer(m, ret, f);
	}
	wl_message_clear(m);
	if (r > 0)
		return wl_job_finish(&job, f);
	wl_job_kill(&job);
	return r;
}

int wl_claim_compare(struct wl_bench *bench, const struct wl_claim *c, const char *insertion,
                     char ret_state[17], struct wl_finding *f)
{
	int r = wl_ledger_compare(bench->ledger, c, insertion, ret_state, f);

	if (r == 0 && !strcmp(ret_state, "rolled-back"))
		return wl_refuse(f, WL_RULE_STATION_LEDGER_ROLLED_BACK,
		                 "a checkpoint of %llu entries", (unsigned long long)c->size);
	if (r == 0 && !strcmp(ret_state, "forked"))
		return wl_refuse(f, WL_RULE_STATION_LEDGER_FORKED, "a checkpoint of %llu entries",
		                 (unsigned long long)c->size);
	return r;
}

/* A file that is no checkpoint, or breaks its reader, is not this station's word about anything. */
static bool is_about_the_file(enum wl_rule rule)
{
	return rule == WL_RULE_STATION_COSIGNATURE_UNREADABLE ||
	       rule == WL_RULE_STATION_WORKER_DIED || rule == WL_RULE_STATION_WORKER_LATE ||
	       rule == WL_RULE_STATION_WORKER_LIED;
}

/* One file: what cannot be read as a checkpoint is passed over. */
static int check_file(struct wl_bench *bench, struct wl_spawn *spawn, int fd, const char *insertion,
                      struct wl_finding *f)
{
	struct wl_claim claim;
	char state[17];
	int r = wl_claim_read(spawn, fd, &claim, f);

	if (r == -EBADMSG && is_about_the_file(f->rule)) {
		*f = (struct wl_finding){.rule = WL_RULE_NONE};
		return 0;
	}
	return r < 0 ? r : wl_claim_compare(bench, &claim, insertion, state, f);
}

int wl_claims_compare(struct wl_bench *bench, const struct wl_claims_source *s,
                      struct wl_finding *f)
{
	WL_CLEANUP(wl_spawn_cleanup) struct wl_spawn *spawn = NULL;
	unsigned n = 0;
	int r = 0;

	/* where we write ourselves first: nothing that lies beside it hides it */
	for (size_t k = 0; k < 2 * s->items->n && r == 0 && n < WL_CHECKPOINT_FILES_MAX; k++) {
		const struct wl_item *item = &s->items->v[k % s->items->n];
		WL_AUTO_CLOSE int fd = -1;
		if (!wl_claim_is_named(item) || wl_claim_is_ours(item) != (k < s->items->n) ||
		    s->open(s->user, item, &fd) < 0)
			continue;
		n++;
		r = spawn ? 0 : wl_bench_spawn(bench, &spawn, f);
		if (r == 0)
			r = check_file(bench, spawn, fd, s->insertion, f);
	}
	return r;
}

static int open_taken(void *user, const struct wl_item *item, int *ret_fd)
{
	int fd = wl_intake_fd(user, item);

	*ret_fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return *ret_fd < 0 ? -ENOENT : 0;
}

int wl_claims_check(struct wl_intake *in, struct wl_finding *f)
{
	const struct wl_claims_source source = {.items = &in->items,
	                                        .insertion = in->source->insertion,
	                                        .open = open_taken,
	                                        .user = in};

	return wl_claims_compare(in->bench, &source, f);
}

int wl_claims_look(struct wl_intake *in, struct wl_finding *f)
{
	struct wl_finding unread = {.rule = WL_RULE_NONE};

	in->gate = "b";
	in->purpose = "audit";
	in->wanted = wl_claim_is_named;
	in->rather = wl_claim_is_ours;
	int r = wl_intake_fetch(in, &unread);
	if (r == 0)
		return wl_claims_check(in, f);
	if (r != -ECANCELED && unread.rule != WL_RULE_STATION_PART_MISSING &&
	    unread.rule != WL_RULE_STATION_LEDGER_FAILED)
		return 0; /* no volume that we can read: then it holds nothing of ours either */
	*f = unread;
	return r;
}
