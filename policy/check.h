/* What must hold between the parts of a policy, beyond the grammar of each. */
#ifndef WL_POLICY_CHECK_H
#define WL_POLICY_CHECK_H

#include "policy/model.h"

/* Cross references, trust, lock-outs, what only mode test allows. Adds to *errors. */
/* complete false: the grammar found errors, so only names that lead nowhere are told. */
void wl_policy_check_references(const struct wl_policy *p, bool complete,
                                struct wl_policy_errors *errors);
void wl_policy_check_people(const struct wl_policy *p, struct wl_policy_errors *errors);
void wl_policy_check_mode(const struct wl_policy *p, struct wl_policy_errors *errors);

#endif
