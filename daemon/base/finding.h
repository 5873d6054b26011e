/*
 * What a parser or a check has to say against its input: one rule and a short detail.
 *
 * Convention of the whole project: a function that can refuse returns -EBADMSG and fills a
 * struct wl_finding; any other negative value is a fault of ours or of the machine (-ENOMEM,
 * -EIO), never a statement about the input. `detail` is already escaped (text.h) and may be shown.
 */
#ifndef WL_BASE_FINDING_H
#define WL_BASE_FINDING_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "daemon/base/rules.h"

#define WL_DETAIL_MAX 200

struct wl_finding {
	enum wl_rule rule;
	char detail[WL_DETAIL_MAX + 1];
};

/* Fills *ret and returns -EBADMSG, so that a parser says: return wl_refuse(f, WL_RULE_…, "…"). */
int wl_refuse(struct wl_finding *ret, enum wl_rule rule, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* The value stands here too, so that whoever analyses a caller sees that it is never 0. */
static inline int wl_refused(int error)
{
	(void)error;
	return -EBADMSG;
}
#define wl_refuse(...) wl_refused((wl_refuse)(__VA_ARGS__))

/* The same with a detail that a worker said: its word that it is escaped is a claim, so it is
 * escaped here (what is escaped already stays as it is). */
int wl_refuse_claimed(struct wl_finding *ret, enum wl_rule rule, const char *detail);

#endif
