/* Look-ups in the table of rules and the rendering of its sentences; see rules.h. */
#include "daemon/base/rules.h"

#include <string.h>

static const struct wl_rule_row rules[WL_RULE_MAX] = {
        [WL_RULE_NONE] = {"", WL_VERDICT_NONE, 0, "", "", WL_WHOM_NOBODY},
#define RULE(sym, id, verdict, stage, sentence, remedy, whom)                                      \
	[WL_RULE_##sym] = {id, verdict, stage, sentence, remedy, whom},
#include "daemon/base/rules.def"
#undef RULE
};

static const char *const verdicts[WL_VERDICT_MAX] = {
        [WL_VERDICT_NONE] = "", [WL_PASS] = "pass",   [WL_REFUSE] = "refuse",
        [WL_HOLD] = "hold",     [WL_LEAVE] = "leave",
};

const struct wl_rule_row *wl_rule_row(enum wl_rule rule)
{
	if ((int)rule <= WL_RULE_NONE || rule >= WL_RULE_MAX)
		return &rules[WL_RULE_NONE];
	return &rules[rule];
}

const char *wl_rule_id(enum wl_rule rule)
{
	return wl_rule_row(rule)->id;
}

enum wl_rule wl_rule_find(const char *id)
{
	for (unsigned i = WL_RULE_NONE + 1; i < WL_RULE_MAX; i++)
		if (strcmp(rules[i].id, id) == 0)
			return (enum wl_rule)i;
	return WL_RULE_NONE;
}

const char *wl_verdict_name(enum wl_verdict verdict)
{
	return (int)verdict < 0 || verdict >= WL_VERDICT_MAX ? "" : verdicts[verdict];
}
