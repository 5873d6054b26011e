/*
 * Checking the signature of a proposed policy, and taking one from a medium (weighlockd, work
 * thread).
 *
 * Who proposes it, or brought the medium, controls all bytes; only files at the top of the volume
 * that a policy can consist of are read, at most 40 KiB together. Nothing of them is parsed here: a
 * worker verifies the policy authority's signature, and the main thread reads YAML after that. When
 * power goes nothing has been kept.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/broker/claims.h"
#include "policy/drive.h"

#define YAML      "policy.yaml"
#define SIGNATURE "policy.yaml.p7s"

static bool has_name(const struct wl_item *item, const char *name)
{
	return item->path_n == strlen(name) && !memcmp(item->path, name, item->path_n);
}

static bool is_policy_file(const struct wl_item *item)
{
	return wl_policy_file_is_wanted((const char *)item->path, item->path_n);
}

static bool is_policy_file_or_claim(const struct wl_item *item)
{
	return is_policy_file(item) || wl_claim_is_named(item);
}

static int on_listed(void *user, const struct wl_items *items, struct wl_finding *f)
{
	bool yaml = false, signature = false;
	uint64_t bytes = 0;
	size_t n = 0;
	(void)user;
	for (size_t i = 0; i < items->n; i++) {
		const struct wl_item *item = &items->v[i];
		if (item->folder || !is_policy_file(item))
			continue;
		yaml = yaml || has_name(item, YAML);
		signature = signature || has_name(item, SIGNATURE);
		n++;
		if (item->size > WL_POLICY_FILES_BYTES_MAX ||
		    (bytes += item->size) > WL_POLICY_FILES_BYTES_MAX || n > WL_POLICY_FILES_MAX)
			return wl_refuse(f, WL_RULE_POLICY_TOO_LARGE, "%u KiB, %u",
			                 (unsigned)(WL_POLICY_FILES_BYTES_MAX >> 10),
			                 WL_POLICY_FILES_MAX);
	}
	if (!yaml)
		return wl_refuse(f, WL_RULE_POLICY_MISSING, "%s", YAML);
	return signature ? 0 : wl_refuse(f, WL_RULE_POLICY_SIGNATURE, "%s", SIGNATURE);
}

/* What was taken becomes the task's files. */
static int keep(struct wl_intake *in, struct wl_policy_task *job)
{
	for (size_t i = 0; i < in->items.n; i++) {
		const struct wl_item *item = &in->items.v[i];
		int fd = wl_intake_fd(in, item);
		if (fd < 0 || !is_policy_file(item))
			continue;
		struct wl_policy_task_file *file = &job->file[job->nfiles];
		file->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (file->fd < 0)
			return -errno;
		job->nfiles++;
		(void)snprintf(file->name, sizeof(file->name), "%.*s", (int)item->path_n,
		               (const char *)item->path);
		if (has_name(item, YAML))
			job->yaml_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (has_name(item, SIGNATURE))
			job->signature_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	}
	return job->yaml_fd < 0 || job->signature_fd < 0 ? -EMFILE : 0;
}

static int take_from_medium(struct wl_bench *bench, struct wl_policy_task *job,
                            struct wl_finding *f)
{
	WL_CLEANUP(wl_intake_clear)
	struct wl_intake in = {.bench = bench,
	                       .task = &job->task,
	                       .source = &job->source,
	                       .gate = "a",
	                       .purpose = "policy",
	                       .wanted = is_policy_file_or_claim,
	                       .listed = on_listed};
	int r = wl_intake_fetch(&in, f);
	if (r == 0)
		r = wl_claims_check(&in, f);
	return r < 0 ? r : keep(&in, job);
}

static int verify(struct wl_bench *bench, const struct wl_policy_task *job, struct wl_finding *f)
{
	WL_CLEANUP(wl_spawn_cleanup) struct wl_spawn *spawn = NULL;
	WL_AUTO_CLOSE int authority =
	        openat(bench->trust_fd, "policy-authority.pem", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (authority < 0)
		return wl_refuse(f, WL_RULE_STATION_NO_KEYS, "%s",
		                 "no certificate of the policy authority");
	int r = wl_bench_spawn(bench, &spawn, f);
	return r < 0 ? r
	             : wl_drive_verify_policy(spawn, job->yaml_fd, job->signature_fd, authority,
	                                      time(NULL), f);
}

int wl_job_policy_run(struct wl_bench *bench, struct wl_task *task)
{
	struct wl_policy_task *job = (struct wl_policy_task *)task;
	int r = job->source.port[0] ? take_from_medium(bench, job, &task->finding) : 0;
	if (r == 0)
		r = verify(bench, job, &task->finding);
	if (r < 0 && task->finding.rule == WL_RULE_NONE)
		return wl_refuse(&task->finding, WL_RULE_STATION_PART_MISSING, "policy: %s",
		                 strerror(-r));
	return r;
}
