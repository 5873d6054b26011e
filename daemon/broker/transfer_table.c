/*
 * The life of a transfer as a table of states and verbs (INTERFACES 8; weighlockd). Pure.
 *
 * Nobody outside reaches this but through a verb; what is not a row does not happen. Rows with the
 * verb `approve` lead to `approved` only once there are approvals enough (transfer_fold.c).
 */
#include "daemon/broker/transfer.h"

#include <string.h>

static const char *const state_names[WL_STATE_MAX] = {
        [WL_STATE_NONE] = "",         [WL_OPENED] = "opened",
        [WL_READING] = "reading",     [WL_INSPECTING] = "inspecting",
        [WL_WAITING] = "waiting",     [WL_APPROVED] = "approved",
        [WL_RELEASING] = "releasing", [WL_RELEASED] = "released",
        [WL_FAILED] = "failed",       [WL_REFUSED] = "refused",
        [WL_REJECTED] = "rejected",   [WL_CANCELLED] = "cancelled",
        [WL_CLOSED] = "closed",       [WL_ACKNOWLEDGED] = "acknowledged",
};

static const struct {
	enum wl_state from;
	enum wl_verb verb;
	enum wl_state to;
} rows[] = {
        {WL_OPENED, WL_VERB_READ, WL_READING},
        {WL_OPENED, WL_VERB_RETRY, WL_OPENED},
        {WL_OPENED, WL_VERB_CANCEL, WL_CANCELLED},
        {WL_OPENED, WL_VERB_FAIL, WL_FAILED},
        {WL_READING, WL_VERB_READ_DONE, WL_INSPECTING},
        {WL_READING, WL_VERB_READ_STOPPED, WL_OPENED},
        {WL_READING, WL_VERB_CANCEL, WL_CANCELLED},
        {WL_READING, WL_VERB_FAIL, WL_FAILED},
        {WL_INSPECTING, WL_VERB_REFUSE, WL_REFUSED},
        {WL_INSPECTING, WL_VERB_INSPECTED, WL_WAITING},
        {WL_INSPECTING, WL_VERB_CANCEL, WL_CANCELLED},
        {WL_INSPECTING, WL_VERB_FAIL, WL_FAILED},
        {WL_WAITING, WL_VERB_APPROVE, WL_APPROVED},
        {WL_WAITING, WL_VERB_REJECT, WL_REJECTED},
        {WL_WAITING, WL_VERB_WITHDRAW, WL_WAITING},
        {WL_WAITING, WL_VERB_VOID, WL_WAITING},
        {WL_WAITING, WL_VERB_ADD, WL_OPENED},
        {WL_WAITING, WL_VERB_CANCEL, WL_CANCELLED},
        {WL_WAITING, WL_VERB_FAIL, WL_FAILED},
        {WL_APPROVED, WL_VERB_REJECT, WL_REJECTED},
        {WL_APPROVED, WL_VERB_WITHDRAW, WL_WAITING},
        {WL_APPROVED, WL_VERB_VOID, WL_WAITING},
        {WL_APPROVED, WL_VERB_RELEASE, WL_RELEASING},
        {WL_APPROVED, WL_VERB_RETRY, WL_APPROVED},
        {WL_APPROVED, WL_VERB_CANCEL, WL_CANCELLED},
        {WL_APPROVED, WL_VERB_FAIL, WL_FAILED},
        {WL_RELEASING, WL_VERB_RELEASED, WL_RELEASED},
        {WL_RELEASING, WL_VERB_RELEASE_FAILED, WL_APPROVED},
        {WL_RELEASING, WL_VERB_UNKNOWN, WL_APPROVED},
        {WL_RELEASING, WL_VERB_FAIL, WL_FAILED},
        {WL_RELEASED, WL_VERB_OUTCOME, WL_CLOSED},
        {WL_RELEASED, WL_VERB_ACKNOWLEDGE, WL_ACKNOWLEDGED},
        {WL_FAILED, WL_VERB_RETRY, WL_FAILED}, /* to the state before the fault: transfer.retried
                                                  says */
        {WL_FAILED, WL_VERB_CANCEL, WL_CANCELLED},
};

const char *wl_state_name(enum wl_state state)
{
	return (unsigned)state < WL_STATE_MAX ? state_names[state] : "";
}

enum wl_state wl_state_find(const char *name)
{
	for (unsigned s = WL_OPENED; s < WL_STATE_MAX; s++)
		if (!strcmp(state_names[s], name))
			return (enum wl_state)s;
	return WL_STATE_NONE;
}

bool wl_state_is_end(enum wl_state state)
{
	return state >= WL_REFUSED && state < WL_STATE_MAX;
}

enum wl_state wl_transfer_next(enum wl_state state, enum wl_verb verb)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].from == state && rows[i].verb == verb)
			return rows[i].to;
	return WL_STATE_NONE;
}

json_t *wl_transfer_states_of(enum wl_verb verb)
{
	json_t *names = json_array();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].verb == verb)
			(void)json_array_append_new(names, json_string(state_names[rows[i].from]));
	return names;
}
