/*
 * One call of the control interface, and the ways to answer it.
 *
 * A connection carries out one call at a time and owns its struct wl_call. A handler answers at
 * once, or keeps call->id (never the pointer) and answers later through wl_server_call(): the
 * client may be gone by then, and what it asked for goes on.
 */
#ifndef WL_BROKER_CALL_H
#define WL_BROKER_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/base/finding.h"
#include "daemon/base/ids.h"

#define WL_CALL_LANGUAGE 3
#define WL_ERROR_PREFIX  "ca.weighlock.Station."

struct wl_conn;

/* Who is calling, as the kernel says (uid, setup) and as the policy says (person, roles). */
struct wl_caller {
	uid_t uid;
	bool setup_group;        /* member of weighlock-setup */
	char person[WL_ID_TEXT]; /* "" for somebody the policy does not know */
	unsigned roles;          /* enum wl_person_role */
};

struct wl_call {
	uint64_t id; /* never used twice */
	struct wl_conn *conn;
	struct wl_caller caller;
	const char *method;         /* short name once found, else as it came; borrowed */
	json_t *parameters;         /* an object, checked against the method's schema */
	bool more, oneway, upgrade; /* as the client asked */
	bool deferred, answered;
	char language[WL_CALL_LANGUAGE]; /* "en" or "fr": of the connection */
	/* Told of each refusal before it is answered; NULL: nobody. */
	void (*on_refused)(void *user, struct wl_call *c, enum wl_rule rule);
	void *on_refused_user;
};

/* The last (or only) answer; takes over `parameters` (NULL: none). */
void wl_call_reply(struct wl_call *c, json_t *parameters);
/* One frame of a stream: only where the client said `more`, else it does nothing. Takes over. */
void wl_call_continue(struct wl_call *c, json_t *parameters);
/* An error by its full name; takes over `parameters`. */
void wl_call_error(struct wl_call *c, const char *name, json_t *parameters);

/*
 * The errors of INTERFACES 9. Text is rendered in the connection's language. `args` (taken over,
 * may be NULL) is an object of texts for the rule's {places}; `rules` (taken over, may be NULL) are
 * all rules of the stage, [rule] where NULL.
 */
void wl_call_refuse(struct wl_call *c, enum wl_rule rule, json_t *rules, json_t *args);
/* wl_call_refuse with a finding's rule and its detail as {detail}. */
void wl_call_refuse_finding(struct wl_call *c, const struct wl_finding *finding);
void wl_call_not_permitted(struct wl_call *c, const char *role);
/* `expected`: array of state names, taken over. */
void wl_call_wrong_state(struct wl_call *c, const char *transfer, const char *state,
                         json_t *expected);
void wl_call_no_such(struct wl_call *c, const char *kind, const char *id);
void wl_call_bad_argument(struct wl_call *c, const char *parameter, const char *expected);
void wl_call_unavailable(struct wl_call *c, enum wl_rule rule, json_t *args);
void wl_call_too_much(struct wl_call *c, const char *limit, uint64_t value);

/*
 * Sets `reason` and `remedy` of an object: a rule's sentences in `language`, their places filled
 * from `args` (borrowed, may be NULL); a place nothing is known for stands as a dash. Rules that
 * pass or leave have none.
 */
void wl_rule_explain(json_t *object, enum wl_rule rule, json_t *args, const char *language);

/* Strings of a checked call; NULL where absent or null. */
const char *wl_call_text(const struct wl_call *c, const char *name);

#endif
