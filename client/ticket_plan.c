/*
 * From the officer's options and the vendor's folder to a ticket. Names of files are raw bytes and
 * are escaped by the ticket's writer; contents were only hashed.
 */
#include "client/ticket_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "client/duration.h"
#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "policy/litter.h"

#define MANIFEST "MANIFEST.sha256"

static int bad(const struct wl_cli *cli, const char *option, const char *expected)
{
	return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument", _("--%s %.60s: %s."), option,
	                      wl_args_value(cli->args, option), expected);
}

static int take_id(const struct wl_cli *cli, const char *option, enum wl_id_kind kind,
                   const char *fallback, char ret[WL_ID_TEXT])
{
	const char *value = wl_args_value(cli->args, option);
	if (!value)
		value = fallback;
	if (!wl_id_is(kind, value))
		return bad(cli, option,
		           kind == WL_ID_TICKET ? _("3 to 32 of A-Z 0-9 -")
		                                : _("a name like x-0042: a-z 0-9 -"));
	(void)snprintf(ret, WL_ID_TEXT, "%s", value);
	return 0;
}

static int take_names(const struct wl_cli *cli, struct wl_ticket *t)
{
	char today[32];
	struct tm tm;
	time_t now = time(NULL);

	(void)gmtime_r(&now, &tm);
	(void)strftime(today, sizeof(today), "T-%Y%m%d-%H%M%S", &tm);
	int status = take_id(cli, "id", WL_ID_TICKET, today, t->id);
	if (!status)
		status = take_id(cli, "authority", WL_ID_NAME, "assessing-authority", t->authority);
	if (!status)
		status = take_id(cli, "vendor", WL_ID_NAME, NULL, t->vendor);
	return status ? status : take_id(cli, "component", WL_ID_NAME, NULL, t->component);
}

static int take_time(const struct wl_cli *cli, const char *option, bool end_of_day, int64_t *ret)
{
	const char *value = wl_args_value(cli->args, option);
	int whole_day = 0;

	if (!value)
		return 0;
	if (wl_date_parse(value, ret, &whole_day) < 0)
		return bad(cli, option,
		           _("a date like 2026-12-01 or a time like "
		             "2026-12-01T08:00:00Z"));
	if (whole_day && end_of_day)
		*ret += 86399;
	return 0;
}

static int take_times(const struct wl_cli *cli, struct wl_ticket *t)
{
	t->issued_at = (int64_t)time(NULL);
	int status = take_time(cli, "issued", false, &t->issued_at);
	if (!status)
		status = take_time(cli, "from", false, &t->not_before);
	if (!status)
		status = take_time(cli, "until", true, &t->not_after);
	if (!status && t->not_after <= t->not_before)
		status = bad(cli, "until", _("it must be later than --from"));
	return status;
}

/* "4.2.1:40201" */
static int take_version(const struct wl_cli *cli, struct wl_ticket *t)
{
	const char *value = wl_args_value(cli->args, "version");
	const char *colon = strrchr(value, ':');
	const char *uses = wl_args_value(cli->args, "uses");

	if (!colon || colon == value || wl_number_parse(colon + 1, &t->release) < 0)
		return bad(cli, "version", _("say it like 4.2.1:40201"));
	WL_AUTO_FREE char *shown = strndup(value, (size_t)(colon - value));
	if (!shown || wl_ticket_set_version(t, shown) < 0)
		return WL_EXIT_FAULT;
	if (wl_number_parse(wl_args_value(cli->args, "floor"), &t->release_from) < 0)
		return bad(cli, "floor", _("a release number"));
	t->uses_per_device = 1;
	if (uses && (wl_number_parse(uses, &t->uses_per_device) < 0 || !t->uses_per_device))
		return bad(cli, "uses", _("a number from 1"));
	return 0;
}

/* "x100:X-0042,X-0043" */
static int take_device(const struct wl_cli *cli, const char *value, struct wl_ticket *t)
{
	enum { SERIALS_MAX = 100 };
	const char *serials[SERIALS_MAX];
	WL_AUTO_FREE char *text = strdup(value);
	char *colon = text ? strchr(text, ':') : NULL, *rest = NULL;
	size_t n = 0;

	if (!colon)
		return bad(cli, "device", _("say it like x100:X-0042,X-0043"));
	*colon = 0;
	for (char *s = strtok_r(colon + 1, ",", &rest); s && n < SERIALS_MAX;
	     s = strtok_r(NULL, ",", &rest))
		serials[n++] = s;
	if (n == 0 || !text[0])
		return bad(cli, "device", _("say it like x100:X-0042,X-0043"));
	return wl_ticket_add_device(t, text, serials, n) < 0 ? WL_EXIT_FAULT : 0;
}

int wl_ticket_plan_options(const struct wl_cli *cli, struct wl_ticket *t)
{
	const char *note = wl_args_value(cli->args, "note"), *value;
	int status = take_names(cli, t);

	if (!status)
		status = take_times(cli, t);
	if (!status)
		status = take_version(cli, t);
	for (size_t i = 0; !status && (value = wl_args_nth(cli->args, "device", i)); i++)
		status = take_device(cli, value, t);
	for (size_t i = 0; !status && (value = wl_args_nth(cli->args, "station", i)); i++) {
		if (wl_ticket_add_station(t, value) < 0)
			status = bad(cli, "station", _("2 to 8 of A-Z 0-9"));
	}
	if (!status && wl_ticket_set_note(t, note ? note : "") < 0)
		status = WL_EXIT_FAULT;
	return status;
}

static bool ends_with(const struct wl_item *item, const char *ending, size_t *ret_stem)
{
	size_t n = strlen(ending);
	if (item->path_n <= n || strcasecmp(item->path + item->path_n - n, ending) != 0)
		return false;
	*ret_stem = item->path_n - n;
	return true;
}

bool wl_ticket_plan_is_signature(const struct wl_items *items, const struct wl_item *item,
                                 const struct wl_item **ret_content)
{
	const struct wl_item *manifest = wl_items_find(items, MANIFEST, strlen(MANIFEST));
	size_t stem;

	if (item->folder || !ends_with(item, ".p7s", &stem))
		return false;
	*ret_content = wl_items_find(items, item->path, stem);
	if (!*ret_content && manifest && !strncmp(item->path, MANIFEST ".", strlen(MANIFEST) + 1))
		*ret_content = manifest;
	return *ret_content && !(*ret_content)->folder;
}

/* A ticket lying beside the update, or an officer's signature of one. */
static bool is_ticket_file(const struct wl_item *item)
{
	size_t stem;
	return ends_with(item, WL_TICKET_SUFFIX, &stem) ||
	       (ends_with(item, ".p7s", &stem) && strstr(item->path, ".ticket."));
}

static bool is_named(const struct wl_cli *cli, const char *option, const struct wl_item *item)
{
	const char *value;
	for (size_t i = 0; (value = wl_args_nth(cli->args, option, i)); i++) {
		if (!strcmp(value, item->path))
			return true;
	}
	return false;
}

static enum wl_ticket_unpack unpack_of(const struct wl_cli *cli, const struct wl_item *item)
{
	static const char *const archives[] = {".tar", ".tar.gz", ".tgz", ".zip"};
	size_t stem;

	if (is_named(cli, "no-unpack", item))
		return WL_UNPACK_NONE;
	for (size_t i = 0; i < WL_ARRAY_LEN(archives); i++) {
		if (ends_with(item, archives[i], &stem))
			return WL_UNPACK_INSPECT;
	}
	return is_named(cli, "unpack", item) ? WL_UNPACK_INSPECT : WL_UNPACK_NONE;
}

/* The escaped path of F.p7s where it lies beside F; false where there is none. */
static bool signature_of(const struct wl_items *items, const struct wl_item *item, char *buf,
                         size_t size)
{
	WL_AUTO_FREE char *path = NULL;
	if (asprintf(&path, "%s.p7s", item->path) < 0) {
		path = NULL;
		return false;
	}
	return wl_items_find(items, path, item->path_n + 4) &&
	       wl_path_escape(path, item->path_n + 4, buf, size) == 0;
}

/* Options that name files of the folder: each must be one of them. */
static int check_named(const struct wl_cli *cli, const struct wl_items *items)
{
	static const char *const options[] = {"unpack", "no-unpack", "keep"};
	const char *value;

	for (size_t i = 0; i < WL_ARRAY_LEN(options); i++) {
		for (size_t n = 0; (value = wl_args_nth(cli->args, options[i], n)); n++) {
			if (!wl_items_find(items, value, strlen(value)))
				return wl_say_failure(cli, WL_EXIT_USAGE, "NoSuch",
				                      _("--%s %.200s: there is no such file."),
				                      options[i], value);
		}
	}
	return 0;
}

static int add_file(const struct wl_cli *cli, const struct wl_items *items,
                    const struct wl_item *item, struct wl_ticket *t)
{
	bool is_signed = t->vendor_signature != WL_SIGNED_NONE;
	char signature[4096] = "";
	const struct wl_item *content;

	if (is_ticket_file(item) || (is_signed && !strcmp(item->path, MANIFEST)) ||
	    (is_signed && wl_ticket_plan_is_signature(items, item, &content)))
		return 0;
	bool has = is_signed && signature_of(items, item, signature, sizeof(signature));
	return wl_ticket_add_file(t, item->path, item->path_n, item->size, item->sha256,
	                          has ? signature : NULL, unpack_of(cli, item),
	                          !is_named(cli, "keep", item));
}

int wl_ticket_plan_files(const struct wl_cli *cli, const struct wl_items *items,
                         struct wl_ticket *t)
{
	WL_AUTO_FREE enum wl_litter *litter = calloc(items->n + 1, sizeof(*litter));
	int status = check_named(cli, items);

	if (!litter)
		return WL_EXIT_FAULT;
	wl_litter_judge(items, litter);
	for (size_t i = 0; !status && i < items->n; i++) {
		if (items->v[i].folder || litter[i] == WL_LITTER_LEAVE)
			continue;
		int r = add_file(cli, items, &items->v[i], t);
		if (r < 0)
			status = wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
			                        _("A file's name cannot stand in a ticket: %s."),
			                        strerror(-r));
	}
	if (!status && t->nfiles == 0)
		status = wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                        _("There is no file of an update in this folder."));
	return status;
}
