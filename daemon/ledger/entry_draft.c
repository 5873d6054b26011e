/*
 * Drafts of entries: what the broker may say, and in what form.
 *
 * The broker may be compromised: it chooses events, members and values. Nothing it says becomes
 * part of an entry unless events.def has it, and identifiers, digests, times and rules must have
 * their form. In memory only; the connection that made a draft owns it.
 */
#include "daemon/ledger/entry_draft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/rules.h"
#include "daemon/base/text.h"

void wl_draft_clear(struct wl_draft *d)
{
	free(d->values);
	free(d->text);
	*d = (struct wl_draft){0};
}

static bool event_has(enum wl_event event, enum wl_member member)
{
	const struct wl_event_row *row = wl_event_row(event);

	for (size_t i = 0; row && i < WL_EVENT_MEMBERS_MAX && row->members[i].member; i++)
		if (row->members[i].member == member)
			return true;
	return false;
}

static const struct wl_draft_value *find(const struct wl_draft *d, enum wl_member member)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->values[i].member == member)
			return &d->values[i];
	return NULL;
}

static int add_value(struct wl_draft *d, struct wl_draft_value v)
{
	struct wl_draft_value *p;

	if (d->n >= WL_ENTRY_ELEMENTS_MAX + WL_EVENT_MEMBERS_MAX)
		return -E2BIG;
	if (d->n == d->room) {
		size_t room = d->room ? 2 * d->room : 16;
		p = reallocarray(d->values, room, sizeof(*p));
		if (!p)
			return -ENOMEM;
		d->values = p;
		d->room = room;
	}
	d->values[d->n++] = v;
	return 0;
}

static int add_text(struct wl_draft *d, struct wl_draft_value v, const char *text)
{
	size_t n = strlen(text) + 1, room;
	char *p;

	if (n - 1 > WL_ENTRY_TEXT_BYTES_MAX || d->text_n + n > 4 * WL_ENTRY_BYTES_MAX)
		return -E2BIG;
	if (!wl_utf8_is_valid(text, n - 1))
		return -EINVAL;
	if (d->text_n + n > d->text_room) {
		room = 2 * (d->text_n + n);
		p = realloc(d->text, room);
		if (!p)
			return -ENOMEM;
		d->text = p;
		d->text_room = room;
	}
	memcpy(d->text + d->text_n, text, n);
	v.text_at = d->text_n;
	d->text_n += n;
	return add_value(d, v);
}

/* May this member be added with this type? Lists may come again and again, but not after empty. */
static int may_add(const struct wl_draft *d, enum wl_member member, enum wl_member_type type,
                   bool element)
{
	const struct wl_draft_value *old = find(d, member);

	if (!event_has(d->event, member) || wl_member_type(member) != type)
		return -EINVAL;
	return old && (!element || old->empty) ? -EINVAL : 0;
}

int wl_draft_text(struct wl_draft *d, enum wl_member member, const char *text)
{
	int r = may_add(d, member, WL_MEMBER_TEXT, false);

	return r < 0 ? r
	             : add_text(d,
	                        (struct wl_draft_value){.member = member, .type = WL_MEMBER_TEXT},
	                        text);
}

int wl_draft_integer(struct wl_draft *d, enum wl_member member, int64_t v)
{
	int r = may_add(d, member, WL_MEMBER_INT, false);

	if (r < 0 || v > WL_INTEGER_MAX || v < -WL_INTEGER_MAX)
		return -EINVAL;
	return add_value(
	        d, (struct wl_draft_value){.member = member, .type = WL_MEMBER_INT, .integer = v});
}

int wl_draft_flag(struct wl_draft *d, enum wl_member member, bool v)
{
	int r = may_add(d, member, WL_MEMBER_BOOL, false);

	return r < 0 ? r
	             : add_value(d, (struct wl_draft_value){.member = member,
	                                                    .type = WL_MEMBER_BOOL,
	                                                    .integer = v});
}

int wl_draft_element(struct wl_draft *d, enum wl_member member, const char *text)
{
	size_t elements = 0;
	int r = may_add(d, member, WL_MEMBER_LIST, true);

	if (r < 0)
		return r;
	for (size_t i = 0; i < d->n; i++)
		elements += d->values[i].type == WL_MEMBER_LIST;
	if (elements >= WL_ENTRY_ELEMENTS_MAX)
		return -E2BIG;
	return add_text(d, (struct wl_draft_value){.member = member, .type = WL_MEMBER_LIST}, text);
}

int wl_draft_empty(struct wl_draft *d, enum wl_member member)
{
	int r = may_add(d, member, WL_MEMBER_LIST, false);

	return r < 0 ? r
	             : add_value(d, (struct wl_draft_value){.member = member,
	                                                    .type = WL_MEMBER_LIST,
	                                                    .empty = true});
}

bool wl_draft_has(const struct wl_draft *d, enum wl_member member)
{
	return find(d, member) != NULL;
}

const char *wl_draft_get_text(const struct wl_draft *d, enum wl_member member)
{
	const struct wl_draft_value *v = find(d, member);

	return v && v->type == WL_MEMBER_TEXT ? d->text + v->text_at : "";
}

int64_t wl_draft_get_integer(const struct wl_draft *d, enum wl_member member)
{
	const struct wl_draft_value *v = find(d, member);

	return v ? v->integer : 0;
}

const char *wl_draft_get_element(const struct wl_draft *d, enum wl_member member, size_t i)
{
	for (size_t k = 0; k < d->n; k++)
		if (d->values[k].member == member && d->values[k].type == WL_MEMBER_LIST &&
		    !d->values[k].empty && i-- == 0)
			return d->text + d->values[k].text_at;
	return NULL;
}

static bool is_time(const char *s)
{
	int64_t t;

	return wl_time_parse(s, &t) == 0;
}

static bool is_rule(const char *s)
{
	return wl_rule_find(s) != WL_RULE_NONE;
}

static bool is_sha256(const char *s)
{
	return wl_hex_is_sha256(s);
}

#define ID_FORM(kind)                                                                              \
	static bool is_##kind(const char *s)                                                       \
	{                                                                                          \
		return wl_id_is(WL_ID_##kind, s);                                                  \
	}
ID_FORM(ITEM)
ID_FORM(INSERTION)
ID_FORM(MEDIUM)
ID_FORM(ENTRY)
ID_FORM(TICKET)
ID_FORM(NAME)

/* Members with a form of their own; digests are known by their names' ends besides. */
static const struct {
	enum wl_member member;
	bool (*is)(const char *s);
} forms[] = {
        {WL_M_ACCEPTED, is_rule},
        {WL_M_APPROVALS, is_ENTRY},
        {WL_M_COMPONENT, is_NAME},
        {WL_M_DESTINATION_INSERTION, is_INSERTION},
        {WL_M_DESTINATION_PORT, is_NAME},
        {WL_M_DEVICE, is_NAME},
        {WL_M_ENTRY, is_ENTRY},
        {WL_M_HOLDS, is_rule},
        {WL_M_INSERTION, is_INSERTION},
        {WL_M_INTENT, is_ENTRY},
        {WL_M_ITEM, is_ITEM},
        {WL_M_MEDIUM, is_MEDIUM},
        {WL_M_NEW, is_time},
        {WL_M_NOT_AFTER, is_time},
        {WL_M_OLD, is_time},
        {WL_M_PORT, is_NAME},
        {WL_M_RULE, is_rule},
        {WL_M_RULES, is_rule},
        {WL_M_TICKET, is_TICKET},
        {WL_M_UNTIL, is_time},
        {WL_M_VENDOR, is_NAME},
        {WL_M_VISIT, is_TICKET},
};

static bool has_form(enum wl_member member, const char *s)
{
	const char *name = wl_member_name(member);
	size_t n = strlen(name);

	for (size_t i = 0; i < WL_ARRAY_LEN(forms); i++)
		if (forms[i].member == member)
			return forms[i].is(s);
	if (n >= 6 && strcmp(name + n - 6, "sha256") == 0)
		return is_sha256(s);
	return true;
}

/* "station", a person, or uid:N with a plain number. */
static bool is_actor(const char *s)
{
	size_t n = strlen(s);

	if (wl_id_is(WL_ID_PERSON, s))
		return true;
	return strncmp(s, "uid:", 4) == 0 && n > 4 && n <= 14 &&
	       strspn(s + 4, "0123456789") == n - 4 && (s[4] != '0' || n == 5);
}

static int wrong(struct wl_finding *f, const char *event, const char *member, const char *what)
{
	(void)wl_refuse(f, WL_RULE_NONE, "%s: %s %s", event, member, what);
	return -EINVAL;
}

int wl_draft_check(const struct wl_draft *d, struct wl_finding *ret_finding)
{
	const struct wl_event_row *row = wl_event_row(d->event);

	if (!row)
		return wrong(ret_finding, "entry", "event", "is unknown");
	if (!is_actor(d->actor))
		return wrong(ret_finding, row->name, "actor", "is neither a person nor uid:N");
	if (d->uid > UINT32_MAX)
		return wrong(ret_finding, row->name, "uid", "is out of range");
	if (d->transfer[0] && !wl_id_is(WL_ID_TRANSFER, d->transfer))
		return wrong(ret_finding, row->name, "transfer", "has a wrong form");
	for (size_t i = 0; i < WL_EVENT_MEMBERS_MAX && row->members[i].member; i++)
		if (row->members[i].required && !find(d, row->members[i].member))
			return wrong(ret_finding, row->name, wl_member_name(row->members[i].member),
			             "is missing");
	for (size_t i = 0; i < d->n; i++) {
		const struct wl_draft_value *v = &d->values[i];
		bool text = v->type == WL_MEMBER_TEXT || v->type == WL_MEMBER_LIST;
		if (text && !v->empty && !has_form(v->member, d->text + v->text_at))
			return wrong(ret_finding, row->name, wl_member_name(v->member),
			             "has a wrong form");
	}
	return 0;
}

static bool value_equal(const struct wl_draft *a, const struct wl_draft *b, enum wl_member member)
{
	const char *x, *y;
	size_t i = 0;

	if (wl_draft_has(a, member) != wl_draft_has(b, member) ||
	    wl_draft_get_integer(a, member) != wl_draft_get_integer(b, member) ||
	    strcmp(wl_draft_get_text(a, member), wl_draft_get_text(b, member)) != 0)
		return false;
	do {
		x = wl_draft_get_element(a, member, i);
		y = wl_draft_get_element(b, member, i++);
	} while (x && y && strcmp(x, y) == 0);
	return !x && !y;
}

bool wl_draft_equal(const struct wl_draft *a, const struct wl_draft *b)
{
	const struct wl_event_row *row = wl_event_row(a->event);

	if (a->event != b->event || a->uid != b->uid || strcmp(a->actor, b->actor) != 0 ||
	    strcmp(a->transfer, b->transfer) != 0 || a->has_policy != b->has_policy ||
	    memcmp(a->policy_sha256, b->policy_sha256, sizeof(a->policy_sha256)) != 0)
		return false;
	for (size_t i = 0; row && i < WL_EVENT_MEMBERS_MAX && row->members[i].member; i++)
		if (!value_equal(a, b, row->members[i].member))
			return false;
	return true;
}
