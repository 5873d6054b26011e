/* What speaks against a set while it is being decided: a list of objections, by stage. */
#ifndef WL_POLICY_DECIDE_LIST_H
#define WL_POLICY_DECIDE_LIST_H

#include "policy/decide.h"
#include "policy/litter.h"

#define WHOLE SIZE_MAX /* an objection to the set, not to an item */

struct objection {
	size_t index; /* of the item, or WHOLE */
	enum wl_rule rule;
	char detail[WL_DETAIL_MAX + 1];
};

struct judging {
	const struct wl_facts *f;
	const struct wl_policy_device *device; /* NULL: unknown */
	const struct wl_policy_vendor *vendor; /* NULL: unknown */
	const char *vendor_id;
	enum wl_litter *litter;               /* by item */
	const struct wl_ticket_file **listed; /* by item: its line in the ticket, or NULL */
	struct wl_decision *d;
	struct objection *v;
	size_t n, room;
	bool signatures_bad; /* stages 7 and 8 have objections before the files are looked at */
	bool out_of_memory;
};

void wl_judging_object(struct judging *j, size_t index, enum wl_rule rule, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
/* The policy key a rule goes back to, with vendor and device filled in; "" when built in. */
void wl_judging_key(const struct judging *j, enum wl_rule rule, char key[WL_POLICY_KEY_MAX]);

/* The parts of the decision: each adds its objections (decide_ticket.c, decide_set.c). */
void wl_judge_ticket(struct judging *j);
void wl_judge_signers(struct judging *j);
void wl_judge_ledger(struct judging *j);
void wl_judge_set(struct judging *j);
void wl_judge_names(struct judging *j);

#endif
