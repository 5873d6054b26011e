/*
 * `ticket new`: the authority's statement about one update, from the vendor's folder. Files are
 * hashed, never interpreted; the vendor's keys are found by workers from the signatures that lie
 * there, and shown so that the officer can compare them with what the vendor told by another way.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "client/folder.h"
#include "client/offline.h"
#include "client/say.h"
#include "client/signature_check.h"
#include "client/ticket_files.h"
#include "client/ticket_plan.h"
#include "client/ticket_read.h"
#include "daemon/base/cleanup.h"

/* Keys named on the command line. */
static int take_keys(const struct wl_cli *cli, struct wl_ticket *t)
{
	const char *value;

	t->vendor_signature = WL_SIGNED_CMS_DETACHED;
	for (size_t i = 0; (value = wl_args_nth(cli->args, "vendor-key", i)); i++) {
		uint8_t digest[WL_SHA256_BYTES];
		if (!strcmp(value, "none") && i == 0 && !wl_args_nth(cli->args, "vendor-key", 1)) {
			t->vendor_signature = WL_SIGNED_NONE;
			return 0;
		}
		if (!wl_hex_is_sha256(value) || wl_hex_decode(value, digest, sizeof(digest)) < 0)
			return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
			                      _("--vendor-key %.80s: the SHA-256 of the key's SPKI "
			                        "in 64 hexadecimal digits, or none."),
			                      value);
		if (wl_ticket_add_key(t, digest) < 0)
			return WL_EXIT_FAULT;
	}
	return 0;
}

/* The keys one signature file verifies under. */
static int find_keys(const struct wl_cli *cli, int folder, const struct wl_item *signature,
                     const struct wl_item *content, struct wl_spawn *spawn,
                     struct wl_check_keys *keys)
{
	WL_AUTO_CLOSE int signature_fd = -1;
	WL_AUTO_CLOSE int content_fd = -1;
	struct wl_finding f = {0};
	int r = wl_folder_open(folder, signature->path, &signature_fd);

	if (r == 0)
		r = wl_folder_open(folder, content->path, &content_fd);
	if (r == 0) {
		const struct wl_check_order order = {.purpose = "vendor",
		                                     .content_fd = content_fd,
		                                     .signature_fd = signature_fd,
		                                     .time = (int64_t)time(NULL)};
		r = wl_signature_check(spawn, &order, keys, &f);
	}
	return r < 0 ? wl_offline_failed(cli, signature->path, r, &f) : 0;
}

/* No key was named: those under which the signatures in the folder verify. */
static int derive_keys(const struct wl_cli *cli, int folder, const struct wl_items *items,
                       struct wl_ticket *t)
{
	WL_CLEANUP(wl_offline_end) struct wl_spawn *spawn = NULL;
	struct wl_check_keys keys = {0};
	int status = 0;

	for (size_t i = 0; !status && i < items->n; i++) {
		const struct wl_item *content = NULL;
		if (!wl_ticket_plan_is_signature(items, &items->v[i], &content))
			continue;
		if (!spawn)
			status = wl_offline_start(cli, &spawn);
		if (!status)
			status = find_keys(cli, folder, &items->v[i], content, spawn, &keys);
	}
	if (!status && keys.n == 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("The vendor signed nothing in this folder. Where that is "
		                        "agreed, say --vendor-key none."));
	for (size_t i = 0; !status && i < keys.n; i++) {
		char hex[WL_SHA256_HEX + 1];
		wl_hex_encode(keys.v[i].spki_sha256, WL_SHA256_BYTES, hex);
		wl_say(cli,
		       _("Signed by %s, key %s. Compare this key with what the vendor told "
		         "you by another way."),
		       keys.v[i].subject, hex);
		if (wl_ticket_add_key(t, keys.v[i].spki_sha256) < 0)
			status = WL_EXIT_FAULT;
	}
	return status;
}

static int plan(const struct wl_cli *cli, struct wl_ticket *t)
{
	WL_CLEANUP(wl_items_clear) struct wl_items items = {0};
	WL_AUTO_CLOSE int folder = -1;
	int status = wl_ticket_plan_options(cli, t);

	if (!status)
		status = take_keys(cli, t);
	if (!status)
		status = wl_folder_list(cli, wl_args_value(cli->args, "files"), &items, &folder);
	if (!status)
		status = wl_folder_digest(cli, folder, &items);
	if (!status && t->vendor_signature != WL_SIGNED_NONE && t->nspki == 0)
		status = derive_keys(cli, folder, &items, t);
	return status ? status : wl_ticket_plan_files(cli, &items, t);
}

static int write_out(const struct wl_cli *cli, const struct wl_ticket *t, const char *path)
{
	WL_AUTO_FREE char *text = NULL;
	WL_AUTO_FREE char *words = NULL;
	size_t n = 0;
	struct wl_finding f = {0};
	char command[4200];
	int r = wl_ticket_write(t, &text, &n, &f);

	if (r == -EBADMSG)
		return wl_finding_say(cli, WL_EXIT_USAGE, path, &f);
	int status = r < 0 ? WL_EXIT_FAULT : wl_ticket_save(cli, path, text, n);
	if (status)
		return status;
	if (wl_ticket_show(t, &words) == 0)
		(void)fputs(words, cli->people);
	(void)snprintf(command, sizeof(command),
	               "weighlock ticket sign %s --cert OFFICER.pem --key OFFICER.key", path);
	wl_say_next(cli, false, _("Read it; then each officer signs it:"), NULL, command);
	json_t *object = json_pack("{s:s, s:s, s:I}", "ticket", t->id, "file", path, "files",
	                           (json_int_t)t->nfiles);
	wl_cli_json(cli, object);
	json_decref(object);
	return WL_EXIT_DONE;
}

int wl_verb_ticket_new(struct wl_cli *cli)
{
	WL_CLEANUP(wl_ticket_cleanup) struct wl_ticket *t = wl_ticket_new();
	const char *path = wl_args_value(cli->args, "output");

	if (!t)
		return WL_EXIT_FAULT;
	if (!wl_ticket_name_is_good(path))
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s: stations look for tickets by their name: call it "
		                        "NAME%s."),
		                      path, WL_TICKET_SUFFIX);
	int status = plan(cli, t);
	return status ? status : write_out(cli, t, path);
}
