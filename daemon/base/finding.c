/* Fills a finding; see finding.h for the convention. Runs in every process, keeps no state. */
#include "daemon/base/finding.h"

int wl_refuse(struct wl_finding *ret, enum wl_rule rule, const char *format, ...)
{
	va_list ap;

	ret->rule = rule;
	va_start(ap, format);
	(void)vsnprintf(ret->detail, sizeof(ret->detail), format, ap);
	va_end(ap);
	return -EBADMSG;
}
