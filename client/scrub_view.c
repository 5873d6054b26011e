/*
 * Showing what `scrub` did: a line per page for scripts, a list and what comes next for people.
 *
 * Names of sources are shown escaped; kinds of what was removed are a parser's words, escaped by
 * who heard them. Keeps nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "client/render.h"
#include "client/say.h"
#include "client/scrub.h"
#include "client/transfer_view.h"
#include "daemon/base/cleanup.h"

static enum wl_rule rule_of(const struct wl_scrub_row *row)
{
	return row->end == WL_SCRUB_REBUILT ? WL_RULE_PASS_IMAGE_REBUILT : row->finding.rule;
}

static void reason_of(const struct wl_scrub *s, const struct wl_scrub_row *row, const char *text,
                      char *buf, size_t size)
{
	const struct wl_rule_arg args[] = {{"file", s->sources[row->source].shown},
	                                   {"detail", row->finding.detail}};

	if (row->end == WL_SCRUB_FAULT && row->finding.rule == WL_RULE_NONE)
		(void)snprintf(buf, size, "%s: %s. %s", s->sources[row->source].shown,
		               strerror(-row->error), row->finding.detail);
	else
		(void)wl_rule_render(text ? text : wl_rule_row(rule_of(row))->sentence, args,
		                     WL_ARRAY_LEN(args), buf, size);
}

/* The sentences of station.* do not say which file it was about. */
static const char *about(const struct wl_scrub *s, const struct wl_scrub_row *row)
{
	bool station = strncmp(wl_rule_id(rule_of(row)), "station.", 8) == 0;

	return station ? s->sources[row->source].shown : "";
}

static void set_hex(json_t *o, const char *name, const uint8_t digest[WL_SHA256_BYTES])
{
	char hex[WL_SHA256_HEX + 1];

	wl_hex_encode(digest, WL_SHA256_BYTES, hex);
	(void)json_object_set_new(o, name, json_string(hex));
}

static json_t *masks_json(const struct wl_scrub *s, const struct wl_picture *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->nmasks; i++) {
		const uint32_t *r = s->masks[i].rect;
		if (!p->was_masked[i])
			continue;
		(void)json_array_append_new(list, json_pack("{s:[I,I,I,I], s:s}", "rect",
		                                            (json_int_t)r[0], (json_int_t)r[1],
		                                            (json_int_t)r[2], (json_int_t)r[3],
		                                            "why", s->device->masks[i].why));
	}
	return list;
}

static json_t *removed_json(const struct wl_picture *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->nremoved; i++)
		(void)json_array_append_new(list,
		                            json_pack("{s:s, s:I}", "kind", p->removed[i].kind,
		                                      "bytes", (json_int_t)p->removed[i].bytes));
	return list;
}

static void set_output(const struct wl_scrub *s, json_t *o, const struct wl_scrub_row *row)
{
	const struct wl_picture *p = &row->picture;
	char name[32];

	wl_scrub_output_name(row->number, name, sizeof(name));
	(void)json_object_set_new(o, "output", json_string(name));
	(void)json_object_set_new(o, "width", json_integer(p->width));
	(void)json_object_set_new(o, "height", json_integer(p->height));
	(void)json_object_set_new(o, "bits", json_integer(p->bits));
	(void)json_object_set_new(o, "channels", json_integer(p->channels));
	(void)json_object_set_new(o, "bytes", json_integer((json_int_t)p->output_bytes));
	set_hex(o, "samples_sha256", p->samples_sha256);
	set_hex(o, "decoded_sha256", p->decoded_sha256);
	set_hex(o, "output_sha256", p->output_sha256);
	(void)json_object_set_new(o, "masks", masks_json(s, p));
}

static void row_json(const struct wl_scrub *s, const struct wl_scrub_row *row)
{
	const struct wl_picture *p = &row->picture;
	const char *rule = wl_rule_id(rule_of(row));
	char reason[800];

	reason_of(s, row, NULL, reason, sizeof(reason));
	json_t *o =
	        json_pack("{s:s, s:s, s:s, s:[s], s:s, s:I, s:s, s:o}", "source",
	                  s->sources[row->source].shown, "verdict",
	                  row->end == WL_SCRUB_REBUILT ? "pass" : "refuse", "rule", rule, "rules",
	                  rule, "reason", reason, "page", (json_int_t)row->page, "format",
	                  wl_picture_format_name(p->format), "removed", removed_json(p));
	if (row->end == WL_SCRUB_REBUILT)
		set_output(s, o, row);
	if (p->pages)
		(void)json_object_set_new(o, "pages", json_integer(p->pages));
	if (row->has_source_sha256)
		set_hex(o, "source_sha256", row->source_sha256);
	(void)json_object_set_new(o, "not_checked",
	                          s->policy ? json_pack("[s]", "policy.signature") : json_array());
	wl_cli_json(s->cli, o);
	json_decref(o);
}

static const char *channels_words(const struct wl_picture *p)
{
	static const char *const words[] = {"", N_("gray"), N_("gray with transparency"),
	                                    N_("colour"), N_("colour with transparency")};

	return p->channels <= 4 ? _(words[p->channels]) : "";
}

/* One line of the list; NULL without memory. */
static char *row_text(const struct wl_scrub *s, const struct wl_scrub_row *row)
{
	const struct wl_picture *p = &row->picture;
	char name[32], removed[300] = "", page[64] = "", reason[800], *line = NULL;

	if (row->end != WL_SCRUB_REBUILT) {
		reason_of(s, row, NULL, reason, sizeof(reason));
		const char *file = about(s, row);
		if (asprintf(&line, "%s  %s%s%s  (%s)", wl_view_verdict("refuse"), file,
		             file[0] ? ": " : "", reason, wl_rule_id(rule_of(row))) < 0)
			return NULL;
		return line;
	}
	for (size_t i = 0; i < p->nremoved; i++) {
		size_t used = strlen(removed);
		(void)snprintf(removed + used, sizeof(removed) - used, "%s%s", i ? ", " : "",
		               p->removed[i].kind);
	}
	if (p->pages > 1)
		(void)snprintf(page, sizeof(page), _(", page %u of %u"), row->page, p->pages);
	wl_scrub_output_name(row->number, name, sizeof(name));
	if (asprintf(&line, _("%s  %s  %s%s, %u x %u, %u bits, %s%s%s%s"), wl_view_verdict("pass"),
	             name, s->sources[row->source].shown, page, p->width, p->height, p->bits,
	             channels_words(p), p->nmasked ? _(", masked") : "",
	             removed[0] ? _("; removed: ") : "", removed) < 0)
		return NULL;
	return line;
}

static void say_list(const struct wl_scrub *s)
{
	struct wl_list_line *lines = calloc(s->nrows + 1, sizeof(*lines));
	char **text = calloc(s->nrows + 1, sizeof(*text));

	for (size_t i = 0; lines && text && i < s->nrows; i++) {
		text[i] = row_text(s, &s->rows[i]);
		lines[i] = (struct wl_list_line){.group = wl_rule_id(rule_of(&s->rows[i])),
		                                 .text = text[i] ? text[i] : ""};
	}
	if (lines && text)
		wl_render_list(s->cli->people, lines, s->nrows, 2,
		               wl_render_columns(s->cli->people));
	for (size_t i = 0; text && i < s->nrows; i++)
		free(text[i]);
	free(lines);
	free(text);
}

/* Rule and next step of the first that did not come out. */
static void say_remedy(const struct wl_scrub *s, const struct wl_scrub_row *row)
{
	const struct wl_rule_row *rule = wl_rule_row(rule_of(row));
	char remedy[400];

	if (row->finding.rule == WL_RULE_NONE)
		return;
	wl_say_rule(s->cli, rule->id);
	reason_of(s, row, rule->remedy, remedy, sizeof(remedy));
	wl_say_next(s->cli, true, remedy, NULL, NULL);
}

int wl_scrub_view(const struct wl_scrub *s)
{
	const struct wl_scrub_row *bad = NULL;
	size_t rebuilt = 0;
	bool fault = false;

	for (size_t i = 0; i < s->nrows; i++) {
		row_json(s, &s->rows[i]);
		rebuilt += s->rows[i].end == WL_SCRUB_REBUILT;
		fault = fault || s->rows[i].end == WL_SCRUB_FAULT;
		if (!bad && s->rows[i].end != WL_SCRUB_REBUILT)
			bad = &s->rows[i];
	}
	say_list(s);
	wl_say(s->cli,
	       ngettext("%zu of %zu picture was rebuilt in %s.",
	                "%zu of %zu pictures were rebuilt in %s.", s->nrows),
	       rebuilt, s->nrows, s->out_name);
	if (rebuilt > 0)
		wl_say(s->cli, "%s",
		       _("The sources are as they were: they still hold everything that was left "
		         "out."));
	if (bad)
		say_remedy(s, bad);
	if (fault)
		return WL_EXIT_FAULT;
	return bad ? WL_EXIT_REFUSED : WL_EXIT_DONE;
}
