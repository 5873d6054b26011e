/* What the tests of policy/ share: the golden policy, sets of items, tickets made by hand. */
#ifndef WL_TESTS_POLICY_HELP_H
#define WL_TESTS_POLICY_HELP_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/text.h"
#include "policy/decide.h"
#include "policy/inspect.h"
#include "policy/items.h"
#include "policy/model.h"
#include "policy/ticket.h"

/* The text of tests/unit/NAME of the sources; free() it. */
char *help_read(const char *name, size_t *ret_n);
/* The golden policy with one place replaced (find NULL: as it is); fails where `find` is not there.
 */
char *help_edit(const char *text, const char *find, const char *replace);
/* Reads it; fails where it is refused. */
struct wl_policy *help_policy(const char *find, const char *replace);

/* Adds a read file whose bytes are `text`; its digest and first bytes are set after numbering. */
void help_add(struct wl_items *items, const char *path, const char *text);
/* Numbers, and gives every file the digest of the text it was added with. */
void help_number(struct wl_items *items);
/* The content a file was added with. */
const char *help_text(const struct wl_item *item);

/* A ticket for device x-0042 of the golden policy: the key 11…, release 40201 from 40100, valid in
 * 2026. */
struct wl_ticket *help_ticket(void);
void help_list(struct wl_ticket *t, const char *path, const char *text, const char *signature,
               bool inspect, bool deliver);
/* Its JSON text; free() it. */
char *help_ticket_text(const struct wl_ticket *t);

#define HELP_NOW       INT64_C(1795392000) /* 2026-11-23T00:00:00Z */
#define HELP_KEY       0x11
#define HELP_OFFICER_1 0xA1
#define HELP_OFFICER_2 0xA2
void help_digest(uint8_t fill, uint8_t ret[WL_SHA256_BYTES]);

/* "ticket.expired" is among them. */
#define assert_rule(set, id) assert_true(wl_rules_has((set), wl_rule_find(id)))
#define assert_id(rule, id)  assert_string_equal(wl_rule_id(rule), (id))

#endif
