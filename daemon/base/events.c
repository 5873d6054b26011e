/* Look-ups in the table of ledger events; see events.h. Trusted, constant data only. */
#include "daemon/base/events.h"

#include <string.h>

static const struct {
	const char *name;
	enum wl_member_type type;
} members[WL_M_MAX] = {
#define MEMBER(sym, text, kind) [WL_M_##sym] = {text, kind},
#define EVENT(sym, name, ...)
#include "daemon/base/events.def"
#undef MEMBER
#undef EVENT
};

#define R(m)                                                                                       \
	{                                                                                          \
		WL_M_##m, true                                                                     \
	}
#define O(m)                                                                                       \
	{                                                                                          \
		WL_M_##m, false                                                                    \
	}
static const struct wl_event_row events[WL_E_MAX] = {
#define MEMBER(sym, name, type)
#define EVENT(sym, text, ...) [WL_E_##sym] = {.name = text, .members = {__VA_ARGS__}},
#include "daemon/base/events.def"
#undef MEMBER
#undef EVENT
};

const struct wl_event_row *wl_event_row(enum wl_event event)
{
	if (event <= WL_E_NONE || event >= WL_E_MAX)
		return NULL;
	return &events[event];
}

/* The first letter settles most: there are hundreds of names and several per entry to be found. */
static bool is_name(const char *row, const char *name)
{
	return row[0] == name[0] && strcmp(row, name) == 0;
}

enum wl_event wl_event_find(const char *name)
{
	for (unsigned i = WL_E_NONE + 1; i < WL_E_MAX; i++)
		if (is_name(events[i].name, name))
			return (enum wl_event)i;
	return WL_E_NONE;
}

const char *wl_member_name(enum wl_member member)
{
	if (member <= WL_M_NONE || member >= WL_M_MAX)
		return "";
	return members[member].name;
}

enum wl_member wl_member_find(const char *name)
{
	for (unsigned i = WL_M_NONE + 1; i < WL_M_MAX; i++)
		if (is_name(members[i].name, name))
			return (enum wl_member)i;
	return WL_M_NONE;
}

enum wl_member wl_event_member_find(enum wl_event event, const char *name)
{
	const struct wl_event_row *row = wl_event_row(event);

	for (size_t i = 0; row && i < WL_EVENT_MEMBERS_MAX && row->members[i].member; i++)
		if (is_name(members[row->members[i].member].name, name))
			return row->members[i].member;
	return WL_M_NONE;
}

enum wl_member_type wl_member_type(enum wl_member member)
{
	if (member <= WL_M_NONE || member >= WL_M_MAX)
		return (enum wl_member_type)0;
	return members[member].type;
}
