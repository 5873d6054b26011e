/*
 * A bag's custody record against what lies in it, and how findings are said.
 *
 * The record is read as JSON by the strict reader; where its signature was not checked before, what
 * it says is only compared and the caller says so. Runs in the client; nothing is written.
 */
#include <errno.h>
#include <string.h>

#include "client/bag_check.h"
#include "client/folder.h"
#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/base/sha256.h"

#define TYPE        "ca.weighlock.custody/1"
#define RECORD_MAX  (32U << 20)
#define SEALED_END  ".p7m"
#define RULES_SHOWN 16U

const char *wl_bag_record_text(const struct wl_bag_check *c, const char *member)
{
	const char *s = json_string_value(json_object_get(c->record, member));

	return s ? s : "";
}

static bool text_is(const json_t *o, const char *member, const char *want)
{
	const char *s = json_string_value(json_object_get(o, member));

	return s && strcmp(s, want) == 0;
}

static const char *output_of(const json_t *item)
{
	const char *s = json_string_value(json_object_get(item, "output"));

	return s ? s : "?";
}

/* The name of a payload's file as the record has it, against an item's: as strcmp. */
static int compare_names(const struct wl_bag_line *line, const json_t *item)
{
	char name[WL_BAG_NAME_MAX + 1];
	size_t n = (size_t)snprintf(name, sizeof(name), "%s", strrchr(line->path, '/') + 1);

	if (json_object_get(item, "sealed_sha256") && n > strlen(SEALED_END) &&
	    strcmp(name + n - strlen(SEALED_END), SEALED_END) == 0)
		name[n - strlen(SEALED_END)] = '\0';
	return strcmp(name, output_of(item));
}

/* One item of the record against the payload's file of that name. */
static void check_item(struct wl_bag_check *c, const json_t *item, const struct wl_bag_line *line)
{
	const char *digest = json_string_value(json_object_get(item, "sealed_sha256"));
	char hex[WL_SHA256_HEX + 1];
	bool sealed = digest != NULL;
	const json_t *bytes = json_object_get(item, sealed ? "sealed_bytes" : "bytes");
	const struct wl_item *file = wl_items_find(&c->items, line->path, strlen(line->path));

	wl_hex_encode(line->digest, WL_SHA256_BYTES, hex);
	if (!sealed)
		digest = json_string_value(json_object_get(item, "output_sha256"));
	c->encrypted = c->encrypted || sealed;
	if (!digest || strcmp(digest, hex) != 0 || !file || !json_is_integer(bytes) ||
	    (uint64_t)json_integer_value(bytes) != file->size)
		wl_bag_found(c, WL_RULE_BAG_FILE_CHANGED, line->path,
		             "the custody record has another digest or size");
}

static void check_head(struct wl_bag_check *c)
{
	char prefix[80];
	size_t n = (size_t)snprintf(prefix, sizeof(prefix), "data/%s/", c->output);

	if (!text_is(c->record, "type", TYPE) || !text_is(c->record, "transfer", c->transfer) ||
	    !text_is(c->record, "output", c->output) ||
	    strncmp(wl_bag_record_text(c, "time"), c->date, strlen(c->date)) != 0)
		wl_bag_found(c, WL_RULE_BAG_STRUCTURE, "custody.json",
		             "the custody record is of another bag");
	for (size_t i = 0; i < c->payload.n; i++)
		if (strncmp(c->payload.v[i].path, prefix, n) != 0 ||
		    strchr(c->payload.v[i].path + n, '/'))
			wl_bag_found(c, WL_RULE_BAG_FILE_EXTRA, c->payload.v[i].path, "");
}

/* Both are in the order of their names, so one walk finds which file is too many and which one is
 * not there. Where one is in another order, files are found wrong: never one too few. */
static void check_items(struct wl_bag_check *c, const json_t *items)
{
	size_t in_record = json_array_size(items), i = 0, k = 0;

	while (i < c->payload.n || k < in_record) {
		const struct wl_bag_line *line = &c->payload.v[i];
		const json_t *item = json_array_get(items, k);
		int order = i == c->payload.n ? 1 : k == in_record ? -1 : compare_names(line, item);
		if (order == 0)
			check_item(c, item, line);
		else if (order < 0)
			wl_bag_found(c, WL_RULE_BAG_FILE_EXTRA, line->path, "");
		else
			wl_bag_found(c, WL_RULE_BAG_FILE_MISSING, output_of(item), "");
		i += order <= 0;
		k += order >= 0;
	}
}

void wl_bag_record_compare(struct wl_bag_check *c, const void *text, size_t n)
{
	json_error_t e;

	c->record = json_loadb(text, n, JSON_REJECT_DUPLICATES, &e);
	const json_t *items = json_object_get(c->record, "items");
	if (!json_is_array(items))
		return wl_bag_found(c, WL_RULE_BAG_STRUCTURE, "custody.json",
		                    "custody.json is no custody record");
	check_head(c);
	check_items(c, items);
}

int wl_bag_check_record(const struct wl_cli *cli, struct wl_bag_check *c)
{
	WL_AUTO_CLOSE int fd = -1;
	WL_AUTO_FREE void *text = NULL;
	size_t n = 0;
	int r = wl_folder_open(c->folder, "custody.json", &fd);

	if (r == 0)
		r = wl_fd_read_all(fd, RECORD_MAX, &text, &n);
	if (r < 0)
		return wl_say_failure(cli, WL_EXIT_FAULT, "IO", _("%s cannot be read: %s."),
		                      "custody.json", strerror(-r));
	wl_bag_record_compare(c, text, n);
	return 0;
}

/* ---- saying it ---- */

static void say_one(const struct wl_cli *cli, const struct wl_bag_finding *f)
{
	const struct wl_rule_row *row = wl_rule_row(f->rule);
	char text[1200];
	const struct wl_rule_arg args[] = {{"file", f->file}, {"detail", f->detail}};

	(void)wl_rule_render(row->sentence, args, WL_ARRAY_LEN(args), text, sizeof(text));
	wl_say_in(cli, 2, "%s (%s)", text, row->id);
}

static json_t *finding_json(const struct wl_bag_finding *f)
{
	return json_pack("{s:s, s:s, s:s}", "rule", wl_rule_id(f->rule), "file", f->file, "detail",
	                 f->detail);
}

void wl_bag_findings_say(const struct wl_cli *cli, const struct wl_bag_check *c, json_t *o)
{
	json_t *findings = json_array(), *rules = json_array();
	enum wl_rule seen[RULES_SHOWN], first = WL_RULE_NONE;
	size_t nseen = 0;

	for (size_t i = 0; i < c->findings; i++) {
		bool known = false;
		say_one(cli, &c->finding[i]);
		(void)json_array_append_new(findings, finding_json(&c->finding[i]));
		for (size_t k = 0; k < nseen; k++)
			known = known || seen[k] == c->finding[i].rule;
		if (!known && nseen < RULES_SHOWN)
			seen[nseen++] = c->finding[i].rule;
		if (first == WL_RULE_NONE || c->finding[i].rule < first)
			first = c->finding[i].rule;
	}
	if (c->more)
		wl_say_in(cli, 2, _("… and %zu more."), c->more);
	for (size_t k = 0; k < nseen; k++)
		(void)json_array_append_new(rules, json_string(wl_rule_id(seen[k])));
	(void)json_object_set_new(o, "verdict", json_string(c->findings ? "refuse" : "pass"));
	(void)json_object_set_new(o, "rule", json_string(wl_rule_id(first)));
	(void)json_object_set_new(o, "rules", rules);
	(void)json_object_set_new(o, "findings", findings);
	if (first == WL_RULE_NONE)
		return;
	wl_say(cli, "%s", _(wl_rule_row(first)->remedy));
	wl_say_rule(cli, wl_rule_id(first));
}
