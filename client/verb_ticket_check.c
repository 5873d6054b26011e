/*
 * `ticket check`: is this file a ticket, and did enough officers sign it? Signatures are parsed
 * and verified by workers; the ticket is read after that. Whether a station's policy knows these
 * officers, and whether it was used already, only a station can say (`not_checked`).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "client/duration.h"
#include "client/offline.h"
#include "client/say.h"
#include "client/signature_check.h"
#include "client/ticket_files.h"
#include "client/ticket_read.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"

/* Opens the certificates an option names. 0 or the exit status. */
static int open_certificates(const struct wl_cli *cli, const char *option,
                             struct wl_check_file *files, size_t *ret_n)
{
	const char *path;

	for (size_t i = 0; (path = wl_args_nth(cli->args, option, i)); i++) {
		WL_AUTO_FREE void *p = NULL;
		size_t n = 0;
		if (i == WL_CHECK_FILES_MAX)
			return wl_say_failure(cli, WL_EXIT_USAGE, "TooMuch", _("--%s: at most %u."),
			                      option, WL_CHECK_FILES_MAX);
		int r = wl_file_read(AT_FDCWD, path, WL_CERTIFICATE_FILE_BYTES_MAX, &p, &n);
		if (r == 0)
			r = wl_policy_der_digest(p, n, files[i].der_sha256);
		files[i].fd = r < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
		if (files[i].fd < 0)
			return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
			                      _("%s is no certificate that can be read."), path);
		*ret_n = i + 1;
	}
	return 0;
}

struct outcome {
	struct wl_check_keys keys;
	size_t files;                /* signature files there are */
	struct wl_finding finding;   /* the first that refused */
	struct wl_finding untrusted; /* a signer nobody named: counts where too few remain */
	bool refused, has_untrusted;
};

/* Every NAME.ticket.N.p7s that is there. */
static int check_signatures(const struct wl_cli *cli, const char *path,
                            struct wl_check_order *order, struct outcome *o)
{
	WL_CLEANUP(wl_offline_end) struct wl_spawn *spawn = NULL;
	int status = wl_offline_start(cli, &spawn);

	for (unsigned i = 1; !status && i <= WL_TICKET_SIGNATURES_MAX; i++) {
		char name[4096];
		struct wl_finding f = {0};
		if (wl_ticket_signature_path(path, i, name, sizeof(name)) < 0)
			continue;
		WL_AUTO_CLOSE int fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		o->files++;
		order->signature_fd = fd;
		int r = wl_signature_check(spawn, order, &o->keys, &f);
		if (r == -EBADMSG && f.rule == WL_RULE_SIGNATURE_SIGNER_UNTRUSTED) {
			o->untrusted = f;
			o->has_untrusted = true;
		} else if (r == -EBADMSG && strncmp(wl_rule_id(f.rule), "station.", 8) != 0) {
			if (!o->refused)
				o->finding = f;
			o->refused = true;
		} else if (r < 0) {
			status = wl_offline_failed(cli, name, r, &f);
		}
	}
	return status;
}

/* What of the ticket itself speaks against it now; a withdrawal (NULL) counts at any time. */
static void judge(const struct wl_ticket *t, int64_t now, uint64_t signers, struct outcome *o)
{
	if (o->refused)
		return;
	o->refused = true;
	if (o->files == 0)
		(void)wl_refuse(&o->finding, WL_RULE_SIGNATURE_MISSING, "no officer signed it");
	else if (o->keys.n < signers && o->has_untrusted)
		o->finding = o->untrusted;
	else if (o->keys.n < signers)
		(void)wl_refuse(&o->finding, WL_RULE_SIGNATURE_TOO_FEW_SIGNERS, "%zu of %llu",
		                o->keys.n, (unsigned long long)signers);
	else if (t && now < t->not_before)
		(void)wl_refuse(&o->finding, WL_RULE_TICKET_NOT_YET, "%s", t->id);
	else if (t && now > t->not_after)
		(void)wl_refuse(&o->finding, WL_RULE_TICKET_EXPIRED, "%s", t->id);
	else
		o->refused = false;
}

static json_t *signers_json(const struct wl_cli *cli, const struct wl_check_keys *keys)
{
	json_t *list = json_array();
	for (size_t i = 0; i < keys->n; i++) {
		char hex[WL_SHA256_HEX + 1];
		wl_hex_encode(keys->v[i].spki_sha256, WL_SHA256_BYTES, hex);
		wl_say_in(cli, 2, _("Signed by %s, key %s"), keys->v[i].subject, hex);
		(void)json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "role", "authority",
		                                            "subject", keys->v[i].subject,
		                                            "spki_sha256", hex));
	}
	return list;
}

static int report(const struct wl_cli *cli, const char *path,
                  const struct wl_ticket_file_read *file, uint64_t signers, const struct outcome *o)
{
	const char *id = file->ticket ? file->ticket->id : file->withdrawal.ticket;
	json_t *not_checked =
	        json_pack("[s, s, s]", "ticket.used", "ticket.withdrawn", "signature.revoked");
	if (file->ticket)
		wl_say(cli, _("%s: ticket %s"), path, id);
	else
		wl_say(cli, _("%s: withdrawal of ticket %s"), path, id);
	json_t *object =
	        json_pack("{s:s, s:s, s:o, s:s}", "verdict", o->refused ? "refuse" : "pass",
	                  "scope", "offline", "signers", signers_json(cli, &o->keys), "ticket", id);
	(void)json_object_set_new(object, "kind",
	                          json_string(file->ticket ? "ticket" : "withdrawal"));
	(void)json_object_set_new(object, "not_checked", not_checked);
	if (o->refused) {
		int status = WL_EXIT_REFUSED;
		const struct wl_cli quiet = {.json = false, .people = stderr};
		(void)wl_finding_say(&quiet, status, path, &o->finding);
		(void)json_object_set_new(object, "rule", json_string(wl_rule_id(o->finding.rule)));
		(void)json_object_set_new(object, "detail", json_string(o->finding.detail));
		wl_cli_json(cli, object);
		json_decref(object);
		return status;
	}
	wl_say(cli, _("PASS: signed by %zu of %llu officers needed."), o->keys.n,
	       (unsigned long long)signers);
	wl_say(cli, "%s",
	       _("Not checked here: whether it was used or withdrawn, and whether a "
	         "station's policy knows these officers. A pass here is not yet a pass "
	         "there."));
	wl_cli_json(cli, object);
	json_decref(object);
	return WL_EXIT_DONE;
}

static int run(struct wl_cli *cli, const char *path, uint64_t signers, int64_t now)
{
	struct wl_check_order order = {.purpose = "authority", .content_fd = -1, .time = now};
	WL_CLEANUP(wl_ticket_file_clear) struct wl_ticket_file_read file = {.p = NULL};
	struct outcome o = {.refused = false};
	int status = open_certificates(cli, "cert", order.certificates, &order.ncertificates);

	if (!status)
		status = open_certificates(cli, "root", order.anchors, &order.nanchors);
	WL_AUTO_CLOSE int content = status ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (!status && content < 0)
		status = wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                        _("%s cannot be read: %s."), path, strerror(errno));
	order.content_fd = content;
	if (!status)
		status = check_signatures(cli, path, &order, &o);
	if (!status)
		status = wl_ticket_load(cli, path, &file);
	for (size_t i = 0; i < order.ncertificates; i++)
		(void)close(order.certificates[i].fd);
	for (size_t i = 0; i < order.nanchors; i++)
		(void)close(order.anchors[i].fd);
	if (status)
		return status;
	judge(file.ticket, now, signers, &o);
	return report(cli, path, &file, signers, &o);
}

int wl_verb_ticket_check(struct wl_cli *cli)
{
	const char *at = wl_args_value(cli->args, "at");
	const char *count = wl_args_value(cli->args, "signers");
	uint64_t signers = 1;
	int64_t now = (int64_t)time(NULL);

	if (at && wl_date_parse(at, &now, NULL) < 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("--at %.30s: say it like 2026-12-01T08:00:00Z."), at);
	if (count && (wl_number_parse(count, &signers) < 0 || signers == 0))
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("--signers %.30s: a number from 1."), count);
	return run(cli, wl_args_operand(cli->args, 0), signers, now);
}
