/*
 * An entry in the making: typed members by the table of events (events.def), nothing else.
 *
 * The broker names members; ledgerd checks type, form and completeness here and stamps the envelope
 * when it renders (entry_render.h).
 */
#ifndef WL_LEDGER_ENTRY_DRAFT_H
#define WL_LEDGER_ENTRY_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/events.h"
#include "daemon/base/finding.h"
#include "daemon/base/ids.h"
#include "daemon/base/sha256.h"

#define WL_NONCE_BYTES 16
#define WL_INTEGER_MAX ((INT64_C(1) << 53) - 1)

struct wl_draft_value {
	enum wl_member member;
	enum wl_member_type type;
	bool empty;      /* a list without elements */
	int64_t integer; /* also bool */
	size_t text_at;  /* text, or one element of a list */
};

/* Zero it, set event, nonce, actor, uid, transfer and policy, add members. */
struct wl_draft {
	enum wl_event event;
	uint8_t nonce[WL_NONCE_BYTES];
	char actor[WL_ID_TEXT];
	char transfer[WL_ID_TEXT]; /* "" where none */
	uint64_t uid;
	bool has_policy;
	uint8_t policy_sha256[WL_SHA256_BYTES];
	struct wl_draft_value *values;
	size_t n, room;
	char *text;
	size_t text_n, text_room;
};

void wl_draft_clear(struct wl_draft *d); /* frees and zeroes; also as WL_CLEANUP(wl_draft_clear) */

/* Each: 0; -EINVAL where the event has no such member, of that type, or it is there already;
 * -E2BIG beyond WL_ENTRY_ELEMENTS_MAX or WL_ENTRY_TEXT_BYTES_MAX; -ENOMEM. */
int wl_draft_text(struct wl_draft *d, enum wl_member member, const char *text);
int wl_draft_integer(struct wl_draft *d, enum wl_member member, int64_t v);
int wl_draft_flag(struct wl_draft *d, enum wl_member member, bool v);
int wl_draft_element(struct wl_draft *d, enum wl_member member, const char *text);
int wl_draft_empty(struct wl_draft *d, enum wl_member member);

/* Everything required is there and every identifier, digest, time and rule has its form. 0, or
 * -EINVAL with what is wrong in ret_finding->detail. */
int wl_draft_check(const struct wl_draft *d, struct wl_finding *ret_finding);

/* Do both say the same (nonce and order of members apart)? */
bool wl_draft_equal(const struct wl_draft *a, const struct wl_draft *b);

/* A member's text, "" where absent; its integer, 0 where absent. */
const char *wl_draft_get_text(const struct wl_draft *d, enum wl_member member);
int64_t wl_draft_get_integer(const struct wl_draft *d, enum wl_member member);
bool wl_draft_has(const struct wl_draft *d, enum wl_member member);
/* Element `i` of a list, NULL beyond its end. */
const char *wl_draft_get_element(const struct wl_draft *d, enum wl_member member, size_t i);

#endif
