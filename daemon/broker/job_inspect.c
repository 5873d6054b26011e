/*
 * Looking into what the vault holds (weighlockd, work thread).
 *
 * Gate A is shut. Every vendor's byte goes to a worker by descriptor; what comes back are claims of
 * parsers and facts of tools, and policy/decide.c judges them. When power goes here, the next start
 * finds a transfer that was read and not decided, and the inspection begins again from the vault.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/cleanup.h"
#include "daemon/broker/jobs.h"
#include "daemon/broker/tickets.h"
#include "policy/drive.h"

struct inspection {
	struct wl_bench *bench;
	struct wl_read_task *job;
	struct wl_stored_ticket *tickets; /* those whose digest the ledger knows, not withdrawn */
	size_t ntickets;
	struct wl_stored_ticket *chosen;
	struct wl_finding ledger_finding; /* why the ledger could not be asked */
};

static int open_item(void *user, enum wl_place place, const struct wl_item *item, int *ret_fd)
{
	struct inspection *in = user;
	if (place == WL_PLACE_MEDIUM)
		return wl_vault_item_open(&in->bench->vault, in->job->task.transfer, item->number,
		                          ret_fd);
	if (!in->chosen)
		return -ENOENT;
	int fd = openat(in->chosen->folder_fd, item->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int open_trust(void *user, const char *file, int *ret_fd)
{
	struct inspection *in = user;
	int fd = openat(in->job->task.policy->folder_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int ask_ledger(void *user, const char *device, const char *component, const char *ticket,
                      struct wl_ledger_facts *ret)
{
	struct inspection *in = user;
	struct wl_ledger_floor floor = {0};
	struct wl_ledger_ticket known = {0};
	int r = wl_ledger_floor(in->bench->ledger, device, component, &floor, &in->ledger_finding);
	if (r == 0 && ticket)
		r = wl_ledger_ticket(in->bench->ledger, device, ticket, &known,
		                     &in->ledger_finding);
	if (r < 0)
		return r;
	*ret = (struct wl_ledger_facts){.state = WL_LEDGER_KNOWN,
	                                .has_floor = floor.has_release,
	                                .has_installed = floor.has_installed,
	                                .floor = floor.release,
	                                .installed = floor.installed,
	                                .uses = known.uses,
	                                .withdrawn = known.withdrawn};
	return 0;
}

static void progress(void *user, enum wl_step_kind step, const char *path, uint64_t done,
                     uint64_t total)
{
	struct inspection *in = user;
	(void)step;
	(void)path;
	wl_bench_progress(in->bench, &in->job->task, "inspecting", done, total);
}

/* Only tickets that a ticket.added of this ledger names with this digest. */
static int load_tickets(struct inspection *in, struct wl_finding *f)
{
	size_t kept = 0;
	int r = wl_tickets_load(in->bench->tickets_fd, &in->tickets, &in->ntickets);
	for (size_t i = 0; r == 0 && i < in->ntickets; i++) {
		struct wl_stored_ticket *t = &in->tickets[i], swap;
		struct wl_ledger_ticket known = {0};
		r = wl_ledger_ticket(in->bench->ledger, in->job->device, t->ticket->id, &known, f);
		if (r < 0 || !known.known ||
		    memcmp(known.sha256, t->ticket->sha256, WL_SHA256_BYTES) != 0)
			continue;
		swap = in->tickets[kept];
		in->tickets[kept++] = *t;
		*t = swap;
	}
	/* those left out stay behind the kept ones and are freed with them */
	if (r == 0 && in->job->ticket[0])
		for (size_t i = 0; i < kept; i++)
			if (!strcmp(in->tickets[i].ticket->id, in->job->ticket))
				in->chosen = &in->tickets[i];
	return r < 0 ? r : (int)kept;
}

static int choose_ticket(struct inspection *in, const struct wl_items *items, struct wl_finding *f)
{
	const struct wl_policy *policy = in->job->task.policy->policy;
	const struct wl_policy_device *device = wl_policy_device(policy, in->job->device);
	int kept = load_tickets(in, f);
	if (kept < 0 || in->chosen || in->job->ticket[0] || !device)
		return kept < 0 ? kept : 0;
	WL_AUTO_FREE const struct wl_ticket **all = calloc((size_t)kept + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (int i = 0; i < kept; i++)
		all[i] = in->tickets[i].ticket;
	int at = wl_inspect_choose_ticket(device, all, (size_t)kept, items);
	if (at >= 0)
		in->chosen = &in->tickets[at];
	return 0;
}

static int fault(int r, const struct inspection *in, struct wl_finding *f)
{
	if (r == -EBADMSG && in->ledger_finding.rule)
		*f = in->ledger_finding;
	else if (r != -EBADMSG || f->rule == WL_RULE_NONE)
		(void)wl_refuse(f, WL_RULE_STATION_PART_MISSING, "inspection: %s", strerror(-r));
	return r == -ECANCELED ? r : -EBADMSG;
}

/* Drives the inspection and decides. */
static int look_into(struct inspection *in, const struct wl_items *items,
                     const struct wl_fact_finding *findings, size_t nfindings, struct wl_finding *f)
{
	WL_CLEANUP(wl_inspect_cleanup) struct wl_inspect *machine = NULL;
	WL_CLEANUP(wl_decision_cleanup) struct wl_decision *decision = NULL;
	WL_CLEANUP(wl_spawn_cleanup) struct wl_spawn *spawn = NULL;
	struct wl_ledger_status status = {0};
	int r = wl_ledger_status(in->bench->ledger, &status, f);
	if (r < 0)
		return r;
	struct wl_inspect_input input = {.policy = in->job->task.policy->policy,
	                                 .station = in->job->station,
	                                 .device = in->job->device,
	                                 .vendor = in->job->vendor[0] ? in->job->vendor : NULL,
	                                 .items = items,
	                                 .store = in->chosen ? &in->chosen->files : NULL,
	                                 .now = time(NULL),
	                                 .clock_floor = status.floor_time,
	                                 .findings = findings,
	                                 .nfindings = nfindings};
	struct wl_drive_ops ops = {.open_item = open_item,
	                           .open_trust = open_trust,
	                           .ask_ledger = ask_ledger,
	                           .progress = progress,
	                           .user = in};
	r = wl_bench_spawn(in->bench, &spawn, f);
	if (r == 0)
		r = wl_inspect_new(&input, &machine);
	if (r == 0)
		r = wl_drive_inspect(spawn, machine, &ops);
	if (r == 0)
		r = wl_decide(wl_inspect_facts(machine), &decision);
	if (r == 0 && atomic_load(&in->job->task.cancel))
		r = -ECANCELED;
	return r < 0 ? r
	             : wl_job_record(in->bench, in->job, wl_inspect_facts(machine), decision, f);
}

int wl_job_inspect(struct wl_bench *bench, struct wl_read_task *task, const struct wl_items *items,
                   const struct wl_fact_finding *findings, size_t nfindings, struct wl_finding *f)
{
	struct inspection in = {.bench = bench, .job = task};
	*f = (struct wl_finding){0};
	int r = choose_ticket(&in, items, f);
	if (r == 0)
		r = look_into(&in, items, findings, nfindings, f);
	if (r < 0)
		r = fault(r, &in, f);
	wl_tickets_free(in.tickets, in.ntickets);
	return r;
}
