/*
 * PolicyPropose, PolicyConfirm, PolicyShow (weighlockd): a new policy by two administrators.
 *
 * What is proposed is a file an administrator sends: it is not read before a worker has verified
 * the policy authority's signature over it. Then it is checked, stored as a proposal, and waits for
 * another administrator. When power goes after policy.loaded and before the link is moved, the next
 * start finds the version by its digest in the ledger.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon.h"
#include "daemon/base/fdio.h"
#include "daemon/base/text.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/jobs.h"
#include "daemon/broker/methods.h"
#include "daemon/broker/objects.h"

/* The files of one proposal, decoded. */
struct upload {
	struct wl_policy_upload file[WL_POLICY_FILES_MAX];
	void *bytes[WL_POLICY_FILES_MAX];
	char name[WL_POLICY_FILES_MAX][WL_POLICY_FILE_NAME_MAX + 1];
	size_t n, total;
	char actor[WL_ID_TEXT];
	uid_t uid;
};

static struct upload *upload_free(struct upload *u)
{
	for (size_t i = 0; u && i < u->n; i++)
		free(u->bytes[i]);
	free(u);
	return NULL;
}

static void upload_cleanup(struct upload **u)
{
	*u = upload_free(*u);
}

/* Adds one file, whose bytes are the upload's from here on, also where it is too much. */
static const char *add_bytes(struct upload *u, const char *name, void *p, size_t n)
{
	u->bytes[u->n] = p;
	(void)snprintf(u->name[u->n], sizeof(u->name[0]), "%s", name);
	u->file[u->n] = (struct wl_policy_upload){u->name[u->n], p, n};
	u->n++;
	u->total += n;
	return u->total > WL_POLICY_FILES_BYTES_MAX ? "at most 40 KiB together" : NULL;
}

/* Adds one {name, base64}: NULL, or what is wrong. */
static const char *add_file(struct upload *u, const json_t *file)
{
	const char *name = json_string_value(json_object_get(file, "name"));
	const char *base64 = json_string_value(json_object_get(file, "base64"));
	size_t n = 0, packed = strlen(base64);
	if (!wl_policy_file_name_is_plain(name, strlen(name)) || u->n == WL_POLICY_FILES_MAX)
		return "at most 32 files with plain names";
	for (size_t i = 0; i < u->n; i++)
		if (!strcmp(u->name[i], name))
			return "each file once";
	uint8_t *p = malloc(packed + 1);
	if (!p || wl_base64_decode(base64, packed, p, packed, &n) < 0) {
		free(p);
		return "base64";
	}
	return add_bytes(u, name, p, n);
}

/* The files the task took from a medium. */
static int add_taken(struct upload *u, const struct wl_policy_task *job)
{
	for (size_t i = 0; i < job->nfiles; i++) {
		void *p = NULL;
		size_t n = 0;
		int r = wl_fd_read_all(job->file[i].fd, WL_POLICY_FILES_BYTES_MAX, &p, &n);
		if (r < 0)
			return r;
		if (add_bytes(u, job->file[i].name, p, n))
			return -EFBIG;
	}
	return 0;
}

static const struct wl_policy_upload *find_file(const struct upload *u, const char *name)
{
	for (size_t i = 0; i < u->n; i++)
		if (!strcmp(u->file[i].name, name))
			return &u->file[i];
	return NULL;
}

/* ---- after the signature was verified ---- */

static void refuse_policy(struct wl_broker *b, struct wl_call *c, const struct upload *u,
                          enum wl_rule rule, unsigned line, json_t *args)
{
	struct wl_finding ignored = {0};
	json_t *e = wl_entry_new(WL_E_POLICY_REFUSED, u->actor, u->uid, NULL);
	wl_entry_rule(e, WL_M_RULE, rule);
	wl_entry_int(e, WL_M_LINE, line);
	(void)wl_broker_append(b, e, NULL, &ignored);
	if (c)
		wl_call_refuse(c, rule, NULL, args);
	else
		json_decref(args);
}

static void refuse_errors(struct wl_broker *b, struct wl_call *c, const struct upload *u,
                          const struct wl_policy_errors *errors)
{
	const struct wl_policy_error *e = &errors->v[0];
	char text[512], line[16];
	for (size_t i = 0; i < errors->n && e->warning; i++)
		e = &errors->v[i];
	(void)wl_policy_error_render(e, text, sizeof(text));
	(void)snprintf(line, sizeof(line), "%u", e->line);
	refuse_policy(b, c, u, e->rule, e->line,
	              json_pack("{s:s, s:s, s:s, s:s}", "detail", text, "line", line, "key", e->key,
	                        "file", "policy.yaml"));
}

static int check_policy(const struct wl_broker *b, const struct upload *u,
                        const struct wl_policy *policy, struct wl_policy_errors *errors)
{
	struct wl_policy_file files[WL_POLICY_FILES_MAX];
	for (size_t i = 0; i < u->n; i++) {
		files[i] = (struct wl_policy_file){.name = u->file[i].name};
		files[i].readable =
		        wl_policy_der_digest(u->file[i].p, u->file[i].n, files[i].sha256) == 0;
	}
	int r = wl_policy_check_files(policy, files, u->n, errors);
	return r < 0 ? r
	             : wl_policy_check_station(policy, b->status.station, b->status.origin,
	                                       b->status.policy_version, errors);
}

/* The first policy's administrators must be the two people at the set-up: the proposer at least. */
static bool proposer_is_administrator(const struct wl_broker *b, const struct wl_policy *policy,
                                      const struct upload *u)
{
	if (b->policy)
		return true; /* the table of methods has asked */
	const struct wl_policy_person *p = wl_person_identify(policy, u->uid);
	return p && (p->roles & WL_PERSON_ADMINISTRATOR);
}

void wl_policy_remember_proposal(struct wl_broker *b, uint64_t version, const uint8_t sha256[32],
                                 const char *actor, uid_t uid)
{
	size_t at = 0;
	bool contested = false;
	while (at < b->nproposals && b->proposals[at].version != version)
		at++;
	if (at == WL_PROPOSALS_MAX) {
		wl_policy_store_forget(b->policy_fd, b->proposals[0].version);
		memmove(b->proposals, b->proposals + 1,
		        (WL_PROPOSALS_MAX - 1) * sizeof(b->proposals[0]));
		at--;
	} else if (at == b->nproposals) {
		b->nproposals++;
	} else {
		contested = b->proposals[at].contested ||
		            memcmp(b->proposals[at].sha256, sha256, WL_SHA256_BYTES) != 0;
	}
	struct wl_proposal *p = &b->proposals[at];
	*p = (struct wl_proposal){.version = version, .contested = contested, .uid = uid};
	memcpy(p->sha256, sha256, WL_SHA256_BYTES);
	(void)snprintf(p->proposed_by, WL_ID_TEXT, "%s", actor);
}

static int store_proposal(struct wl_broker *b, const struct wl_policy *policy,
                          const struct upload *u, struct wl_finding *f)
{
	int r = wl_policy_store_propose(b->policy_fd, policy->version, u->file, u->n);
	if (r < 0)
		return wl_refuse(f, WL_RULE_STATION_VAULT_FULL, "policy folder: %s", strerror(-r));
	json_t *e = wl_entry_new(WL_E_POLICY_PROPOSED, u->actor, u->uid, NULL);
	wl_entry_int(e, WL_M_POLICY_VERSION, policy->version);
	wl_entry_sha256(e, WL_M_SHA256, policy->sha256);
	r = wl_broker_append(b, e, NULL, f);
	if (r == 0)
		wl_policy_remember_proposal(b, policy->version, policy->sha256, u->actor, u->uid);
	return r;
}

static void take_policy(struct wl_broker *b, struct wl_call *c, const struct upload *u)
{
	WL_AUTO_FREE struct wl_policy_errors *errors = calloc(1, sizeof(*errors));
	struct wl_policy *policy = NULL;
	struct wl_finding f = {0};
	const struct wl_policy_upload *yaml = find_file(u, "policy.yaml");
	if (!errors || !yaml)
		return;
	int r = wl_policy_read(yaml->p, yaml->n, &policy, errors);
	if (r == 0)
		r = check_policy(b, u, policy, errors);
	if (r == -EBADMSG && errors->n > 0)
		refuse_errors(b, c, u, errors);
	else if (r == 0 && !proposer_is_administrator(b, policy, u))
		refuse_policy(b, c, u, WL_RULE_PERSON_ROLE_MISSING, 0, NULL);
	else if (r == 0)
		r = store_proposal(b, policy, u, &f);
	if (c && !c->answered) {
		if (r < 0)
			wl_station_ledger_trouble(b, c, &f);
		else
			wl_call_reply(c,
			              json_pack("{s:I}", "version", (json_int_t)policy->version));
	}
	wl_policy_free(policy);
}

/* What says that the proposal is none, and is said in the ledger. */
static bool is_about_policy(enum wl_rule rule)
{
	return rule == WL_RULE_POLICY_SIGNATURE || rule == WL_RULE_POLICY_MISSING ||
	       rule == WL_RULE_POLICY_TOO_LARGE;
}

static void policy_task_free(struct wl_policy_task *job)
{
	for (size_t i = 0; i < job->nfiles; i++)
		wl_cleanup_close(&job->file[i].fd);
	wl_cleanup_close(&job->yaml_fd);
	wl_cleanup_close(&job->signature_fd);
	wl_task_release(&job->task);
	free(job);
}

static void policy_done(struct wl_broker *b, struct wl_task *task)
{
	struct wl_policy_task *job = (struct wl_policy_task *)task;
	struct upload *u = job->extra;
	struct wl_call *c = wl_server_call(b->server, task->call_id);
	if (task->result == 0 && add_taken(u, job) < 0)
		task->result = wl_refuse(&task->finding, WL_RULE_STATION_BUSY, "memory");
	if (task->result == 0)
		take_policy(b, c, u);
	else if (is_about_policy(task->finding.rule))
		refuse_policy(b, c, u, task->finding.rule, 0,
		              json_pack("{s:s}", "detail", task->finding.detail));
	else if (c && job->source.port[0])
		wl_call_refuse_finding(c, &task->finding);
	else if (c)
		wl_station_ledger_trouble(b, c, &task->finding);
	upload_free(u);
	if (job->source.port[0])
		wl_station_job_ended(b, task);
	policy_task_free(job);
	wl_pick(b);
}

static int queue_check(struct wl_broker *b, struct wl_call *c, struct upload *u,
                       const struct wl_port *port)
{
	const struct wl_policy_upload *yaml = find_file(u, "policy.yaml");
	const struct wl_policy_upload *sig = find_file(u, "policy.yaml.p7s");
	unsigned ahead;
	int r = 0;
	struct wl_policy_task *job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	wl_task_setup(b, &job->task, "policy", "", u->actor, u->uid);
	job->task.run = wl_job_policy_run;
	job->task.done = policy_done;
	job->task.call_id = c->id;
	job->extra = u;
	job->yaml_fd = job->signature_fd = -1;
	if (port)
		wl_task_take_medium(&job->task, port, &job->source);
	else
		r = yaml && sig ? wl_memfd_sealed("policy.yaml", yaml->p, yaml->n, &job->yaml_fd)
		                : -EINVAL;
	if (r == 0 && !port)
		r = wl_memfd_sealed("policy.yaml.p7s", sig->p, sig->n, &job->signature_fd);
	if (r == 0)
		r = wl_jobs_add(b->jobs, &job->task, &ahead);
	if (r < 0)
		policy_task_free(job);
	return r;
}

/* The files that came with the call; false where the call is answered already. */
static bool take_files(struct wl_broker *b, struct wl_call *c, struct upload *u)
{
	size_t i;
	json_t *file;
	json_array_foreach(json_object_get(c->parameters, "files"), i, file)
	{
		const char *wrong = add_file(u, file);
		if (wrong) {
			wl_call_bad_argument(c, "files", wrong);
			return false;
		}
	}
	if (!find_file(u, "policy.yaml")) {
		wl_call_bad_argument(c, "files", "policy.yaml among them");
		return false;
	}
	if (!find_file(u, "policy.yaml.p7s")) {
		refuse_policy(b, c, u, WL_RULE_POLICY_SIGNATURE, 0, NULL);
		return false;
	}
	return true;
}

void wl_do_policy_propose(struct wl_broker *b, struct wl_call *c)
{
	WL_CLEANUP(upload_cleanup) struct upload *u = calloc(1, sizeof(*u));
	const char *name = wl_call_text(c, "port");
	const struct wl_port *port = NULL;
	if (!b->status.initialised || !wl_authority_is_pinned(b))
		return wl_call_refuse(c, WL_RULE_STATION_NO_KEYS, NULL, NULL);
	if (!u)
		return wl_call_unavailable(c, WL_RULE_STATION_BUSY, NULL);
	if ((name != NULL) == (json_object_get(c->parameters, "files") != NULL))
		return wl_call_bad_argument(c, "files", "either files or a port");
	if (name && (!wl_station_is_usable(b, c) || !(port = wl_call_source(b, c, name))))
		return;
	json_t *who = wl_call_entry(c, WL_E_POLICY_PROPOSED, NULL);
	(void)snprintf(u->actor, sizeof(u->actor), "%s",
	               json_string_value(json_object_get(who, "actor")));
	json_decref(who);
	u->uid = c->caller.uid;
	if (!port && !take_files(b, c, u))
		return;
	if (queue_check(b, c, u, port) < 0)
		return wl_call_unavailable(c, WL_RULE_STATION_BUSY, NULL);
	(void)TAKE_PTR(u);
	c->deferred = true;
}

/* ---- the second administrator ---- */

static struct wl_proposal *find_proposal(struct wl_broker *b, uint64_t version)
{
	for (size_t i = 0; i < b->nproposals; i++)
		if (b->proposals[i].version == version)
			return &b->proposals[i];
	return NULL;
}

/* Who may confirm: an administrator of the policy in force, or, for the first, of the proposed one
 * (which must name both accounts); never the proposer under any account. */
static enum wl_rule may_confirm(const struct wl_broker *b, const struct wl_call *c,
                                const struct wl_proposal *p, const struct wl_policy *policy)
{
	const struct wl_policy_person *first = wl_person_identify(policy, p->uid);
	const struct wl_policy_person *second = wl_person_identify(policy, c->caller.uid);
	if (c->caller.uid == p->uid ||
	    (c->caller.person[0] && !strcmp(c->caller.person, p->proposed_by)) ||
	    (first && first == second))
		return WL_RULE_APPROVAL_SAME_PERSON;
	if (b->policy)
		return WL_RULE_NONE;
	if (!first || !(first->roles & WL_PERSON_ADMINISTRATOR) || !second ||
	    !(second->roles & WL_PERSON_ADMINISTRATOR))
		return WL_RULE_PERSON_ROLE_MISSING;
	return WL_RULE_NONE;
}

static json_t *loaded_entry(const struct wl_call *c, const struct wl_proposal *p,
                            const struct wl_policy *policy)
{
	json_t *e = wl_call_entry(c, WL_E_POLICY_LOADED, NULL);
	const struct wl_policy_person *person = wl_person_identify(policy, c->caller.uid);
	const struct wl_policy_person *proposer = wl_person_identify(policy, p->uid);
	if (!c->caller.person[0] && person)
		(void)json_object_set_new(e, "actor", json_string(person->id));
	wl_entry_int(e, WL_M_POLICY_VERSION, policy->version);
	wl_entry_sha256(e, WL_M_SHA256, policy->sha256);
	wl_entry_int(e, WL_M_APPROVALS_INBOUND, policy->inbound.approvals);
	wl_entry_int(e, WL_M_APPROVALS_OUTBOUND, policy->outbound.approvals);
	json_t *cosigners = json_array();
	for (size_t i = 0; i < policy->ntrust; i++)
		if (policy->trust[i].vkey)
			(void)json_array_append_new(cosigners, json_string(policy->trust[i].vkey));
	wl_entry_list(e, WL_M_COSIGNERS, cosigners);
	wl_entry_int(e, WL_M_COSIGNATURE_MAX_AGE_S, policy->ledger.cosignature_max_age_s);
	wl_entry_text(e, WL_M_PROPOSED_BY, proposer ? proposer->id : p->proposed_by);
	return e;
}

static void install(struct wl_broker *b, struct wl_call *c, struct wl_proposal *p,
                    struct wl_policy_ref *ref)
{
	struct wl_finding f = {0};
	char entry[WL_ID_TEXT];
	uint64_t version = p->version;
	if (wl_broker_append(b, loaded_entry(c, p, ref->policy), entry, &f) < 0)
		return wl_station_ledger_trouble(b, c, &f);
	b->status.policy_version = version;
	b->status.has_policy = true;
	memcpy(b->status.policy_sha256, ref->policy->sha256, WL_SHA256_BYTES);
	int r = wl_policy_store_install(b->policy_fd, version);
	if (r < 0)
		wl_log_error("policy %llu: %s", (unsigned long long)version, strerror(-r));
	*p = b->proposals[--b->nproposals];
	wl_policy_release(&b->policy);
	b->policy = wl_policy_hold(ref);
	wl_broker_policy_changed(b, true);
	wl_call_reply(c, json_pack("{s:s}", "entry", entry));
}

static void proposal_name(uint64_t version, char buf[48])
{
	(void)snprintf(buf, 48, "proposed/%llu", (unsigned long long)version);
}

/* The digest says which policy the second administrator has read. It may be left out only while
 * there has been no other proposal of this version that could have been meant. */
static bool is_what_was_read(struct wl_call *c, const struct wl_proposal *p)
{
	const char *read = json_string_value(json_object_get(c->parameters, "sha256"));
	char hex[WL_SHA256_HEX + 1];
	wl_hex_encode(p->sha256, WL_SHA256_BYTES, hex);
	if (!read && p->contested)
		wl_call_bad_argument(c, "sha256",
		                     "the SHA-256 of the policy that was read: more than one was "
		                     "proposed under this version");
	else if (read && strcmp(read, hex) != 0)
		wl_call_refuse(c, WL_RULE_APPROVAL_VOID, NULL, json_pack("{s:s}", "detail", hex));
	else
		return true;
	return false;
}

void wl_do_policy_confirm(struct wl_broker *b, struct wl_call *c)
{
	WL_CLEANUP(wl_policy_release) struct wl_policy_ref *ref = NULL;
	WL_AUTO_FREE struct wl_policy_errors *errors = calloc(1, sizeof(*errors));
	json_int_t version = json_integer_value(json_object_get(c->parameters, "version"));
	struct wl_proposal *p = find_proposal(b, (uint64_t)version);
	char name[48];
	(void)snprintf(name, sizeof(name), "%lld", (long long)version);
	if (!p || !errors)
		return wl_call_no_such(c, "policy", name);
	if ((uint64_t)version <= b->status.policy_version)
		return wl_call_refuse(c, WL_RULE_POLICY_VERSION_FLOOR, NULL, NULL);
	proposal_name(p->version, name);
	if (wl_policy_load(b->policy_fd, name, p->sha256, &ref, errors) < 0)
		return wl_call_no_such(c, "policy", name);
	enum wl_rule rule = may_confirm(b, c, p, ref->policy);
	if (rule == WL_RULE_PERSON_ROLE_MISSING)
		return wl_call_not_permitted(c, "administrator");
	if (rule != WL_RULE_NONE)
		return wl_call_refuse(c, rule, NULL, NULL);
	if (is_what_was_read(c, p))
		install(b, c, p, ref);
}

void wl_broker_policy_changed(struct wl_broker *b, bool void_approvals)
{
	struct wl_finding f = {0};
	wl_ports_set(&b->ports, wl_broker_policy(b));
	for (size_t i = 0; void_approvals && i < b->ntransfers; i++)
		if (b->transfers[i].t->state == WL_WAITING ||
		    b->transfers[i].t->state == WL_APPROVED)
			wl_transfer_void(b, &b->transfers[i], NULL, WL_RULE_APPROVAL_VOID,
			                 "station", b->paths.own_uid);
	if (wl_media_sync(b->media, wl_broker_policy(b), &f) < 0)
		wl_log_warning("mediad: %s", f.detail);
}
