/*
 * The table of ledger events and their members (INTERFACES 6, events.def).
 *
 * ledgerd renders entries from typed members by this table and refuses a member the row does not
 * have; the broker names members by these numbers; the manual's table is made from it. Numbers are
 * positions in events.def and hold within one build only; names are the permanent part.
 */
#ifndef WL_BASE_EVENTS_H
#define WL_BASE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

enum wl_member_type { WL_MEMBER_TEXT = 1, WL_MEMBER_INT, WL_MEMBER_BOOL, WL_MEMBER_LIST };

enum wl_member {
	WL_M_NONE = 0,
#define MEMBER(sym, name, type) WL_M_##sym,
#define EVENT(sym, name, ...)
#include "daemon/base/events.def"
#undef MEMBER
#undef EVENT
	WL_M_MAX
};

enum wl_event {
	WL_E_NONE = 0,
#define MEMBER(sym, name, type)
#define EVENT(sym, name, ...) WL_E_##sym,
#include "daemon/base/events.def"
#undef MEMBER
#undef EVENT
	WL_E_MAX
};

#define WL_EVENT_MEMBERS_MAX 32

struct wl_event_member {
	enum wl_member member;
	bool required;
};

struct wl_event_row {
	const char *name;
	struct wl_event_member members[WL_EVENT_MEMBERS_MAX]; /* ends with WL_M_NONE */
};

const struct wl_event_row *wl_event_row(enum wl_event event); /* NULL where out of range */
enum wl_event wl_event_find(const char *name);                /* WL_E_NONE where unknown */
const char *wl_member_name(enum wl_member member);            /* "" where out of range */
enum wl_member wl_member_find(const char *name);              /* WL_M_NONE where unknown */
/* The same among the members that the event may have: shorter, where the event is known. */
enum wl_member wl_event_member_find(enum wl_event event, const char *name);
enum wl_member_type wl_member_type(enum wl_member member); /* 0 where out of range */

#endif
