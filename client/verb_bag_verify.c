/*
 * `bag verify`: is this what a station wrote, whole and unchanged, and what exactly does that
 * prove?
 *
 * The bag was in other hands: its signature file is parsed by a worker, its files are only hashed.
 * What could not be checked is named, so that a pass is not read as more than it is. Reads only.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/bag_check.h"
#include "client/folder.h"
#include "client/offline.h"
#include "client/receipt.h"
#include "client/say.h"
#include "client/signature_check.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "policy/model.h"

#define RECEIPT_MAX (256U << 10)
#define EXPIRED     "certificate_expired"

struct verification {
	struct wl_bag_check bag;
	struct wl_check_file certificate;
	char subject[201];
	bool is_signed;
	bool has_receipt, is_proved;
	uint64_t entry;
	char origin[201];
};

/* ---- the signature ---- */

static int open_certificate(const struct wl_cli *cli, struct verification *v)
{
	const char *path = wl_args_value(cli->args, "cert");
	WL_AUTO_FREE void *p = NULL;
	size_t n = 0;
	int r = wl_file_read(AT_FDCWD, path, WL_CERTIFICATE_FILE_BYTES_MAX, &p, &n);

	if (r == 0)
		r = wl_policy_der_digest(p, n, v->certificate.der_sha256);
	v->certificate.fd = r < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (v->certificate.fd >= 0)
		return 0;
	return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
	                      _("%s is no certificate that can be read."), path);
}

/* What the record says of the certificate's end, taken from its bytes before anything vouches for
 * them: it only chooses the moment the certificate is held to, and one outside the certificate's
 * own years is refused. False where it says nothing. */
static bool claimed_end(int record_fd, int64_t *ret)
{
	static const char lead[] = "\"" EXPIRED "\":\"";
	WL_AUTO_FREE void *p = NULL;
	char text[WL_TIME_TEXT];
	size_t n = 0;

	if (wl_fd_read_all(record_fd, WL_MANIFEST_BYTES_MAX, &p, &n) < 0 ||
	    lseek(record_fd, 0, SEEK_SET) < 0)
		return false;
	const char *at = memmem(p, n, lead, sizeof(lead) - 1);
	if (!at || n - (size_t)(at - (const char *)p) < sizeof(lead) - 1 + sizeof(text) - 1)
		return false;
	(void)snprintf(text, sizeof(text), "%.*s", (int)sizeof(text) - 1, at + sizeof(lead) - 1);
	return wl_time_parse(text, ret) == 0;
}

/* At the time of issue: an expired certificate does not make old records bad. One that had expired
 * even then, which the record says, is held to its last second: the key is the same, and whose it
 * is shows the ledger. */
static int64_t time_of_bag(const struct wl_bag_check *bag, int record_fd)
{
	char text[32];
	int64_t t = 0;

	if (claimed_end(record_fd, &t))
		return t - 1;
	(void)snprintf(text, sizeof(text), "%sT23:59:59Z", bag->date);
	return wl_time_parse(text, &t) == 0 ? t : (int64_t)time(NULL);
}

static int check_signature(const struct wl_cli *cli, struct verification *v)
{
	WL_CLEANUP(wl_offline_end) struct wl_spawn *spawn = NULL;
	WL_AUTO_CLOSE int content = -1, signature = -1;
	struct wl_check_order o = {
	        .purpose = "authority", .certificates = {v->certificate}, .ncertificates = 1};
	struct wl_check_keys keys = {.n = 0};
	struct wl_finding f = {0};

	if (wl_folder_open(v->bag.folder, "custody.json", &content) < 0 ||
	    wl_folder_open(v->bag.folder, "custody.json.p7s", &signature) < 0)
		return 0; /* said as missing */
	int status = wl_offline_start(cli, &spawn);
	if (status)
		return status;
	o.time = time_of_bag(&v->bag, content);
	o.content_fd = content;
	o.signature_fd = signature;
	int r = wl_signature_check(spawn, &o, &keys, &f);
	if (r == 0) {
		v->is_signed = true;
		(void)snprintf(v->subject, sizeof(v->subject), "%s", keys.v[0].subject);
		return 0;
	}
	if (r != -EBADMSG || strncmp(wl_rule_id(f.rule), "station.", 8) == 0)
		return wl_offline_failed(cli, "custody.json.p7s", r, &f);
	char why[WL_DETAIL_MAX + 1];
	(void)snprintf(why, sizeof(why), "%.150s (%.40s)", f.detail, wl_rule_id(f.rule));
	wl_bag_found(&v->bag, WL_RULE_BAG_SIGNATURE, "custody.json.p7s", why);
	return 0;
}

/* ---- the receipt ---- */

/* The entry it proves must be the intent the record names. */
static bool is_this_release(const struct wl_bag_check *bag, const struct wl_receipt *r)
{
	char id[64];
	const json_t *seq = json_object_get(r->entry, "seq");
	const json_t *data = json_object_get(r->entry, "data");

	(void)snprintf(id, sizeof(id), "%.16s#%llu", wl_member_text(r->entry, "station"),
	               (unsigned long long)r->index);
	return json_is_integer(seq) && (uint64_t)json_integer_value(seq) == r->index &&
	       strcmp(wl_member_text(r->entry, "event"), "release.intent") == 0 &&
	       strcmp(wl_member_text(r->entry, "transfer"), bag->transfer) == 0 &&
	       strcmp(wl_member_text(data, "output"), bag->output) == 0 &&
	       strcmp(wl_member_text(r->entry, "time"), wl_bag_record_text(bag, "time")) == 0 &&
	       strcmp(id, wl_bag_record_text(bag, "intent")) == 0 &&
	       strcmp(r->origin, wl_bag_record_text(bag, "origin")) == 0;
}

static int check_receipt(const struct wl_cli *cli, struct verification *v)
{
	const char *path = wl_args_value(cli->args, "receipt"),
	           *vkey = wl_args_value(cli->args, "key");
	WL_AUTO_FREE void *text = NULL;
	struct wl_receipt receipt = {.entry = NULL};
	struct wl_finding f = {0};
	size_t n = 0;

	if (!path && !vkey)
		return 0;
	if (!path || !vkey)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("--receipt and --key are given together."));
	int r = wl_file_read(AT_FDCWD, path, RECEIPT_MAX, &text, &n);
	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s cannot be read: %s."), path, strerror(-r));
	v->has_receipt = true;
	r = wl_receipt_check(text, n, vkey, &receipt, &f);
	if (r == -EINVAL)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s is no verifier key; it stands on the station's card."),
		                      vkey);
	if (r == 0 && !is_this_release(&v->bag, &receipt))
		r = wl_refuse(&f, WL_RULE_BAG_RECEIPT, "it is of another release");
	json_decref(receipt.entry);
	if (r == -EBADMSG)
		wl_bag_found(&v->bag, f.rule, NULL, f.detail);
	else if (r < 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", "%s: %s", path, strerror(-r));
	v->is_proved = r == 0;
	v->entry = receipt.index;
	(void)snprintf(v->origin, sizeof(v->origin), "%s", receipt.origin);
	return 0;
}

/* ---- the answer ---- */

static void say_point(const struct wl_cli *cli, json_t *list, const char *code, const char *words)
{
	wl_say_in(cli, 2, "- %s", words);
	(void)json_array_append_new(list, json_string(code));
}

static void say_proved(const struct wl_cli *cli, const struct verification *v, json_t *o)
{
	json_t *proved = json_array();

	wl_say(cli, _("Proved:"));
	say_point(cli, proved, "payload.complete",
	          _("every file the bag names is there with the digests of both manifests, and "
	            "nothing "
	            "else is in it"));
	say_point(cli, proved, "record.signature",
	          _("the custody record was signed with the key of the certificate given"));
	say_point(cli, proved, "record.files", _("the custody record names exactly these files"));
	if (v->is_proved)
		say_point(cli, proved, "ledger.entry",
		          _("the release stands in the ledger whose key was given"));
	(void)json_object_set_new(o, "proved", proved);
}

static void say_not_proved(const struct wl_cli *cli, const struct verification *v, json_t *o)
{
	json_t *not_proved = json_array();
	char hex[WL_SHA256_HEX + 1];

	wl_hex_encode(v->certificate.der_sha256, WL_SHA256_BYTES, hex);
	(void)json_object_set_new(o, "certificate_sha256", json_string(hex));
	wl_say(cli, _("Not proved here:"));
	say_point(cli, not_proved, "certificate.owner",
	          _("that the certificate is the station's: compare its SHA-256 with the station's "
	            "card:"));
	wl_say_in(cli, 4, "%s", hex);
	say_point(cli, not_proved, "certificate.revoked",
	          _("that the station's key was not in other hands: its auditors know"));
	if (!v->is_proved)
		say_point(cli, not_proved, "ledger.entry",
		          _("that the release stands in the station's ledger: --receipt "
		            "receipt.txt --key "
		            "VKEY, the key from the station's card"));
	if (v->bag.encrypted)
		say_point(cli, not_proved, "payload.plain",
		          _("what is in the encrypted files: weighlock bag open"));
	(void)json_object_set_new(o, "not_proved", not_proved);
}

static void say_record(const struct wl_cli *cli, const struct verification *v, json_t *o)
{
	static const char *const members[] = {"transfer",  "output", "case",      "authority",
	                                      "requester", "device", "opened_by", "time",
	                                      "tip_state", "intent", "origin"};
	const struct wl_bag_check *bag = &v->bag;

	wl_say_in(cli, 2, _("Transfer %s, %s, case %s, authority %s"),
	          wl_bag_record_text(bag, "transfer"), wl_bag_record_text(bag, "output"),
	          wl_bag_record_text(bag, "case"), wl_bag_record_text(bag, "authority"));
	char to[600];
	const char *requester = wl_bag_record_text(bag, "requester");
	wl_text_escape(requester, strlen(requester), to, sizeof(to));
	wl_say_in(cli, 2, _("For %s; taken out by %s on %s from device %s"), to,
	          wl_bag_record_text(bag, "opened_by"), wl_bag_record_text(bag, "time"),
	          wl_bag_record_text(bag, "device"));
	wl_say_in(cli, 2, _("Signed by %s"), v->subject);
	if (wl_bag_record_text(bag, EXPIRED)[0]) {
		wl_say_in(cli, 2,
		          _("The station's certificate had expired on %.10s when this was signed: "
		            "that "
		            "the key is the station's shows its ledger (--receipt and --key)."),
		          wl_bag_record_text(bag, EXPIRED));
		(void)json_object_set_new(o, EXPIRED,
		                          json_string(wl_bag_record_text(bag, EXPIRED)));
	}
	for (size_t i = 0; i < WL_ARRAY_LEN(members); i++)
		(void)json_object_set_new(o, members[i],
		                          json_string(wl_bag_record_text(bag, members[i])));
	json_t *approved = json_object_get(bag->record, "approved_by");
	if (approved)
		(void)json_object_set(o, "approved_by", approved);
	(void)json_object_set_new(o, "signer", json_string(v->subject));
}

static int answer(const struct wl_cli *cli, const struct verification *v)
{
	const struct wl_bag_check *bag = &v->bag;
	json_t *o = json_pack("{s:I, s:I, s:b, s:b}", "files", (json_int_t)bag->payload.n, "bytes",
	                      (json_int_t)bag->bytes, "encrypted", bag->encrypted, "signature_good",
	                      v->is_signed);
	char size[32];

	wl_size_format(bag->bytes, size, sizeof(size));
	if (bag->findings)
		wl_say(cli, _("REFUSED: this bag is not to be relied on."));
	else
		wl_say(cli, _("PASS: %zu files, %s, complete and unchanged."), bag->payload.n,
		       size);
	wl_bag_findings_say(cli, bag, o);
	if (bag->litter)
		wl_say(cli,
		       _("%zu files that an operating system leaves on media lie beside the bag; "
		         "they are "
		         "not of it."),
		       bag->litter);
	(void)json_object_set_new(o, "beside", json_integer((json_int_t)bag->litter));
	if (!bag->findings) {
		say_record(cli, v, o);
		say_proved(cli, v, o);
		say_not_proved(cli, v, o);
	}
	wl_cli_json(cli, o);
	json_decref(o);
	return bag->findings ? WL_EXIT_REFUSED : WL_EXIT_DONE;
}

static void clear_verification(struct verification *v)
{
	wl_bag_check_clear(&v->bag);
	wl_cleanup_close(&v->certificate.fd);
}

int wl_verb_bag_verify(struct wl_cli *cli)
{
	WL_AUTO_FREE struct verification *v = calloc(1, sizeof(*v));
	int status;

	if (!v)
		return WL_EXIT_FAULT;
	v->bag.folder = v->certificate.fd = -1;
	status = open_certificate(cli, v);
	if (!status)
		status = wl_bag_check_files(cli, wl_args_operand(cli->args, 0), &v->bag);
	if (!status && !v->bag.findings)
		status = check_signature(cli, v);
	if (!status && v->is_signed)
		status = wl_bag_check_record(cli, &v->bag);
	if (!status && v->is_signed && v->bag.record)
		status = check_receipt(cli, v);
	if (!status)
		status = answer(cli, v);
	clear_verification(v);
	return status;
}
