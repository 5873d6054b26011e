/*
 * May an export be opened: the demands of law and policy, as tables.
 *
 * The texts are the caller's own words and only asked for being there; what has a list is looked up
 * in it. Nothing is guessed: an authority that is not in the policy, a recipient it does not name,
 * an output it does not allow refuses. Pure; runs in the broker; nothing here outlives a cut of
 * power.
 */
#include "policy/export.h"

#include <stdio.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

/* ---- projected threats ---- */

static const char *const tips[] = {[WL_TIP_NONE] = "",
                                   [WL_TIP_OFF] = "off",
                                   [WL_TIP_REAL] = "real",
                                   [WL_TIP_PROJECTED] = "projected",
                                   [WL_TIP_UNKNOWN] = "unknown"};

enum wl_tip_state wl_tip_find(const char *name)
{
	for (size_t i = WL_TIP_OFF; i < WL_ARRAY_LEN(tips); i++)
		if (name && strcmp(tips[i], name) == 0)
			return (enum wl_tip_state)i;
	return WL_TIP_NONE;
}

const char *wl_tip_name(enum wl_tip_state state)
{
	return (unsigned)state < WL_ARRAY_LEN(tips) ? tips[state] : "";
}

/* The scan of "118833=projected" as a list of one. */
static bool exception_scan(const char *text, struct wl_scan_list *ret)
{
	char scan[2 * WL_SCAN_TEXT + 2];
	const char *sign = strchr(text, '=');
	*ret = (struct wl_scan_list){0};
	if (!sign || (size_t)(sign - text) >= sizeof(scan) || wl_tip_find(sign + 1) == WL_TIP_NONE)
		return false;
	(void)snprintf(scan, sizeof(scan), "%.*s", (int)(sign - text), text);
	return wl_scan_list_add(ret, scan) == 0;
}

bool wl_tip_exceptions_are_good(const char *const *exceptions, size_t n)
{
	struct wl_scan_list list;
	for (size_t i = 0; i < n; i++)
		if (!exception_scan(exceptions[i], &list))
			return false;
	return true;
}

enum wl_tip_state wl_tip_of(enum wl_tip_state batch, const char *const *exceptions, size_t n,
                            const char *scan)
{
	struct wl_scan_list list;
	for (size_t i = 0; i < n; i++)
		if (exception_scan(exceptions[i], &list) && wl_scan_list_has(&list, scan))
			return wl_tip_find(strchr(exceptions[i], '=') + 1);
	return batch;
}

/* ---- what an authority demands besides ---- */

static const struct {
	const char *authority, *field;
} demands[] = {
        {"ca-107-6", "notice"},      /* Customs Act 107(6), with the notice of 107(7) */
        {"ca-107-8", "arrangement"}, /* 107(8): by an arrangement with a foreign state */
        {"ca-107-9", "consent"},     /* 107(9): the person concerned */
        {"ca-pa-8-2", "paragraph"},  /* Privacy Act 8(2): which paragraph */
};

/* ca-107-8 and ca-107-8-a, not ca-107-80. */
static bool is_of(const char *authority, const char *root)
{
	size_t n = strlen(root);
	return strncmp(authority, root, n) == 0 && (authority[n] == '\0' || authority[n] == '-');
}

const char *wl_export_field_of(const char *authority)
{
	for (size_t i = 0; authority && i < WL_ARRAY_LEN(demands); i++)
		if (is_of(authority, demands[i].authority))
			return demands[i].field;
	return NULL;
}

/* ---- the checks: each adds its rule, and the first one its words ---- */

struct check {
	const struct wl_policy *p;
	const struct wl_export_request *r;
	struct wl_rules *rules;
	struct {
		enum wl_rule rule;
		char text[WL_DETAIL_MAX + 1];
	} said[12];
	size_t nsaid;
};

static bool is_there(const char *text)
{
	return text && text[0];
}

static void refuse(struct check *c, enum wl_rule rule, const char *what)
{
	wl_rules_add(c->rules, rule);
	if (c->nsaid == WL_ARRAY_LEN(c->said))
		return;
	c->said[c->nsaid].rule = rule;
	wl_text_escape(what, strlen(what), c->said[c->nsaid].text, sizeof(c->said[0].text));
	c->nsaid++;
}

static bool names(const struct wl_policy_texts *list, const char *word)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i], word) == 0)
			return true;
	return false;
}

static void check_reasons(struct check *c)
{
	const struct wl_export_request *r = c->r;
	const struct {
		const char *field, *value;
	} fields[] = {{"reference", r->reference}, {"requester", r->requester},
	              {"tip_state", r->tip_state}, {"arrangement", r->arrangement},
	              {"consent", r->consent},     {"notice", r->notice},
	              {"paragraph", r->paragraph}};
	const char *demanded = wl_export_field_of(r->authority);
	if (!is_there(r->case_id))
		refuse(c, WL_RULE_EXPORT_CASE_MISSING, "");
	if (!is_there(r->authority))
		refuse(c, WL_RULE_EXPORT_FIELD_MISSING, "authority");
	else if (!names(&c->p->outbound.authorities, r->authority))
		refuse(c, WL_RULE_EXPORT_AUTHORITY_UNKNOWN, r->authority);
	for (size_t i = 0; i < WL_ARRAY_LEN(fields); i++) {
		bool needed = i < 3 || (demanded && strcmp(fields[i].field, demanded) == 0);
		if (needed && !is_there(fields[i].value))
			refuse(c, WL_RULE_EXPORT_FIELD_MISSING, fields[i].field);
	}
	if (is_there(r->tip_state) && wl_tip_find(r->tip_state) == WL_TIP_NONE)
		refuse(c, WL_RULE_EXPORT_FIELD_MISSING, "tip_state: off, real, projected, unknown");
	/* the requester is outside (C-04): nobody of the station asks for himself */
	if (is_there(r->requester) && wl_policy_person(c->p, r->requester))
		refuse(c, WL_RULE_EXPORT_PROFILE_FORBIDDEN, "requester is a person of the station");
}

static void check_selection(struct check *c)
{
	const struct wl_export_request *r = c->r;
	const struct wl_policy_device *d = wl_policy_device(c->p, r->device);
	if (!d || !d->scan_path)
		refuse(c, WL_RULE_EXPORT_PROFILE_FORBIDDEN, "the device has no scan_path");
	if (!r->has_scans && !r->has_window)
		refuse(c, WL_RULE_EXPORT_FIELD_MISSING, "scans, or from and to");
	if (r->has_window && !r->has_clock)
		refuse(c, WL_RULE_EXPORT_FIELD_MISSING, "scanner_clock");
	if (r->has_window && d && d->scan_path && !strstr(d->scan_path, "{date}"))
		refuse(c, WL_RULE_EXPORT_PROFILE_FORBIDDEN, "the device's scan_path has no {date}");
}

static void check_form(struct check *c)
{
	static const enum wl_output_kind kinds[] = {WL_OUTPUT_SCRUBBED, WL_OUTPUT_EVIDENCE};
	const struct wl_export_request *r = c->r;
	enum wl_encrypt_word encrypt = c->p->outbound.encrypt;
	if (r->outputs == 0)
		refuse(c, WL_RULE_EXPORT_FIELD_MISSING, "outputs");
	for (size_t i = 0; i < WL_ARRAY_LEN(kinds); i++)
		if ((r->outputs & kinds[i]) && !(c->p->outbound.outputs & kinds[i]))
			refuse(c, WL_RULE_EXPORT_PROFILE_FORBIDDEN, wl_output_kind_name(kinds[i]));
	for (size_t i = 0; i < r->nrecipients; i++)
		if (!names(&c->p->outbound.recipients, r->recipients[i]))
			refuse(c, WL_RULE_EXPORT_RECIPIENT_UNKNOWN, r->recipients[i]);
	if (encrypt == WL_ENCRYPT_REQUIRED && r->nrecipients == 0)
		refuse(c, WL_RULE_EXPORT_RECIPIENT_MISSING, "");
	if (encrypt == WL_ENCRYPT_NEVER && r->nrecipients > 0)
		refuse(c, WL_RULE_EXPORT_PROFILE_FORBIDDEN, "encrypted to a recipient");
}

void wl_export_check_request(const struct wl_policy *p, const struct wl_export_request *r,
                             struct wl_rules *ret, char detail[WL_DETAIL_MAX + 1])
{
	struct check c = {.p = p, .r = r, .rules = ret};
	*ret = (struct wl_rules){0};
	detail[0] = '\0';
	check_reasons(&c);
	check_selection(&c);
	check_form(&c);
	for (size_t i = 0; i < c.nsaid; i++) {
		if (c.said[i].rule != ret->v[0])
			continue;
		size_t n = strlen(detail);
		(void)snprintf(detail + n, WL_DETAIL_MAX + 1 - n, "%s%s", n ? ", " : "",
		               c.said[i].text);
	}
}

enum wl_rule wl_export_check_volume(const struct wl_policy *p, uint64_t files, uint64_t bytes,
                                    uint64_t day_left, const char **ret_key)
{
	*ret_key = files > p->outbound.transfer_pictures ? "outbound.transfer_pictures"
	           : bytes > p->outbound.transfer_bytes  ? "outbound.transfer_bytes"
	           : files > day_left                    ? "outbound.day_pictures"
	                                                 : "";
	return **ret_key ? WL_RULE_EXPORT_VOLUME_CAP : WL_RULE_NONE;
}
