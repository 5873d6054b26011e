/*
 * `verify`: what a station would say of an update lying in a folder, by a policy that is its
 * user's own unsigned word, without a ledger. Files are hashed here and interpreted by workers
 * only; the order of looking and the decision are the station's own code (policy/). Writes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/duration.h"
#include "client/folder.h"
#include "client/offline.h"
#include "client/policy_load.h"
#include "client/progress.h"
#include "client/say.h"
#include "client/ticket_files.h"
#include "client/verify_view.h"
#include "daemon/base/cleanup.h"
#include "policy/drive.h"

struct places {
	int folder, store, trust; /* folders: the update, the ticket, the policy */
	struct wl_items items, kept;
	struct wl_progress progress;
};

static int open_item(void *user, enum wl_place place, const struct wl_item *item, int *ret_fd)
{
	const struct places *p = user;
	return wl_folder_open(place == WL_PLACE_STORE ? p->store : p->folder, item->path, ret_fd);
}

static int open_trust(void *user, const char *file, int *ret_fd)
{
	const struct places *p = user;
	return wl_folder_open(p->trust, file, ret_fd);
}

static void show_progress(void *user, enum wl_step_kind step, const char *path, uint64_t done,
                          uint64_t total)
{
	struct places *p = user;
	(void)path;
	if (step == WL_STEP_UNPACK && total > 0)
		wl_progress_show(&p->progress, _("Looking into archives"), done, total);
}

/* The ticket and its signatures as a store of their own: nothing else of their folder is seen. */
static int take_ticket(const struct wl_cli *cli, const char *path, struct places *p)
{
	WL_AUTO_FREE char *for_name = strdup(path);
	int status = 0;

	if (!for_name || !wl_ticket_name_is_good(path))
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s: stations look for tickets by their name: call it "
		                        "NAME%s."),
		                      path, WL_TICKET_SUFFIX);
	const char *name = basename(for_name);
	p->store = wl_policy_folder(path);
	int r = p->store < 0 ? p->store : wl_items_add(&p->kept, name, strlen(name), false, 0, 0);
	for (unsigned i = 1; r == 0 && i <= WL_TICKET_SIGNATURES_MAX; i++) {
		char signature[300];
		r = wl_ticket_signature_path(name, i, signature, sizeof(signature));
		if (r == 0 && faccessat(p->store, signature, R_OK, 0) == 0)
			r = wl_items_add(&p->kept, signature, strlen(signature), false, 0, 0);
	}
	if (r < 0)
		status = wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                        _("%s cannot be read: %s."), path, strerror(-r));
	wl_items_number(&p->kept);
	return status ? status : wl_folder_digest(cli, p->store, &p->kept);
}

static int gather(const struct wl_cli *cli, struct places *p)
{
	const char *ticket = wl_args_value(cli->args, "ticket");
	int status = wl_folder_list(cli, wl_args_operand(cli->args, 0), &p->items, &p->folder);

	if (!status)
		status = wl_folder_digest(cli, p->folder, &p->items);
	if (!status && ticket)
		status = take_ticket(cli, ticket, p);
	p->trust = wl_policy_folder(wl_args_value(cli->args, "policy"));
	if (!status && p->trust < 0)
		status = WL_EXIT_FAULT;
	return status;
}

/* Inspection by workers, then the decision. */
static int decide(const struct wl_cli *cli, const struct wl_policy *policy, struct places *p,
                  int64_t now)
{
	const struct wl_inspect_input input = {
	        .policy = policy,
	        .device = wl_args_value(cli->args, "device"),
	        .items = &p->items,
	        .store = p->kept.n ? &p->kept : NULL,
	        .now = now,
	        .policy_unsigned = true,
	};
	const struct wl_drive_ops ops = {.open_item = open_item,
	                                 .open_trust = open_trust,
	                                 .progress = show_progress,
	                                 .user = p};
	WL_CLEANUP(wl_offline_end) struct wl_spawn *spawn = NULL;
	WL_CLEANUP(wl_inspect_cleanup) struct wl_inspect *inspect = NULL;
	WL_CLEANUP(wl_decision_cleanup) struct wl_decision *decision = NULL;
	int status = wl_offline_start(cli, &spawn);

	if (status)
		return status;
	int r = wl_inspect_new(&input, &inspect);
	if (r == 0)
		r = wl_drive_inspect(spawn, inspect, &ops);
	if (r == 0)
		r = wl_decide(wl_inspect_facts(inspect), &decision);
	wl_progress_end(&p->progress);
	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", "%s: %s.",
		                      wl_args_operand(cli->args, 0), strerror(-r));
	return wl_verify_view(cli, wl_inspect_facts(inspect), decision);
}

static int load_policy(const struct wl_cli *cli, struct wl_policy **ret)
{
	const char *path = wl_args_value(cli->args, "policy");
	WL_AUTO_FREE struct wl_policy_errors *errors = malloc(sizeof(*errors));
	int status = errors ? wl_policy_load(cli, path, ret, errors) : WL_EXIT_FAULT;

	if (status == WL_EXIT_USAGE && errors->n > 0) {
		const struct wl_cli quiet = {.people = stderr};
		wl_policy_errors_say(&quiet, path, errors);
		(void)wl_say_failure(cli, status, wl_rule_id(errors->v[0].rule),
		                     _("%s is no policy to judge by: %zu errors."), path,
		                     errors->errors);
	}
	return status;
}

int wl_verb_verify(struct wl_cli *cli)
{
	const char *at = wl_args_value(cli->args, "at");
	WL_CLEANUP(wl_policy_cleanup) struct wl_policy *policy = NULL;
	struct places p = {.folder = -1, .store = -1, .trust = -1};
	int64_t now = (int64_t)time(NULL);

	if (at && wl_date_parse(at, &now, NULL) < 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("--at %.30s: say it like 2026-12-01T08:00:00Z."), at);
	int status = load_policy(cli, &policy);
	if (!status)
		status = gather(cli, &p);
	if (!status)
		status = decide(cli, policy, &p, now);
	wl_items_clear(&p.items);
	wl_items_clear(&p.kept);
	wl_cleanup_close(&p.folder);
	wl_cleanup_close(&p.store);
	wl_cleanup_close(&p.trust);
	return status;
}
