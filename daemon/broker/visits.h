/*
 * Visits of outside people as the ledger tells them (INTERFACES 6), and what they let be done.
 */
#ifndef WL_BROKER_VISITS_H
#define WL_BROKER_VISITS_H

#include "daemon/broker/broker.h"

/* The visit of that work order; NULL where none is known. */
struct wl_visit *wl_visits_find(struct wl_broker *b, const char *id);
/* Takes an entry visit.* into account; others are passed over. */
void wl_visits_saw(struct wl_broker *b, const json_t *entry);
/* What the ledger recalls of one: numbers of its entries, 0 for none. Read by wl_visits_load. */
void wl_visits_recall(void *user, const char *id, uint64_t opened, uint64_t confirmed,
                      uint64_t closed);
/* Reads the entries that were recalled. 0 or -EBADMSG. */
int wl_visits_load(struct wl_broker *b, struct wl_finding *f);
void wl_visits_clear(struct wl_broker *b);
/* Whether there is room for one more; closed ones make room. */
bool wl_visits_have_room(const struct wl_broker *b);

/* May a step of this transfer be done now? NONE where it belongs to no visit, or the rule. */
enum wl_rule wl_visits_step(struct wl_broker *b, const struct wl_transfer *t);
/* The same for a visit and a device. */
enum wl_rule wl_visit_step(const struct wl_broker *b, const struct wl_visit *v, const char *device);

/* What would be left open if the visit ended now: array of "kind subject". New reference. */
json_t *wl_visit_findings(struct wl_broker *b, const struct wl_visit *v);
/* One of them as a sentence in `language`. */
void wl_visit_finding_words(const char *finding, const char *language, char *buf, size_t size);

/* As people are told of it, texts escaped. */
json_t *wl_visit_object(struct wl_broker *b, const struct wl_visit *v, const char *language);
/* A text of visit.opened, as it stands in the ledger. */
const char *wl_visit_text(const struct wl_visit *v, const char *member);
/* An entry about a visit with the members that all of them have. */
json_t *wl_visit_entry(const struct wl_call *c, enum wl_event event, const struct wl_visit *v);

/*
 * OpenInbound under a visit: fills device, work order, engineer and escort of the call from it, and
 * where the escort is the caller takes that for their word that it is escorted. Answers the call
 * and returns false where it may not be.
 */
bool wl_visit_of_call(struct wl_broker *b, struct wl_call *c);

#endif
