/*
 * Rendering exports. Paths in the objects are escaped, other texts were escaped by the station; the
 * client adds words around them and decides nothing. Keeps nothing.
 */
#include "client/export_view.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/say.h"
#include "client/transfer_view.h"
#include "daemon/base/text.h"
#include "policy/destination.h"

#define DAY_S 86400

bool wl_is_export(const json_t *transfer)
{
	return !strcmp(wl_member_text(transfer, "direction"), "outbound");
}

/* "a, b, c" of an array of texts. */
static void join(const json_t *list, char *buf, size_t size)
{
	buf[0] = '\0';
	for (size_t i = 0; i < json_array_size(list); i++) {
		size_t n = strlen(buf);
		const char *text = json_string_value(json_array_get(list, i));
		(void)snprintf(buf + n, size - n, "%s%s", i ? ", " : "", text ? text : "");
	}
}

static void say_list(const struct wl_cli *cli, const char *label, const json_t *t,
                     const char *member)
{
	char text[1000];
	join(json_object_get(t, member), text, sizeof(text));
	if (text[0])
		wl_say_in(cli, 2, "%s %s", label, text);
}

static void say_text(const struct wl_cli *cli, const char *label, const json_t *t,
                     const char *member)
{
	const char *text = wl_member_text(t, member);
	if (text[0])
		wl_say_in(cli, 2, "%s %s", label, text);
}

/* "2026-11-23" of a time. */
static const char *day_of(const char *time, char buf[11])
{
	(void)snprintf(buf, 11, "%.10s", time);
	return buf;
}

static void say_output(const struct wl_cli *cli, const json_t *o)
{
	const char *output = wl_member_text(o, "output");
	long long files = (long long)wl_member_integer(o, "files");
	long long refused = (long long)wl_member_integer(o, "refused");
	char bytes[32], missing[500];

	wl_size_format((uint64_t)wl_member_integer(o, "bytes"), bytes, sizeof(bytes));
	join(json_object_get(o, "missing"), missing, sizeof(missing));
	if (!strcmp(output, "evidence"))
		wl_say_in(cli, 2, _("evidence: %lld of %lld sealed bit for bit, %s"), files,
		          files + refused, bytes);
	else
		wl_say_in(cli, 2, _("scrubbed: %lld pictures rebuilt, %s; %lld files refused"),
		          files, bytes, refused);
	if (missing[0])
		wl_say_in(cli, 4, _("asked for and not on the medium: %s"), missing);
	if (wl_member_text(o, "released_at")[0]) {
		wl_say_in(cli, 4, _("written to medium %s in port %s, %s"),
		          wl_member_text(o, "medium"), wl_member_text(o, "destination_port"),
		          wl_member_text(o, "released_at"));
		wl_say_in(cli, 4, _("bag %s"), wl_member_text(o, "bag_sha256"));
	}
	if (json_is_true(json_object_get(o, "acknowledged")))
		wl_say_in(cli, 4,
		          !strcmp(wl_member_text(o, "receipt"), "signature")
		                  ? _("acknowledged by %s; the receipt is signed")
		                  : _("acknowledged by %s, on somebody's word: nobody signed it"),
		          wl_member_text(o, "acknowledged_by"));
}

static void say_kept(const struct wl_cli *cli, const json_t *t)
{
	char day[11];
	if (wl_member_text(t, "preserved_at")[0])
		wl_say_in(cli, 2,
		          _("Preserved in the vault: %lld files, %s. The scanner may now overwrite "
		            "them."),
		          (long long)wl_member_integer(t, "preserved_files"),
		          wl_member_text(t, "preserved_at"));
	if (wl_member_text(t, "kept_until")[0])
		wl_say_in(cli, 2, _("The copy here is kept until %s."),
		          day_of(wl_member_text(t, "kept_until"), day));
}

void wl_export_view(const struct wl_cli *cli, const json_t *t)
{
	const json_t *outputs = json_object_get(t, "outputs");

	wl_say_in(cli, 2, _("Case %s, authority %s, reference: %s"), wl_member_text(t, "case"),
	          wl_member_text(t, "authority"), wl_member_text(t, "authority_reference"));
	say_text(cli, _("Requested by:"), t, "requester");
	say_text(cli, _("Arrangement:"), t, "arrangement");
	say_text(cli, _("Consent:"), t, "consent");
	say_text(cli, _("Notice to the Privacy Commissioner:"), t, "notice");
	say_text(cli, _("Paragraph:"), t, "paragraph");
	say_list(cli, _("Scans:"), t, "scans");
	if (wl_member_text(t, "window_from")[0])
		wl_say_in(cli, 2, _("Scans from %s to %s"), wl_member_text(t, "window_from"),
		          wl_member_text(t, "window_to"));
	say_list(cli, _("Encrypted to:"), t, "recipient_names");
	say_text(cli, _("Projected threats (TIP):"), t, "tip_state");
	say_list(cli, _("except:"), t, "tip_exceptions");
	for (size_t i = 0; i < json_array_size(outputs); i++)
		if (json_is_object(json_array_get(outputs, i)))
			say_output(cli, json_array_get(outputs, i));
	say_kept(cli, t);
}

/* FAT32 cannot hold it: the medium is built otherwise, and whoever is to read it should know. */
static void say_large(const struct wl_cli *cli, const json_t *items)
{
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *item = json_array_get(items, i);
		if (strcmp(wl_member_text(item, "verdict"), "pass") != 0 ||
		    (uint64_t)wl_member_integer(item, "bytes") <= WL_FAT32_FILE_BYTES_MAX)
			continue;
		wl_say_in(cli, 2, "%s",
		          _("A file is of 4 GiB or more: its medium will be exFAT, not FAT32."));
		return;
	}
}

void wl_export_view_items(const struct wl_cli *cli, const json_t *items, bool all)
{
	json_t *kept = json_array();
	for (size_t i = 0; i < json_array_size(items); i++) {
		json_t *item = json_array_get(items, i);
		bool pass = !strcmp(wl_member_text(item, "verdict"), "pass");
		if (!pass || all)
			(void)json_array_append(kept, item);
	}
	wl_view_items(cli, kept);
	json_decref(kept);
	say_large(cli, items);
}

/* The scans of refused items, each once: "118833, 118840". */
static void missing_of(const json_t *transfer, const json_t *items, char *buf, size_t size)
{
	const json_t *outputs = json_object_get(transfer, "outputs");
	json_t *list = json_array(), *known = json_object();
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *item = json_array_get(items, i);
		const char *scan = wl_member_text(item, "scan");
		if (strcmp(wl_member_text(item, "verdict"), "refuse") != 0 ||
		    json_object_get(known, scan))
			continue;
		(void)json_object_set_new(known, scan, json_true());
		(void)json_array_append_new(
		        list, json_string(scan[0] ? scan : wl_member_text(item, "path")));
	}
	(void)json_array_extend(list, json_object_get(json_array_get(outputs, 0), "missing"));
	join(list, buf, size);
	json_decref(list);
	json_decref(known);
}

void wl_export_view_agreement(const struct wl_cli *cli, const json_t *t, const json_t *items)
{
	const json_t *outputs = json_object_get(t, "outputs");
	char missing[1000];

	wl_say(cli, _("You approve, for case %s and %s:"), wl_member_text(t, "case"),
	       wl_member_text(t, "requester"));
	for (size_t i = 0; i < json_array_size(outputs); i++) {
		const json_t *o = json_array_get(outputs, i);
		long long files = (long long)wl_member_integer(o, "files");
		if (files == 0)
			wl_say_in(cli, 2, _("%s: NOTHING; every file of it was refused"),
			          wl_member_text(o, "output"));
		else if (!strcmp(wl_member_text(o, "output"), "evidence"))
			wl_say_in(cli, 2, _("%lld sealed originals"), files);
		else
			wl_say_in(cli, 2, _("%lld scrubbed pictures"), files);
	}
	missing_of(t, items, missing, sizeof(missing));
	if (missing[0])
		wl_say_in(cli, 2, _("Missing: %s"), missing);
}

void wl_export_view_horizon(const struct wl_cli *cli, const char *device, int64_t horizon_s,
                            const json_t *transfers)
{
	const char *oldest = "";
	char day[11], until[WL_TIME_TEXT] = "";
	int64_t at = 0;

	if (horizon_s <= 0)
		return;
	wl_say_in(cli, 2, _("%s: pictures are overwritten after about %lld days."), device,
	          (long long)(horizon_s / DAY_S));
	for (size_t i = 0; i < json_array_size(transfers); i++) {
		const json_t *t = json_array_get(transfers, i);
		const char *seen = wl_member_text(t, "oldest_seen");
		if (seen[0] &&
		    (!oldest[0] || strcmp(wl_member_text(t, "preserved_at"), until) > 0)) {
			oldest = seen;
			(void)snprintf(until, sizeof(until), "%s",
			               wl_member_text(t, "preserved_at"));
		}
	}
	if (!oldest[0] || wl_time_parse(oldest, &at) < 0)
		return;
	wl_time_format(at + horizon_s, until);
	wl_say_in(cli, 4, _("oldest seen: %s, safe until about %s"), day_of(oldest, day), until);
}
